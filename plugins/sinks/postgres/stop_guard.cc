// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/stop_guard.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <system_error>
#include <utility>

namespace sluice::postgres_sink {
namespace {

// True as soon as one of them is readable.
bool readable(pollfd* list, nfds_t count, int milliseconds) {
  return ::poll(list, count, milliseconds) > 0;
}

}  // namespace

StopGuard::StopGuard(Context context, std::chrono::milliseconds patience,
                     std::function<void()> cancel)
    : stop_fd_(context.stop_fd()),
      patience_(patience),
      cancel_(std::move(cancel)),
      over_(::eventfd(0, EFD_CLOEXEC)) {
  if (stop_fd_ < 0) return;
  try {
    if (!over_) throw std::system_error(errno, std::generic_category());
    thread_ = std::thread([this] { watch(); });
  } catch (const std::system_error& e) {
    throw Transient(std::string("cannot start the thread that ends a call at stop: ") + e.what());
  }
}

StopGuard::~StopGuard() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  while (::write(over_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
}

void StopGuard::watch() {
  std::array<pollfd, 2> both{{{over_.get(), POLLIN, 0}, {stop_fd_, POLLIN, 0}}};
  while (!readable(both.data(), both.size(), -1)) {
  }
  // The second cancel is for a statement that began behind the first.
  while (!readable(both.data(), 1, static_cast<int>(patience_.count()))) cancel_();
}

}  // namespace sluice::postgres_sink
