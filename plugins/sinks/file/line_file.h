// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "plugins/sinks/file/options.h"

namespace sluice::file_sink {

// A file descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

 private:
  int release() noexcept {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  int fd_ = -1;
};

// The file under way: whole lines, appended and synced, rotated by renaming. What append() took is
// in the file to the last byte or not at all. Errors are thrown: Transient for what passes (disk
// full, I/O error, somebody else's lock), BadConfig for what an operator must change. Not
// thread-safe.
class LineFile {
 public:
  using WallClock = std::chrono::system_clock;
  using Now = std::function<WallClock::time_point()>;
  using Log = std::function<void(const std::string&)>;

  // `log` is told of repairs; `now` is the clock for names and ages of files.
  LineFile(const Options& options, Now now, Log log);

  // Opens or creates the file, locks it against other writers, cuts off a torn last line.
  void open();
  void close() noexcept;
  // Whole lines, each with its newline. Durable on return (with `sync`). On failure the file is cut
  // back to where it was.
  void append(std::string_view lines);
  // The file moved or was removed by somebody else: open a new one. Call before a batch.
  void follow_renames();

  // True if `more` bytes ought to go to a new file, `pending` others having gone to this one.
  [[nodiscard]] bool due(uint64_t pending, uint64_t more) const;
  // Renames the file to <path>.<UTC time>.<n> and begins a new one.
  void rotate();

  [[nodiscard]] uint64_t size() const noexcept { return size_; }
  [[nodiscard]] uint64_t rotations() const noexcept { return rotations_; }

 private:
  void create_and_lock();
  void cut_torn_line();
  void learn_birth(bool fresh);
  void write_all(std::string_view bytes);
  bool cut_back() noexcept;
  void sync_folder() const;
  [[nodiscard]] std::string finished_name() const;
  [[nodiscard]] bool still_at_path() const;
  [[noreturn]] void fail(const char* doing, int error) const;

  Options options_;
  Now now_;
  Log log_;
  Descriptor file_;
  uint64_t size_ = 0;   // end of the last whole, durable line
  bool dirty_ = false;  // bytes past size_ may exist
  WallClock::time_point born_;
  uint64_t rotations_ = 0;
};

}  // namespace sluice::file_sink
