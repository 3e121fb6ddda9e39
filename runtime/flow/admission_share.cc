// SPDX-License-Identifier: Apache-2.0
#include "runtime/flow/admission_share.h"

#include <algorithm>
#include <cmath>

namespace sluice {
namespace {

using Seconds = std::chrono::duration<double>;

}  // namespace

uint32_t AdmissionShare::allow(uint32_t wanted, double keep, Time now) {
  if (keep >= 1 || (keep > 0 && !knows(now))) {
    if (held_) at_ = now;  // what was held back says nothing about the pace
    held_ = false;
    return wanted;
  }
  if (!held_) {
    forget_until(now);
    held_ = true;
    tokens_ = 0;
    filled_at_ = now;
  }
  const double rate = keep > 0 ? std::max(kLeastPerSecond, keep * pace()) : 0;
  tokens_ = std::min(std::max(1.0, rate), tokens_ + rate * Seconds(now - filled_at_).count());
  filled_at_ = now;
  return static_cast<uint32_t>(std::min<double>(wanted, tokens_));
}

void AdmissionShare::taken(uint32_t records, Time now) {
  if (held_) {
    tokens_ = std::max(0.0, tokens_ - records);
    return;
  }
  if (!began_) {
    began_ = now;
    at_ = now;
  }
  forget_until(now);
  sum_ += records / Seconds(kMemory).count();
}

double AdmissionShare::pace() const { return weight_ > 0 ? sum_ / weight_ : 0; }

void AdmissionShare::forget_until(Time now) {
  if (!began_ || now <= at_) return;
  const double left = std::exp(-Seconds(now - at_).count() / Seconds(kMemory).count());
  sum_ *= left;
  weight_ = 1 - (1 - weight_) * left;
  at_ = now;
}

}  // namespace sluice
