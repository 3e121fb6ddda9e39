// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>

#include "runtime/base/fault.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kFormat = 1;
constexpr const char* kElsewhere = "or set runtime.state.dir to another folder";

Status folder_error(const fs::path& path, std::string_view doing, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  return {full ? Code::kExhausted : Code::kUnavailable,
          "state folder: " + path.string() + ": " + std::string(doing) + ": " + errno_text(error) +
              (full ? "; free space on the disk, " : "; make it a folder this user can write, ") +
              kElsewhere};
}

Status make_folder(const fs::path& dir) {
  std::error_code error;
  const fs::path parent = dir.parent_path();
  if (!parent.empty()) fs::create_directories(parent, error);
  if (error) return folder_error(parent, "cannot be created", error.value());
  if (::mkdir(dir.c_str(), 0700) == 0) return Status::ok();
  if (errno != EEXIST) return folder_error(dir, "cannot be created", errno);
  struct stat info {};
  if (::stat(dir.c_str(), &info) != 0) return folder_error(dir, "cannot be read", errno);
  if (!S_ISDIR(info.st_mode)) return folder_error(dir, "is not a folder", ENOTDIR);
  return Status::ok();
}

std::string holder(int fd) {
  char text[32] = {};
  const ssize_t n = ::pread(fd, text, sizeof text - 1, 0);
  std::string_view pid(text, n > 0 ? static_cast<size_t>(n) : 0);
  pid = pid.substr(0, pid.find('\n'));
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (pid.empty() || !std::all_of(pid.begin(), pid.end(), digit)) return "another process";
  return "process " + std::string(pid);
}

Status write_pid(int fd, const fs::path& path) {
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    return folder_error(path, "cannot be written", errno);
  }
  return Status::ok();
}

Result<UniqueFd> take_lock(const fs::path& dir) {
  const fs::path path = dir / "lock";
  for (;;) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return folder_error(path, "cannot be opened", errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK) return folder_error(path, "cannot be locked", errno);
      return Status(Code::kExists, "state folder: " + dir.string() + ": in use by " +
                                       holder(fd.get()) + "; stop that one, " + kElsewhere);
    }
    // Somebody may have removed the file between open and lock; a lock on a nameless file guards
    // nothing.
    struct stat held {};
    struct stat named {};
    if (::fstat(fd.get(), &held) != 0) return folder_error(path, "cannot be read", errno);
    if (::lstat(path.c_str(), &named) != 0 || held.st_ino != named.st_ino ||
        held.st_dev != named.st_dev) {
      continue;
    }
    SLUICE_FAULT_STATUS("state_dir.locked");
    SLUICE_RETURN_IF_ERROR(write_pid(fd.get(), path));
    return fd;
  }
}

Status check_format(const fs::path& dir) {
  const fs::path path = dir / "format";
  auto content = read_file(path, 64);
  if (!content.is_ok() && content.status().code() == Code::kNotFound) {
    return write_file_atomic(path, std::to_string(kFormat) + "\n").with_context("state folder");
  }
  if (!content.is_ok()) return std::move(content).status().with_context("state folder");
  std::string_view text = *content;
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  uint64_t found = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found);
  if (error != std::errc() || end != text.data() + text.size() || found == 0) {
    std::string shown;
    append_escaped(shown, shorten(text, 20));
    return {Code::kCorrupt, "state folder: " + path.string() +
                                ": expected a format number, found '" + shown +
                                "'; if the folder is Sluice's, write " + std::to_string(kFormat) +
                                " into it, " + kElsewhere};
  }
  if (found > kFormat) {
    return invalid("state folder: " + dir.string() + ": written by a newer Sluice (format " +
                   std::to_string(found) + ", this program knows " + std::to_string(kFormat) +
                   "); upgrade this program, " + kElsewhere);
  }
  return Status::ok();
}

}  // namespace

Result<StateDir> StateDir::acquire(const fs::path& dir) {
  // "a/b/" and "" would confuse parent_path().
  fs::path path = dir.lexically_normal();
  if (!path.has_filename()) path = path.empty() ? fs::path(".") : path.parent_path();
  SLUICE_RETURN_IF_ERROR(make_folder(path));
  SLUICE_ASSIGN_OR_RETURN(UniqueFd lock, take_lock(path));
  SLUICE_RETURN_IF_ERROR(check_format(path));
  return StateDir(path, std::move(lock));
}

}  // namespace sluice
