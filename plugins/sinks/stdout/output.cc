// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/stdout/output.h"

#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>

namespace sluice::stdout_sink {
namespace {

// Holds SIGPIPE back on this thread, and takes out what a write raised meanwhile. There is no flag
// for that on write(2), and the handler belongs to the program.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &old_);
  }
  ~NoSigpipe() {
    if (!was_pending_) {
      const timespec now{};
      while (sigtimedwait(&pipe_, nullptr, &now) < 0 && errno == EINTR) {
      }
    }
    pthread_sigmask(SIG_SETMASK, &old_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t old_{};
  bool was_pending_ = false;
};

}  // namespace

Output::Result Output::write(std::string_view bytes) {
  const NoSigpipe guard;
  written_ = 0;
  error_ = 0;
  struct stat info {};
  const bool file = ::fstat(fd_, &info) == 0 && S_ISREG(info.st_mode);
  while (!bytes.empty()) {
    // poll promises room for PIPE_BUF bytes only; more could block past a stop.
    std::string_view piece = bytes;
    if (!file) {
      const Result room = wait_for_room();
      if (room != Result::kDone) return room;
      piece = bytes.substr(0, PIPE_BUF);
    }
    const size_t before = written_;
    const Result result = write_some(piece);
    if (result != Result::kDone) return result;
    bytes.remove_prefix(written_ - before);
  }
  return Result::kDone;
}

Output::Result Output::wait_for_room() {
  std::array<pollfd, 2> fds{{{fd_, POLLOUT, 0}, {stop_fd_, POLLIN, 0}}};
  while (::poll(fds.data(), fds.size(), -1) < 0) {
    if (errno == EINTR) continue;
    error_ = errno;
    return Result::kFailed;
  }
  // A ready reader comes first, so that a drain after stop still gets its lines out.
  if (fds[0].revents != 0) return Result::kDone;  // POLLERR too: write tells which error
  return Result::kStopped;
}

Output::Result Output::write_some(std::string_view bytes) {
  const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
  if (n > 0) {
    written_ += static_cast<size_t>(n);
    return Result::kDone;
  }
  // EAGAIN: somebody made the descriptor non-blocking, and took the room poll had seen.
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return Result::kDone;
  error_ = n == 0 ? EIO : errno;
  return Result::kFailed;
}

}  // namespace sluice::stdout_sink
