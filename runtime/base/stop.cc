// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/stop.h"

#include <sys/eventfd.h>

#include <cstdint>

#include "runtime/base/check.h"

namespace sluice {

StopSource::StopSource() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  SLUICE_CHECK(event_.get() >= 0, "eventfd: no descriptors left; raise `ulimit -n`");
}

void StopSource::request() {
  {
    MutexLock lock(mutex_);
    if (requested_.exchange(true, std::memory_order_acq_rel)) return;
  }
  const uint64_t one = 1;
  // Cannot fail: the counter is 0 and the descriptor is ours.
  SLUICE_CHECK(::write(event_.get(), &one, sizeof one) == sizeof one, "eventfd write");
  changed_.notify_all();
}

bool StopSource::wait_for(std::chrono::milliseconds time) {
  const auto deadline = std::chrono::steady_clock::now() + time;
  MutexLock lock(mutex_);
  while (!requested()) {
    if (!changed_.wait_until(mutex_, deadline)) return requested();
  }
  return true;
}

}  // namespace sluice
