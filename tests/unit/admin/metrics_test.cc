// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <charconv>
#include <map>
#include <set>
#include <sstream>

#include "runtime/admin/metric_families.h"
#include "runtime/admin/process_stats.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Reads the text format as a scraper would and refuses what one would refuse.
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("# HELP ")) {
        add_help(line.substr(7));
      } else if (line.starts_with("# TYPE ")) {
        add_type(line.substr(7));
      } else {
        add_sample(line);
      }
    }
  }
  // By the text before the value.
  std::map<std::string, double> samples;
  std::map<std::string, std::string> types;

 private:
  void add_help(const std::string& line) {
    const size_t blank = line.find(' ');
    ASSERT_NE(blank, std::string::npos) << line;
    EXPECT_GT(line.size(), blank + 3) << "no help text: " << line;
    EXPECT_TRUE(helps_.insert(line.substr(0, blank)).second) << "HELP twice: " << line;
  }
  void add_type(const std::string& line) {
    const size_t blank = line.find(' ');
    const std::string name = line.substr(0, blank);
    EXPECT_TRUE(types.emplace(name, line.substr(blank + 1)).second) << "TYPE twice: " << line;
    EXPECT_TRUE(helps_.contains(name)) << "TYPE without HELP: " << line;
  }
  void add_sample(const std::string& line) {
    const size_t blank = line.rfind(' ');
    ASSERT_NE(blank, std::string::npos) << line;
    const std::string key = line.substr(0, blank);
    std::string name = key.substr(0, key.find('{'));
    for (const char* suffix : {"_bucket", "_sum", "_count"}) {
      if (!types.contains(name) && name.ends_with(suffix)) {
        name.resize(name.size() - std::string_view(suffix).size());
        EXPECT_EQ(types[name], "histogram") << line;
      }
    }
    EXPECT_TRUE(types.contains(name)) << "sample without TYPE: " << line;
    EXPECT_TRUE(admin::is_metric_name(name)) << line;
    if (types[name] == "counter") {
      EXPECT_TRUE(name.ends_with("_total") || !name.starts_with("ingest_")) << line;
    }
    double value = 0;
    const auto [end, error] =
        std::from_chars(line.data() + blank + 1, line.data() + line.size(), value);
    EXPECT_TRUE(error == std::errc() && end == line.data() + line.size()) << line;
    EXPECT_TRUE(samples.emplace(key, value).second) << "sample twice: " << line;
  }
  std::set<std::string> helps_;
};

MetricsSnapshot full_snapshot() {
  SourceMetrics source;
  source.name = "s3-main";
  source.received = 10;
  source.bytes = 4096;
  source.returned = 1;
  source.deferred = 6;
  source.outcomes = {{"committed", 7}, {"dead_lettered", 2}};
  source.dlq_reasons = {{"SCHEMA_DRIFT", 2}};
  source.bursts = 3;
  source.paused = true;
  source.lag_seconds = {{0.1, 1}, {3, 2, 4}, 12.5};
  SinkMetrics sink;
  sink.name = "pg";
  sink.write_seconds = {{0.5}, {1, 1}, 2};
  sink.batch_records = {{100}, {2, 0}, 20};
  sink.retries = {{"SINK_TIMEOUT", 3}};
  sink.retry_topics = {{"put", 8}};
  sink.circuit_state = 2;
  sink.waiting = 4;
  sink.effects_unknown = 1;
  PipelineMetrics pipeline;
  pipeline.name = "orders";
  pipeline.tenant = "acme";
  pipeline.state = "throttled";
  pipeline.in_flight = 1;
  pipeline.unaccounted = -2;
  pipeline.dlq_entries = 2;
  pipeline.dlq_stored = {{"SCHEMA_DRIFT", 5}};
  pipeline.script_counts = {{"items", 12}};
  pipeline.transform_seconds = {{0.01}, {9, 0}, 0.02};
  pipeline.sources = {source};
  pipeline.sinks = {sink};
  pipeline.queues = {{"parse", 77, 3}};
  MetricsSnapshot snapshot;
  snapshot.pipelines = {pipeline};
  snapshot.commits = {{"ok", 11}, {"failed", 0}};
  return snapshot;
}

PluginMetric plugin_metric(std::string name, std::string instance) {
  PluginMetric metric;
  metric.name = std::move(name);
  metric.help = "A plugin's number.";
  metric.labels = {{"pipeline", "orders"}, {"instance", std::move(instance)}};
  metric.value = 4;
  return metric;
}

double refused(const Exposition& text) { return text.samples.at("ingest_plugin_metrics_refused"); }

TEST(Metrics, EverySampleHasHelpAndType) {
  const Exposition text(render_metrics(full_snapshot()));
  EXPECT_GT(text.samples.size(), 40u);
}

TEST(Metrics, AnEmptySnapshotIsValidToo) {
  const Exposition text(render_metrics({}));
  EXPECT_EQ(refused(text), 0);
  EXPECT_TRUE(text.types.contains("ingest_records_total"));
}

TEST(Metrics, HaveTheDocumentedNamesAndLabels) {
  const Exposition text(render_metrics(full_snapshot()));
  const std::string source = "{tenant=\"acme\",pipeline=\"orders\",source=\"s3-main\"";
  const std::string pipeline = "{tenant=\"acme\",pipeline=\"orders\"";
  const std::map<std::string, double> expected = {
      {"ingest_received_total" + source + "}", 10},
      {"ingest_records_total" + source + ",outcome=\"committed\"}", 7},
      {"ingest_records_total" + source + ",outcome=\"dead_lettered\"}", 2},
      {"ingest_bytes_total" + source + "}", 4096},
      {"ingest_returned_total" + source + "}", 1},
      {"ingest_deferred_total" + source + "}", 6},
      {"ingest_dlq_total" + source + ",reason=\"SCHEMA_DRIFT\"}", 2},
      {"ingest_dlq_bursts_total" + source + "}", 3},
      {"ingest_dlq_burst_paused" + source + "}", 1},
      {"ingest_dlq_entries_total" + pipeline + "}", 2},
      {"ingest_dlq_records" + pipeline + ",reason=\"SCHEMA_DRIFT\"}", 5},
      {"ingest_unaccounted_records{pipeline=\"orders\"}", -2},
      {"ingest_in_flight_records" + pipeline + "}", 1},
      {"ingest_backpressure_state" + pipeline + ",state=\"throttled\"}", 1},
      {"ingest_backpressure_state" + pipeline + ",state=\"normal\"}", 0},
      {"ingest_queue_bytes" + pipeline + ",queue=\"parse\"}", 77},
      {"ingest_queue_depth" + pipeline + ",queue=\"parse\"}", 3},
      {"ingest_retry_topic_records_total" + pipeline + ",sink=\"pg\",event=\"put\"}", 8},
      {"ingest_retry_total" + pipeline + ",sink=\"pg\",reason=\"SINK_TIMEOUT\"}", 3},
      {"ingest_circuit_state" + pipeline + ",sink=\"pg\"}", 2},
      {"ingest_sink_waiting_records" + pipeline + ",sink=\"pg\"}", 4},
      {"ingest_effects_unknown_total" + pipeline + ",sink=\"pg\"}", 1},
      {"ingest_script_count_total{pipeline=\"orders\",name=\"items\"}", 12},
      {"ingest_commits_total{result=\"ok\"}", 11},
      {"ingest_sink_seconds_count" + pipeline + ",sink=\"pg\"}", 2},
      {"ingest_batch_records_sum" + pipeline + ",sink=\"pg\"}", 20},
      {"ingest_transform_seconds_count" + pipeline + "}", 9},
  };
  for (const auto& [key, value] : expected) {
    const auto found = text.samples.find(key);
    ASSERT_NE(found, text.samples.end()) << key;
    EXPECT_EQ(found->second, value) << key;
  }
}

TEST(Metrics, HistogramBucketsAreCumulativeAndEndAtInfinity) {
  const Exposition text(render_metrics(full_snapshot()));
  const std::string labels = "{tenant=\"acme\",pipeline=\"orders\",source=\"s3-main\"";
  EXPECT_EQ(text.samples.at("ingest_lag_seconds_bucket" + labels + ",le=\"0.1\"}"), 3);
  EXPECT_EQ(text.samples.at("ingest_lag_seconds_bucket" + labels + ",le=\"1\"}"), 5);
  EXPECT_EQ(text.samples.at("ingest_lag_seconds_bucket" + labels + ",le=\"+Inf\"}"), 9);
  EXPECT_EQ(text.samples.at("ingest_lag_seconds_count" + labels + "}"), 9);
  EXPECT_EQ(text.samples.at("ingest_lag_seconds_sum" + labels + "}"), 12.5);
}

TEST(Metrics, HostileLabelValuesStayOneSample) {
  MetricsSnapshot snapshot = full_snapshot();
  snapshot.pipelines[0].sources[0].name = "a\"} 1\nevil 2\\\xff";
  const std::string rendered = render_metrics(snapshot);
  const Exposition text(rendered);
  EXPECT_THAT(rendered, Not(HasSubstr("\nevil")));
  EXPECT_THAT(rendered, HasSubstr(R"(source="a\"} 1\nevil 2\\?")"));
}

TEST(Metrics, PluginsOfOneNameFormOneFamily) {
  MetricsSnapshot snapshot;
  snapshot.plugins = {plugin_metric("kafka_queue", "a"), plugin_metric("kafka_queue", "b")};
  PluginMetric histogram = plugin_metric("pg_pool_wait_seconds", "a");
  histogram.kind = PluginMetric::Kind::kHistogram;
  histogram.histogram = {{1}, {2, 3}, 9};
  snapshot.plugins.push_back(histogram);
  const Exposition text(render_metrics(snapshot));
  EXPECT_EQ(refused(text), 0);
  EXPECT_EQ(text.samples.at("kafka_queue{pipeline=\"orders\",instance=\"b\"}"), 4);
  EXPECT_EQ(text.samples.at("pg_pool_wait_seconds_count{pipeline=\"orders\",instance=\"a\"}"), 5);
}

TEST(Metrics, PluginsThatClashAreLeftOutAndCounted) {
  MetricsSnapshot snapshot;
  snapshot.plugins = {
      plugin_metric("fine", "a"),
      plugin_metric("fine", "a"),                  // the same sample again
      plugin_metric("ingest_records_total", "a"),  // one of ours
      plugin_metric("process_threads", "a"),       // one of ours
      plugin_metric("1bad", "a"),                  // not a name
      plugin_metric("", "a"),                      //
      plugin_metric("evil 1\nevil", "a"),          //
  };
  PluginMetric other_kind = plugin_metric("fine", "b");
  other_kind.kind = PluginMetric::Kind::kCounter;
  PluginMetric other_labels = plugin_metric("fine", "c");
  other_labels.labels.emplace_back("more", "x");
  PluginMetric bad_label = plugin_metric("fine2", "a");
  bad_label.labels[0].first = "le";
  PluginMetric twice = plugin_metric("fine3", "a");
  twice.labels[1].first = "pipeline";
  for (const auto& metric : {other_kind, other_labels, bad_label, twice}) {
    snapshot.plugins.push_back(metric);
  }
  const Exposition text(render_metrics(snapshot));
  EXPECT_EQ(refused(text), 10);
  EXPECT_EQ(text.samples.count("fine{pipeline=\"orders\",instance=\"a\"}"), 1u);
}

TEST(Metrics, AHelpTextOfSeveralLinesStaysOne) {
  MetricsSnapshot snapshot;
  snapshot.plugins = {plugin_metric("fine", "a")};
  snapshot.plugins[0].help = "one\ntwo \\ three";
  EXPECT_THAT(render_metrics(snapshot), HasSubstr("# HELP fine one\\ntwo \\\\ three\n"));
}

TEST(ProcessStats, AreThoseOfThisProcess) {
  const ProcessStats stats = read_process_stats();
  EXPECT_GT(stats.resident_bytes, 1'000'000u);
  EXPECT_GE(stats.virtual_bytes, stats.resident_bytes);
  EXPECT_GE(stats.open_fds, 3u);
  EXPECT_GE(stats.max_fds, stats.open_fds);
  EXPECT_GE(stats.threads, 1u);
  EXPECT_GT(stats.start_time_seconds, 1.6e9);
  EXPECT_GE(stats.cpu_seconds, 0);
}

}  // namespace
}  // namespace sluice
