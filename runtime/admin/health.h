// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

// What /health/detailed tells, as plain values. Times are microseconds since 1970 UTC, 0 for never.

struct BackpressureHealth {
  std::string state = "normal";  // the worst of all pipelines
  int64_t since_us = 0;
  std::vector<std::string> reasons;
  uint64_t in_flight = 0;
  uint64_t queue_depth = 0;
  uint64_t concurrency = 0;
  std::optional<double> tokens;  // none: no rate limit
  uint64_t deferred = 0;
  bool drained = false;
};

struct AdapterHealth {
  std::string name;
  std::string kind;   // "source" or "sink"
  std::string state;  // "running", "connecting", "done", "failed", ...
  bool healthy = false;
  std::optional<double> lag_seconds;
  std::optional<uint64_t> lag_records;
  int64_t last_record_at_us = 0;
  std::string last_error;
  std::string breaker;  // sinks: "closed", "open", "half_open"; empty: has none
};

struct AccountingHealth {
  uint64_t received = 0;
  uint64_t committed = 0;
  uint64_t duplicate = 0;
  uint64_t filtered = 0;
  uint64_t dead_lettered = 0;
  uint64_t shed = 0;
  uint64_t in_flight = 0;
  int64_t unaccounted = 0;
};

struct PipelineHealth {
  std::string name;
  std::string state = "normal";
  AccountingHealth accounting;
  std::string schema;  // hash or version that runs; empty: none
  std::string script;
};

// Partitions that a source has of a consumer group.
struct GroupHealth {
  struct Partition {
    std::string topic;
    uint64_t partition = 0;
    uint64_t committed = 0;
    uint64_t end = 0;
    std::optional<uint64_t> lag;  // nothing: committed or end is not known yet
  };
  std::string source;
  std::string group;
  int64_t captured_us = 0;
  std::vector<Partition> partitions;
};

struct HealthSnapshot {
  std::string status = "ok";  // "ok", "degraded", "failed"
  BackpressureHealth backpressure;
  std::vector<AdapterHealth> adapters;
  std::vector<GroupHealth> kafka;
  std::vector<PipelineHealth> pipelines;
};

// One JSON object:
//   {status, backpressure{state,since,reasons,in_flight,queue_depth,concurrency,tokens,deferred,
//    drained}, adapters{name: {kind,state,healthy,lag_seconds,lag_records,last_record_at,
//    last_error,breaker}}, kafka{source: {group,total,partitions[{topic,partition,committed,end,
//    lag}],captured_at}}, telemetry, pipelines{name: {state,accounting{...},schema,
//    script}}}
// Any thread.
std::string render_health(const HealthSnapshot& snapshot);

}  // namespace sluice
