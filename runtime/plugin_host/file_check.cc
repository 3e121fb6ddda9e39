// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/file_check.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "runtime/base/file.h"
#include "runtime/base/sha256.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxFileBytes = uint64_t{512} << 20;

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
  return text.data();
}

bool trusted_owner(uid_t owner) { return owner == 0 || owner == ::geteuid(); }

Result<fs::path> resolve(const fs::path& path) {
  std::error_code error;
  fs::path real = fs::canonical(path, error);
  if (!error) return real;
  const std::string text = path.string() + ": cannot be resolved: " + error.message();
  if (error == std::errc::no_such_file_or_directory) return not_found(text);
  return unavailable(text);
}

bool lies_under(const fs::path& path, const fs::path& dir) {
  const auto [end, unused] = std::mismatch(dir.begin(), dir.end(), path.begin(), path.end());
  return end == dir.end();
}

// Who may write into a folder decides what is in it.
Status check_folder(const fs::path& folder, const fs::path& file) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) {
    return unavailable(file.string() + ": its folder " + folder.string() +
                       " cannot be examined: " + errno_text(errno));
  }
  if (!trusted_owner(info.st_uid)) {
    return invalid(file.string() + ": its folder " + folder.string() + " belongs to user " +
                   std::to_string(info.st_uid) + ", expected root or the user of this process (" +
                   std::to_string(::geteuid()) + "); chown it, or move the plugins");
  }
  const bool sticky_root = info.st_uid == 0 && (info.st_mode & S_ISVTX) != 0;
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky_root) {
    return invalid(file.string() + ": its folder " + folder.string() +
                   " can be written by group or others (mode " + octal(info.st_mode) +
                   "); run chmod go-w on it");
  }
  return Status::ok();
}

Status check_file(const struct stat& info, const fs::path& path) {
  if (!S_ISREG(info.st_mode)) {
    return invalid(path.string() + ": is not a regular file; put the plugin itself there");
  }
  if (!trusted_owner(info.st_uid)) {
    return invalid(path.string() + ": belongs to user " + std::to_string(info.st_uid) +
                   ", expected root or the user of this process (" + std::to_string(::geteuid()) +
                   "); chown it");
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return invalid(path.string() + ": can be written by group or others (mode " +
                   octal(info.st_mode) + "); run chmod go-w on it");
  }
  if (static_cast<uint64_t>(info.st_size) > kMaxFileBytes) {
    return invalid(path.string() + ": is " + std::to_string(info.st_size) +
                   " bytes long, more than the limit of " + std::to_string(kMaxFileBytes) +
                   "; strip it");
  }
  return Status::ok();
}

Result<std::string> read_all(int fd, uint64_t size, const fs::path& path) {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n =
        ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return unavailable(path.string() + ": cannot be read: " + errno_text(errno));
    if (n == 0) break;  // it became shorter meanwhile; the ELF reader says so
    done += static_cast<size_t>(n);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

Result<CheckedFile> check_plugin_file(const fs::path& path, const fs::path& dir) {
  SLUICE_ASSIGN_OR_RETURN(const fs::path real_dir, resolve(dir));
  SLUICE_ASSIGN_OR_RETURN(const fs::path real, resolve(path));
  if (!lies_under(real, real_dir)) {
    return invalid(path.string() + ": leads to " + real.string() + ", outside the plugin folder " +
                   real_dir.string() + "; copy the file into the folder instead of linking to it");
  }
  // O_NONBLOCK: opening a FIFO must not wait for its other end.
  CheckedFile file;
  file.fd = UniqueFd(::open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.fd) {
    return unavailable(real.string() + ": cannot be opened: " + errno_text(errno) +
                       "; make it readable for this process");
  }
  struct stat info {};
  if (::fstat(file.fd.get(), &info) != 0) {
    return unavailable(real.string() + ": cannot be examined: " + errno_text(errno));
  }
  SLUICE_RETURN_IF_ERROR(check_file(info, real));
  for (fs::path folder = real.parent_path();; folder = folder.parent_path()) {
    SLUICE_RETURN_IF_ERROR(check_folder(folder, real));
    if (folder == folder.root_path()) break;
  }
  SLUICE_ASSIGN_OR_RETURN(file.bytes,
                          read_all(file.fd.get(), static_cast<uint64_t>(info.st_size), real));
  file.path = real;
  file.sha256 = sha256_hex(file.bytes);
  file.device = info.st_dev;
  file.inode = info.st_ino;
  file.mtime_ns = int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec;
  return file;
}

}  // namespace sluice
