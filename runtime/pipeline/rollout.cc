// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/rollout.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sluice {
namespace {

// share * 2^64; a share of 1 is all keys but one in 2^64.
uint64_t bound_of(double share) {
  const double bound = share * 18446744073709551616.0;
  return bound >= 18446744073709549568.0 ? UINT64_MAX : static_cast<uint64_t>(bound);
}

double rate(const Rollout::Side& side) {
  return side.records == 0 ? 0
                           : static_cast<double>(side.rejected) / static_cast<double>(side.records);
}

std::string side_json(const Rollout::Side& side) {
  return "{\"records\":" + std::to_string(side.records) +
         ",\"rejected\":" + std::to_string(side.rejected) + "}";
}

}  // namespace

Rollout::Rollout(std::shared_ptr<Activation> activation, double share, std::function<void()> enough)
    : activation_(std::move(activation)),
      share_(share),
      below_(bound_of(share)),
      enough_(std::move(enough)) {}

void Rollout::add(const Counts& counts) {
  {
    MutexLock lock(mutex_);
    counts_.running.records += counts.running.records;
    counts_.running.rejected += counts.running.rejected;
    counts_.candidate.records += counts.candidate.records;
    counts_.candidate.rejected += counts.candidate.rejected;
    if (told_ || !enough(counts_)) return;
    told_ = true;
  }
  if (enough_) enough_();
}

Rollout::Counts Rollout::counts() const {
  MutexLock lock(mutex_);
  return counts_;
}

std::string Rollout::json() const {
  const Counts now = counts();
  std::array<char, 32> share{};
  const auto end = std::to_chars(share.data(), share.data() + share.size(), share_).ptr;
  return "{\"share\":" + std::string(share.data(), end) + ",\"running\":" + side_json(now.running) +
         ",\"candidate\":" + side_json(now.candidate) + "}";
}

bool Rollout::worse(const Counts& counts) {
  constexpr double kStandardErrors = 2.33;
  const auto before = static_cast<double>(counts.running.records);
  const auto after = static_cast<double>(counts.candidate.records);
  const double difference = rate(counts.candidate) - rate(counts.running);
  if (after == 0 || difference <= 0) return false;
  // Without a record of the old bundle there is nothing to compare with: any reject is one more.
  if (before == 0) return true;
  const double pooled =
      static_cast<double>(counts.running.rejected + counts.candidate.rejected) / (before + after);
  const double error = std::sqrt(pooled * (1 - pooled) * (1 / before + 1 / after));
  return difference > kStandardErrors * error;
}

}  // namespace sluice
