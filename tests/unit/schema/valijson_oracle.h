// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/record/document.h"

namespace sluice::testing {

// valijson over the same tape as our own engine: a second opinion that shares none of its code.
class ValijsonOracle {
 public:
  explicit ValijsonOracle(std::string_view schema);
  ~ValijsonOracle();
  ValijsonOracle(const ValijsonOracle&) = delete;
  ValijsonOracle& operator=(const ValijsonOracle&) = delete;

  [[nodiscard]] bool usable() const;
  [[nodiscard]] bool fits(std::string_view record) const;
  [[nodiscard]] bool fits(const Document& record) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::testing
