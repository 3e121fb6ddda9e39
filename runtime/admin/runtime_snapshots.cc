// SPDX-License-Identifier: Apache-2.0
// From the pipeline's snapshot to what health and metrics show.
#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/admin/runtime_backend.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

HistogramSnapshot histogram(const Histogram::Snapshot& from) {
  return {from.bounds, from.counts, from.sum};
}

AccountingHealth accounting(const Account& account) {
  AccountingHealth out;
  out.received = account.received();
  out.committed = account.outcome(Outcome::kCommitted);
  out.duplicate = account.outcome(Outcome::kDuplicate);
  out.filtered = account.outcome(Outcome::kFiltered);
  out.dead_lettered = account.outcome(Outcome::kDeadLettered);
  out.shed = account.outcome(Outcome::kShed);
  out.in_flight = account.in_flight();
  out.unaccounted = account.unaccounted();
  return out;
}

AdapterHealth source_health(const SourceStatus& source) {
  AdapterHealth out;
  out.name = source.name;
  out.kind = "source";
  out.state = source.state;
  const bool paused = source.burst.state != BurstGuard::State::kFlowing;
  out.healthy = !paused && source.state != "connecting" && source.state != "failed";
  out.lag_seconds = source.lag_seconds;
  if (source.lag_records) out.lag_records = static_cast<uint64_t>(*source.lag_records);
  out.last_record_at_us = source.last_record_at_us;
  out.last_error = paused ? source.burst.cause : source.last_error;
  return out;
}

// The number behind the topic in a lane's name; nothing where there is none.
std::optional<uint64_t> partition_of(const SourceInstance::GroupLane& lane) {
  const size_t digits = lane.topic.size() + 1;
  if (lane.lane.size() <= digits || !lane.lane.starts_with(lane.topic)) return std::nullopt;
  uint64_t number = 0;
  const char* end = lane.lane.data() + lane.lane.size();
  const auto [last, error] = std::from_chars(lane.lane.data() + digits, end, number);
  return error == std::errc() && last == end ? std::optional(number) : std::nullopt;
}

GroupHealth group_health(const SourceStatus& source) {
  GroupHealth out;
  out.source = source.name;
  out.group = source.lanes.front().group;
  for (const auto& lane : source.lanes) {
    const auto number = partition_of(lane);
    if (!number) continue;
    GroupHealth::Partition partition{lane.topic, *number, lane.committed, lane.end, std::nullopt};
    if (lane.records) partition.lag = static_cast<uint64_t>(*lane.records);
    out.captured_us = std::max(out.captured_us, lane.captured_us);
    out.partitions.push_back(std::move(partition));
  }
  return out;
}

std::map<std::string, uint64_t> version_counts(const VersionCounts::Source& source) {
  std::map<std::string, uint64_t> out;
  for (const auto& [number, count] : source.versions) out[std::to_string(number)] = count.records;
  out["unknown"] = source.unknown.records;
  return out;
}

AdapterHealth sink_health(const SinkStatus& sink) {
  AdapterHealth out;
  out.name = sink.name;
  out.kind = "sink";
  out.state = sink.state;
  out.healthy = sink.state == "ok";
  out.last_error = sink.last_error;
  out.breaker = CircuitBreaker::name(sink.breaker);
  if (!sink.spool_trouble.empty()) {
    out.last_error = "its spool: " + sink.spool_trouble;
    out.healthy = false;
  }
  return out;
}

SourceMetrics source_metrics(const SourceStatus& source, const SourceAccount& account) {
  SourceMetrics out;
  out.name = source.name;
  out.received = account.received;
  out.bytes = account.bytes;
  out.returned = account.returned;
  out.deferred = account.deferred;
  for (size_t i = 1; i < kOutcomes; ++i) {
    if (static_cast<Outcome>(i) == Outcome::kDeferred) continue;
    out.outcomes[std::string(outcome_name(static_cast<Outcome>(i)))] = account.outcomes[i];
  }
  out.dlq_reasons = account.reasons;
  out.bursts = source.burst.bursts;
  out.paused = source.burst.state != BurstGuard::State::kFlowing;
  out.lag_seconds = histogram(source.lag);
  if (source.lag_records) out.backlog = static_cast<uint64_t>(*source.lag_records);
  for (const auto& lane : source.lanes) {
    const auto number = partition_of(lane);
    if (!number) continue;
    GroupLagMetrics partition{lane.group, lane.topic, *number, std::nullopt};
    if (lane.records) partition.lag = static_cast<uint64_t>(*lane.records);
    out.partitions.push_back(std::move(partition));
  }
  return out;
}

SinkMetrics sink_metrics(const SinkStatus& sink) {
  SinkMetrics out;
  out.name = sink.name;
  out.write_seconds = histogram(sink.seconds);
  out.batch_records = histogram(sink.batch_records);
  for (const auto& [reason, count] : sink.retries) out.retries[reason] = count;
  out.circuit_state = static_cast<int>(sink.breaker);
  out.waiting = sink.waiting_records;
  out.effects_unknown = sink.effects_unknown;
  if (sink.spool) {
    const SpoolStats& spool = *sink.spool;
    const double waited = static_cast<double>(Clock::real().wall_us() - spool.oldest_us) / 1e6;
    out.spool = SinkMetrics::Spool{spool.records, spool.bytes, spool.limit_bytes, spool.damaged,
                                   spool.oldest_us == 0 ? 0 : waited};
  }
  return out;
}

ScriptMetrics script_metrics(const ScriptStats::Snapshot& from) {
  constexpr size_t kHashShown = 12;
  ScriptMetrics out;
  out.script = from.script.substr(0, kHashShown);
  out.calls = from.calls;
  out.filtered = from.filtered;
  // A label's value is what a script chose: it has to be text all the same.
  for (const auto& [code, count] : from.rejects) {
    out.rejects[is_utf8(code) ? code : "(not UTF-8)"] += count;
  }
  const ScriptCaps& caps = from.caps_hit;
  out.caps = {{"memory", caps.memory},
              {"instructions", caps.instructions},
              {"cpu", caps.cpu},
              {"wall", caps.wall}};
  out.memory_bytes = static_cast<double>(from.memory_bytes);
  out.seconds = histogram(from.seconds);
  return out;
}

// What its retry topics are in trouble with.
void add_retry_topics(const RuntimeSnapshot& snapshot, AdapterHealth& sink) {
  for (const RetryTopics::Status& topics : snapshot.retry_topics) {
    if (topics.sink != sink.name || topics.reader.last_error.empty()) continue;
    sink.last_error = "its retry topics: " + topics.reader.last_error;
    sink.healthy = false;
  }
}

void add_retry_topics(const RuntimeSnapshot& snapshot, PipelineMetrics& pipeline) {
  for (const RetryTopics::Status& topics : snapshot.retry_topics) {
    for (SinkMetrics& sink : pipeline.sinks) {
      if (topics.pipeline != pipeline.name || topics.sink != sink.name) continue;
      sink.retry_topics = {{"put", topics.put},
                           {"delivered", topics.reader.delivered},
                           {"foreign", topics.reader.foreign}};
    }
  }
}

PluginMetric::Kind kind_of(int32_t kind) {
  if (kind == SLUICE_METRIC_COUNTER) return PluginMetric::Kind::kCounter;
  if (kind == SLUICE_METRIC_HISTOGRAM) return PluginMetric::Kind::kHistogram;
  return PluginMetric::Kind::kGauge;
}

void add_plugin_metrics(const std::vector<PluginMetrics::Sample>& samples,
                        const std::string& pipeline, const std::string& instance,
                        std::vector<PluginMetric>& out) {
  for (const PluginMetrics::Sample& sample : samples) {
    PluginMetric metric;
    metric.name = sample.name;
    metric.help = sample.help;
    metric.kind = kind_of(sample.kind);
    metric.labels = {{"pipeline", pipeline}, {"instance", instance}};
    metric.value = sample.value;
    if (sample.histogram) metric.histogram = histogram(*sample.histogram);
    out.push_back(std::move(metric));
  }
}

PipelineMetrics pipeline_metrics(const PipelineSnapshot& pipeline) {
  PipelineMetrics out;
  out.name = pipeline.name;
  out.tenant = pipeline.tenant;
  out.state = name_of(pipeline.flow.state);
  out.in_flight = pipeline.account.in_flight();
  out.unaccounted = pipeline.account.unaccounted();
  out.dlq_entries = pipeline.account.letters_written;
  out.unkeyed = pipeline.unkeyed;
  if (const auto& registry = pipeline.registry) {
    out.registry = {registry->waiting_records,
                    {{"answered", registry->answers}, {"failed", registry->failures}}};
  }
  if (pipeline.keys) {
    out.key_waiters = pipeline.keys->waiting_batches + pipeline.keys->waiting_twins;
  }
  out.script_counts = pipeline.script_counts;
  out.transform_seconds = histogram(pipeline.transform_seconds);
  if (pipeline.rollout) {
    const Rollout::Counts counts = pipeline.rollout->counts();
    out.rollout_share = pipeline.rollout->share();
    out.rollout_records = {{"running", counts.running.records},
                           {"candidate", counts.candidate.records}};
    out.rollout_rejected = {{"running", counts.running.rejected},
                            {"candidate", counts.candidate.rejected}};
  }
  for (const auto& script : pipeline.scripts) out.scripts.push_back(script_metrics(script));
  for (size_t i = 0; i < pipeline.sources.size(); ++i) {
    out.sources.push_back(source_metrics(pipeline.sources[i], pipeline.account.sources[i]));
    for (size_t s = 0; i < pipeline.drift.size() && s < drift::kSeverities; ++s) {
      const auto severity = drift::severity_name(static_cast<drift::Severity>(s));
      out.sources.back().drift[std::string(severity)] = pipeline.drift[i].seen[s];
    }
    if (i < pipeline.versions.size()) {
      out.sources.back().versions = version_counts(pipeline.versions[i]);
    }
  }
  // Behind the sources the account has redriven letters, once there are some.
  const auto& accounts = pipeline.account.sources;
  if (accounts.size() > pipeline.sources.size() && accounts.back().received != 0) {
    SourceStatus redrive;
    redrive.name = "redrive";
    redrive.lag.bounds = pipeline.sources.front().lag.bounds;  // nothing is measured
    redrive.lag.counts.assign(redrive.lag.bounds.size() + 1, 0);
    out.sources.push_back(source_metrics(redrive, accounts.back()));
  }
  for (const SinkStatus& sink : pipeline.sinks) {
    out.sinks.push_back(sink_metrics(sink));
    out.queues.push_back({"deliver:" + sink.name, sink.queue_bytes, sink.queue_batches});
  }
  return out;
}

// The worst state of all pipelines, and why each is not normal.
void add_flow(const PipelineSnapshot& pipeline, FlowState& worst, BackpressureHealth& out) {
  const FlowControl::Status& flow = pipeline.flow;
  if (flow.state > worst) {
    worst = flow.state;
    out.state = name_of(worst);
    out.since_us = flow.since_us;
  }
  if (flow.state == FlowState::kNormal) return;
  out.reasons.push_back("pipeline " + pipeline.name + " is in state " +
                        std::string(name_of(flow.state)) + ": " + flow.cause +
                        "; it ends: " + flow.way_out);
}

}  // namespace

HealthSnapshot to_health(const RuntimeSnapshot& snapshot) {
  HealthSnapshot out;
  bool healthy = snapshot.ledger.healthy;
  if (!healthy) out.backpressure.reasons.push_back("state folder: " + snapshot.ledger.last_error);
  out.backpressure.queue_depth = snapshot.queue_batches;
  out.backpressure.concurrency = snapshot.workers;
  out.backpressure.since_us = snapshot.started_at_us;
  FlowState worst = FlowState::kNormal;
  for (const PipelineSnapshot& pipeline : snapshot.pipelines) {
    PipelineHealth health;
    health.name = pipeline.name;
    health.state = name_of(pipeline.flow.state);
    health.accounting = accounting(pipeline.account);
    health.schema = pipeline.bundle->schema_hash();
    if (pipeline.bundle->script) health.script = pipeline.bundle->script->hash();
    healthy = healthy && health.accounting.unaccounted == 0;
    out.backpressure.in_flight += health.accounting.in_flight;
    add_flow(pipeline, worst, out.backpressure);
    if (pipeline.tokens) out.backpressure.tokens = pipeline.tokens;
    if (pipeline.keys && pipeline.keys->away) {
      healthy = false;
      out.backpressure.reasons.push_back("idempotency keys of " + pipeline.name + ": " +
                                         pipeline.keys->last_error);
    }
    if (pipeline.registry && pipeline.registry->away_since_us != 0) {
      healthy = false;
      out.backpressure.reasons.push_back("schema registry of " + pipeline.name + ": " +
                                         pipeline.registry->last_error);
    }
    out.pipelines.push_back(std::move(health));
    for (const SourceStatus& source : pipeline.sources) {
      out.adapters.push_back(source_health(source));
      if (!source.lanes.empty()) out.kafka.push_back(group_health(source));
      if (source.burst.state != BurstGuard::State::kFlowing) {
        out.backpressure.reasons.push_back("source " + source.name +
                                           " is paused: " + source.burst.cause);
      }
      healthy = healthy && out.adapters.back().healthy;
    }
    for (const SinkStatus& sink : pipeline.sinks) {
      out.adapters.push_back(sink_health(sink));
      add_retry_topics(snapshot, out.adapters.back());
      if (sink.required && sink.state == "holding") {
        const std::string why = sink.breaker_cause.empty() ? "" : sink.breaker_cause + ": ";
        out.backpressure.reasons.push_back("sink " + sink.name + " holds: " + why +
                                           sink.last_error);
      }
      healthy = healthy && (out.adapters.back().healthy || !sink.required);
    }
  }
  out.backpressure.drained = out.backpressure.state == "drain" && out.backpressure.in_flight == 0;
  out.status = healthy ? "ok" : "degraded";
  return out;
}

MetricsSnapshot to_metrics(const RuntimeSnapshot& snapshot) {
  MetricsSnapshot out;
  out.commits["ok"] = snapshot.ledger.commits;
  out.commits["failed"] = snapshot.ledger.failed_commits;
  if (snapshot.idempotency) out.idempotency_keys = snapshot.idempotency->keys;
  for (const PipelineSnapshot& pipeline : snapshot.pipelines) {
    out.pipelines.push_back(pipeline_metrics(pipeline));
    add_retry_topics(snapshot, out.pipelines.back());
    for (const SourceStatus& source : pipeline.sources) {
      add_plugin_metrics(source.metrics, pipeline.name, source.name, out.plugins);
    }
    for (const SinkStatus& sink : pipeline.sinks) {
      add_plugin_metrics(sink.metrics, pipeline.name, sink.name, out.plugins);
    }
  }
  return out;
}

}  // namespace sluice
