// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"

namespace sluice {

// Takes over from a thread while it is inside a call of a plugin, which nobody can end: what that
// thread owns may be touched by the other one as long as it waits. One call at a time.
class StandIn {
 public:
  StandIn() = default;
  ~StandIn() { end(); }

  // `look` is called on a thread of its own, again and again while a call is going on that began so
  // long ago: at once when it returned true, for there is more to do, and otherwise so much later.
  template <typename Look>
  void start(Millis every, Look look) {
    thread_ = std::thread([this, every, look] {
      bool more = false;
      MutexLock lock(mutex_);
      while (!ending_) {
        // To look again without a wait would keep the owner from coming back.
        if (!more || leaving_) {
          changed_.wait_until(mutex_, std::chrono::steady_clock::now() + every);
        }
        more = false;
        if (ending_ || !inside_ || std::chrono::steady_clock::now() - began_ < every) continue;
        more = look();
      }
    });
  }
  void end() {
    {
      MutexLock lock(mutex_);
      ending_ = true;
      changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
  }

  // Around the call. The owner waits in left() until a look that has begun is over.
  void entered() {
    MutexLock lock(mutex_);
    inside_ = true;
    began_ = std::chrono::steady_clock::now();
  }
  void left() {
    leaving_ = true;
    MutexLock lock(mutex_);
    inside_ = false;
    leaving_ = false;
  }

 private:
  std::thread thread_;
  Mutex mutex_;
  CondVar changed_;
  std::chrono::steady_clock::time_point began_ SLUICE_GUARDED_BY(mutex_);
  bool inside_ SLUICE_GUARDED_BY(mutex_) = false;
  bool ending_ SLUICE_GUARDED_BY(mutex_) = false;
  std::atomic<bool> leaving_{false};
};

}  // namespace sluice
