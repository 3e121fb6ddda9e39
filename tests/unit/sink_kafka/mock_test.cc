// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "plugins/sinks/kafka/sink.h"
#include "tests/unit/sink_kafka/mock_cluster.h"
#include "tests/unit/sink_sqlite/sink_driver.h"

namespace sluice::kafka_sink {
namespace {

using test::Records;
using test::SinkDriver;
using ::testing::HasSubstr;

class KafkaSinkWithAMock : public ::testing::Test {
 protected:
  void start(const std::string& more = {}) {
    ASSERT_EQ(sink_.start(cluster_.config(more)), SLUICE_OK) << sink_.error();
  }
  // A client that is new has to find its way first, which may take longer than a short limit.
  void write_until_taken(const Records& records) {
    constexpr int kTries = 100;
    for (int i = 0; i < kTries && sink_.write(records) == SLUICE_E_RETRY; ++i) {
    }
  }
  double counted(Metric metric) { return sink_.host().metrics[static_cast<std::uint32_t>(metric)]; }

  MockCluster cluster_;
  SinkDriver sink_{kKafkaSink};
};

TEST_F(KafkaSinkWithAMock, SaysOkOfWhatTheBrokerHas) {
  start();
  EXPECT_EQ(sink_.write({"1", "22", "333"}), SLUICE_OK) << sink_.error();
  EXPECT_EQ(sink_.words(), "ok ok ok");
  EXPECT_EQ(counted(Metric::kBytes), 6);
  EXPECT_EQ(counted(Metric::kClients), 1);
  EXPECT_EQ(sink_.probe(), SLUICE_OK) << sink_.error();
}

TEST_F(KafkaSinkWithAMock, DeletionsTakeTheirOwnKeyWhateverThePointer) {
  start(R"(, "key": "/id")");
  EXPECT_EQ(sink_.write(Records{R"({"id":1})"}.add_tombstone("k")), SLUICE_OK);
  EXPECT_EQ(sink_.words(), "ok ok");
}

TEST_F(KafkaSinkWithAMock, DeletionsWithoutAKeyDeleteNothing) {
  start(R"(, "key": "none")");
  EXPECT_EQ(sink_.write(Records{"1"}.add_tombstone("k")), SLUICE_OK);
  EXPECT_EQ(sink_.words(), "ok key_missing");
}

TEST_F(KafkaSinkWithAMock, KeyOfAPointerThatFindsNothingIsRefusedAlone) {
  start(R"(, "key": "/id")");
  EXPECT_EQ(sink_.write({R"({"id":1})", R"({"id":{}})", R"({"x":1})", R"({"id":"a"})"}), SLUICE_OK);
  EXPECT_EQ(sink_.words(), "ok key_missing key_missing ok");
  EXPECT_THAT(sink_.said()[1].detail, HasSubstr("/id, where /key points"));
}

TEST_F(KafkaSinkWithAMock, WhatTheClientItselfTakesNotIsRefusedAlone) {
  start(R"(, "librdkafka": {"message.max.bytes": 1000, "batch.size": 1000})");
  EXPECT_EQ(sink_.write(Records{"1"}.add(std::string(2000, '7')).add("3")), SLUICE_OK);
  EXPECT_EQ(sink_.words(), "ok too_large ok");
  EXPECT_EQ(sink_.said()[1].maps_to, "TOO_LARGE");
}

TEST_F(KafkaSinkWithAMock, TheCulpritOfARefusedBatchIsFoundAndItsNeighboursAreWritten) {
  start();
  const auto large = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
  // The batch, its left half, the left half of that, the first record.
  cluster_.refuse({large, large, large, large});
  EXPECT_EQ(sink_.write({"1", "2", "3", "4", "5", "6", "7", "8"}), SLUICE_OK) << sink_.error();
  EXPECT_EQ(sink_.words(), "too_large ok ok ok ok ok ok ok");
  EXPECT_EQ(counted(Metric::kCulpritSearches), 1);
}

TEST_F(KafkaSinkWithAMock, ARecordAloneIsAtFaultItself) {
  start();
  cluster_.refuse({RD_KAFKA_RESP_ERR_INVALID_RECORD});
  EXPECT_EQ(sink_.write({"1"}), SLUICE_OK);
  EXPECT_EQ(sink_.words(), "record_refused");
  EXPECT_EQ(counted(Metric::kCulpritSearches), 0);
}

TEST_F(KafkaSinkWithAMock, ARightThatIsMissingIsNoRecordsFault) {
  start();
  cluster_.refuse({RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  EXPECT_EQ(sink_.write({"1", "2"}), SLUICE_E_CONFIG);
  EXPECT_THAT(sink_.error(), HasSubstr("let the user write"));
  EXPECT_EQ(sink_.words(), "unset unset");
  EXPECT_EQ(sink_.write({"1", "2"}), SLUICE_OK) << sink_.error();
}

TEST_F(KafkaSinkWithAMock, AnErrorOfTheMomentIsTriedAgain) {
  start();
  cluster_.refuse({RD_KAFKA_RESP_ERR_POLICY_VIOLATION});
  EXPECT_EQ(sink_.write({"1"}), SLUICE_OK);
  EXPECT_EQ(sink_.words(), "broker_error");
  EXPECT_EQ(sink_.said()[0].verdict, SLUICE_REC_RETRY);
}

TEST_F(KafkaSinkWithAMock, AnAnswerThatIsLostIsAskedForAgain) {
  start();
  cluster_.refuse({RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
  EXPECT_EQ(sink_.write({"1", "2"}), SLUICE_OK) << sink_.error();
  EXPECT_EQ(sink_.words(), "ok ok");
}

TEST_F(KafkaSinkWithAMock, ABrokerThatHangsIsGivenUpAndLeavesDoubt) {
  start(R"(, "delivery_timeout": "2s")");
  write_until_taken({"0"});
  const double clients = counted(Metric::kClients);
  cluster_.swallow_next();
  EXPECT_EQ(sink_.write({"1", "2"}), SLUICE_E_RETRY);
  EXPECT_THAT(sink_.error(), HasSubstr("within 2000 ms (/delivery_timeout)"));
  EXPECT_EQ(sink_.words(), "delivery_timeout delivery_timeout");
  EXPECT_EQ(sink_.said()[0].flags, SLUICE_RECF_MAYBE_APPLIED);
  // With a new client it goes on.
  write_until_taken({"1", "2"});
  EXPECT_EQ(sink_.words(), "ok ok") << sink_.error();
  EXPECT_GT(counted(Metric::kClients), clients);
}

TEST_F(KafkaSinkWithAMock, ABrokerThatIsAwayHasNothing) {
  start(R"(, "delivery_timeout": "300ms", "connect_timeout": "300ms")");
  cluster_.go_down();
  EXPECT_EQ(sink_.write({"1", "2"}), SLUICE_E_RETRY);
  EXPECT_EQ(sink_.words(), "unset unset") << "no doubt: nothing was sent";
  EXPECT_EQ(sink_.probe(), SLUICE_E_RETRY);
  EXPECT_THAT(sink_.error(), HasSubstr("answers"));
  cluster_.come_back();
  start();
  EXPECT_EQ(sink_.write({"1", "2"}), SLUICE_OK) << sink_.error();
}

TEST_F(KafkaSinkWithAMock, AStopEndsAWriteThatHangs) {
  start();
  cluster_.swallow_next();
  std::thread other([&] {
    while (!cluster_.swallowed()) std::this_thread::yield();
    sink_.host().ask_stop();
  });
  EXPECT_EQ(sink_.write({"1"}), SLUICE_OK) << sink_.error();
  other.join();
  EXPECT_EQ(sink_.words(), "delivery_timeout");
  EXPECT_EQ(sink_.said()[0].flags, SLUICE_RECF_MAYBE_APPLIED);
  EXPECT_EQ(sink_.write({"1"}), SLUICE_CANCELLED);
}

TEST_F(KafkaSinkWithAMock, AQueueThatIsFullIsWaitedFor) {
  start(R"(, "librdkafka": {"queue.buffering.max.messages": 10})");
  Records many;
  for (int i = 0; i < 100; ++i) many.add(std::to_string(i));
  EXPECT_EQ(sink_.write(many), SLUICE_OK) << sink_.error();
  EXPECT_GT(counted(Metric::kQueueFull), 0);
  EXPECT_THAT(sink_.words(), ::testing::Not(HasSubstr("unset")));
}

TEST_F(KafkaSinkWithAMock, APartitionTheTopicDoesNotHaveIsAMistake) {
  EXPECT_EQ(sink_.start(cluster_.config(R"(, "partition": 5)")), SLUICE_E_CONFIG);
  EXPECT_THAT(sink_.error(), HasSubstr("topic orders has 1 partitions"));
}

TEST(KafkaSink, NoBrokerIsNoMistake) {
  SinkDriver sink{kKafkaSink};
  EXPECT_EQ(sink.start(R"({"brokers": "127.0.0.1:1", "topic": "orders", "connect_timeout": "1s"})"),
            SLUICE_E_RETRY);
  EXPECT_THAT(sink.error(), HasSubstr("no broker of 127.0.0.1:1 answers"));
}

TEST(KafkaSink, WritesNothingBeforeItIsOpen) {
  SinkDriver sink{kKafkaSink};
  ASSERT_EQ(sink.create(R"({"brokers": "127.0.0.1:1", "topic": "orders"})"), SLUICE_OK);
  EXPECT_EQ(sink.write({"1"}), SLUICE_E_FATAL);
}

}  // namespace
}  // namespace sluice::kafka_sink
