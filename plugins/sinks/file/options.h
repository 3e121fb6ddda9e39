// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace sluice::file_sink {

struct Options {
  std::string path;
  uint64_t rotate_bytes = 0;                 // 0: not by size
  std::chrono::milliseconds rotate_after{};  // 0: not by age
  bool sync = true;
};

// Throws BadConfig.
Options parse_options(const Config& config);

}  // namespace sluice::file_sink
