// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"

namespace sluice {

// A plugin file that passed the checks, held open: it is judged and loaded through this descriptor,
// so what was checked is what runs.
struct CheckedFile {
  UniqueFd fd;
  std::filesystem::path path;  // canonical
  std::string bytes;
  std::string sha256;
  uint64_t device = 0;
  uint64_t inode = 0;
  int64_t mtime_ns = 0;
};

// Steps 1 and 2: `path` leads, symlinks resolved, to a regular file under `dir`; it and every
// folder above belong to root or to this process's user and cannot be written by others (a
// root-owned sticky folder passes). Nothing of it is run. Errors name the file, the cause and the
// cure.
Result<CheckedFile> check_plugin_file(const std::filesystem::path& path,
                                      const std::filesystem::path& dir);

}  // namespace sluice
