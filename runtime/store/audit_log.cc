// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/audit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/fault.h"
#include "runtime/base/file.h"

namespace sluice {
namespace {

Status file_error(const std::filesystem::path& path, std::string_view doing, int error) {
  return unavailable(path.string() + ": " + std::string(doing) + ": " + errno_text(error) +
                     "; make the state folder writable");
}

void add_lines(const std::filesystem::path& path, std::vector<std::string>& out) {
  // A file that cannot be read has no lines to show; writing it reports what is wrong.
  const auto text = read_file_prefix(path, 2 * AuditLog::kMaxBytes);
  if (!text) return;
  for (size_t at = 0; at < text->size();) {
    const size_t end = text->find('\n', at);
    if (end == std::string::npos) return;
    if (end > at) out.push_back(text->substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::open(const std::filesystem::path& dir) {
  std::unique_ptr<AuditLog> log(new AuditLog(dir));
  MutexLock lock(log->mutex_);
  SLUICE_RETURN_IF_ERROR(log->open_file());
  return log;
}

Status AuditLog::open_file() {
  fd_.reset(::open(file().c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd_) return file_error(file(), "opening", errno);
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) return file_error(file(), "opening", errno);
  if (!S_ISREG(info.st_mode))
    return invalid(file().string() + ": not a regular file; move it away");
  size_ = static_cast<uint64_t>(info.st_size);
  char last = '\n';
  if (size_ > 0 && ::pread(fd_.get(), &last, 1, info.st_size - 1) != 1) {
    return file_error(file(), "reading", errno);
  }
  if (last == '\n') return Status::ok();
  // A crash cut the last line: the next must not be glued to it.
  if (::write(fd_.get(), "\n", 1) != 1) return file_error(file(), "writing", errno);
  ++size_;
  return Status::ok();
}

Status AuditLog::rotate() {
  if (::rename(file().c_str(), older_file().c_str()) != 0) {
    return file_error(file(), "setting it aside", errno);
  }
  return open_file();
}

Status AuditLog::append(std::string_view json) {
  if (json.size() >= kMaxBytes) return invalid("a line of the audit log is too long");
  std::string line(json);
  line += '\n';
  MutexLock lock(mutex_);
  if (!fd_) SLUICE_RETURN_IF_ERROR(open_file());
  if (size_ + line.size() > kMaxBytes) SLUICE_RETURN_IF_ERROR(rotate());
  SLUICE_FAULT_STATUS("audit.append.before");
  const ssize_t n = ::write(fd_.get(), line.data(), line.size());
  if (n != static_cast<ssize_t>(line.size())) {
    const int error = n < 0 ? errno : ENOSPC;
    fd_.reset();  // opened anew, which ends a line that was cut
    return file_error(file(), "writing", error);
  }
  size_ += line.size();
  SLUICE_FAULT("audit.append.written");
  if (::fdatasync(fd_.get()) != 0) return file_error(file(), "writing", errno);
  return Status::ok();
}

std::vector<std::string> AuditLog::lines() const {
  MutexLock lock(mutex_);
  return lines_of(dir_);
}

std::vector<std::string> AuditLog::lines_of(const std::filesystem::path& dir) {
  std::vector<std::string> out;
  add_lines(dir / "audit.1.jsonl", out);
  add_lines(dir / "audit.jsonl", out);
  return out;
}

}  // namespace sluice
