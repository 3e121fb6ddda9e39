// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

#include "runtime/admin/backend.h"

namespace sluice {

// Answers what the test set before it started the server.
class FakeBackend final : public AdminBackend {
 public:
  std::string health_detailed_json() override {
    if (fail) throw std::runtime_error("backend failed");
    return "{\"fake\":1}";
  }
  Ready ready() override { return state; }
  std::string metrics_text() override { return metrics; }

  Ready state{true, ""};
  std::string metrics = "fake 1\n";
  bool fail = false;
};

}  // namespace sluice
