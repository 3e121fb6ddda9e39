// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "runtime/base/fault.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

Status write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return unavailable(errno_text(errno));
    }
    content.remove_prefix(static_cast<size_t>(n));
  }
  return Status::ok();
}

}  // namespace

Status sync_folder(const std::filesystem::path& folder) {
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return unavailable(folder.string() + ": " + errno_text(errno));
  return Status::ok();
}

std::string errno_text(int error) { return std::generic_category().message(error); }

Result<std::string> read_file(const std::filesystem::path& path, uint64_t max_bytes) {
  SLUICE_ASSIGN_OR_RETURN(std::string content, read_file_prefix(path, max_bytes + 1));
  if (content.size() > max_bytes) {
    return invalid(path.string() + ": larger than " + format_size(max_bytes));
  }
  return content;
}

Result<std::string> read_file_prefix(const std::filesystem::path& path, uint64_t max_bytes) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    return Status(errno == ENOENT ? Code::kNotFound : Code::kUnavailable,
                  path.string() + ": " + errno_text(errno));
  }
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return unavailable(path.string() + ": " + errno_text(errno));
  if (!S_ISREG(info.st_mode)) return invalid(path.string() + ": not a regular file");
  std::string content;
  // Read to the end rather than trust the size: the file may grow meanwhile.
  for (;;) {
    const size_t had = content.size();
    content.resize(had + 65536);
    const ssize_t n = ::read(fd.get(), content.data() + had, 65536);
    if (n < 0 && errno != EINTR) return unavailable(path.string() + ": " + errno_text(errno));
    content.resize(had + static_cast<size_t>(n < 0 ? 0 : n));
    if (content.size() >= max_bytes) content.resize(max_bytes);
    if (n == 0 || content.size() == max_bytes) return content;
  }
}

Status write_file_atomic(const std::filesystem::path& path, std::string_view content,
                         unsigned mode) {
  const std::filesystem::path temporary = path.string() + ".tmp";
  UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd) return unavailable(temporary.string() + ": " + errno_text(errno));
  Status written = write_all(fd.get(), content);
  if (!written) return std::move(written).with_context(temporary.string());
  if (::fsync(fd.get()) != 0) return unavailable(temporary.string() + ": " + errno_text(errno));
  fd.reset();
  SLUICE_FAULT_STATUS("file.atomic.before_rename");
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return unavailable(path.string() + ": " + errno_text(errno));
  }
  SLUICE_FAULT("file.atomic.after_rename");
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  return sync_folder(folder);
}

}  // namespace sluice
