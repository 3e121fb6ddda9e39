// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/base/mutex.h"

namespace sluice {

// Bytes a pipeline holds, from intake until settled. Intake waits while the budget is overdrawn;
// what is already inside may grow past it (a script that writes more than it read), which keeps
// intake waiting longer. Thread-safe.
class ByteBudget {
 public:
  explicit ByteBudget(uint64_t limit) : limit_(limit) {}

  void charge(uint64_t bytes) SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    used_ += bytes;
  }
  void refund(uint64_t bytes) SLUICE_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      used_ -= bytes;
    }
    room_.notify_all();
  }
  // True as soon as there is room for another `bytes` (or nothing is held at all); false at the
  // deadline.
  bool wait_room(uint64_t bytes, std::chrono::steady_clock::time_point deadline)
      SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (used_ != 0 && used_ + bytes > limit_) {
      if (!room_.wait_until(mutex_, deadline)) return used_ == 0 || used_ + bytes <= limit_;
    }
    return true;
  }
  [[nodiscard]] uint64_t used() const SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return used_;
  }
  [[nodiscard]] uint64_t limit() const { return limit_; }

 private:
  const uint64_t limit_;
  mutable Mutex mutex_;
  CondVar room_;
  uint64_t used_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
