// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/health.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice {
namespace {

TEST(Health, HasExactlyThePromisedFields) {
  HealthSnapshot snapshot;
  snapshot.backpressure.reasons = {"queue"};
  snapshot.backpressure.in_flight = 3;
  snapshot.backpressure.tokens = 1.5;
  AdapterHealth source;
  source.name = "s3-main";
  source.kind = "source";
  source.state = "running";
  source.healthy = true;
  source.lag_seconds = 0.25;
  source.lag_records = 7;
  source.last_record_at_us = 1'517'966'793'840'000;
  snapshot.adapters = {source};
  PipelineHealth pipeline;
  pipeline.name = "orders";
  pipeline.accounting = {10, 5, 1, 1, 1, 0, 2, 0};
  pipeline.schema = "abc";
  snapshot.pipelines = {pipeline};
  EXPECT_EQ(render_health(snapshot),
            R"({"status":"ok","backpressure":{"state":"normal","since":null,"reasons":["queue"],)"
            R"("in_flight":3,"queue_depth":0,"concurrency":0,"tokens":1.5,"deferred":0,)"
            R"("drained":false},"adapters":{"s3-main":{"kind":"source","state":"running",)"
            R"("healthy":true,"lag_seconds":0.25,"lag_records":7,)"
            R"("last_record_at":"2018-02-07T01:26:33.840Z","last_error":null,"breaker":null}},)"
            R"("kafka":{},"telemetry":null,"pipelines":{"orders":{"state":"normal",)"
            R"("accounting":{"received":10,"committed":5,"duplicate":1,"filtered":1,)"
            R"("dead_lettered":1,"shed":0,"in_flight":2,"unaccounted":0},)"
            R"("schema":"abc","script":null}}})");
}

TEST(Health, TellsTheLagOfEachPartition) {
  HealthSnapshot snapshot;
  GroupHealth group;
  group.source = "kafka-main";
  group.group = "orders-ingest";
  group.captured_us = 1'517'966'793'840'000;
  group.partitions = {{"orders", 0, 90, 100, 10}, {"orders", 1, 0, 7, {}}, {"orders", 2, 3, 8, 5}};
  snapshot.kafka = {group};
  EXPECT_NE(render_health(snapshot).find(
                R"("kafka":{"kafka-main":{"group":"orders-ingest","total":15,"partitions":[)"
                R"({"topic":"orders","partition":0,"committed":90,"end":100,"lag":10},)"
                R"({"topic":"orders","partition":1,"committed":null,"end":7,"lag":null},)"
                R"({"topic":"orders","partition":2,"committed":3,"end":8,"lag":5}],)"
                R"("captured_at":"2018-02-07T01:26:33.840Z"}})"),
            std::string::npos);
}

TEST(Health, WhatIsUnknownIsNull) {
  HealthSnapshot snapshot;
  AdapterHealth sink;
  sink.name = "pg";
  sink.lag_seconds = std::numeric_limits<double>::infinity();
  sink.last_error = "refused \"x\"\n\xff";
  sink.breaker = "open";
  snapshot.adapters = {sink};
  const std::string json = render_health(snapshot);
  EXPECT_NE(json.find(R"("lag_seconds":null,"lag_records":null,"last_record_at":null,)"),
            std::string::npos);
  EXPECT_NE(json.find(R"("last_error":"refused \"x\"\n?","breaker":"open")"), std::string::npos);
  EXPECT_NE(json.find(R"("tokens":null)"), std::string::npos);
}

}  // namespace
}  // namespace sluice
