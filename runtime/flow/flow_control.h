// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"

namespace sluice {

// How much a pipeline lets in, in the order of how much it holds back: of several, the largest is
// the worst.
enum class FlowState : uint8_t {
  kNormal,
  kThrottled,  // by itself: intake waits for the rate limit or for room
  kBrownout,   // a share of what has low priority
  kDrain,      // nothing comes in; what is in flight goes out
  kPaused,     // nothing comes in, and nothing is written
};
std::string_view name_of(FlowState state);
std::optional<FlowState> flow_state(std::string_view name);

// An operator's word to a pipeline. It stands until the next.
struct FlowOrder {
  FlowState state = FlowState::kNormal;  // never kThrottled
  double keep = 1;      // kBrownout: the share of low-priority records that comes in, 0 to 1
  std::string cause;    // in words
  int64_t at_us = 0;    // when it was given, microseconds since 1970
  bool lasting = true;  // stands after a restart, too
};

// The state of one pipeline's intake, and how it came to it. Sources and sinks ask it once a call,
// without a lock; it never drops anything. Thread-safe.
class FlowControl {
 public:
  enum class Wait : uint8_t { kRate, kRoom };
  struct Transition {
    FlowState from = FlowState::kNormal;
    FlowState to = FlowState::kNormal;
    std::string cause;
    int64_t at_us = 0;
  };
  struct Status {
    FlowState state = FlowState::kNormal;
    int64_t since_us = 0;
    std::string cause;                   // empty: normal
    std::string way_out;                 // what ends it; empty: normal
    double keep = 1;                     // of low-priority records
    std::deque<Transition> transitions;  // the last ones, oldest first
  };
  // Intake that has waited, with no second without, for kThrottledAfter is throttled, until it has
  // not waited for kNormalAfter: so that a single full second is no news, and neither is a pause.
  static constexpr std::chrono::milliseconds kThrottledAfter{2'000};
  static constexpr std::chrono::milliseconds kNormalAfter{5'000};
  static constexpr size_t kTransitionsKept = 50;

  // `pipeline`: its name, for the log.
  FlowControl(std::string pipeline, const Clock& clock);

  void order(const FlowOrder& order) SLUICE_EXCLUDES(mutex_);
  // The process comes to its end: as a drain that nothing takes back.
  void end() SLUICE_EXCLUDES(mutex_);
  // A source wanted to read and had to wait.
  void waited(Wait what) SLUICE_EXCLUDES(mutex_);
  // Takes note of what comes and goes by itself; to be called a few times a second.
  void look() SLUICE_EXCLUDES(mutex_);

  // May sources be read at all?
  [[nodiscard]] bool open() const { return open_.load(std::memory_order_acquire); }
  // Are sinks to be left alone?
  [[nodiscard]] bool holds_writes() const { return holds_writes_.load(std::memory_order_acquire); }
  // The share of low-priority records that may come in; 1: all.
  [[nodiscard]] double keep() const { return keep_.load(std::memory_order_acquire); }
  [[nodiscard]] Status status() const SLUICE_EXCLUDES(mutex_);

 private:
  using Time = std::chrono::steady_clock::time_point;
  [[nodiscard]] bool throttled() const SLUICE_REQUIRES(mutex_);
  [[nodiscard]] std::string cause() const SLUICE_REQUIRES(mutex_);
  [[nodiscard]] std::string way_out() const SLUICE_REQUIRES(mutex_);
  void settle(int64_t at_us) SLUICE_REQUIRES(mutex_);

  const std::string pipeline_;
  const Clock& clock_;
  std::atomic<bool> open_{true};
  std::atomic<bool> holds_writes_{false};
  std::atomic<double> keep_{1};
  mutable Mutex mutex_;
  FlowState state_ SLUICE_GUARDED_BY(mutex_) = FlowState::kNormal;
  int64_t since_us_ SLUICE_GUARDED_BY(mutex_);
  FlowOrder order_ SLUICE_GUARDED_BY(mutex_);
  bool ending_ SLUICE_GUARDED_BY(mutex_) = false;
  std::optional<Time> first_wait_ SLUICE_GUARDED_BY(mutex_);  // of those without a gap
  std::optional<Time> last_wait_ SLUICE_GUARDED_BY(mutex_);
  Wait waits_for_ SLUICE_GUARDED_BY(mutex_) = Wait::kRate;
  std::deque<Transition> transitions_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
