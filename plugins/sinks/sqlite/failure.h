// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <string>
#include <utility>

namespace sluice::sqlite_sink {

// Why a whole call failed, in the ABI's terms. Tests true when there is a failure.
struct [[nodiscard]] Failure {
  sluice_rc rc = SLUICE_OK;
  std::string message;

  explicit operator bool() const { return rc != SLUICE_OK; }

  static Failure none() { return {}; }
  static Failure config(std::string text) { return {SLUICE_E_CONFIG, std::move(text)}; }
};

}  // namespace sluice::sqlite_sink
