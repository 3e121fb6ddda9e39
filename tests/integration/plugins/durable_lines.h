// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sluice/plugin.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::crash_test {

// The number of the process in a series of crashes, which the test gives each.
inline std::string run_number() {
  const char* run = std::getenv("SLUICE_TEST_RUN");
  return run != nullptr ? run : "0";
}

// Repeatable dice: the same seed and run, the same throws.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  uint64_t below(uint64_t n) {
    state_ += 0x9E3779B97F4A7C15U;
    uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return ((z ^ (z >> 31U)) >> 11U) % n;
  }

 private:
  uint64_t state_;
};

// A file of lines that is only ever appended to; what append() wrote outlives the process, or none
// of it is there. Throws Transient.
class DurableLines {
 public:
  ~DurableLines() { close(); }

  void open(const std::string& path) {
    close();
    fd_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) throw Transient(path + ": " + std::strerror(errno));
    path_ = path;
    // A kill inside a large write leaves half a line.
    size_ = ::lseek(fd_, 0, SEEK_END);
    char last = '\n';
    while (size_ > 0 && ::pread(fd_, &last, 1, size_ - 1) == 1 && last != '\n') --size_;
    cut();
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  void append(std::string_view lines) {
    if (lines.empty()) return;
    const ssize_t n = ::write(fd_, lines.data(), lines.size());
    const int error = n < 0 ? errno : ENOSPC;
    if (n != static_cast<ssize_t>(lines.size())) fail("write", error);
    if (::fdatasync(fd_) != 0) fail("fdatasync", errno);
    size_ += n;
  }

  static std::vector<std::string> read(const std::string& path) {
    std::vector<std::string> out;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) out.push_back(line);
    return out;
  }

 private:
  void cut() {
    if (::ftruncate(fd_, size_) != 0) throw Transient(path_ + ": " + std::strerror(errno));
  }
  [[noreturn]] void fail(const char* call, int error) {
    cut();
    throw Transient(path_ + ": " + call + ": " + std::strerror(error));
  }

  int fd_ = -1;
  off_t size_ = 0;
  std::string path_;
};

}  // namespace sluice::crash_test
