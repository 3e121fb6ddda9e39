// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/breaker.h"

#include <algorithm>
#include <utility>

#include "runtime/base/text.h"

namespace sluice {

std::string_view CircuitBreaker::name(State state) {
  switch (state) {
    case State::kClosed:
      return "closed";
    case State::kHalfOpen:
      return "half_open";
    case State::kOpen:
      return "open";
  }
  return "";
}

CircuitBreaker::CircuitBreaker(const BreakerConfig& config, const Clock& clock)
    : config_(config), clock_(clock), bad_(std::max<uint32_t>(1, config.calls)) {}

bool CircuitBreaker::admits() {
  if (state() != State::kOpen) return true;
  if (clock_.now() < probe_at_) return false;
  state_ = State::kHalfOpen;
  return true;
}

bool CircuitBreaker::succeeded(std::chrono::nanoseconds took) {
  const bool slow = took >= config_.slow_call;
  if (state() != State::kClosed) {
    // One good call is believed, a slow one is not: it would open at once again.
    if (slow) return open("the probe took longer than " + format_duration(config_.slow_call));
    close();
    return true;
  }
  in_a_row_ = 0;
  note(!slow);
  if (!slow || !share_too_large()) return false;
  return open(std::to_string(bad_count_) + " of the last " + std::to_string(seen_) +
              " calls failed or took longer than " + format_duration(config_.slow_call));
}

bool CircuitBreaker::failed(Millis asked_for) {
  if (state() != State::kClosed) return open("the probe failed", asked_for);
  ++in_a_row_;
  note(false);
  if (config_.failures != 0 && in_a_row_ >= config_.failures) {
    return open(
        std::to_string(in_a_row_) + (in_a_row_ == 1 ? " call failed" : " calls failed in a row"),
        asked_for);
  }
  if (!share_too_large()) return false;
  return open(std::to_string(bad_count_) + " of the last " + std::to_string(seen_) +
                  " calls failed or were slow",
              asked_for);
}

bool CircuitBreaker::open(std::string cause, Millis asked_for) {
  const bool was_open = state() == State::kOpen;
  // What opened it stays the cause while probes fail.
  if (state() == State::kClosed || cause_.empty()) cause_ = std::move(cause);
  probe_at_ = clock_.now() + std::max(config_.half_open_after, asked_for);
  state_ = State::kOpen;
  return !was_open;
}

void CircuitBreaker::note(bool good) {
  const bool forgotten = bad_[next_];
  if (seen_ == bad_.size() && forgotten) --bad_count_;
  bad_[next_] = !good;
  if (!good) ++bad_count_;
  next_ = (next_ + 1) % bad_.size();
  seen_ = std::min<uint32_t>(seen_ + 1, static_cast<uint32_t>(bad_.size()));
}

// Only over a full window: the first failures after a quiet night are no rate yet.
bool CircuitBreaker::share_too_large() const {
  return config_.error_rate > 0 && seen_ == bad_.size() &&
         static_cast<double>(bad_count_) >= config_.error_rate * static_cast<double>(seen_);
}

void CircuitBreaker::close() {
  state_ = State::kClosed;
  in_a_row_ = 0;
  std::fill(bad_.begin(), bad_.end(), false);
  next_ = 0;
  seen_ = 0;
  bad_count_ = 0;
  cause_.clear();
}

}  // namespace sluice
