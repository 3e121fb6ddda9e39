// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/stop.h"
#include "runtime/config/config.h"
#include "runtime/pipeline/drift_keeper.h"
#include "runtime/pipeline/flow_desk.h"
#include "runtime/pipeline/pipeline.h"
#include "runtime/pipeline/redriver.h"
#include "runtime/pipeline/reloader.h"
#include "runtime/pipeline/snapshot.h"
#include "runtime/pipeline/worker_pool.h"
#include "runtime/retry/retry_topics.h"
#include "runtime/store/idempotency_store.h"
#include "runtime/store/state_dir.h"

namespace sluice {

// Where the positions of this configuration's sources are kept: in the state folder, and with state
// that nodes share in Redis as well. `look_only`: nothing is created or changed.
Result<std::unique_ptr<CheckpointStore>> open_checkpoints(const Config& config,
                                                          bool look_only = false);

// The pipelines of one process, from configuration to a drained end.
class Runtime : RetryTopics::Pipelines {
 public:
  struct Options {
    std::vector<std::string> only;  // names of pipelines; empty: all
    bool once = false;              // end when finite sources are exhausted
    bool sources = true;  // false: nothing is read, for redrives without a running process
    // For reloads: the configuration as it is now, and the values of the one given (see Reloader).
    std::function<Result<LoadedConfig>()> read_config;
    std::map<std::string, std::string> values;
    // Told what the end waits for, as "the sinks close", from the moment everything is settled.
    std::function<void(std::string_view what)> ending;
    int reload_fd = -1;  // an eventfd, borrowed: readable when a reload is asked for
  };
  // How a run came to its end.
  enum class End {
    kDrained,       // everything received is settled
    kSourceFailed,  // settled as far as received, but a source had failed; see failure()
    kBurst,         // of a finite run: ended by a flood of dead letters; see burst()
    kHeld,          // a sink or the state folder stayed unavailable; the rest is unsettled
    kAborted,       // asked to give up at once
  };

  // Takes the state folder, opens the stores, loads plugins, schemas and scripts, creates all
  // instances. No I/O of adapters yet.
  static Result<std::unique_ptr<Runtime>> create(const Config& config, Options options);
  ~Runtime() override;

  // Opens sinks, then starts reading. kInvalid when a sink refuses its configuration.
  Status start();
  // Blocks until a finite run is over or `drain` is requested, then drains: sources stop, what is
  // in flight is settled, within runtime.drain_timeout. `abort` gives up at once. Nothing that is
  // unsettled is acknowledged.
  End run(StopSource& drain, StopSource& abort);

  [[nodiscard]] RuntimeSnapshot snapshot() const;
  // Takes changed schemas and scripts over, see ReloadReport; an empty name means all pipelines.
  ReloadReport reload(std::string_view pipeline) { return reloader_->reload(pipeline, "request"); }
  // Lets the bundle that ran before run again; an empty name means the only pipeline.
  ReloadReport roll_back(std::string_view pipeline) {
    return reloader_->roll_back(pipeline, "request");
  }
  [[nodiscard]] const ReloadHistory& history() const { return *history_; }
  [[nodiscard]] std::set<std::string> watched() const { return reloader_->watched(); }
  // Lets sources go on that a flood of dead letters paused, of that pipeline or (empty) of all;
  // their names. kNotFound: there is no such pipeline.
  Result<std::vector<std::string>> resume_bursts(std::string_view pipeline);
  // What pipelines let in, at an operator's word.
  [[nodiscard]] FlowDesk& flow() { return *flow_; }
  // See Pipeline::move_source(). Its pipeline and tenant are filled in.
  Result<uint32_t> move_source(CheckpointMove move);
  [[nodiscard]] std::optional<Status> failure() const;
  // Of the first source that a flood of dead letters paused since the start.
  [[nodiscard]] std::optional<Status> burst() const;
  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] DeadLetterStore& dead_letters() { return *letters_; }
  [[nodiscard]] AuditLog& audit() { return *audit_; }
  // After start().
  [[nodiscard]] Redriver& redriver() { return *redriver_; }
  [[nodiscard]] const DriftKeeper& drift() const { return *drift_; }

 private:
  Runtime(const Config& config, Options options);
  Status build();
  Status open_idempotency(const std::vector<const PipelineConfig*>& pipelines);
  [[nodiscard]] bool sources_quiet() const;
  [[nodiscard]] bool settled() const;
  [[nodiscard]] bool safe() const;
  [[nodiscard]] bool held_too_long() const;
  [[nodiscard]] End settled_end() const;
  End wait_for_end(StopSource& drain, StopSource& abort);
  End drain_in_flight(StopSource& abort);
  Status open_retry_topics(const std::vector<const PipelineConfig*>& pipelines);
  bool room(const std::string& pipeline) override;
  bool deliver(const std::string& pipeline, std::vector<DeadLetter> letters,
               StopSource& stop) override;
  [[nodiscard]] Pipeline* find(const std::string& pipeline) const;
  void limit_letters();
  void warn_of_letter_topic();
  void purge_letters();
  void purge_older(const std::string& pipeline, Millis keep);
  void shut_down(End end);

  const Config config_;
  const Options options_;
  const Clock& clock_;
  const int64_t started_at_us_;
  std::optional<StateDir> state_dir_;
  std::unique_ptr<CheckpointStore> checkpoints_;
  std::unique_ptr<DeadLetterStore> letters_;
  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<ReloadHistory> history_;
  std::unique_ptr<BundleStore> bundles_;
  std::unique_ptr<DriftStore> drift_store_;
  std::unique_ptr<DriftKeeper> drift_;
  std::unique_ptr<RetryTopics> retry_topics_;      // nullptr: no sink has any
  std::unique_ptr<IdempotencyStore> idempotency_;  // nullptr: no pipeline has keys
  std::unique_ptr<PluginRegistry> registry_;
  // Destroyed in reverse: pipelines after everything that may still hold their batches.
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  std::unique_ptr<FlowDesk> flow_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<Redriver> redriver_;
  std::unique_ptr<Reloader> reloader_;
};

}  // namespace sluice
