// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/metrics.h"

#include <array>

#include "runtime/admin/metric_families.h"
#include "runtime/admin/process_stats.h"

namespace sluice {
namespace {

using admin::Families;
using admin::Labels;
using prometheus::MetricType;

struct Declaration {
  std::string_view name;
  MetricType type;
  std::string_view help;
};

constexpr std::array kDeclarations = {
    Declaration{"ingest_received_total", MetricType::Counter, "Records handed over by a source."},
    Declaration{"ingest_records_total", MetricType::Counter,
                "Source records settled, by what became of them."},
    Declaration{"ingest_bytes_total", MetricType::Counter,
                "Bytes of the records handed over by a source."},
    Declaration{"ingest_returned_total", MetricType::Counter,
                "Records of lanes that were given back unsettled; they left received again."},
    Declaration{"ingest_deferred_total", MetricType::Counter,
                "Records put into retry topics; they left received again, and are received once "
                "more when their time comes."},
    Declaration{"ingest_retry_topic_records_total", MetricType::Counter,
                "Records put into the retry topics of a sink, delivered out of them, and messages "
                "in them that were none of its records."},
    Declaration{"ingest_schema_version_records_total", MetricType::Counter,
                "Records by the version of their schema, with a lineage."},
    Declaration{"ingest_script_count_total", MetricType::Counter,
                "What transformers count by sluice.count(), by its name."},
    Declaration{"ingest_dlq_total", MetricType::Counter, "Records dead-lettered, by reason code."},
    Declaration{"ingest_dlq_bursts_total", MetricType::Counter,
                "Floods of dead letters that paused a source."},
    Declaration{"ingest_dlq_burst_paused", MetricType::Gauge,
                "1 while a flood of dead letters pauses the source."},
    Declaration{"ingest_dlq_entries_total", MetricType::Counter,
                "Dead letters written; one record may leave several."},
    Declaration{"ingest_dlq_dropped_total", MetricType::Counter,
                "Dead letters dropped because their limit was reached (when_full: drop_oldest)."},
    Declaration{"ingest_dlq_records", MetricType::Gauge, "Dead letters stored now."},
    Declaration{"ingest_idempotency_keys", MetricType::Gauge,
                "Idempotency keys kept, one a part and sink; about."},
    Declaration{
        "ingest_registry_waiting_records", MetricType::Gauge,
        "Records that wait until a schema registry says what their schema ids mean, or behind "
        "such a record."},
    Declaration{"ingest_registry_requests_total", MetricType::Counter,
                "Schema ids asked for, by outcome: answered, failed."},
    Declaration{"ingest_idempotency_unkeyed_total", MetricType::Counter,
                "Records in which nothing was found to make a key of; they are not told apart."},
    Declaration{"ingest_idempotency_waiting", MetricType::Gauge,
                "Records that wait for one with the same key, and batches that wait for the store "
                "of keys or for another node."},
    Declaration{"ingest_in_flight_records", MetricType::Gauge,
                "Source records received and not settled yet, counted where they are held."},
    Declaration{"ingest_unaccounted_records", MetricType::Gauge,
                "received - (committed + duplicate + filtered + dead_lettered + shed + in_flight); "
                "anything but 0 is a defect."},
    Declaration{"ingest_backpressure_state", MetricType::Gauge,
                "1 for the state the pipeline is in, 0 for the others."},
    Declaration{"ingest_queue_bytes", MetricType::Gauge, "Bytes waiting in a queue."},
    Declaration{"ingest_queue_depth", MetricType::Gauge, "Batches waiting in a queue."},
    Declaration{"ingest_lag_seconds", MetricType::Histogram,
                "Time from a record's source to its commit in the sinks."},
    Declaration{"ingest_backlog_records", MetricType::Gauge,
                "Records that a source has and has not handed over, where it knows."},
    Declaration{"kafka_consumergroup_lag", MetricType::Gauge,
                "Records of a partition that its group has not committed, of those that this "
                "process reads."},
    Declaration{"kafka_partition_assigned", MetricType::Gauge,
                "1 for each partition that this process reads."},
    Declaration{"ingest_transform_seconds", MetricType::Histogram,
                "Time the transformer took for a batch."},
    Declaration{"ingest_rollout_share", MetricType::Gauge,
                "Share of keys that a changed bundle is tried on now; 0 without a rollout."},
    Declaration{"ingest_rollout_records", MetricType::Gauge,
                "Records of the rollout that is going on, by the bundle they met."},
    Declaration{"ingest_rollout_rejected_records", MetricType::Gauge,
                "Records of the rollout that were rejected, by the bundle they met."},
    Declaration{"ingest_script_calls_total", MetricType::Counter,
                "Calls of a script, by its version (the beginning of its hash)."},
    Declaration{"ingest_script_seconds", MetricType::Histogram,
                "Time of one call of a script; one in eight is timed and counts for eight."},
    Declaration{"ingest_script_filtered_total", MetricType::Counter,
                "Records a script answered nothing for."},
    Declaration{"ingest_script_rejects_total", MetricType::Counter,
                "Records a script rejected, by its own code; TRANSFORM_ERROR when it failed."},
    Declaration{"ingest_script_caps_total", MetricType::Counter,
                "Lua states thrown away because a call hit a cap."},
    Declaration{"ingest_script_memory_bytes", MetricType::Gauge,
                "Memory of a script's Lua states, all workers together."},
    Declaration{"ingest_sink_seconds", MetricType::Histogram, "Time of one write call of a sink."},
    Declaration{"ingest_batch_records", MetricType::Histogram, "Records in one write call."},
    Declaration{"ingest_retry_total", MetricType::Counter,
                "Records offered to a sink again, by reason code."},
    Declaration{"ingest_circuit_state", MetricType::Gauge,
                "A sink's circuit breaker: 0 closed, 1 half open, 2 open."},
    Declaration{"ingest_sink_waiting_records", MetricType::Gauge,
                "Records a sink has to be offered again."},
    Declaration{"ingest_spool_records", MetricType::Gauge, "Records in a sink's spool."},
    Declaration{"ingest_spool_bytes", MetricType::Gauge, "Bytes of records in a sink's spool."},
    Declaration{"ingest_spool_limit_bytes", MetricType::Gauge, "Most bytes a spool takes."},
    Declaration{"ingest_spool_damaged_records", MetricType::Gauge,
                "Records of a spool that failed their checksum and were set aside."},
    Declaration{"ingest_spool_oldest_seconds", MetricType::Gauge,
                "How long the oldest record of a spool has waited there."},
    Declaration{"ingest_effects_unknown_total", MetricType::Counter,
                "Tries that failed and may have left an effect in a sink that is not idempotent."},
    Declaration{"ingest_commits_total", MetricType::Counter,
                "Group commits of dead letters and checkpoints, by result."},
    Declaration{"ingest_drift_total", MetricType::Counter,
                "Records observed to differ from their schema or from what was learned of their "
                "source, by severity; once for each path and kind."},
    Declaration{"process_cpu_seconds_total", MetricType::Counter,
                "User and system CPU time of this process."},
    Declaration{"process_resident_memory_bytes", MetricType::Gauge, "Resident memory."},
    Declaration{"process_virtual_memory_bytes", MetricType::Gauge, "Virtual memory."},
    Declaration{"process_open_fds", MetricType::Gauge, "Open file descriptors."},
    Declaration{"process_max_fds", MetricType::Gauge, "Limit of open file descriptors."},
    Declaration{"process_threads", MetricType::Gauge, "Threads."},
    Declaration{"process_start_time_seconds", MetricType::Gauge,
                "When the process started, in seconds since 1970 UTC."},
    Declaration{"ingest_plugin_metrics_refused", MetricType::Gauge,
                "Samples of plugins left out because their name, kind or labels clash."},
};

constexpr std::array<std::string_view, 5> kStates = {"normal", "throttled", "brownout", "drain",
                                                     "paused"};

Labels with(Labels labels, std::string_view name, std::string_view value) {
  labels.emplace_back(name, value);
  return labels;
}

double number(uint64_t value) { return static_cast<double>(value); }

void add_counts(Families& families, std::string_view metric, const Labels& labels,
                std::string_view label, const std::map<std::string, uint64_t>& counts) {
  for (const auto& [value, count] : counts) {
    families.counter(metric, with(labels, label, value), number(count));
  }
}

void add_partition(Families& families, const Labels& source, const GroupLagMetrics& lane) {
  const auto partition = [&lane](Labels labels) {
    return with(with(std::move(labels), "topic", lane.topic), "partition",
                std::to_string(lane.partition));
  };
  families.gauge("kafka_partition_assigned", partition(source), 1);
  if (!lane.lag) return;
  families.gauge("kafka_consumergroup_lag", partition(with(source, "group", lane.group)),
                 number(*lane.lag));
}

void add_source(Families& families, const Labels& pipeline, const SourceMetrics& source) {
  const Labels labels = with(pipeline, "source", source.name);
  families.counter("ingest_received_total", labels, number(source.received));
  families.counter("ingest_bytes_total", labels, number(source.bytes));
  families.counter("ingest_returned_total", labels, number(source.returned));
  families.counter("ingest_deferred_total", labels, number(source.deferred));
  add_counts(families, "ingest_records_total", labels, "outcome", source.outcomes);
  add_counts(families, "ingest_dlq_total", labels, "reason", source.dlq_reasons);
  families.counter("ingest_dlq_bursts_total", labels, number(source.bursts));
  families.gauge("ingest_dlq_burst_paused", labels, source.paused ? 1 : 0);
  add_counts(families, "ingest_schema_version_records_total", labels, "version", source.versions);
  add_counts(families, "ingest_drift_total", labels, "severity", source.drift);
  families.histogram("ingest_lag_seconds", labels, source.lag_seconds);
  if (source.backlog) families.gauge("ingest_backlog_records", labels, number(*source.backlog));
  for (const GroupLagMetrics& lane : source.partitions) add_partition(families, labels, lane);
}

void add_spool(Families& families, const Labels& sink, const SinkMetrics::Spool& spool) {
  families.gauge("ingest_spool_records", sink, number(spool.records));
  families.gauge("ingest_spool_bytes", sink, number(spool.bytes));
  families.gauge("ingest_spool_limit_bytes", sink, number(spool.limit_bytes));
  families.gauge("ingest_spool_damaged_records", sink, number(spool.damaged));
  families.gauge("ingest_spool_oldest_seconds", sink, spool.oldest_seconds);
}

void add_sink(Families& families, const Labels& pipeline, const SinkMetrics& sink) {
  const Labels labels = with(pipeline, "sink", sink.name);
  families.histogram("ingest_sink_seconds", labels, sink.write_seconds);
  families.histogram("ingest_batch_records", labels, sink.batch_records);
  add_counts(families, "ingest_retry_total", labels, "reason", sink.retries);
  add_counts(families, "ingest_retry_topic_records_total", labels, "event", sink.retry_topics);
  families.gauge("ingest_circuit_state", labels, sink.circuit_state);
  families.gauge("ingest_sink_waiting_records", labels, number(sink.waiting));
  families.counter("ingest_effects_unknown_total", labels, number(sink.effects_unknown));
  if (sink.spool) add_spool(families, labels, *sink.spool);
}

void add_script(Families& families, const Labels& pipeline, const ScriptMetrics& script) {
  const Labels labels = with(pipeline, "script", script.script);
  families.counter("ingest_script_calls_total", labels, number(script.calls));
  families.histogram("ingest_script_seconds", labels, script.seconds);
  families.counter("ingest_script_filtered_total", labels, number(script.filtered));
  add_counts(families, "ingest_script_rejects_total", labels, "code", script.rejects);
  add_counts(families, "ingest_script_caps_total", labels, "cap", script.caps);
  families.gauge("ingest_script_memory_bytes", labels, script.memory_bytes);
}

void add_pipeline(Families& families, const PipelineMetrics& pipeline) {
  const Labels labels = {{"tenant", pipeline.tenant}, {"pipeline", pipeline.name}};
  families.gauge("ingest_unaccounted_records", {{"pipeline", pipeline.name}},
                 static_cast<double>(pipeline.unaccounted));
  families.gauge("ingest_in_flight_records", labels, number(pipeline.in_flight));
  for (const std::string_view state : kStates) {
    families.gauge("ingest_backpressure_state", with(labels, "state", state),
                   pipeline.state == state ? 1 : 0);
  }
  families.counter("ingest_dlq_entries_total", labels, number(pipeline.dlq_entries));
  families.counter("ingest_idempotency_unkeyed_total", labels, number(pipeline.unkeyed));
  if (pipeline.registry) {
    families.gauge("ingest_registry_waiting_records", labels, number(pipeline.registry->waiting));
    add_counts(families, "ingest_registry_requests_total", labels, "outcome",
               pipeline.registry->requests);
  }
  if (pipeline.key_waiters) {
    families.gauge("ingest_idempotency_waiting", labels, number(*pipeline.key_waiters));
  }
  for (const auto& [reason, count] : pipeline.dlq_stored) {
    families.gauge("ingest_dlq_records", with(labels, "reason", reason), number(count));
  }
  families.histogram("ingest_transform_seconds", labels, pipeline.transform_seconds);
  add_counts(families, "ingest_script_count_total", {{"pipeline", pipeline.name}}, "name",
             pipeline.script_counts);
  families.gauge("ingest_rollout_share", labels, pipeline.rollout_share);
  for (const auto& [bundle, count] : pipeline.rollout_records) {
    families.gauge("ingest_rollout_records", with(labels, "bundle", bundle), number(count));
  }
  for (const auto& [bundle, count] : pipeline.rollout_rejected) {
    families.gauge("ingest_rollout_rejected_records", with(labels, "bundle", bundle),
                   number(count));
  }
  for (const ScriptMetrics& script : pipeline.scripts) add_script(families, labels, script);
  for (const QueueMetrics& queue : pipeline.queues) {
    const Labels queue_labels = with(labels, "queue", queue.name);
    families.gauge("ingest_queue_bytes", queue_labels, number(queue.bytes));
    families.gauge("ingest_queue_depth", queue_labels, number(queue.depth));
  }
  for (const SourceMetrics& source : pipeline.sources) add_source(families, labels, source);
  for (const SinkMetrics& sink : pipeline.sinks) add_sink(families, labels, sink);
}

void add_process(Families& families) {
  const ProcessStats stats = read_process_stats();
  families.counter("process_cpu_seconds_total", {}, stats.cpu_seconds);
  families.gauge("process_resident_memory_bytes", {}, number(stats.resident_bytes));
  families.gauge("process_virtual_memory_bytes", {}, number(stats.virtual_bytes));
  families.gauge("process_open_fds", {}, number(stats.open_fds));
  families.gauge("process_max_fds", {}, number(stats.max_fds));
  families.gauge("process_threads", {}, number(stats.threads));
  families.gauge("process_start_time_seconds", {}, stats.start_time_seconds);
}

}  // namespace

std::string render_metrics(const MetricsSnapshot& snapshot) {
  Families families;
  for (const Declaration& declaration : kDeclarations) {
    families.declare(declaration.name, declaration.type, declaration.help);
  }
  for (const PipelineMetrics& pipeline : snapshot.pipelines) add_pipeline(families, pipeline);
  add_counts(families, "ingest_commits_total", {}, "result", snapshot.commits);
  if (snapshot.idempotency_keys) {
    families.gauge("ingest_idempotency_keys", {}, number(*snapshot.idempotency_keys));
  }
  families.counter("ingest_dlq_dropped_total", {}, number(snapshot.dlq_dropped));
  add_process(families);
  uint64_t refused = 0;
  for (const PluginMetric& metric : snapshot.plugins) refused += families.plugin(metric) ? 0 : 1;
  families.gauge("ingest_plugin_metrics_refused", {}, number(refused));
  return families.text();
}

}  // namespace sluice
