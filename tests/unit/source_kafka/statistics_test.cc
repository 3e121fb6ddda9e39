// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/statistics.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::kafka_source {
namespace {

constexpr std::string_view kText = R"({
  "name": "rdkafka#consumer-1", "replyq": 2, "tx": 40, "tx_bytes": 5000, "rx": 39, "rx_bytes": 7000000000,
  "brokers": {
    "a:9092/1": {"state": "UP", "source": "learned", "tx": 30, "txerrs": 1, "rxerrs": 2, "req_timeouts": 3,
      "waitresp_cnt": 1, "rtt": {"min": 1, "avg": 2500, "p99": 9000}, "throttle": {"avg": 20},
      "toppars": {"orders-0": {"topic": "orders", "partition": 0}}},
    "b:9092/2": {"state": "DOWN", "source": "learned", "rtt": {"avg": 500}, "throttle": {"avg": 0},
      "req_timeouts": 1, "waitresp_cnt": 1},
    "GroupCoordinator": {"state": "UP", "source": "logical", "rtt": {"avg": 10}}},
  "topics": {
    "orders": {"age": 1, "batchsize": {"avg": 77}, "partitions": {
      "0": {"fetchq_cnt": 10, "fetchq_size": 1000, "leader": 1},
      "1": {"fetchq_cnt": 5, "fetchq_size": 200},
      "-1": {"fetchq_cnt": 900, "fetchq_size": 900}}}},
  "cgrp": {"state": "up", "rebalance_cnt": 1}})";

TEST(KafkaStatistics, TakesWhatIsWantedWhereItStands) {
  const auto found = read_statistics(kText);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->requests, 40);
  EXPECT_EQ(found->sent_bytes, 5000);
  EXPECT_EQ(found->responses, 39);
  EXPECT_EQ(found->received_bytes, 7e9);
  EXPECT_EQ(found->request_errors, 3);
  EXPECT_EQ(found->request_timeouts, 4);
  EXPECT_EQ(found->waiting_requests, 2);
  EXPECT_EQ(found->brokers_up, 1U);
  EXPECT_DOUBLE_EQ(found->round_trip_seconds, 0.0025);
  EXPECT_DOUBLE_EQ(found->throttle_seconds, 0.02);
  EXPECT_EQ(found->fetched_records, 15);
  EXPECT_EQ(found->fetched_bytes, 1200);
}

TEST(KafkaStatistics, WhatIsMissingIsNought) {
  const auto found = read_statistics("{}");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->brokers_up, 0U);
  EXPECT_EQ(found->received_bytes, 0);
}

TEST(KafkaStatistics, OtherShapesAreHarmless) {
  for (const std::string text :
       {R"({"brokers": [1, {"rtt": {"avg": 5}}], "topics": 3})", R"([{"tx": 1}])",
        R"({"brokers": {"a": {"rtt": {"avg": {"avg": {"avg": {"avg": 1}}}}}}})",
        R"({"topics": {"t": {"partitions": {"0": {"fetchq_cnt": [7, {"fetchq_cnt": 7}]}}}}})"}) {
    const auto found = read_statistics(text);
    ASSERT_TRUE(found) << text;
    EXPECT_EQ(found->requests + found->fetched_records + found->round_trip_seconds, 0) << text;
  }
  EXPECT_FALSE(read_statistics(R"({"tx": )"));
  EXPECT_FALSE(read_statistics(""));
}

TEST(KafkaStatistics, DepthIsNoMatter) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_TRUE(read_statistics(R"({"tx": 2, "x": )" + deep + "}"));
}

}  // namespace
}  // namespace sluice::kafka_source
