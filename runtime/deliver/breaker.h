// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/config/config.h"

namespace sluice {

// Leaves a failing sink alone: closed (calls are made), open (none is), half open (one is made to
// see whether it would work again). It opens when calls fail in a row, or when too large a share of
// the last ones failed or took too long. Decides only; who owns it makes the calls, waits and tells
// people. Of one thread, but for state().
class CircuitBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // In rising order of concern; the numbers are those of ingest_circuit_state.
  enum class State : uint8_t { kClosed = 0, kHalfOpen = 1, kOpen = 2 };
  static std::string_view name(State state);  // "closed", "half_open", "open"

  // `clock` outlives it.
  CircuitBreaker(const BreakerConfig& config, const Clock& clock);

  // May a call be made now? An open breaker whose time has come becomes half open by being asked.
  bool admits();
  // While open: when admits() will say yes.
  [[nodiscard]] Time probe_at() const { return probe_at_; }
  [[nodiscard]] State state() const {
    return state_.load(std::memory_order_relaxed);
  }  // any thread
  // Why it opened last: "5 calls failed in a row".
  [[nodiscard]] const std::string& cause() const { return cause_; }

  // What became of a call that was made. True: the state is another one now.
  bool succeeded(std::chrono::nanoseconds took);
  // `asked_for`: how long the other side asked to be left alone; the probe comes no earlier.
  bool failed(Millis asked_for = Millis(0));
  // Opens whatever the counts say: no further call can work as things are.
  bool open(std::string cause, Millis asked_for = Millis(0));

 private:
  void note(bool good);
  [[nodiscard]] bool share_too_large() const;
  void close();

  const BreakerConfig config_;
  const Clock& clock_;
  std::atomic<State> state_{State::kClosed};
  Time probe_at_{};
  std::string cause_;
  uint32_t in_a_row_ = 0;
  std::vector<bool> bad_;  // the last calls, a ring
  size_t next_ = 0;
  uint32_t seen_ = 0;       // of them, up to their number
  uint32_t bad_count_ = 0;  // of them
};

}  // namespace sluice
