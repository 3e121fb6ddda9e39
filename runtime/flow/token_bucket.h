// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"

namespace sluice {

// Records a second, with a burst of one second's worth times the multiplier. Thread-safe.
class TokenBucket {
 public:
  TokenBucket(double per_second, double burst_multiplier, const Clock& clock)
      : clock_(clock),
        per_second_(per_second),
        capacity_(std::max(1.0, per_second * burst_multiplier)),
        tokens_(capacity_),
        filled_at_(clock.now()) {}

  // Takes up to `wanted` tokens; 0 when there is none yet.
  uint32_t take(uint32_t wanted) SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    refill();
    const auto taken = static_cast<uint32_t>(std::min<double>(wanted, tokens_));
    tokens_ -= taken;
    return taken;
  }
  // Gives tokens back that were not used.
  void give_back(uint32_t unused) SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    tokens_ = std::min(capacity_, tokens_ + unused);
  }
  [[nodiscard]] std::chrono::milliseconds time_to_next() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    refill();
    if (tokens_ >= 1) return std::chrono::milliseconds(0);
    const double ms = (1 - tokens_) / per_second_ * 1000;
    return std::chrono::milliseconds(1 + static_cast<int64_t>(std::min(ms, 1e6)));
  }
  [[nodiscard]] double tokens() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    refill();
    return tokens_;
  }

 private:
  void refill() SLUICE_REQUIRES(mutex_) {
    const auto now = clock_.now();
    const std::chrono::duration<double> passed = now - filled_at_;
    tokens_ = std::min(capacity_, tokens_ + passed.count() * per_second_);
    filled_at_ = now;
  }

  const Clock& clock_;
  const double per_second_;
  const double capacity_;
  Mutex mutex_;
  double tokens_ SLUICE_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point filled_at_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
