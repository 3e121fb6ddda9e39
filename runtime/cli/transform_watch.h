// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <set>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"

namespace sluice::cli {

// Waits for somebody to save a script, a test, a library or a golden file. Watches the folders of
// scripts and all below them. Not thread-safe.
class SaveWatch {
 public:
  // kUnavailable with the cure when the kernel's limits are used up.
  static Result<SaveWatch> create();

  // Watches these folders, with what lies below, beside what is watched already.
  Status watch(const std::set<std::filesystem::path>& folders);
  // Returns when a .lua, .json, .jsonl or .csv file was saved, moved or deleted and the dust has
  // settled.
  Status wait();

 private:
  explicit SaveWatch(UniqueFd fd) : fd_(std::move(fd)) {}
  Status add(const std::filesystem::path& folder);
  Result<bool> read_events();

  UniqueFd fd_;
};

}  // namespace sluice::cli
