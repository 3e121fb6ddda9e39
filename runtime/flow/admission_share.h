// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace sluice {

// Lets a source go on at a share of its own pace: how fast it was read before is remembered while
// all of it may come, and a share of that is allowed while only a share may. A source that can be
// read again loses nothing by it, it falls behind.
//
// The pace is a mean that forgets with a time constant of kMemory, corrected for what it cannot
// know yet when little time has passed (as Adam does: Kingma and Ba, 2015, section 3). One thread.
class AdmissionShare {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kMemory{30};
  // So long after its first record a source is read freely, whatever the share: its pace has to be
  // known.
  static constexpr std::chrono::seconds kLearns{1};
  // A source that was idle before may give that many all the same, unless the share is 0.
  static constexpr double kLeastPerSecond = 1;

  // How many of `wanted` records may be taken now; `keep`: the share, 1 for all of them.
  uint32_t allow(uint32_t wanted, double keep, Time now);
  // So many were taken.
  void taken(uint32_t records, Time now);
  // Records a second, as remembered.
  [[nodiscard]] double pace() const;

 private:
  [[nodiscard]] bool knows(Time now) const { return began_ && now - *began_ >= kLearns; }
  void forget_until(Time now);

  double sum_ = 0;     // records a second, forgetting
  double weight_ = 0;  // how much of it is known, 0 to 1
  std::optional<Time> began_;
  Time at_{};          // up to when `sum_` stands
  bool held_ = false;  // only a share may come
  double tokens_ = 0;
  Time filled_at_{};
};

}  // namespace sluice
