// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/counter_set.h"

#include <algorithm>
#include <bit>
#include <string>

namespace sluice::script {
namespace {

uint64_t saturated(uint64_t a, uint64_t b) { return a + std::min(b, UINT64_MAX - a); }

}  // namespace

size_t CounterSet::number_of(std::string_view name) {
  const auto found = std::find_if(totals_.begin(), totals_.end(),
                                  [&](const ScriptCount& count) { return count.name == name; });
  const auto number = static_cast<size_t>(found - totals_.begin());
  if (found == totals_.end() && number < kMost) totals_.push_back({std::string(name), 0});
  return number;
}

void CounterSet::add(size_t number, uint64_t n) {
  pending_[number] = saturated(pending_[number], n);
  pending_mask_ |= uint64_t{1} << number;
}

void CounterSet::commit() {
  for (; pending_mask_ != 0; pending_mask_ &= pending_mask_ - 1) {
    const auto number = static_cast<size_t>(std::countr_zero(pending_mask_));
    totals_[number].count = saturated(totals_[number].count, pending_[number]);
    pending_[number] = 0;
  }
}

void CounterSet::drop() {
  for (; pending_mask_ != 0; pending_mask_ &= pending_mask_ - 1) {
    pending_[static_cast<size_t>(std::countr_zero(pending_mask_))] = 0;
  }
}

}  // namespace sluice::script
