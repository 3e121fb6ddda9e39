// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"

namespace sluice {

// Stops a source whose records have begun to become dead letters: when more than a share of its
// last records did so for one reason, something is wrong with all of them, and reading on would
// only move the whole input into the dead letters. After a while a few records are let through: if
// they fare better it goes on, else it waits again.
//
// Memory is bounded by the window. Thread-safe; the source asks once a poll, the ledger tells once
// a segment of a batch.
class BurstGuard {
 public:
  struct Limits {
    uint32_t window = 1000;  // records looked back at
    double share = 0.2;      // of them, with the same reason; more is a burst
    uint32_t least = 100;    // fewer are none
    std::chrono::milliseconds cool_down{60'000};
  };
  enum class State : uint8_t { kFlowing, kPaused, kProbing };
  struct Status {
    State state = State::kFlowing;
    uint64_t bursts = 0;   // since the start of the process
    int64_t since_us = 0;  // paused or probing: since when
    std::string reason;    // of the burst
    std::string cause;     // in words; stays after it is over
  };
  static constexpr uint32_t kProbeRecords = 100;

  BurstGuard(const Limits& limits, const Clock& clock) : limits_(limits), clock_(clock) {}

  // How many of `wanted` records may be taken in now; 0: none, ask again in a while.
  uint32_t allow(uint32_t wanted) SLUICE_EXCLUDES(mutex_);
  // So many were taken in as the batch of that number in the source's order.
  void taken(uint64_t sequence, uint32_t records) SLUICE_EXCLUDES(mutex_);

  // What became of records, in their order: so many that were no dead letter, or one that was.
  // `sequence` is that of their batch. bad() answers true when a burst begins with it.
  void good(uint64_t sequence, uint64_t records) SLUICE_EXCLUDES(mutex_);
  bool bad(uint64_t sequence, std::string_view reason) SLUICE_EXCLUDES(mutex_);

  // An operator's word: goes on at once. False: it was not paused.
  bool resume() SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] Status status() const SLUICE_EXCLUDES(mutex_);
  static std::string_view name(State state);  // "flowing", "paused", "probing"

 private:
  struct Bad {
    uint64_t number = 0;  // the how-manieth record
    std::map<std::string, uint32_t, std::less<>>::iterator reason;
  };
  // A probe looks only at what it let through, not at what was under way when the source paused.
  [[nodiscard]] bool concerns(uint64_t sequence) const SLUICE_REQUIRES(mutex_);
  void step(uint64_t records) SLUICE_REQUIRES(mutex_);
  [[nodiscard]] bool too_many(uint32_t count, uint32_t least) const SLUICE_REQUIRES(mutex_);
  bool judge_probe() SLUICE_REQUIRES(mutex_);
  void pause(std::string_view reason, uint32_t count) SLUICE_REQUIRES(mutex_);
  void forget() SLUICE_REQUIRES(mutex_);

  const Limits limits_;
  const Clock& clock_;
  mutable Mutex mutex_;
  Status status_ SLUICE_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point probe_at_ SLUICE_GUARDED_BY(mutex_);
  std::optional<uint64_t> probe_sequence_ SLUICE_GUARDED_BY(mutex_);
  uint64_t probe_left_ SLUICE_GUARDED_BY(mutex_) = 0;  // of the probe, not settled
  uint64_t seen_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::deque<Bad> bad_ SLUICE_GUARDED_BY(mutex_);  // within the window
  std::map<std::string, uint32_t, std::less<>> counts_ SLUICE_GUARDED_BY(mutex_);  // of bad_
};

}  // namespace sluice
