// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice {

// The numbers of /metrics at one moment, as plain values: the pipeline fills them, the renderer
// knows the names. Counters count from the start of the process.

struct HistogramSnapshot {
  std::vector<double> bounds;    // upper bounds, rising
  std::vector<uint64_t> counts;  // of each bucket alone; one more than bounds: above the last
  double sum = 0;
};

// Of a partition that a source has of a consumer group.
struct GroupLagMetrics {
  std::string group;
  std::string topic;
  uint64_t partition = 0;
  std::optional<uint64_t> lag;  // nothing: not known yet
};

struct SourceMetrics {
  std::string name;
  uint64_t received = 0;
  uint64_t bytes = 0;
  uint64_t returned = 0;                        // left again with a lane that was given back
  uint64_t deferred = 0;                        // left again for a retry topic
  std::map<std::string, uint64_t> outcomes;     // "committed", "duplicate", "filtered", ...
  std::map<std::string, uint64_t> dlq_reasons;  // reason code -> records dead-lettered
  uint64_t bursts = 0;                          // floods of dead letters that paused it
  bool paused = false;                          // by one, now
  std::map<std::string, uint64_t> drift;        // severity -> observations of drift
  std::map<std::string, uint64_t> versions;     // schema version, or "unknown" -> records
  HistogramSnapshot lag_seconds;                // event time or arrival to sink commit
  std::optional<uint64_t> backlog;              // records it has not handed over; none: not known
  std::vector<GroupLagMetrics> partitions;
};

struct SinkMetrics {
  std::string name;
  HistogramSnapshot write_seconds;
  HistogramSnapshot batch_records;
  std::map<std::string, uint64_t> retries;       // reason code -> records offered again
  std::map<std::string, uint64_t> retry_topics;  // "put", "delivered", "foreign" -> records
  int circuit_state = 0;                         // 0 closed, 1 half open, 2 open
  uint64_t waiting = 0;                          // records that are to be tried again
  struct Spool {
    uint64_t records = 0;
    uint64_t bytes = 0;
    uint64_t limit_bytes = 0;
    uint64_t damaged = 0;
    double oldest_seconds = 0;
  };
  std::optional<Spool> spool;    // nothing: it has none
  uint64_t effects_unknown = 0;  // tries that failed and may have left an effect
};

// Of one version of a script.
struct ScriptMetrics {
  std::string script;  // the beginning of its hash
  uint64_t calls = 0;
  uint64_t filtered = 0;
  std::map<std::string, uint64_t> rejects;  // by code
  std::map<std::string, uint64_t> caps;     // by cap
  double memory_bytes = 0;
  HistogramSnapshot seconds;
};

struct QueueMetrics {
  std::string name;  // "parse", "deliver:pg"
  uint64_t bytes = 0;
  uint64_t depth = 0;  // batches
};

struct PipelineMetrics {
  std::string name;
  std::string tenant;
  std::string state = "normal";  // normal, throttled, brownout, drain, paused
  uint64_t in_flight = 0;
  int64_t unaccounted = 0;
  uint64_t dlq_entries = 0;  // letters written
  uint64_t unkeyed = 0;      // records without an idempotency key
  struct Registry {
    uint64_t waiting = 0;                      // records
    std::map<std::string, uint64_t> requests;  // by outcome
  };
  std::optional<Registry> registry;               // where a schema registry is asked
  std::optional<uint64_t> key_waiters;            // records and batches that wait for a key
  std::map<std::string, uint64_t> dlq_stored;     // reason code -> letters stored now
  std::map<std::string, uint64_t> script_counts;  // name of sluice.count() -> its sum
  HistogramSnapshot transform_seconds;
  std::vector<ScriptMetrics> scripts;  // of the version that runs and a few before it
  double rollout_share = 0;  // of keys that a changed bundle is tried on; 0: there is no rollout
  std::map<std::string, uint64_t> rollout_records;   // of it: "running", "candidate" -> records
  std::map<std::string, uint64_t> rollout_rejected;  // and those of them that were rejected
  std::vector<SourceMetrics> sources;
  std::vector<SinkMetrics> sinks;
  std::vector<QueueMetrics> queues;
};

// A metric a plugin declared, of one instance. Those of the same name form one family.
struct PluginMetric {
  enum class Kind { kCounter, kGauge, kHistogram };
  std::string name;
  std::string help;
  Kind kind = Kind::kGauge;
  std::vector<std::pair<std::string, std::string>> labels;  // pipeline, instance
  double value = 0;
  HistogramSnapshot histogram;
};

struct MetricsSnapshot {
  std::vector<PipelineMetrics> pipelines;
  std::map<std::string, uint64_t> commits;   // of the ledger: "ok", "failed"
  std::optional<uint64_t> idempotency_keys;  // kept, about; nullopt: none are
  uint64_t dlq_dropped = 0;                  // letters that their limit dropped, of all times
  std::vector<PluginMetric> plugins;
};

}  // namespace sluice
