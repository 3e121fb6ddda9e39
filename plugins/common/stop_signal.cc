// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/stop_signal.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

namespace sluice::common {

void StopSignal::open() {
  event_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_) throw Transient(std::string("cannot make an eventfd: ") + std::strerror(errno));
  event_fd_ = event_.get();
}

void StopSignal::stop() noexcept {
  stopped_ = true;  // before the write: whoever wakes must see it
  const int fd = event_fd_;
  if (fd < 0) return;
  const std::uint64_t one = 1;
  // Fails only if the counter is full, and then it is readable already.
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

bool StopSignal::stopped() const noexcept { return stopped_ || context_.stopping(); }

bool StopSignal::wait(std::chrono::nanoseconds time) noexcept {
  using Clock = std::chrono::steady_clock;
  // Without a descriptor of the host's, its stop is looked for this often.
  constexpr std::chrono::milliseconds kSlice{50};
  const auto until = Clock::now() + time;
  const int host_fd = context_.stop_fd();
  while (!stopped()) {
    auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - Clock::now());
    if (left.count() <= 0) return false;
    if (host_fd < 0) left = std::min<std::chrono::nanoseconds>(left, kSlice);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec limit{static_cast<time_t>(seconds.count()),
                         static_cast<long>((left - seconds).count())};
    std::array<pollfd, 2> fds{pollfd{event_.get(), POLLIN, 0}, pollfd{host_fd, POLLIN, 0}};
    ::ppoll(fds.data(), fds.size(), &limit, nullptr);
  }
  return true;
}

}  // namespace sluice::common
