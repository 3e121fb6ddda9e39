// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/histogram.h"
#include "runtime/deliver/sink_health.h"
#include "runtime/flow/flow_control.h"
#include "runtime/pipeline/accounting.h"
#include "runtime/pipeline/bundle.h"
#include "runtime/pipeline/key_stage.h"
#include "runtime/pipeline/ledger.h"
#include "runtime/pipeline/rollout.h"
#include "runtime/pipeline/script_stats.h"
#include "runtime/pipeline/source_driver.h"
#include "runtime/pipeline/version_counts.h"
#include "runtime/pipeline/version_desk.h"
#include "runtime/retry/retry_topics.h"
#include "runtime/schema/drift/ledger.h"

namespace sluice {

struct PipelineSnapshot {
  std::string name;
  std::string tenant;
  FlowControl::Status flow;
  Account account;
  std::vector<SourceStatus> sources;
  std::vector<SinkStatus> sinks;
  std::vector<drift::SourceCounts> drift;         // by source; empty when drift is not watched
  std::shared_ptr<const Bundle> bundle;           // that the next batch is read with
  std::shared_ptr<const Rollout> rollout;         // that is going on; nullptr: none
  std::vector<VersionCounts::Source> versions;    // by source; empty without a lineage
  std::map<std::string, uint64_t> script_counts;  // of sluice.count(), by name
  uint64_t held_bytes = 0;
  uint64_t held_bytes_limit = 0;
  std::optional<double> tokens;                 // none: no rate limit
  std::optional<double> multiplier;             // of the rate limit
  bool low_priority = false;                    // a brownout would hold some of it back
  Histogram::Snapshot transform_seconds;        // the record path, a record
  std::vector<ScriptStats::Snapshot> scripts;   // by version, newest first
  uint64_t unkeyed = 0;                         // records without an idempotency key
  std::optional<KeyStage::Status> keys;         // where records have keys
  std::optional<VersionDesk::Status> registry;  // where a schema registry is asked
};

struct RuntimeSnapshot {
  int64_t started_at_us = 0;
  std::vector<PipelineSnapshot> pipelines;
  Ledger::Status ledger;
  size_t ledger_backlog = 0;
  uint64_t queue_batches = 0;  // waiting for a worker
  uint64_t queue_bytes = 0;
  uint32_t workers = 0;
  std::vector<RetryTopics::Status> retry_topics;        // by sink that has some
  std::optional<IdempotencyStore::Status> idempotency;  // the store of keys, if one is used
};

}  // namespace sluice
