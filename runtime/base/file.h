// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"

namespace sluice {

// Whole content of a regular file of at most max_bytes. Errors name the path and the cause.
Result<std::string> read_file(const std::filesystem::path& path, uint64_t max_bytes);
// The same, but a larger file answers with its first max_bytes.
Result<std::string> read_file_prefix(const std::filesystem::path& path, uint64_t max_bytes);

// Writes beside the target, fsyncs, renames over it, fsyncs the folder: after a crash either the
// old or the new content is there. `mode` as in chmod.
Status write_file_atomic(const std::filesystem::path& path, std::string_view content,
                         unsigned mode = 0600);

// Makes what was created, renamed or removed in a folder durable.
Status sync_folder(const std::filesystem::path& folder);

// "No such file or directory" and the like, for the current errno or a given one.
std::string errno_text(int error);

}  // namespace sluice
