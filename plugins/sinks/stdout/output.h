// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::stdout_sink {

// Writes to a descriptor that others share: a pipe, a terminal, a file. Never changes its flags
// (they belong to everybody who holds it), never raises SIGPIPE, and gives up as soon as `stop_fd`
// becomes readable, also when the reader has stopped reading. Not thread-safe.
class Output {
 public:
  enum class Result : uint8_t {
    kDone,
    kStopped,  // stop was asked while the reader did not read
    kFailed    // see error(); EPIPE: the reader is gone
  };

  // `stop_fd`: -1 for none.
  Output(int fd, int stop_fd) : fd_(fd), stop_fd_(stop_fd) {}

  // Writes all of `bytes` unless stopped or failed; written() then tells how much went out.
  Result write(std::string_view bytes);
  [[nodiscard]] size_t written() const noexcept { return written_; }
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  Result wait_for_room();
  Result write_some(std::string_view bytes);

  int fd_;
  int stop_fd_;
  size_t written_ = 0;
  int error_ = 0;
};

}  // namespace sluice::stdout_sink
