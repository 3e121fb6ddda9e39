// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "plugins/sinks/kafka/sink.h"
#include "tests/unit/sink_kafka/mock_cluster.h"
#include "tests/unit/sink_sqlite/sink_driver.h"

namespace sluice::kafka_sink {
namespace {

using test::Records;
using test::SinkDriver;

constexpr const char* kTransactional = R"(, "transactional_id": "t")";

class KafkaTransactions : public ::testing::Test {
 protected:
  double counted(Metric metric) { return sink_.host().metrics[static_cast<std::uint32_t>(metric)]; }

  MockCluster cluster_;
  SinkDriver sink_{kKafkaSink};
};

TEST_F(KafkaTransactions, HoldOneWriteEach) {
  ASSERT_EQ(sink_.start(cluster_.config(kTransactional)), SLUICE_OK) << sink_.error();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(sink_.write({"1", "2"}), SLUICE_OK) << sink_.error();
    EXPECT_EQ(sink_.words(), "ok ok");
  }
  EXPECT_EQ(counted(Metric::kTransactions), 3);
}

TEST_F(KafkaTransactions, AreAbortedWhenARecordIsRefusedAndTheHostHalves) {
  ASSERT_EQ(sink_.start(cluster_.config(kTransactional)), SLUICE_OK) << sink_.error();
  cluster_.refuse({RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  EXPECT_EQ(sink_.write({"1", "2"}), SLUICE_E_BATCH);
  EXPECT_EQ(counted(Metric::kTransactionsAborted), 1);
  EXPECT_EQ(sink_.write({"1"}), SLUICE_OK) << sink_.error();
  EXPECT_EQ(counted(Metric::kTransactions), 1);
}

TEST_F(KafkaTransactions, GoOnWithoutWhatTheClientItselfRefuses) {
  ASSERT_EQ(sink_.start(cluster_.config(std::string(kTransactional) +
                                        R"(, "librdkafka": {"message.max.bytes": 1000,
                                                            "batch.size": 1000})")),
            SLUICE_OK)
      << sink_.error();
  EXPECT_EQ(sink_.write(Records{"1"}.add(std::string(2000, '7')).add("3")), SLUICE_OK)
      << sink_.error();
  EXPECT_EQ(sink_.words(), "ok too_large ok");
}

TEST_F(KafkaTransactions, OfABrokerThatHangsLeaveNoDoubt) {
  ASSERT_EQ(sink_.start(
                cluster_.config(std::string(kTransactional) + R"(, "delivery_timeout": "300ms")")),
            SLUICE_OK)
      << sink_.error();
  cluster_.swallow_next();
  EXPECT_EQ(sink_.write({"1", "2"}), SLUICE_E_RETRY);
  EXPECT_EQ(sink_.words(), "unset unset") << "they are in no transaction that was committed";
  constexpr int kTries = 100;  // a new client may need longer than the limit to find its way
  for (int i = 0; i < kTries && sink_.write({"1", "2"}) == SLUICE_E_RETRY; ++i) {
  }
  EXPECT_EQ(sink_.words(), "ok ok") << sink_.error();
}

}  // namespace
}  // namespace sluice::kafka_sink
