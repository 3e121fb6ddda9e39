// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/histogram.h"
#include "runtime/base/mutex.h"
#include "runtime/deliver/breaker.h"
#include "runtime/deliver/plugin_metrics.h"
#include "runtime/store/spool.h"

namespace sluice {

// What is known of a sink at a moment.
struct SinkStatus {
  std::string name;
  std::string kind;
  std::string state;  // "connecting", "ok", "holding", "probing", "closed"
  std::string last_error;
  CircuitBreaker::State breaker = CircuitBreaker::State::kClosed;
  std::string breaker_cause;  // why it is not closed
  bool required = true;
  uint64_t queue_batches = 0;
  uint64_t queue_bytes = 0;
  uint64_t waiting_records = 0;     // to be tried again
  uint64_t written = 0;             // records answered OK
  uint64_t skipped = 0;             // records an optional sink could not take
  std::optional<SpoolStats> spool;  // nothing: it has none
  std::string spool_trouble;        // why the spool cannot be used now; empty: it can
  uint64_t effects_unknown = 0;  // records tried again though an effect of the first try may exist
  int64_t failing_since_us = 0;  // 0: the last call succeeded
  std::vector<std::pair<std::string, uint64_t>> retries;  // by reason code
  Histogram::Snapshot seconds;
  Histogram::Snapshot batch_records;
  std::vector<PluginMetrics::Sample> metrics;
};

// How a sink does, as its driver learns it: what health and metrics show, and the lines in the log
// when that changes. The driver's thread tells, any thread asks.
class SinkHealth {
 public:
  SinkHealth(std::string name, Millis timeout, const Clock& clock);

  // A call begins and ends; one that does not come back shows all the same.
  void call_began() { call_began_us_ = clock_.wall_us(); }
  void call_ended(double seconds, size_t records);

  void good() SLUICE_EXCLUDES(mutex_);
  // A call failed: the branch holds.
  void failed(const std::string& message) SLUICE_EXCLUDES(mutex_);
  // Calls come back, but records have to be tried again and none went through.
  void troubled(const std::string& message) SLUICE_EXCLUDES(mutex_);
  // The spool takes no more: the branch holds in memory, then the source stops.
  void spool_full(const std::string& message) SLUICE_EXCLUDES(mutex_);
  void closed() SLUICE_EXCLUDES(mutex_);
  // The breaker's state is another one.
  void breaker_changed(const CircuitBreaker& breaker) SLUICE_EXCLUDES(mutex_);
  void count_retry(std::string_view reason) SLUICE_EXCLUDES(mutex_);

  // Fills what is known here.
  void fill(SinkStatus& out) const SLUICE_EXCLUDES(mutex_);

 private:
  const std::string name_;
  const Millis timeout_;
  const Clock& clock_;
  std::atomic<int64_t> call_began_us_{0};  // wall clock; 0: not inside a call
  Histogram seconds_;
  Histogram batch_records_;

  mutable Mutex mutex_;
  std::string state_ SLUICE_GUARDED_BY(mutex_) = "connecting";
  std::string last_error_ SLUICE_GUARDED_BY(mutex_);
  CircuitBreaker::State breaker_ SLUICE_GUARDED_BY(mutex_) = CircuitBreaker::State::kClosed;
  std::string breaker_cause_ SLUICE_GUARDED_BY(mutex_);
  int64_t failing_since_us_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::vector<std::pair<std::string, uint64_t>> retries_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
