// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "plugins/sources/file/fingerprint.h"
#include "plugins/sources/file/scan.h"

namespace sluice::file {

// A file that has a lane.
struct KnownFile {
  std::string lane;  // the lane's name: never changes
  std::string path;  // where the file was seen last
  FileId id;
  Fingerprint print;
  bool gone = false;   // its bytes are no more: the lane is to be closed
  bool taken = false;  // being read in this run, or already read; not stored
};

// Which lane is which file: the source's cursor, stored by the host with the marks.
//
// A lane's name is the path it was first seen at, '#', and a hash of the first bytes it had then,
// so the same file gets the same name even where the cursor was lost. Where that name was or may
// have been another file's, a number that never comes again follows. References stay valid until
// forget().
class Catalog {
 public:
  // What the host stored. False: it is not ours or damaged; the catalog stays as it was.
  [[nodiscard]] bool load(std::string_view blob);
  // At most max_bytes. *all is false if some files had to be left out; those whose name can be
  // worked out again go first.
  [[nodiscard]] std::string store(std::size_t max_bytes, bool* all) const;

  // A file not seen before. `print` is of its first bytes.
  [[nodiscard]] KnownFile& add(const std::string& path, FileId id, const Fingerprint& print);
  // Files that may be the one at `path`: first those of the same identity, then those last seen
  // there.
  [[nodiscard]] std::vector<KnownFile*> candidates(const std::string& path, FileId id);
  void move(KnownFile& file, const std::string& path, FileId id);
  // The file's bytes are no more. Its lane's name is never given to another file.
  void retire(KnownFile& file);
  void forget(KnownFile& file);

  [[nodiscard]] std::list<KnownFile>& files() { return files_; }

 private:
  void index(KnownFile& file);
  void unindex(KnownFile& file);

  std::list<KnownFile> files_;
  std::uint64_t retired_ = 0;  // files retired so far: what makes a name new
  std::unordered_set<std::string> lanes_;
  std::unordered_multimap<std::uint64_t, KnownFile*> by_inode_;
  std::unordered_multimap<std::string, KnownFile*> by_path_;
};

// The path as readable UTF-8 without control characters: '%' and what does not fit as %XX.
[[nodiscard]] std::string escape_path(std::string_view path);
[[nodiscard]] std::string unescape_path(std::string_view text);

}  // namespace sluice::file
