// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <sluice/config.hpp>
#include <string>
#include <vector>

#include "plugins/common/decoder.h"

namespace sluice::file {

// The source's configuration, checked.
struct Options {
  // Throws BadConfig.
  explicit Options(const Config& config);

  std::vector<std::string> paths;                  // globs; at least one
  std::optional<common::Compression> compression;  // absent: told by each file's first bytes
  bool follow;
  std::uint64_t max_record;            // bytes
  std::uint64_t max_expansion;         // times the compressed size
  std::chrono::milliseconds interval;  // between two looks at followed files
  std::chrono::milliseconds rescan;    // between two looks for new, renamed and deleted files
  std::chrono::milliseconds rotate_wait;
};

}  // namespace sluice::file
