// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/base/stop.h"
#include "runtime/deliver/retry.h"
#include "runtime/record/batch.h"
#include "runtime/schema/registry/client.h"
#include "runtime/schema/registry/schema_ids.h"

namespace sluice {

// Where batches pass between intake and the workers when a schema registry says what the ids in
// front of their records mean. A batch whose ids are all known passes at once. One with others
// waits until the registry has said what they are, however long it is away, and so does what comes
// after it of its lanes; other lanes pass it. The registry is asked by a thread of its own, once an
// id. What waits is in flight and charged to the pipeline's byte budget, which bounds it.
class VersionDesk {
 public:
  struct Options {
    RegistryConfig registry;
    std::filesystem::path file;  // where answers outlive the process; empty: nowhere
    std::string pipeline;        // for the log
    // Takes a batch on: one call at a time, batches of a lane in order. Must not call back.
    std::function<void(BatchPtr)> pass;
    // Asks the registry; an empty one: a RegistryClient over HTTP.
    std::function<Result<registry::SchemaAnswer>(uint32_t id)> ask = {};
    const Clock* clock = nullptr;
  };
  struct Status {
    uint64_t waiting_batches = 0;
    uint64_t waiting_records = 0;  // of these batches
    uint64_t known_ids = 0;
    uint64_t answers = 0;       // of the registry, also that an id is unknown
    uint64_t failures = 0;      // requests that were not answered
    int64_t away_since_us = 0;  // 0: the last request was answered
    std::string last_error;
  };

  // Reads the file; one that is damaged is only told in the log.
  static Result<std::unique_ptr<VersionDesk>> create(Options options);
  ~VersionDesk();
  // Where the answers for a pipeline lie in a state folder, and what lies there now: for who looks
  // at records beside a run.
  static std::filesystem::path file_of(const std::filesystem::path& state_dir,
                                       std::string_view pipeline);
  static std::shared_ptr<const SchemaIds> stored(const std::filesystem::path& state_dir,
                                                 const PipelineConfig& pipeline);
  // Does a registry say what the ids of this pipeline's records mean?
  static bool wanted(const PipelineConfig& pipeline) {
    return pipeline.schema && pipeline.schema->version.registry.has_value();
  }

  void start();
  // What waits stays unsettled and is let go.
  void stop() SLUICE_EXCLUDES(mutex_);

  // Takes over a batch that was received. Batches of a lane in order; any thread.
  void submit(BatchPtr batch) SLUICE_EXCLUDES(mutex_);
  // Lanes have left this process: batches of which nothing else is left go on, to be given back.
  void lanes_left() SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] std::shared_ptr<const SchemaIds> ids() const SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] Status status() const SLUICE_EXCLUDES(mutex_);

 private:
  using Lane = std::pair<uint32_t, uint32_t>;  // source, lane
  struct Waiting {
    BatchPtr batch;
    std::vector<uint32_t> missing;  // ids that must still be answered
  };

  explicit VersionDesk(Options options);
  void run() SLUICE_EXCLUDES(mutex_);
  void answered(uint32_t id, registry::SchemaAnswer answer) SLUICE_EXCLUDES(mutex_);
  bool failed(uint32_t id, const sluice::Status& why) SLUICE_EXCLUDES(mutex_);
  void keep();
  // `oldest`: how old an answer may be that does not last; nullopt: any.
  using Age = std::optional<std::chrono::steady_clock::duration>;
  [[nodiscard]] bool known(const SchemaIds& ids, uint32_t id, Age oldest) const;
  std::vector<uint32_t> missing_of(const Batch& batch, const SchemaIds& ids, Age oldest) const;
  bool blocked(Batch& batch) const SLUICE_REQUIRES(mutex_);
  void hold(Waiting waiting) SLUICE_REQUIRES(mutex_);
  void want(uint32_t id) SLUICE_REQUIRES(mutex_);
  void pass(BatchPtr batch) SLUICE_REQUIRES(mutex_);
  void release() SLUICE_REQUIRES(mutex_);
  [[nodiscard]] bool ready(Waiting& waiting) SLUICE_REQUIRES(mutex_);

  const Options options_;
  const std::string origin_;  // whose answers the file holds
  StopSource stop_;
  std::unique_ptr<registry::RegistryClient> client_;  // of the thread
  Backoff backoff_;                                   // of the thread
  std::thread thread_;
  mutable Mutex mutex_;
  CondVar wanted_changed_;
  std::shared_ptr<const SchemaIds> ids_ SLUICE_GUARDED_BY(mutex_);
  std::deque<uint32_t> wanted_ SLUICE_GUARDED_BY(mutex_);  // to be asked for, each once
  std::set<uint32_t> wanted_set_ SLUICE_GUARDED_BY(mutex_);
  std::list<Waiting> waiting_ SLUICE_GUARDED_BY(mutex_);  // in the order they came
  std::set<Lane> held_ SLUICE_GUARDED_BY(mutex_);         // lanes of what waits
  Status status_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
