// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

namespace sluice {

// When to try again: exponential backoff with full jitter ("Exponential Backoff And Jitter", AWS
// Architecture Blog, 2015), or a fixed list of delays. Not thread-safe.
class RetryPolicy {
 public:
  using Millis = std::chrono::milliseconds;

  RetryPolicy(Millis base, Millis cap, std::vector<Millis> delays, uint64_t seed)
      : base_(std::max(base, Millis(1))),
        cap_(std::max(cap, base_)),
        delays_(std::move(delays)),
        random_(seed) {}

  // `failures`: how often it failed in a row, from 1. `asked_for`: what the other side asked for;
  // the wait is never shorter than that.
  Millis delay(uint32_t failures, Millis asked_for = Millis(0)) {
    if (!delays_.empty()) {
      const size_t at = std::min<size_t>(failures, delays_.size()) - 1;
      return std::max(delays_[at], asked_for);
    }
    const uint32_t doublings = std::min<uint32_t>(failures - 1, 30);
    const int64_t ceiling = std::min(cap_.count(), base_.count() << doublings);
    std::uniform_int_distribution<int64_t> pick(1, std::max<int64_t>(1, ceiling));
    return std::max(Millis(pick(random_)), asked_for);
  }

 private:
  Millis base_;
  Millis cap_;
  std::vector<Millis> delays_;
  std::mt19937_64 random_;
};

}  // namespace sluice
