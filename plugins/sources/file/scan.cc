// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/file/scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <set>
#include <utility>

namespace sluice::file {
namespace {

// glob(3) tells of unreadable folders through a function without a context.
thread_local std::vector<std::string>* glob_warnings = nullptr;

int note_unreadable(const char* folder, int error_number) {
  if (error_number != ENOENT && error_number != ENOTDIR) {
    glob_warnings->push_back(std::string(folder) +
                             ": cannot look into this folder: " + std::strerror(error_number));
  }
  return 0;  // go on with the others
}

class Glob {
 public:
  Glob(const std::string& pattern, std::vector<std::string>* warnings) {
    glob_warnings = warnings;
    rc_ = ::glob(pattern.c_str(), GLOB_NOSORT, &note_unreadable, &list_);
    glob_warnings = nullptr;
  }
  ~Glob() { ::globfree(&list_); }
  Glob(const Glob&) = delete;
  Glob& operator=(const Glob&) = delete;

  [[nodiscard]] bool failed() const { return rc_ != 0 && rc_ != GLOB_NOMATCH; }
  [[nodiscard]] std::size_t size() const { return rc_ == 0 ? list_.gl_pathc : 0; }
  [[nodiscard]] const char* operator[](std::size_t i) const { return list_.gl_pathv[i]; }

 private:
  glob_t list_{};
  int rc_ = 0;
};

FileId id_of(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino)};
}

bool has_glob_characters(const std::string& pattern) {
  return pattern.find_first_of("*?[\\") != std::string::npos;
}

std::string not_a_file(const std::string& path, const struct stat& info) {
  if (S_ISDIR(info.st_mode)) {
    return path + ": is a directory; name the files in it, for instance " + path +
           (path.ends_with('/') ? "" : "/") + "*.jsonl";
  }
  return path + ": is not a regular file (a pipe, socket or device has no positions to resume at)";
}

std::string cannot(const char* what, const std::string& path, int error_number) {
  std::string text = path + ": cannot " + what + ": " + std::strerror(error_number);
  if (error_number == EACCES || error_number == EPERM) {
    text += "; give the user the runtime runs as the right to read it";
  }
  return text;
}

void add_named(const std::string& path, ScanResult* result) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      result->missing.push_back(path);
    } else {
      result->problems.push_back(cannot("look at it", path, errno));
    }
  } else if (!S_ISREG(info.st_mode)) {
    result->problems.push_back(not_a_file(path, info));
  } else {
    result->files.push_back({path, id_of(info)});
  }
}

void add_matches(const std::string& pattern, ScanResult* result) {
  const Glob matches(pattern, &result->warnings);
  if (matches.failed()) {
    result->problems.push_back(pattern +
                               ": the glob matches more files than memory holds; narrow it");
    return;
  }
  std::size_t added = 0;
  for (std::size_t i = 0; i < matches.size(); ++i) {
    struct stat info {};
    // A file may vanish between the listing and this look; then it is simply not there.
    if (::stat(matches[i], &info) != 0 || !S_ISREG(info.st_mode)) continue;
    result->files.push_back({matches[i], id_of(info)});
    ++added;
  }
  if (added == 0) result->unmatched.push_back(pattern);
}

}  // namespace

ScanResult scan(const std::vector<std::string>& patterns) {
  ScanResult result;
  for (const std::string& pattern : patterns) {
    if (has_glob_characters(pattern)) {
      add_matches(pattern, &result);
    } else {
      add_named(pattern, &result);
    }
  }
  std::sort(result.files.begin(), result.files.end(),
            [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
  // One file under several names (links, overlapping globs) is read once.
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  std::erase_if(result.files, [&](const FoundFile& file) {
    return !seen.emplace(file.id.device, file.id.inode).second;
  });
  return result;
}

common::Fd open_regular(const std::string& path, FileId* id, std::uint64_t* size, int* error_number,
                        std::string* problem) {
  common::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) {
    *error_number = errno;
    *problem = cannot("open it", path, errno);
    return {};
  }
  if (!S_ISREG(info.st_mode)) {
    *error_number = EINVAL;
    *problem = not_a_file(path, info);
    return {};
  }
  *id = id_of(info);
  *size = static_cast<std::uint64_t>(info.st_size);
  return fd;
}

bool passing(int error_number) {
  return error_number == EMFILE || error_number == ENFILE || error_number == ENOMEM ||
         error_number == EIO || error_number == EINTR || error_number == EAGAIN ||
         error_number == ESTALE;
}

bool identify(const std::string& path, FileId* id) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return false;
  *id = id_of(info);
  return true;
}

std::string find_renamed(const std::string& path, FileId id) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  struct Close {
    void operator()(DIR* dir) const { ::closedir(dir); }
  };
  const std::unique_ptr<DIR, Close> dir(::opendir(folder.c_str()));
  if (!dir) return {};
  while (const dirent* entry = ::readdir(dir.get())) {
    if (static_cast<std::uint64_t>(entry->d_ino) != id.inode) continue;
    std::string name = slash == std::string::npos ? entry->d_name : folder + entry->d_name;
    FileId found;
    if (identify(name, &found) && found == id) return name;
  }
  return {};
}

}  // namespace sluice::file
