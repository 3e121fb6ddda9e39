// SPDX-License-Identifier: Apache-2.0
#include "runtime/flow/flow_control.h"

#include <algorithm>
#include <array>

#include "runtime/base/log.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 5> kNames = {"normal", "throttled", "brownout", "drain",
                                                    "paused"};

}  // namespace

std::string_view name_of(FlowState state) { return kNames.at(static_cast<size_t>(state)); }

std::optional<FlowState> flow_state(std::string_view name) {
  const auto at = std::find(kNames.begin(), kNames.end(), name);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<FlowState>(at - kNames.begin());
}

FlowControl::FlowControl(std::string pipeline, const Clock& clock)
    : pipeline_(std::move(pipeline)), clock_(clock), since_us_(clock.wall_us()) {}

void FlowControl::order(const FlowOrder& order) {
  MutexLock lock(mutex_);
  order_ = order;
  if (order_.at_us == 0) order_.at_us = clock_.wall_us();
  settle(order_.at_us);
}

void FlowControl::end() {
  MutexLock lock(mutex_);
  ending_ = true;
  settle(clock_.wall_us());
}

void FlowControl::waited(Wait what) {
  MutexLock lock(mutex_);
  const Time now = clock_.now();
  constexpr std::chrono::seconds kGap{1};
  if (!last_wait_ || now - *last_wait_ > kGap) first_wait_ = now;
  last_wait_ = now;
  waits_for_ = what;
}

void FlowControl::look() {
  MutexLock lock(mutex_);
  settle(clock_.wall_us());
}

bool FlowControl::throttled() const {
  if (!last_wait_ || clock_.now() - *last_wait_ > kNormalAfter) return false;
  return state_ == FlowState::kThrottled || *last_wait_ - *first_wait_ >= kThrottledAfter;
}

// What the orders, the end and the waits come to.
void FlowControl::settle(int64_t at_us) {
  FlowState now = order_.state;
  if (ending_) {
    now = FlowState::kDrain;
  } else if (now == FlowState::kNormal && throttled()) {
    now = FlowState::kThrottled;
  }
  open_ = now < FlowState::kDrain;
  holds_writes_ = now == FlowState::kPaused;
  keep_ = now == FlowState::kBrownout ? order_.keep : 1;
  if (now == state_) return;
  const FlowState from = state_;
  state_ = now;
  since_us_ = at_us;
  std::string why = cause();
  if (why.empty()) {
    why = from == FlowState::kThrottled ? "intake does not wait any more" : order_.cause;
  }
  log::info("flow.state",
            std::string(name_of(from)) + " -> " + std::string(name_of(now)) + ": " + why,
            {{"pipeline", pipeline_}});
  transitions_.push_back({from, now, std::move(why), at_us});
  if (transitions_.size() > kTransitionsKept) transitions_.pop_front();
}

std::string FlowControl::cause() const {
  switch (state_) {
    case FlowState::kNormal:
      return "";
    case FlowState::kThrottled:
      return waits_for_ == Wait::kRate
                 ? "the rate limit (flow.rate) is reached"
                 : "flow.max_in_flight is reached: the sinks or the workers are slower than the "
                   "sources";
    case FlowState::kBrownout:
    case FlowState::kDrain:
    case FlowState::kPaused:
      return ending_ ? "the process comes to its end" : order_.cause;
  }
  return "";
}

std::string FlowControl::way_out() const {
  switch (state_) {
    case FlowState::kNormal:
      return "";
    case FlowState::kThrottled:
      return waits_for_ == Wait::kRate
                 ? "by itself when less comes; or raise flow.rate, or POST /admin/burst"
                 : "by itself when the sinks catch up; ingest_sink_seconds and "
                   "ingest_transform_seconds tell which part is slow";
    case FlowState::kBrownout:
    case FlowState::kDrain:
    case FlowState::kPaused:
      return ending_ ? "with the next start" : "POST /admin/resume";
  }
  return "";
}

FlowControl::Status FlowControl::status() const {
  MutexLock lock(mutex_);
  Status out;
  out.state = state_;
  out.since_us = since_us_;
  out.cause = cause();
  out.way_out = way_out();
  out.keep = keep_;
  out.transitions = transitions_;
  return out;
}

}  // namespace sluice
