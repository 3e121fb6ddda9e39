// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/errors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::kafka_sink {
namespace {

using ::testing::HasSubstr;

TEST(KafkaSinkErrors, ARecordsOwnFaultIsToldFromAllElse) {
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_NO_ERROR), Fate::kWritten);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE), Fate::kTooLarge);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_INVALID_RECORD), Fate::kRefused);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP), Fate::kRefused);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT), Fate::kTimeout);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR__PURGE_INFLIGHT), Fate::kTimeout);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART), Fate::kMissing);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED), Fate::kOperator);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED), Fate::kOperator);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED), Fate::kOperator);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR__FATAL), Fate::kFatal);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR__FENCED), Fate::kFatal);
  // What nobody has thought of is tried again.
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS), Fate::kAgain);
  EXPECT_EQ(fate_of(RD_KAFKA_RESP_ERR_UNKNOWN), Fate::kAgain);
}

TEST(KafkaSinkErrors, OnlyWhatARecordHoldsSpoilsItsBatch) {
  EXPECT_TRUE(blames_batch(Fate::kTooLarge));
  EXPECT_TRUE(blames_batch(Fate::kRefused));
  EXPECT_FALSE(blames_batch(Fate::kAgain));
  EXPECT_FALSE(blames_batch(Fate::kOperator));
}

TEST(KafkaSinkErrors, AreToldWithCodeAndASinksCure) {
  EXPECT_THAT(told("topic a", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED),
              HasSubstr("(TOPIC_AUTHORIZATION_FAILED); let the user write and describe the topic"));
  EXPECT_THAT(told("x", RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC), HasSubstr("correct /topic"));
  EXPECT_THAT(told("x", RD_KAFKA_RESP_ERR__FENCED), HasSubstr("/transactional_id"));
  // One that a source shares.
  EXPECT_THAT(told("x", RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED),
              HasSubstr("check /sasl_mechanism"));
}

}  // namespace
}  // namespace sluice::kafka_sink
