// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <random>
#include <vector>

#include "runtime/config/config.h"

namespace sluice {

// How often and when something is tried again: the one place that decides it. Exponential backoff
// with full jitter ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015), or a list of
// delays that is kept to the letter. Counts nothing itself, so that many records can share it; see
// Backoff for one thing that fails in a row. Not thread-safe.
class RetryPolicy {
 public:
  // Whoever is asked to wait (`Retry-After`) may ask for this at most: a wrong answer of another
  // system must not park a branch for days.
  static constexpr Millis kLongestAskedFor{3'600'000};

  // `seed`: jitter differs between those that failed at the same moment.
  RetryPolicy(const RetryConfig& config, uint64_t seed);

  // How long to wait after so many failures in a row, from 1. `asked_for`: what the other side
  // asked for; the wait is never shorter than that.
  Millis delay(uint32_t failures, Millis asked_for = Millis(0));

  // No further attempt is due after so many.
  [[nodiscard]] bool spent(uint32_t attempts) const { return attempts >= max_attempts_; }

 private:
  Millis base_;
  Millis cap_;
  std::vector<Millis> delays_;
  uint32_t max_attempts_;
  std::mt19937_64 random_;
};

// One thing that is tried until it works: its failures in a row. Not thread-safe.
class Backoff {
 public:
  Backoff(const RetryConfig& config, uint64_t seed) : policy_(config, seed) {}

  // It failed: how long to wait before it is tried again.
  Millis fail(Millis asked_for = Millis(0)) { return policy_.delay(++failures_, asked_for); }
  void succeed() { failures_ = 0; }
  [[nodiscard]] uint32_t failures() const { return failures_; }
  [[nodiscard]] bool spent() const { return policy_.spent(failures_); }

 private:
  RetryPolicy policy_;
  uint32_t failures_ = 0;
};

}  // namespace sluice
