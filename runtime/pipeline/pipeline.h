// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/deliver/sink_branch.h"
#include "runtime/flow/burst_guard.h"
#include "runtime/flow/byte_budget.h"
#include "runtime/flow/flow_control.h"
#include "runtime/flow/token_bucket.h"
#include "runtime/pipeline/accounting.h"
#include "runtime/pipeline/activation.h"
#include "runtime/pipeline/delivered_ranges.h"
#include "runtime/pipeline/key_stage.h"
#include "runtime/pipeline/ledger.h"
#include "runtime/pipeline/order_buffer.h"
#include "runtime/pipeline/record_path.h"
#include "runtime/pipeline/record_sample.h"
#include "runtime/pipeline/redrive_batch.h"
#include "runtime/pipeline/rollout.h"
#include "runtime/pipeline/snapshot.h"
#include "runtime/pipeline/version_desk.h"
#include "runtime/plugin_host/registry.h"

namespace sluice {

class Pipeline;

// A batch, whose it is, and what it is to be read with: what waits for a worker.
struct WorkItem {
  Pipeline* pipeline = nullptr;
  BatchPtr batch;
  std::shared_ptr<Activation> activation;
  std::shared_ptr<Rollout> rollout;  // nullptr: all records are read with the activation
};

// Where a pipeline's batches wait for a worker; the worker pool implements it.
class WorkQueue {
 public:
  virtual ~WorkQueue() = default;
  virtual void push(WorkItem item) = 0;
};

// One pipeline wired up: its sources, lanes, account, order and sinks. The threads belong to the
// drivers, the workers and the ledger; the pipeline is what they meet in.
class Pipeline final : public SettlementListener,
                       public LedgerClient,
                       public LetterBox,
                       public KeyStage::Host,
                       public SpoolDesk {
 public:
  struct Context {
    PluginRegistry* registry = nullptr;
    Ledger* ledger = nullptr;
    WorkQueue* work = nullptr;
    const Clock* clock = nullptr;
    std::filesystem::path state_dir = {};            // of spools; empty: there are none
    Millis give_up_after{0};                         // see SourceDriver::Context
    drift::Ledger* drift = nullptr;                  // of this pipeline; may be null
    bool shared_store = false;                       // checkpoints are shared by nodes
    IdempotencyStore* idempotency = nullptr;         // needed where records have keys
    std::shared_ptr<const Bundle> bundle = nullptr;  // to begin with; nullptr: that of the files
  };

  // Loads the bundle and creates all instances; no I/O of adapters. Errors name the file and line
  // of the configuration.
  static Result<std::unique_ptr<Pipeline>> create(const PipelineConfig& config,
                                                  const Context& context);
  ~Pipeline() override;

  // Marks and cursors of earlier runs, before start.
  Status restore(CheckpointStore& checkpoints);
  // Opens the sinks and waits until each has answered once or the deadline passes. kInvalid if a
  // sink's configuration turns out to be impossible.
  Status start_sinks(std::chrono::steady_clock::time_point deadline);
  void start_sources();

  // Drain, in this order: no more polls, wait until settled(), then finish.
  void stop_sources();
  [[nodiscard]] bool sources_quiet() const;
  [[nodiscard]] bool settled() const;
  // As settled(), but what is in a sink's spool may stay there.
  [[nodiscard]] bool safe() const;
  void finish_sinks();  // once all batches are delivered
  // From here on batches that go unsettled are no loss: they stay in flight to the end of the
  // account, were not acknowledged, and come again with the next run.
  void give_up() { giving_up_ = true; }
  void abandon_sinks();  // after give_up(): ends the sinks without waiting for their answers
  void finish_sources();

  // Makes the bundle ready for so many workers; before start_sources().
  Status prepare(uint32_t workers) SLUICE_EXCLUDES(bundle_mutex_);
  // From the next batch on, records are read with this bundle; those taken in before keep theirs.
  // On an error nothing changes. `swapped` runs with the swap: whoever sees the new bundle sees
  // what it did; it must be quick and not call back. Any thread, after prepare().
  Status activate(std::shared_ptr<const Bundle> bundle, const std::function<void()>& swapped = {})
      SLUICE_EXCLUDES(bundle_mutex_);
  [[nodiscard]] std::shared_ptr<const Bundle> bundle() const SLUICE_EXCLUDES(bundle_mutex_);
  // From the next batch on, a share of the keys is read with this bundle and the rest as before,
  // until end_rollout() or activate(). `enough` and `swapped` as in Rollout and activate().
  Status start_rollout(std::shared_ptr<const Bundle> bundle, double share,
                       std::function<void()> enough, const std::function<void()>& swapped)
      SLUICE_EXCLUDES(bundle_mutex_);
  // The rollout's bundle is that of all records from the next batch on (`promote`), or of none.
  void end_rollout(bool promote, const std::function<void()>& swapped = {})
      SLUICE_EXCLUDES(bundle_mutex_);
  [[nodiscard]] std::shared_ptr<Rollout> rollout() const SLUICE_EXCLUDES(bundle_mutex_);
  // The last records, oldest first, if they are kept for shadow runs.
  [[nodiscard]] std::vector<std::shared_ptr<const RecordSample>> recent_records() const {
    return recent_ ? recent_->samples() : std::vector<std::shared_ptr<const RecordSample>>{};
  }
  // Takes dead letters in as records, once there is room for them. False: stop was asked, or the
  // pipeline drains; nothing was taken then. Any thread, after prepare().
  bool inject(std::shared_ptr<RedriveBatch> letters, StopSource& stop)
      SLUICE_EXCLUDES(inject_mutex_);
  // Is there room for letters now?
  [[nodiscard]] bool has_room();
  // What is known of schema ids; nullptr: no registry is asked.
  [[nodiscard]] std::shared_ptr<const SchemaIds> schema_ids() const {
    return versions_ ? versions_->ids() : nullptr;
  }
  // On a worker's thread, of that number: the batch goes through its path and on to the sinks.
  void process(WorkItem& item, uint32_t worker);

  [[nodiscard]] PipelineSnapshot snapshot() const;
  [[nodiscard]] const PipelineConfig& config() const { return config_; }
  // The failure of a source, if one ended by failing.
  [[nodiscard]] std::optional<Status> source_failure() const;
  // Of the first source that a flood of dead letters paused since the start, if any did.
  [[nodiscard]] std::optional<Status> burst() const;
  // Moves a source: it leaves, is moved, and comes back. kNotFound: there is no such source; else
  // as SourceDriver::stop_for() and CheckpointStore::move(). The new epoch. Any thread.
  Result<uint32_t> move_source(const CheckpointMove& move);
  // What it lets in. Any thread.
  [[nodiscard]] FlowControl& flow() { return flow_; }
  // Is any of its sources of low priority, so that a brownout does something?
  [[nodiscard]] bool has_low_priority() const;
  // The rate limit; nullptr: it has none.
  [[nodiscard]] TokenBucket* rate_limit() { return bucket_.get(); }
  // Lets sources that one has paused go on; their names. Any thread.
  std::vector<std::string> resume_bursts();

  // SettlementListener
  void segment_settled(std::shared_ptr<Batch> batch, uint32_t segment) override;
  void batch_gone(const Batch& batch) override;
  // LetterBox
  void post(LetterRequest request) override;
  void delivered(std::span<const DeliveredParts> parts) override;
  void given_back(const BatchPtr& batch, const Part& part, uint16_t sink) override;
  // SpoolDesk
  [[nodiscard]] uint32_t source_count() const override;
  [[nodiscard]] uint32_t source_number(std::string_view name) const override;
  [[nodiscard]] std::string lane_name(uint32_t source, uint32_t lane) const override;
  [[nodiscard]] std::optional<uint64_t> settled_before(uint32_t source,
                                                       std::string_view lane) const override;
  [[nodiscard]] RecordNames names(const Batch& batch, uint32_t record) const override;
  void recovered(uint32_t source, uint64_t records) override;
  void drained(uint32_t source, std::string_view lane, uint64_t position, Outcome outcome) override
      SLUICE_EXCLUDES(elsewhere_mutex_);
  // LedgerClient
  DeadLetter make_letter(const LetterRequest& request) override;
  void letter_written(const LetterRequest& request) override;
  Status note_delivered(std::span<const DeliveredParts> parts) override;
  void redriven(Batch& batch, uint32_t segment, std::vector<RedrivenLetter>& out) override;
  void account(Batch& batch, uint32_t segment) override;
  void collect(std::vector<Commit>& commits) override;
  void committed(const Commit& commit) override;
  // KeyStage::Host
  [[nodiscard]] bool obliged(const Part& part, uint32_t sink) const override;
  void send(const BatchPtr& batch) override;

 private:
  struct Source {
    LaneTable lanes;
    std::unique_ptr<DeliveredRanges> delivered;  // with idempotency by origin
    std::unique_ptr<SourceDriver> driver;
    OrderBuffer order;           // after the driver: batches inside go before their source does
    uint64_t next_sequence = 0;  // of the driver's thread, or of whoever holds the version desk
    Histogram lag_seconds;       // intake to settlement, a record
    BurstGuard burst;

    Source(const DlqBurstConfig& limits, const Clock& clock);
  };

  Pipeline(const PipelineConfig& config, const Context& context);
  Status create_sources();
  Status create_sinks();
  [[nodiscard]] bool lanes_idle() const;
  [[nodiscard]] Status expect_no_other_spool(const SinkConfig& sink) const;
  Result<SinkDriver::Options> sink_options(const SinkConfig& sink, const ComponentRef& component,
                                           uint16_t index, uint32_t writer);
  SinkMarks::Options marks_of(const SinkConfig& sink);
  [[nodiscard]] uint64_t resume_at(uint32_t source, const std::string& lane,
                                   uint64_t checkpoint) const;
  void look_at_marks(std::chrono::steady_clock::time_point deadline);
  void lanes_left();
  Status move_lanes(uint32_t source, std::vector<CheckpointMove::Lane> lanes);
  static void give_back_all(Batch& batch);
  Result<std::unique_ptr<Spool>> open_spool_of(const SinkConfig& sink, uint32_t writer) const;
  static std::string version_met(const Batch& batch, uint32_t record);
  static void fill_spooled(const LetterRequest& request, DeadLetter& letter);
  void intake(uint32_t source, sluice_batch raw, std::shared_ptr<const void> producer);
  void receive(Batch& batch);
  Status create_versions();
  void to_versions(BatchPtr batch);
  void take_in(BatchPtr batch);
  // The account's place for redriven records, behind the sources.
  [[nodiscard]] uint32_t redriven_source() const {
    return static_cast<uint32_t>(config_.sources.size());
  }
  void skip_delivered(Batch& batch) const;
  void fail_again(const Batch& batch, uint32_t record, RedrivenLetter& out);
  void account_redriven(const Batch& batch, uint32_t segment);
  static Outcome outcome_of(const LetterRequest& failure);
  [[nodiscard]] bool may_wait(const LetterRequest& failure) const;
  void describe_failure(const Batch& batch, const LetterRequest& request, DeadLetter& letter) const;
  void read(Batch& batch, const WorkItem& item, uint32_t worker,
            std::vector<LetterRequest>& letters);
  static void read_both(Batch& batch, const WorkItem& item, uint32_t worker,
                        std::vector<LetterRequest>& letters);
  void deliver(const BatchPtr& batch);
  static void oblige_letters(Batch& batch, const std::vector<LetterRequest>& letters);
  void oblige_parts(Batch& batch) const;
  void add_shown_fields(DeadLetter& letter, Document& document) const;
  void note_elsewhere(const Batch& batch, uint32_t record) SLUICE_EXCLUDES(elsewhere_mutex_);
  void watch_for_burst(Batch& batch, uint32_t segment);
  void settle_lane(Batch& batch, uint32_t segment);

  const PipelineConfig config_;
  Context context_;
  RecordPathContext path_context_;
  FlowControl flow_;
  ByteBudget budget_;
  std::unique_ptr<TokenBucket> bucket_;
  Accounting accounting_;
  BatchBufferPool buffers_;
  Histogram transform_seconds_;
  VersionCounts version_counts_;
  ScriptCounts script_counts_;
  ScriptVersions script_versions_;
  std::vector<JsonPointer> shown_;      // fields that letters keep beside their record
  Document shown_document_;             // of the ledger's thread
  std::unique_ptr<RecordRing> recent_;  // for shadow runs; nullptr: none are asked for
  std::atomic<uint64_t> unkeyed_{0};
  std::unique_ptr<KeyStage> keys_;  // where records have keys; before whoever holds its batches
  std::vector<std::unique_ptr<Source>> sources_;
  struct {
    OrderBuffer order;
    uint64_t next_sequence = 0;  // with inject_mutex_, or as that of a source
    Document shown;              // of the settler's thread
  } redriven_;
  Mutex inject_mutex_;
  std::vector<std::unique_ptr<SinkBranch>> sinks_;
  std::unique_ptr<VersionDesk> versions_;  // where a schema registry is asked; its batches go first
  // What the next batch is stamped with; taken once a batch.
  mutable Mutex bundle_mutex_;
  std::shared_ptr<const Bundle> bundle_ SLUICE_GUARDED_BY(bundle_mutex_);
  std::shared_ptr<Activation> activation_ SLUICE_GUARDED_BY(bundle_mutex_);  // after prepare()
  std::shared_ptr<Rollout> rollout_ SLUICE_GUARDED_BY(bundle_mutex_);
  uint32_t workers_ SLUICE_GUARDED_BY(bundle_mutex_) = 0;

  // Records that are in a spool and became dead letters at another sink: source, lane, position.
  Mutex elsewhere_mutex_;
  std::set<std::tuple<uint32_t, std::string, uint64_t>> lettered_elsewhere_
      SLUICE_GUARDED_BY(elsewhere_mutex_);

  CheckpointStore* checkpoints_ = nullptr;  // since restore()
  std::atomic<bool> draining_{false};
  std::atomic<bool> giving_up_{false};
};

}  // namespace sluice
