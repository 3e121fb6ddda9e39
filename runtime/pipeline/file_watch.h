// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"
#include "runtime/pipeline/bundle_files.h"

namespace sluice {

// Sees files change, however they are saved: written in place, renamed over (editors), or reached
// through a link that is changed (mounted ConfigMaps). Nothing is polled; on file systems of other
// machines the kernel tells nothing. Not thread-safe.
class FileWatch {
 public:
  // kUnavailable with the cure when the kernel's limits are used up.
  static Result<FileWatch> create();

  // What is watched from now on, in place of what was before. Also after each change: names may
  // lead elsewhere by then. Missing files and folders are watched for coming.
  Status watch(const std::vector<BundleFiles>& wanted);
  // Readable when there may be news.
  [[nodiscard]] int fd() const { return inotify_.get(); }
  // Takes the news. True: something that is watched changed.
  bool read_news();
  // A writer is in the middle of a file: it was changed and not closed yet, lately.
  [[nodiscard]] bool being_written(std::chrono::steady_clock::time_point now) const;

 private:
  struct Place {
    std::filesystem::path path;      // of the folder or file
    std::set<std::string> names;     // in a folder: the entries that matter
    std::set<std::string> suffixes;  // and those of every other one that does
    bool folder = false;
  };
  using Time = std::chrono::steady_clock::time_point;

  explicit FileWatch(UniqueFd inotify) : inotify_(std::move(inotify)) {}
  using Places = std::map<std::string, Place>;  // by path
  static void follow(const std::filesystem::path& path, Places& places);
  static void add_file(const std::filesystem::path& path, Places& places);
  static void add_folder(const BundleFiles::Folder& folder, Places& places);
  Status apply(Places& places);
  bool take(int watch, uint32_t mask, const char* name);
  void note_writer(const std::filesystem::path& file, uint32_t mask);

  UniqueFd inotify_;
  std::map<int, Place> places_;          // by watch descriptor
  std::map<std::string, Time> writers_;  // file -> last change by a writer that has not closed it
};

}  // namespace sluice
