// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/stop.h"
#include "runtime/config/config.h"
#include "runtime/deliver/plugin_metrics.h"
#include "runtime/deliver/retry.h"
#include "runtime/flow/admission_share.h"
#include "runtime/flow/burst_guard.h"
#include "runtime/flow/byte_budget.h"
#include "runtime/flow/flow_control.h"
#include "runtime/flow/token_bucket.h"
#include "runtime/pipeline/lane_table.h"
#include "runtime/plugin_host/instance.h"

namespace sluice {

// What is known of a source at a moment.
struct SourceStatus {
  std::string name;
  std::string kind;
  // "connecting", "ok", "waiting", "paused", "exhausted", "stopped", "failed"
  std::string state;
  std::string last_error;
  BurstGuard::Status burst;       // filled by the pipeline
  int64_t last_record_at_us = 0;  // 0: none yet
  std::optional<int64_t> lag_records;
  std::optional<double> lag_seconds;
  std::vector<SourceInstance::GroupLane> lanes;  // of consumer groups
  std::vector<PluginMetrics::Sample> metrics;
  Histogram::Snapshot lag;  // intake to settlement, a record; filled by the pipeline
};

// Owns one source instance and the thread that calls it: polls while the pipeline has room, gives
// every batch on, tells the source what is settled. Back-pressure is simply not polling.
class SourceDriver final : public HostServices {
 public:
  // What a batch needs on its way in. Called on the driver's thread. `producer` has to be held
  // until the batch is released.
  using Intake = std::function<void(sluice_batch, std::shared_ptr<const void> producer)>;

  struct Context {
    SourceConfig config;
    FlowControl* flow = nullptr;  // may be null: always open
    ByteBudget* budget = nullptr;
    TokenBucket* bucket = nullptr;  // may be null: no rate limit
    BurstGuard* burst = nullptr;    // may be null: floods of dead letters pause nothing
    LaneTable* lanes = nullptr;
    const Clock* clock = nullptr;
    Intake intake;
    // Where a lane with this checkpoint goes on; may be empty: there.
    std::function<uint64_t(const std::string& lane, uint64_t checkpoint)> resume_at;
    std::function<void()> changed;  // lanes or cursor changed without a record: wake the ledger
    // What is stored of the source now, by whichever process; may be empty: nothing but this
    // process writes it.
    std::function<Result<SourceCheckpoint>()> stored;
    // Other hands have moved lanes to these positions: opens a new epoch. May be empty.
    std::function<Status(std::vector<CheckpointMove::Lane>)> move;
    // Does the host's store say more than the other system of epoch_resume()? Where nodes share it.
    bool shared_store = false;
    // Lanes were assigned: sinks that keep marks look at them anew, until then. May be empty.
    std::function<void(std::chrono::steady_clock::time_point)> look_at_marks;
    // Lanes leave (LaneTable::leave): whoever holds records of them is to look. May be empty.
    std::function<void()> lanes_left;
    // A finite run gives up on a source that cannot be reached for this long; 0: never.
    Millis give_up_after{0};
  };

  static Result<std::unique_ptr<SourceDriver>> create(ComponentRef component, Context context);
  ~SourceDriver() override;

  void start();
  // No more polls; acks still go through until finish().
  void stop_polling() SLUICE_EXCLUDES(instance_mutex_);
  // Everything that will be settled is: last acks, close, end of the thread.
  void finish();
  void join();

  // Any thread but the driver's: lets the source settle what it gave, as far as that goes within
  // the limit, and closes it; runs `work`, on the driver's thread; makes the source anew.
  // kUnavailable: it has ended, or does not come to it in time; `work` did not run then.
  Status stop_for(const std::function<Status()>& work, Millis limit) SLUICE_EXCLUDES(mutex_);
  // Queues marks for the next ack. Any thread.
  void settled(std::vector<sluice_mark> marks) SLUICE_EXCLUDES(mutex_);

  // True once no more records will come: exhausted, failed, or stopped.
  [[nodiscard]] bool quiet() const { return quiet_.load(std::memory_order_acquire); }
  // Set when the source ended by failure. kInvalid: configuration; kUnavailable: not reachable.
  [[nodiscard]] std::optional<Status> failure() const SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] SourceStatus status() const SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] const SourceConfig& config() const { return context_.config; }

  // HostServices, for the plugin's calls inside poll.
  sluice_rc lane_open(std::string_view name, uint32_t* id, uint64_t* resume) override;
  sluice_rc lane_done(uint32_t id) override;
  sluice_rc cursor_get(sluice_str* out) override;
  sluice_rc cursor_set(std::string_view blob) override;
  sluice_rc lanes_assigned(std::span<const uint32_t> ids) override;
  sluice_rc lanes_revoked(std::span<const uint32_t> ids, uint32_t limit_ms, sluice_mark* marks,
                          uint32_t* n_marks) override;
  sluice_rc lanes_lost(std::span<const uint32_t> ids) override;
  sluice_rc epoch_current(uint32_t* epoch) override;
  sluice_rc epoch_resume(std::span<sluice_lane_place> places) override;
  sluice_rc columns_declare(std::span<const sluice_column* const>) override {
    return SLUICE_E_CONFIG;
  }
  sluice_rc columns_cells(const sluice_batch&, const sluice_cell**) override {
    return SLUICE_E_CONFIG;
  }
  void metric(uint32_t index, double value) override { metrics_->record(index, value); }

 private:
  explicit SourceDriver(Context context);
  void run();
  bool open_instance();
  void poll_loop();
  uint32_t room();
  bool flow_lets(uint32_t& records);
  bool poll_once(uint32_t max_records);
  bool keep_alive();
  void take_in(sluice_batch& batch);
  bool handle_failure(const CallResult& result);
  bool restart(Millis wait, const std::function<void()>& closed = {});
  bool run_errand() SLUICE_EXCLUDES(mutex_);
  void end_errands() SLUICE_EXCLUDES(mutex_);
  void close_instance() SLUICE_EXCLUDES(instance_mutex_);
  void serve_acks();
  void destroy_retired();
  void wait_for_finish() SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<uint64_t> settled_of(uint32_t lane) const;
  [[nodiscard]] bool moved_by_others(const sluice_lane_place& place) const;
  [[nodiscard]] bool out_of_date(const sluice_lane_place& place, std::optional<uint64_t> next,
                                 uint32_t epoch) const;
  void decide_place(sluice_lane_place& place, uint32_t epoch);
  void forget_acks(std::span<const uint32_t> ids) SLUICE_EXCLUDES(mutex_);
  void set_state(std::string state, const std::string& error = "") SLUICE_EXCLUDES(mutex_);
  void fail(Code code, const std::string& message) SLUICE_EXCLUDES(mutex_);

  Context context_;
  ComponentRef component_;
  mutable Mutex instance_mutex_;  // the driver thread swaps the instance, others reach for it
  std::shared_ptr<SourceInstance> instance_;
  std::vector<std::shared_ptr<SourceInstance>>
      retired_;  // made anew since; their batches hold them
  std::unique_ptr<PluginMetrics> metrics_;
  AdmissionShare share_;  // of a source with low priority
  Backoff calls_;         // calls that failed in a row
  Backoff restarts_;      // instances that became unusable, in all
  StopSource stop_polling_;
  std::thread thread_;
  // Lanes that this instance has opened, once it is not the first: it knows no others, and their
  // acks wait until it does.
  std::optional<std::set<uint32_t>> opened_;
  std::vector<sluice_mark> early_acks_;
  std::string cursor_;  // what cursor_get handed out last
  std::optional<std::chrono::steady_clock::time_point> failing_since_;
  std::atomic<bool> quiet_{false};
  std::atomic<bool> open_{false};  // falls under instance_mutex_ only
  std::atomic<int64_t> last_record_at_us_{0};

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<sluice_mark> acks_ SLUICE_GUARDED_BY(mutex_);
  bool finishing_ SLUICE_GUARDED_BY(mutex_) = false;
  std::string state_ SLUICE_GUARDED_BY(mutex_) = "connecting";
  std::string last_error_ SLUICE_GUARDED_BY(mutex_);
  struct Errand {
    const std::function<Status()>* work = nullptr;
    Millis limit{0};
    bool started = false;
    std::optional<Status> done;
  };
  Errand* errand_ SLUICE_GUARDED_BY(mutex_) = nullptr;  // of whoever waits in stop_for()
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;        // no errand is run any more
  std::optional<Status> failure_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
