// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/script/script.h"

namespace sluice::script {

// The counters of sluice.count(), of one runner. What a call adds counts only once the call has
// succeeded. Adding allocates nothing after a name's first time. Not thread-safe.
class CounterSet {
 public:
  static constexpr size_t kMost = 64;  // as many as pending_mask_ has bits
  static constexpr size_t kLongestName = 64;

  CounterSet() { totals_.reserve(kMost); }

  // The number of a counter, made if need be; kMost when there are that many others already.
  size_t number_of(std::string_view name);
  // Never past the largest number.
  void add(size_t number, uint64_t n);
  void commit();
  void drop();  // forgets what was added since the last commit()

  [[nodiscard]] std::span<ScriptCount> totals() { return totals_; }

 private:
  std::vector<ScriptCount> totals_;
  std::array<uint64_t, kMost> pending_{};
  uint64_t pending_mask_ = 0;  // which of them are not 0
};

}  // namespace sluice::script
