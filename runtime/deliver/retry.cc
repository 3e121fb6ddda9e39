// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/retry.h"

#include <algorithm>

namespace sluice {
namespace {

// Doubled more often than this, any base is beyond any cap.
constexpr uint32_t kMostDoublings = 30;

}  // namespace

RetryPolicy::RetryPolicy(const RetryConfig& config, uint64_t seed)
    : base_(std::max(config.base, Millis(1))),
      cap_(std::max(config.cap, base_)),
      delays_(config.delays),
      max_attempts_(static_cast<uint32_t>(std::max(1, config.max_attempts))),
      random_(seed) {}

Millis RetryPolicy::delay(uint32_t failures, Millis asked_for) {
  asked_for = std::min(asked_for, kLongestAskedFor);
  failures = std::max<uint32_t>(1, failures);
  if (!delays_.empty()) {
    const size_t at = std::min<size_t>(failures, delays_.size()) - 1;
    return std::max(delays_[at], asked_for);
  }
  const uint32_t doublings = std::min(failures - 1, kMostDoublings);
  const int64_t ceiling = std::min(cap_.count(), base_.count() << doublings);
  std::uniform_int_distribution<int64_t> pick(1, ceiling);
  return std::max(Millis(pick(random_)), asked_for);
}

}  // namespace sluice
