// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/bounded_queue.h"
#include "runtime/base/clock.h"
#include "runtime/base/histogram.h"
#include "runtime/base/stop.h"
#include "runtime/config/config.h"
#include "runtime/deliver/letter_box.h"
#include "runtime/deliver/retry.h"
#include "runtime/deliver/sink_services.h"
#include "runtime/plugin_host/instance.h"

namespace sluice {

// What is known of a sink at a moment.
struct SinkStatus {
  std::string name;
  std::string kind;
  std::string state;  // "connecting", "ok", "holding", "closed"
  std::string last_error;
  bool required = true;
  uint64_t queue_batches = 0;
  uint64_t queue_bytes = 0;
  uint64_t written = 0;                                   // records answered OK
  uint64_t skipped = 0;                                   // records an optional sink could not take
  int64_t failing_since_us = 0;                           // 0: the last call succeeded
  std::vector<std::pair<std::string, uint64_t>> retries;  // by reason code
  Histogram::Snapshot seconds;
  Histogram::Snapshot batch_records;
  std::vector<PluginMetrics::Sample> metrics;
};

// Owns one sink instance and the thread that calls it: gathers parts into batches, writes, gives
// every record its outcome, and tries again what can be tried again. Nothing is passed over: while
// the sink is unavailable the branch holds, and back-pressure stops the source.
class SinkDriver {
 public:
  struct Options {
    SinkConfig config;
    uint16_t index = 0;           // number of this sink in its pipeline
    uint64_t optional_bytes = 0;  // queue bound when the sink is not required
  };

  // Checks the configuration and creates the instance; no I/O. `letters` and `clock` must outlive
  // the driver.
  static Result<std::unique_ptr<SinkDriver>> create(ComponentRef component, Options options,
                                                    LetterBox& letters, const Clock& clock);
  ~SinkDriver();

  void start();
  // Result of the first open, waiting for it until the deadline; nothing while it is still trying.
  // kInvalid: configuration. kUnavailable: not reachable yet, the driver goes on trying.
  std::optional<Status> first_open(std::chrono::steady_clock::time_point deadline)
      SLUICE_EXCLUDES(mutex_);

  // Hands over a published batch. False only for an optional sink whose queue is full.
  bool enqueue(BatchPtr batch);
  // No more batches come: the thread ends once all is answered.
  void finish() { queue_.close(); }
  // Give up now; what is not answered stays unsettled.
  void stop() SLUICE_EXCLUDES(instance_mutex_);
  void join();

  [[nodiscard]] SinkStatus status() const SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] const SinkConfig& config() const { return options_.config; }
  // Must the record wait for this sink's answer?
  [[nodiscard]] bool obliged(const Part& part) const {
    return part.sink == options_.index ||
           (options_.config.required && part.sink == Part::kAllSinks);
  }

 private:
  struct Entry {
    Batch* batch = nullptr;
    const Part* part = nullptr;
    uint32_t attempts = 0;
    uint64_t written_before = 0;  // written_ when it was first tried
  };
  using Group = std::vector<Entry>;

  SinkDriver(ComponentRef component, Options options, LetterBox& letters, const Clock& clock);

  void run();
  bool open_instance();
  bool gather();
  void add(BatchPtr batch);
  void deliver_gathered();
  void deliver(Group group);
  void attempt(Group group, std::vector<Group>& todo);
  CallResult write(const Group& group);
  Group apply_outcomes(Group& group, const CallResult& result);
  bool give_up_on(const Entry& entry, bool call_failed) const;
  void settle(const Entry& entry, Outcome outcome);
  void flush_settled();
  void reject(const Entry& entry, std::string reason, std::string detail);
  std::string reason_code(uint16_t reason, std::string_view fallback) const;
  std::string describe(uint16_t reason, std::string_view text) const;
  void count_retry(const std::string& reason, uint64_t n) SLUICE_EXCLUDES(mutex_);
  void note_call(const CallResult& result) SLUICE_EXCLUDES(mutex_);
  bool recover(const CallResult& result);
  void back_off(uint32_t tries, uint32_t retry_after_ms);

  const Options options_;
  LetterBox& letters_;
  const Clock& clock_;
  ComponentRef component_;
  SinkServices services_;
  Mutex instance_mutex_;  // the driver thread swaps the instance, stop() reaches for it
  std::unique_ptr<SinkInstance> instance_;
  RetryPolicy retry_;
  StopSource stop_;
  BoundedQueue<BatchPtr> queue_;
  std::thread thread_;

  // Of the driver thread alone.
  std::vector<BatchPtr> batches_;  // what gathered_ points into
  Group gathered_;
  uint64_t gathered_bytes_ = 0;
  std::optional<BatchPtr> next_;  // of another source: begins the next write
  std::vector<sluice_record> records_;
  std::vector<sluice_outcome> outcomes_;
  uint32_t failures_ = 0;      // in a row
  Batch* settling_ = nullptr;  // obligations met but not yet told, of one segment
  uint32_t settling_segment_ = 0;
  uint32_t settling_count_ = 0;

  std::atomic<int64_t> call_began_us_{0};  // wall clock; 0: not inside a write
  std::atomic<uint64_t> written_{0};
  std::atomic<uint64_t> skipped_{0};
  Histogram seconds_;
  Histogram batch_records_;
  mutable Mutex mutex_;
  CondVar opened_;
  std::optional<Status> first_open_ SLUICE_GUARDED_BY(mutex_);
  std::string state_ SLUICE_GUARDED_BY(mutex_) = "connecting";
  std::string last_error_ SLUICE_GUARDED_BY(mutex_);
  int64_t failing_since_us_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::vector<std::pair<std::string, uint64_t>> retries_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
