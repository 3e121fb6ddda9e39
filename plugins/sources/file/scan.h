// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/common/fd.h"

namespace sluice::file {

// What the file system calls a file, whatever its name; reused once it is deleted.
struct FileId {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool operator==(const FileId&) const = default;
};

struct FoundFile {
  std::string path;
  FileId id;
};

struct ScanResult {
  std::vector<FoundFile> files;        // sorted by path, each file once
  std::vector<std::string> warnings;   // folders that could not be looked into
  std::vector<std::string> problems;   // what was found but cannot be read, one sentence each
  std::vector<std::string> missing;    // paths without glob characters that do not exist
  std::vector<std::string> unmatched;  // globs that match nothing
};

// Looks for the files that `patterns` name now. Directories and devices that a glob matches are
// passed over; named outright, they are problems.
[[nodiscard]] ScanResult scan(const std::vector<std::string>& patterns);

// Opens a regular file for reading, without blocking on pipes and without following into
// devices. On failure the holder is empty, *error_number is errno and *problem says what to do.
[[nodiscard]] common::Fd open_regular(const std::string& path, FileId* id, std::uint64_t* size,
                                      int* error_number, std::string* problem);

// True for errors that pass by themselves: too many open files, no memory, an I/O error.
[[nodiscard]] bool passing(int error_number);

// The file's identity by name; false: there is none of that name (any more).
[[nodiscard]] bool identify(const std::string& path, FileId* id);

// The file that was `path` once, under its new name in the same folder; empty: not there.
[[nodiscard]] std::string find_renamed(const std::string& path, FileId id);

}  // namespace sluice::file
