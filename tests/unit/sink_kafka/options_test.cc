// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::kafka_sink {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string with(const std::string& more) {
  return R"({"brokers": "b:9092", "topic": "orders")" + more + "}";
}

Options options(const std::string& more) { return Options(Config(with(more))); }

// What is said of a configuration that is refused; empty: it is not.
std::string refusal_of(const std::string& more) {
  try {
    static_cast<void>(Options(Config(with(more))));
    return {};
  } catch (const BadConfig& e) {
    return e.what();
  }
}

std::string value_of(const common::kafka::Conf& conf, const char* property) {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  EXPECT_EQ(rd_kafka_conf_get(conf.get(), property, text.data(), &size), RD_KAFKA_CONF_OK)
      << property;
  return text.data();
}

TEST(KafkaSinkOptions, DefaultsAreSafe) {
  const Options found = options("");
  EXPECT_EQ(found.topic, "orders");
  EXPECT_EQ(found.key, KeyFrom::kRecord);
  EXPECT_TRUE(found.keep_headers);
  EXPECT_TRUE(found.record_time);
  EXPECT_TRUE(found.idempotent);
  EXPECT_EQ(found.acks, "all");
  EXPECT_EQ(found.partitioner, "murmur2_random");
  EXPECT_EQ(found.partition, -1);
  EXPECT_EQ(found.compression, "none");
  EXPECT_EQ(found.delivery_timeout, milliseconds(60'000));
  EXPECT_FALSE(found.transactional());
}

TEST(KafkaSinkOptions, ReachTheClient) {
  const auto conf =
      client_conf(options(R"(, "compression": "zstd", "partitioner": "fnv1a", "linger": "20ms",
                  "librdkafka": {"client.id": "mine", "batch.size": 5000})"),
                  kUsualLimit);
  EXPECT_EQ(value_of(conf, "enable.idempotence"), "true");
  EXPECT_EQ(value_of(conf, "acks"), "-1");
  EXPECT_EQ(value_of(conf, "compression.type"), "zstd");
  EXPECT_EQ(value_of(conf, "partitioner"), "fnv1a");
  EXPECT_EQ(value_of(conf, "linger.ms"), "20");
  EXPECT_EQ(value_of(conf, "message.timeout.ms"), "0");
  EXPECT_EQ(value_of(conf, "client.id"), "mine");
  EXPECT_EQ(value_of(conf, "batch.size"), "5000") << "what the operator says goes first";
}

TEST(KafkaSinkOptions, WithoutIdempotenceOneRequestIsUnderWayAtATime) {
  const auto conf = client_conf(options(R"(, "idempotent": false, "acks": "leader")"), kUsualLimit);
  EXPECT_EQ(value_of(conf, "max.in.flight.requests.per.connection"), "1");
  EXPECT_EQ(value_of(conf, "acks"), "1");
}

TEST(KafkaSinkOptions, BatchesStayBelowWhatTheTopicTakes) {
  const auto usual = client_conf(options(""), kUsualLimit);
  EXPECT_EQ(value_of(usual, "message.max.bytes"), std::to_string(kUsualLimit));
  EXPECT_LT(std::stoul(value_of(usual, "batch.size")), kUsualLimit);
  const auto small = client_conf(options(""), 20'000);
  EXPECT_EQ(value_of(small, "message.max.bytes"), "20000");
  EXPECT_LT(std::stoul(value_of(small, "batch.size")), 20'000U);
  const auto large = client_conf(options(""), 50'000'000);
  EXPECT_EQ(value_of(large, "message.max.bytes"), "50000000");
  EXPECT_LE(std::stoul(value_of(large, "batch.size")), 1'000'000U);
  // How large it is once compressed only the broker sees.
  const auto packed = client_conf(options(R"(, "compression": "gzip")"), 20'000);
  EXPECT_EQ(value_of(packed, "message.max.bytes"), std::to_string(64U << 20U));
}

TEST(KafkaSinkOptions, TransactionsOutliveAWrite) {
  const auto conf =
      client_conf(options(R"(, "transactional_id": "t", "delivery_timeout": "5s")"), kUsualLimit);
  EXPECT_EQ(value_of(conf, "transactional.id"), "t");
  EXPECT_EQ(value_of(conf, "transaction.timeout.ms"), "15000");
}

TEST(KafkaSinkOptions, KeyIsAWordOrAPointer) {
  const Options found = options(R"(, "key": "/a/b")");
  EXPECT_EQ(found.key, KeyFrom::kPointer);
  EXPECT_EQ(found.key_pointer, "/a/b");
  EXPECT_EQ(options(R"(, "key": "none")").key, KeyFrom::kNone);
  EXPECT_EQ(options(R"(, "key": "")").key, KeyFrom::kRecord);
  EXPECT_THAT(refusal_of(R"(, "key": "id")"), HasSubstr("JSON Pointer such as /order_id"));
}

TEST(KafkaSinkOptions, HeadersAreAMap) {
  EXPECT_THAT(options(R"(, "headers": {"a": "1", "b": ""})").headers,
              ElementsAre(Pair("a", "1"), Pair("b", "")));
}

TEST(KafkaSinkOptions, WhatCannotBeIsRefusedByName) {
  EXPECT_THAT(refusal_of(R"(, "topics": ["a"])"), HasSubstr("/topics: unknown option"));
  EXPECT_THAT(refusal_of(R"(, "acks": "leader")"), HasSubstr("idempotent: false"));
  EXPECT_THAT(refusal_of(R"(, "acks": "none")"), HasSubstr("all, leader"));
  EXPECT_THAT(refusal_of(R"(, "idempotent": false, "transactional_id": "t")"),
              HasSubstr("/transactional_id"));
  EXPECT_THAT(refusal_of(R"(, "partition": -1)"), HasSubstr("/partition"));
  EXPECT_THAT(refusal_of(R"(, "compression": "brotli")"), HasSubstr("/compression"));
  EXPECT_THAT(refusal_of(R"(, "delivery_timeout": "1h")"), HasSubstr("100ms to 15m"));
  EXPECT_THAT(refusal_of(R"(, "librdkafka": {"transactional.id": "t"})"),
              HasSubstr("the option `transactional_id`"));
  EXPECT_THAT(refusal_of(R"(, "librdkafka": {"plugin.library.paths": "x"})"),
              HasSubstr("foreign code"));
}

TEST(KafkaSinkOptions, TopicIsANameOfOne) {
  const auto refusal = [](const std::string& topic) -> std::string {
    try {
      static_cast<void>(Options(Config(R"({"brokers": "b:9092", "topic": ")" + topic + "\"}")));
      return {};
    } catch (const BadConfig& e) {
      return e.what();
    }
  };
  EXPECT_EQ(refusal("a.B_c-9"), "");
  EXPECT_THAT(refusal("no such"), HasSubstr("is no name of a topic"));
  EXPECT_THAT(refusal(".."), HasSubstr("is no name of a topic"));
  EXPECT_THAT(refusal(""), HasSubstr("/topic: is empty"));
}

}  // namespace
}  // namespace sluice::kafka_sink
