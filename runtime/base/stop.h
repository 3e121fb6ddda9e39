// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>

#include "runtime/base/mutex.h"
#include "runtime/base/unique_fd.h"

namespace sluice {

// A request to stop, handed down by reference; three forms of the same meaning: a flag, an
// interruptible wait and a descriptor for poll(2). Once requested it stays requested. Thread-safe.
class StopSource {
 public:
  StopSource();
  StopSource(const StopSource&) = delete;
  StopSource& operator=(const StopSource&) = delete;

  // Legal on any thread, not in a signal handler (use a signalfd there).
  void request() SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] bool requested() const { return requested_.load(std::memory_order_acquire); }
  // Waits; true as soon as stop is requested, false when the time has passed.
  bool wait_for(std::chrono::milliseconds time) SLUICE_EXCLUDES(mutex_);
  // Becomes readable when stop is requested. Owned by this object.
  [[nodiscard]] int fd() const { return event_.get(); }

 private:
  std::atomic<bool> requested_{false};
  UniqueFd event_;
  Mutex mutex_;
  CondVar changed_;
};

}  // namespace sluice
