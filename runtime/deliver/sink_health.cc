// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/sink_health.h"

#include <array>

#include "runtime/base/log.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

constexpr std::array kSeconds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                 0.25,  0.5,    1.0,   2.5,  5.0,   10.0, 60.0};
constexpr std::array kRecords = {1.0, 10.0, 100.0, 500.0, 1000.0, 2000.0, 5000.0, 10000.0};

}  // namespace

SinkHealth::SinkHealth(std::string name, Millis timeout, const Clock& clock)
    : name_(std::move(name)),
      timeout_(timeout),
      clock_(clock),
      seconds_(kSeconds),
      batch_records_(kRecords) {}

void SinkHealth::call_ended(double seconds, size_t records) {
  call_began_us_ = 0;
  seconds_.observe(seconds);
  batch_records_.observe(static_cast<double>(records));
}

void SinkHealth::good() {
  MutexLock lock(mutex_);
  if (state_ == "holding") {
    log::info("sink.recovered", "the sink answers again", {{"sink", name_}});
  }
  state_ = "ok";
  failing_since_us_ = 0;
}

void SinkHealth::failed(const std::string& message) {
  MutexLock lock(mutex_);
  // One line when it begins, not one an attempt.
  if (state_ == "ok" || state_ == "connecting") {
    log::error("sink.unavailable", "the sink fails; its records are held: " + message,
               {{"sink", name_}});
  }
  if (failing_since_us_ == 0) failing_since_us_ = clock_.wall_us();
  state_ = "holding";
  last_error_ = message;
}

void SinkHealth::troubled(const std::string& message) {
  MutexLock lock(mutex_);
  if (failing_since_us_ == 0) failing_since_us_ = clock_.wall_us();
  last_error_ = message;
}

void SinkHealth::spool_full(const std::string& message) {
  MutexLock lock(mutex_);
  last_error_ = message;
}

void SinkHealth::closed() {
  MutexLock lock(mutex_);
  state_ = "closed";
}

void SinkHealth::breaker_changed(const CircuitBreaker& breaker) {
  using State = CircuitBreaker::State;
  MutexLock lock(mutex_);
  const State before = breaker_;
  breaker_ = breaker.state();
  breaker_cause_ = breaker.cause();
  switch (breaker_) {
    case State::kOpen:
      state_ = "holding";
      if (before == State::kHalfOpen) return;  // said when it opened first
      log::error("sink.breaker_open",
                 "the sink is left alone for a while, " + breaker_cause_ + ": " + last_error_,
                 {{"sink", name_}});
      return;
    case State::kHalfOpen:
      state_ = "probing";
      log::debug("sink.breaker_half_open", "one record is tried", {{"sink", name_}});
      return;
    case State::kClosed:
      state_ = "ok";
      log::info("sink.breaker_closed", "the sink works again", {{"sink", name_}});
      return;
  }
}

void SinkHealth::count_retry(std::string_view reason) {
  MutexLock lock(mutex_);
  for (auto& [code, count] : retries_) {
    if (code == reason) {
      ++count;
      return;
    }
  }
  retries_.emplace_back(reason, 1);
}

void SinkHealth::fill(SinkStatus& out) const {
  out.seconds = seconds_.snapshot();
  out.batch_records = batch_records_.snapshot();
  MutexLock lock(mutex_);
  out.state = state_;
  out.last_error = last_error_;
  out.breaker = breaker_;
  out.breaker_cause = breaker_cause_;
  out.failing_since_us = failing_since_us_;
  out.retries = retries_;
  // A thread inside a call cannot be ended; that it is stuck must show all the same.
  const int64_t began = call_began_us_;
  if (began != 0 && clock_.wall_us() - began > timeout_.count() * 1000) {
    out.state = "holding";
    out.last_error =
        "a write has been running for longer than its timeout of " + format_duration(timeout_);
    if (out.failing_since_us == 0) out.failing_since_us = began;
  }
}

}  // namespace sluice
