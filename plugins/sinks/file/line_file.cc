// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/file/line_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::file_sink {
namespace {

constexpr mode_t kMode = 0644;

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

bool passes(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EIO:
    case ENOMEM:
    case ENFILE:
    case EMFILE:
    case EINTR:
    case EAGAIN:
    case EBUSY:
    case ESTALE:
      return true;
    default:
      return false;
  }
}

const char* cure_of(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free space on that disk (or raise the quota)";
    case EFBIG:
      return "; the file has reached the size limit of the process or file system: set `rotate`";
    case EACCES:
    case EPERM:
    case EROFS:
      return "; give the runtime's user write access to the file and its folder";
    case ENOENT:
    case ENOTDIR:
      return "; create the folder first";
    case EISDIR:
      return "; `path` names a folder: name a file in it";
    default:
      return "";
  }
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

void Descriptor::reset() noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

LineFile::LineFile(const Options& options, Now now, Log log)
    : options_(options), now_(std::move(now)), log_(std::move(log)) {}

void LineFile::fail(const char* doing, int error) const {
  const std::string text = std::string("cannot ") + doing + " " + options_.path + ": " +
                           std::generic_category().message(error) + cure_of(error);
  if (passes(error)) throw Transient(text);
  throw BadConfig(text);
}

void LineFile::open() {
  close();
  create_and_lock();
  try {
    cut_torn_line();
  } catch (...) {
    close();
    throw;
  }
}

void LineFile::close() noexcept {
  if (file_.valid() && dirty_) cut_back();
  file_.reset();
  size_ = 0;
  dirty_ = false;
}

// The lock belongs to the open file, not to its name: after taking it, make sure the name still
// leads there, for a former owner may have rotated it away in between.
void LineFile::create_and_lock() {
  constexpr int kAttempts = 10;
  for (int i = 0; i < kAttempts; ++i) {
    struct stat before {};
    const bool fresh = ::stat(options_.path.c_str(), &before) != 0;
    if (!fresh && !S_ISREG(before.st_mode)) {
      throw BadConfig(options_.path + " is not a plain file; name a file, or use the stdout sink");
    }
    file_ =
        Descriptor(::open(options_.path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, kMode));
    if (!file_.valid()) fail("open", errno);
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      file_.reset();
      if (error != EWOULDBLOCK) fail("lock", error);
      throw Transient(options_.path +
                      " is being written by another sink or process; give each its own path");
    }
    if (!still_at_path()) continue;
    learn_birth(fresh);
    if (fresh) sync_folder();
    return;
  }
  file_.reset();
  throw Transient(options_.path + " keeps being moved away while it is opened");
}

bool LineFile::still_at_path() const {
  struct stat mine {};
  struct stat there {};
  return ::fstat(file_.get(), &mine) == 0 && ::stat(options_.path.c_str(), &there) == 0 &&
         mine.st_ino == there.st_ino && mine.st_dev == there.st_dev;
}

// The age of a file that was there before counts from its birth, where the file system keeps it.
void LineFile::learn_birth(bool fresh) {
  born_ = now_();
  struct statx info {};
  if (fresh || ::statx(file_.get(), "", AT_EMPTY_PATH, STATX_BTIME, &info) != 0) return;
  if ((info.stx_mask & STATX_BTIME) == 0) return;
  born_ = WallClock::time_point(std::chrono::duration_cast<WallClock::duration>(
      std::chrono::seconds(info.stx_btime.tv_sec) +
      std::chrono::nanoseconds(info.stx_btime.tv_nsec)));
}

// A crash can leave a last line without its newline. It was never answered with OK, so its record
// comes again; what is left of it would only make the file unreadable.
void LineFile::cut_torn_line() {
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) fail("look at", errno);
  off_t end = info.st_size;
  std::array<char, 65536> block;
  while (end > 0) {
    const auto want = static_cast<size_t>(std::min<off_t>(end, off_t{block.size()}));
    const off_t from = end - static_cast<off_t>(want);
    const ssize_t got = ::pread(file_.get(), block.data(), want, from);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", errno);
    if (static_cast<size_t>(got) != want) {
      throw Transient(options_.path +
                      " became shorter while it was read; another program writes it");
    }
    const size_t newline = std::string_view(block.data(), want).rfind('\n');
    if (newline != std::string_view::npos) {
      end = from + static_cast<off_t>(newline) + 1;
      break;
    }
    end = from;
  }
  size_ = static_cast<uint64_t>(end);
  if (end == info.st_size) return;
  if (::ftruncate(file_.get(), end) != 0) fail("cut the torn last line off", errno);
  log_(options_.path + ": cut off a torn last line of " + std::to_string(info.st_size - end) +
       " bytes, left by a crash; its record comes again");
}

void LineFile::follow_renames() {
  if (file_.valid() && !still_at_path()) {
    log_(options_.path + " was moved or removed by another program; writing to a new file");
    close();
  }
  if (!file_.valid()) open();
  // Before anything is added: what an earlier failure left behind must be gone.
  if (dirty_ && !cut_back()) fail("cut back", errno);
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0) fail("look at", errno);
  if (static_cast<uint64_t>(info.st_size) != size_) {
    log_(options_.path + " was changed by another program from " + std::to_string(size_) + " to " +
         std::to_string(info.st_size) + " bytes; going on at its end");
    cut_torn_line();
  }
}

bool LineFile::cut_back() noexcept {
  if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) return false;
  dirty_ = false;
  return true;
}

void LineFile::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_.get(), bytes.data(), bytes.size());
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      fail("write to", n == 0 ? EIO : errno);
    }
  }
}

void LineFile::append(std::string_view lines) {
  if (lines.empty()) return;
  dirty_ = true;
  try {
    write_all(lines);
    // After a failed sync the kernel may have dropped the pages: the bytes are cut off and the
    // records offered again, instead of asking for the sync once more.
    if (options_.sync && ::fdatasync(file_.get()) != 0) fail("sync", errno);
  } catch (...) {
    cut_back();  // if this fails too, dirty_ stays and the next batch begins with it
    throw;
  }
  size_ += lines.size();
  dirty_ = false;
}

bool LineFile::due(uint64_t pending, uint64_t more) const {
  const uint64_t reached = size_ + pending;
  if (reached == 0) return false;
  if (options_.rotate_bytes != 0 && reached + more > options_.rotate_bytes) return true;
  return options_.rotate_after.count() != 0 && now_() - born_ >= options_.rotate_after;
}

std::string LineFile::finished_name() const {
  const std::time_t seconds = WallClock::to_time_t(now_());
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return options_.path + "." + text.data();
}

void LineFile::rotate() {
  if (!options_.sync && ::fdatasync(file_.get()) != 0) fail("sync", errno);
  const std::string base = finished_name();
  constexpr int kNames = 10000;
  for (int n = 1; n <= kNames; ++n) {
    const std::string name = base + "." + std::to_string(n);
    // A finished file is never overwritten.
    if (::renameat2(AT_FDCWD, options_.path.c_str(), AT_FDCWD, name.c_str(), RENAME_NOREPLACE) ==
        0) {
      ++rotations_;
      open();
      return;
    }
    if (errno != EEXIST) fail("rename", errno);
  }
  throw Transient(options_.path + ": all names up to " + base + "." + std::to_string(kNames) +
                  " are taken");
}

void LineFile::sync_folder() const {
  if (!options_.sync) return;
  const Descriptor folder(
      ::open(folder_of(options_.path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) fail("open the folder of", errno);
  if (::fsync(folder.get()) != 0 && errno != EINVAL) fail("sync the folder of", errno);
}

}  // namespace sluice::file_sink
