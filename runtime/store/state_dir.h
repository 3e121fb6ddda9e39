// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"

namespace sluice {

// The state folder, held by one process at a time through a lock on `<dir>/lock`. The lock goes
// with the process, however it ends.
class StateDir {
 public:
  // Creates the folder (0700) when absent. kExists: another process holds it (the message has its
  // pid); kUnavailable: cannot be created or written, with the cure; kInvalid: its format
  // (`<dir>/format`, a number) is newer than this program's.
  static Result<StateDir> acquire(const std::filesystem::path& dir);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  StateDir(std::filesystem::path path, UniqueFd lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}
  std::filesystem::path path_;
  UniqueFd lock_;
};

}  // namespace sluice
