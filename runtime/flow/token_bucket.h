// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"

namespace sluice {

// Records a second: a base times a multiplier that may change while it is used, and never more at
// once than a second of that. Thread-safe.
class TokenBucket {
 public:
  TokenBucket(double per_second, double multiplier, const Clock& clock)
      : clock_(clock),
        base_(per_second),
        multiplier_(multiplier),
        per_second_(per_second * multiplier),
        tokens_(capacity()),
        filled_at_(clock.now()) {}

  // From now on; tokens that are there stay, as far as they fit.
  void set_multiplier(double multiplier) SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    refill();
    multiplier_ = multiplier;
    per_second_ = base_ * multiplier;
    tokens_ = std::min(capacity(), tokens_);
  }
  [[nodiscard]] double multiplier() const SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return multiplier_;
  }

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
    tokens_ = std::min(capacity(), tokens_ + unused);
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
    tokens_ = std::min(capacity(), tokens_ + passed.count() * per_second_);
    filled_at_ = now;
  }

  [[nodiscard]] double capacity() const SLUICE_REQUIRES(mutex_) {
    return std::max(1.0, per_second_);
  }

  const Clock& clock_;
  const double base_;
  mutable Mutex mutex_;
  double multiplier_ SLUICE_GUARDED_BY(mutex_);
  double per_second_ SLUICE_GUARDED_BY(mutex_);
  double tokens_ SLUICE_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point filled_at_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
