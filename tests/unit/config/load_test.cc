// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/fixture.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

TEST_F(ConfigTest, DefaultsOfTheTableAreThoseOfTheStruct) {
  const auto config = load(pipeline(""));
  ASSERT_TRUE(config) << config.status().message();
  const RuntimeConfig runtime;
  EXPECT_EQ(config->runtime.admin_listen, runtime.admin_listen);
  EXPECT_EQ(config->runtime.workers, runtime.workers);
  EXPECT_EQ(config->runtime.drain_timeout, runtime.drain_timeout);
  EXPECT_EQ(config->runtime.log_format, runtime.log_format);
  EXPECT_EQ(config->runtime.log_level, runtime.log_level);
  const PipelineConfig fresh;
  const PipelineConfig& p = config->pipelines.at(0);
  EXPECT_EQ(p.tenant, fresh.tenant);
  EXPECT_EQ(p.limits.record_bytes, fresh.limits.record_bytes);
  EXPECT_EQ(p.limits.depth, fresh.limits.depth);
  EXPECT_EQ(p.script_limits.cpu, fresh.script_limits.cpu);
  EXPECT_EQ(p.script_limits.wall, fresh.script_limits.wall);
  EXPECT_EQ(p.script_limits.memory, fresh.script_limits.memory);
  EXPECT_EQ(p.script_limits.output, fresh.script_limits.output);
  EXPECT_EQ(p.script_limits.instructions, fresh.script_limits.instructions);
  EXPECT_EQ(p.script_limits.emitted, fresh.script_limits.emitted);
  EXPECT_EQ(p.script_limits.log_lines, fresh.script_limits.log_lines);
  EXPECT_EQ(p.flow.rate, fresh.flow.rate);
  EXPECT_EQ(p.flow.burst_multiplier, fresh.flow.burst_multiplier);
  EXPECT_EQ(p.flow.max_in_flight, fresh.flow.max_in_flight);
  EXPECT_EQ(p.dead_letters.keep, fresh.dead_letters.keep);
  EXPECT_EQ(p.idempotency.key, fresh.idempotency.key);
  const SinkConfig sink;
  const SinkConfig& out = p.sinks.at(0);
  EXPECT_EQ(out.required, sink.required);
  EXPECT_EQ(out.order, sink.order);
  EXPECT_EQ(out.batch.records, sink.batch.records);
  EXPECT_EQ(out.batch.bytes, sink.batch.bytes);
  EXPECT_EQ(out.batch.linger, sink.batch.linger);
  EXPECT_EQ(out.writers, sink.writers);
  EXPECT_EQ(out.timeout, sink.timeout);
  EXPECT_EQ(out.retry.max_attempts, sink.retry.max_attempts);
  EXPECT_EQ(out.retry.base, sink.retry.base);
  EXPECT_EQ(out.retry.cap, sink.retry.cap);
  EXPECT_EQ(out.on_unavailable, sink.on_unavailable);
  EXPECT_EQ(out.older_is_duplicate, sink.older_is_duplicate);
  EXPECT_EQ(out.overwrite_equal, sink.overwrite_equal);
}

TEST_F(ConfigTest, DefaultFoldersLieBesideTheExecutableAndTheFile) {
  const auto config = load(pipeline(""));
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_TRUE(config->runtime.plugin_dirs_default);
  EXPECT_THAT(config->runtime.plugin_dirs,
              ElementsAre("/opt/sluice/lib/sluice/plugins", "/plugins"));
  EXPECT_EQ(config->runtime.state_dir, folder_ / "state");
}

constexpr std::string_view kEverything = R"(
runtime:
  plugin_dirs: [plugins, /opt/plugins]
  state: { dir: data/../var }
  admin: { listen: "[::1]:9090" }
  workers: 3
  drain_timeout: 2m
  log: { format: json, level: debug }
pipelines:
  orders:
    tenant: acme-corp
    sources:
      one: { use: file, config: { paths: [./in/*.jsonl] }, priority: low }
      two: { use: generator }
    schema: schema.json
    transform: { file: orders.lua }
    output_schema: out.json
    idempotency: { key: off }
    sensitive: [/customer/email, ""]
    limits: { record_bytes: 2MiB, depth: 64 }
    script_limits: { cpu: 50ms, wall: 2s, memory: 32MiB, output: 10kB, instructions: 5000, emitted: 7, log_lines: 0 }
    flow: { rate: 6000/m, burst_multiplier: 1.5, max_in_flight: 1GiB }
    dead_letters: { keep: 7d, show: [/event_id] }
    sinks:
      pg:
        use: sqlite
        config: { table: orders, key: [/order_id] }
        required: false
        batch: { records: 10, bytes: 1MiB, linger: 0 }
        order: none
        writers: 1
        timeout: 5s
        retry: { max_attempts: 9, base: 1s, cap: 1m }
        on_unavailable: dead_letter
        older: duplicate
        on_equal: overwrite
      copy: { use: file, retry: { delays: [5m, 10m], max_retries: 4 } }
  second:
    sources: { three: { use: file } }
    schema: { file: schema.json }
    sinks: { drop: { use: drop } }
)";

TEST_F(ConfigTest, ReadsEveryKey) {
  write("schema.json", "{}");
  write("orders.lua", "");
  write("out.json", "{}");
  const auto config = load(kEverything);
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_EQ(config->file, file());
  EXPECT_THAT(config->runtime.plugin_dirs, ElementsAre(folder_ / "plugins", "/opt/plugins"));
  EXPECT_FALSE(config->runtime.plugin_dirs_default);
  EXPECT_EQ(config->runtime.state_dir, folder_ / "var");
  EXPECT_EQ(config->runtime.admin_listen, "[::1]:9090");
  EXPECT_EQ(config->runtime.workers, 3U);
  EXPECT_EQ(config->runtime.drain_timeout, minutes(2));
  EXPECT_EQ(config->runtime.log_format, LogFormat::kJson);
  EXPECT_EQ(config->runtime.log_level, "debug");
  ASSERT_EQ(config->pipelines.size(), 2U);
  const PipelineConfig& p = config->pipelines[0];
  EXPECT_EQ(p.name, "orders");
  EXPECT_EQ(p.place.line, 10);
  EXPECT_EQ(p.tenant, "acme-corp");
  ASSERT_EQ(p.sources.size(), 2U);
  EXPECT_EQ(p.sources[0].name, "one");
  EXPECT_EQ(p.sources[0].use, "file");
  EXPECT_EQ(p.sources[0].config_json,
            R"({"paths":[")" + (folder_ / "in/*.jsonl").string() + R"("]})");
  EXPECT_TRUE(p.sources[0].low_priority);
  EXPECT_FALSE(p.sources[1].low_priority);
  EXPECT_EQ(p.sources[1].config_json, "{}");
  ASSERT_TRUE(p.schema);
  EXPECT_EQ(p.schema->path, folder_ / "schema.json");
  EXPECT_FALSE(p.schema->lineage);
  EXPECT_EQ(p.schema->place.line, 15);
  EXPECT_EQ(p.transform, folder_ / "orders.lua");
  EXPECT_EQ(p.output_schema, folder_ / "out.json");
  EXPECT_EQ(p.idempotency.key, IdempotencyConfig::Key::kOff);
  EXPECT_THAT(p.sensitive, ElementsAre("/customer/email", ""));
  EXPECT_EQ(p.limits.record_bytes, 2U << 20);
  EXPECT_EQ(p.limits.depth, 64U);
  EXPECT_EQ(p.script_limits.cpu, Millis(50));
  EXPECT_EQ(p.script_limits.wall, seconds(2));
  EXPECT_EQ(p.script_limits.memory, 32U << 20);
  EXPECT_EQ(p.script_limits.output, 10'000U);
  EXPECT_EQ(p.script_limits.instructions, 5000U);
  EXPECT_EQ(p.script_limits.emitted, 7U);
  EXPECT_EQ(p.script_limits.log_lines, 0U);
  EXPECT_DOUBLE_EQ(p.flow.rate.value_or(0), 100);
  EXPECT_DOUBLE_EQ(p.flow.burst_multiplier, 1.5);
  EXPECT_EQ(p.flow.max_in_flight, 1U << 30);
  EXPECT_EQ(p.dead_letters.keep, hours(7 * 24));
  EXPECT_THAT(p.dead_letters.show, ElementsAre("/event_id"));
  ASSERT_EQ(p.sinks.size(), 2U);
  const SinkConfig& pg = p.sinks[0];
  EXPECT_EQ(pg.config_json, R"({"table":"orders","key":["/order_id"]})");
  EXPECT_FALSE(pg.required);
  EXPECT_EQ(pg.batch.records, 10U);
  EXPECT_EQ(pg.batch.bytes, 1U << 20);
  EXPECT_EQ(pg.batch.linger, Millis(0));
  EXPECT_EQ(pg.order, SinkOrder::kNone);
  EXPECT_EQ(pg.timeout, seconds(5));
  EXPECT_EQ(pg.retry.max_attempts, 9);
  EXPECT_EQ(pg.retry.base, seconds(1));
  EXPECT_EQ(pg.retry.cap, minutes(1));
  EXPECT_TRUE(pg.retry.delays.empty());
  EXPECT_EQ(pg.on_unavailable, OnUnavailable::kDeadLetter);
  EXPECT_TRUE(pg.older_is_duplicate);
  EXPECT_TRUE(pg.overwrite_equal);
  const RetryConfig& retry = p.sinks[1].retry;
  EXPECT_THAT(retry.delays, ElementsAre(minutes(5), minutes(10)));
  EXPECT_EQ(retry.max_attempts, 5);
  EXPECT_EQ(config->pipelines[1].name, "second");
  EXPECT_EQ(config->pipelines[1].schema->path, folder_ / "schema.json");
}

TEST_F(ConfigTest, AdminCanBeSwitchedOff) {
  const auto config = load("runtime: { admin: { listen: off } }\n" + pipeline(""));
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_EQ(config->runtime.admin_listen, "");
}

TEST_F(ConfigTest, EmptySectionsReadAsLeftOut) {
  const auto config = load("runtime:\n" + pipeline("    flow:\n    limits: {}\n"));
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_EQ(config->pipelines[0].limits.depth, 128U);
}

TEST_F(ConfigTest, DelaysAloneGiveTheNumberOfRetries) {
  const auto config = load(sink("retry: { delays: [1s, 2s, 3s] }"));
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_EQ(config->pipelines[0].sinks[0].retry.max_attempts, 4);
}

TEST_F(ConfigTest, AliasesAreExpanded) {
  const auto config =
      load(pipeline("    sensitive: &p [/a, /b]\n    dead_letters: { show: *p }\n"));
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_THAT(config->pipelines[0].dead_letters.show, ElementsAre("/a", "/b"));
}

TEST_F(ConfigTest, ByteOrderMarkAndCrLfAreFine) {
  const auto config = load(
      "\xEF\xBB\xBFpipelines:\r\n  p:\r\n    sources: { in: { use: file } }\r\n    sinks: { out: "
      "{ use: drop } }\r\n");
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_EQ(config->pipelines[0].sinks[0].place.line, 4);
}

TEST_F(ConfigTest, ALineageFindsItsLiftsBesideIt) {
  write("ids.json", "{}");
  const auto config = load(pipeline(
      "    schema: { lineage: schema/orders, version: { confluent: ids.json, default: 2 } }\n"));
  ASSERT_TRUE(config) << config.status().message();
  const auto& schema = config->pipelines[0].schema;
  ASSERT_TRUE(schema);
  EXPECT_TRUE(schema->lineage);
  EXPECT_EQ(schema->path, folder_ / "schema/orders");
  EXPECT_EQ(schema->lifts, folder_ / "transformers/orders");
  EXPECT_EQ(schema->version.from, SchemaVersionConfig::From::kConfluent);
  EXPECT_EQ(schema->version.ids, folder_ / "ids.json");
  EXPECT_EQ(schema->version.fallback, 2U);
}

TEST_F(ConfigTest, ARegistrySaysWhatSchemaIdsMean) {
  const auto config = load(pipeline(
      "    schema: { lineage: schema/orders, version: { confluent: { registry: { url: "
      "'https://r.example/apis/', user: ada, password: secret, subject: a-value, timeout: 2s, "
      "refresh: 30s } } } }\n"));
  ASSERT_TRUE(config) << config.status().message();
  const SchemaVersionConfig& version = config->pipelines[0].schema->version;
  EXPECT_EQ(version.from, SchemaVersionConfig::From::kConfluent);
  EXPECT_TRUE(version.ids.empty());
  ASSERT_TRUE(version.registry);
  EXPECT_EQ(version.registry->url, "https://r.example/apis");
  EXPECT_EQ(version.registry->user, "ada");
  EXPECT_EQ(version.registry->password, "secret");
  EXPECT_EQ(version.registry->subject, "a-value");
  EXPECT_EQ(version.registry->timeout, Millis(2000));
  EXPECT_EQ(version.registry->refresh, Millis(30'000));
}

TEST_F(ConfigTest, ALineageTakesItsLiftsFromWhereItIsTold) {
  const auto config =
      load(pipeline("    schema: { lineage: a/b/, lifts: up, version: /meta/v }\n"));
  ASSERT_TRUE(config) << config.status().message();
  const auto& schema = config->pipelines[0].schema;
  EXPECT_EQ(schema->lifts, folder_ / "up");
  EXPECT_EQ(schema->version.from, SchemaVersionConfig::From::kPointer);
  EXPECT_EQ(schema->version.pointer, "/meta/v");
  EXPECT_FALSE(schema->version.fallback);
}

TEST_F(ConfigTest, DriftIsWatchedWhereThereIsASchema) {
  write("s.json", "{}");
  const auto config = load(pipeline("    schema: s.json\n"));
  ASSERT_TRUE(config) << config.status().message();
  EXPECT_EQ(config->pipelines[0].drift.observe, DriftConfig::Observe::kFull);
  EXPECT_EQ(config->pipelines[0].drift.baseline, 1000U);
  EXPECT_EQ(config->pipelines[0].schema->unknown_fields, UnknownFields::kReport);
  const auto bare = load(pipeline(""));
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->pipelines[0].drift.observe, DriftConfig::Observe::kOff);
}

TEST_F(ConfigTest, DriftIsWatchedAsToldAlsoWithoutASchema) {
  write("s.json", "{}");
  const auto config = load(
      pipeline("    schema: { file: s.json, unknown_fields: reject, drift: { observe: sampled, "
               "sample: 0.25, baseline: 50, max_paths: 99 } }\n"));
  ASSERT_TRUE(config) << config.status().message();
  const DriftConfig& drift = config->pipelines[0].drift;
  EXPECT_EQ(drift.observe, DriftConfig::Observe::kSampled);
  EXPECT_DOUBLE_EQ(drift.sample, 0.25);
  EXPECT_EQ(drift.baseline, 50U);
  EXPECT_EQ(drift.max_paths, 99U);
  EXPECT_EQ(config->pipelines[0].schema->unknown_fields, UnknownFields::kReject);

  const auto alone = load(pipeline("    schema: { drift: { observe: full } }\n"));
  ASSERT_TRUE(alone) << alone.status().message();
  EXPECT_FALSE(alone->pipelines[0].schema);
  EXPECT_EQ(alone->pipelines[0].drift.observe, DriftConfig::Observe::kFull);
  EXPECT_NE(error(pipeline("    schema: { drift: {}, unknown_fields: reject }\n"))
                .find("\"unknown_fields\" goes with \"file\" or \"lineage\""),
            std::string::npos);
}

}  // namespace
}  // namespace sluice
