// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/kafka_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

TEST(KafkaTarget, ReadsHostsAndTopic) {
  const auto target = KafkaTarget::parse("kafka://k-1:9092,[::1]:9093/orders.dead_letters");
  ASSERT_TRUE(target.is_ok()) << target.status().message();
  EXPECT_EQ(target->brokers, "k-1:9092,[::1]:9093");
  EXPECT_EQ(target->topic, "orders.dead_letters");
  EXPECT_THAT(target->properties, IsEmpty());
  EXPECT_EQ(target->partitions, -1);
  EXPECT_EQ(target->shown, "kafka://k-1:9092,[::1]:9093/orders.dead_letters");
}

TEST(KafkaTarget, ReadsPropertiesAndWhatATopicIsMadeWith) {
  const auto target = KafkaTarget::parse(
      "kafka://k:9092/t?partitions=6&replication=3&ssl.ca.location=/etc/ca%20.pem&&linger.ms=5");
  ASSERT_TRUE(target.is_ok()) << target.status().message();
  EXPECT_EQ(target->partitions, 6);
  EXPECT_EQ(target->replication, 3);
  EXPECT_THAT(target->properties,
              ElementsAre(Pair("ssl.ca.location", "/etc/ca .pem"), Pair("linger.ms", "5")));
  EXPECT_EQ(target->shown, "kafka://k:9092/t");
}

TEST(KafkaTarget, AUserMeansSaslOverTls) {
  const auto target = KafkaTarget::parse("kafka://app:p%40ss/w:ord@k:9092/t");
  ASSERT_TRUE(target.is_ok()) << target.status().message();
  EXPECT_THAT(target->properties,
              ElementsAre(Pair("security.protocol", "SASL_SSL"), Pair("sasl.mechanisms", "PLAIN"),
                          Pair("sasl.username", "app"), Pair("sasl.password", "p@ss/w:ord")));
  EXPECT_EQ(target->shown, "kafka://app@k:9092/t");
}

TEST(KafkaTarget, PropertiesSayHowSaslIsDone) {
  const auto target = KafkaTarget::parse(
      "kafka://app:x@k:9092/t?sasl.mechanism=SCRAM-SHA-512&security.protocol=SASL_PLAINTEXT");
  ASSERT_TRUE(target.is_ok()) << target.status().message();
  EXPECT_THAT(target->properties, Contains(Pair("sasl.mechanisms", "SCRAM-SHA-512")));
  EXPECT_THAT(target->properties, Contains(Pair("security.protocol", "SASL_PLAINTEXT")));
  EXPECT_THAT(target->properties, Not(Contains(Pair("sasl.mechanisms", "PLAIN"))));
}

TEST(KafkaTarget, SaysWhatIsWrongAndNeverThePassword) {
  const std::pair<const char*, const char*> wrong[] = {
      {"postgres://a:geheim@h/t", "does not begin with kafka://"},
      {"kafka://", "names no topic"},
      {"kafka://k:9092", "names no topic"},
      {"kafka://k:9092/", "names no topic"},
      {"kafka:///t", "names no host"},
      {"kafka://app:geheim@k/t", "not host:port: k"},
      {"kafka://k:0/t", "not host:port"},
      {"kafka://k:99999/t", "not host:port"},
      {"kafka://k:9092,/t", "not host:port"},
      {"kafka://:9092/t", "not host:port"},
      {"kafka://k:9092/a/b", "topic whose name"},
      {"kafka://k:9092/..", "topic whose name"},
      {"kafka://k:9092/t%41", "topic whose name"},
      {"kafka://a:%gehe@k:9092/t", "user or password"},
      {"kafka://:geheim@k:9092/t", "user or password"},
      {"kafka://a:geheim%00@k:9092/t", "user or password"},
      {"kafka://k:9092/t?partitions=0", "no number above 0"},
      {"kafka://k:9092/t?replication=x", "no number above 0"},
      {"kafka://k:9092/t?=geheim", "without a name"},
      {"kafka://k:9092/t?linger.ms", "linger.ms without a value"},
      {"kafka://k:9092/t?sasl.password=geheim", "use user:password@"},
      {"kafka://k:9092/t?group.id=g", "no group is joined"},
      {"kafka://k:9092/t?acks=0", "Sluice sets itself"},
      {"kafka://k:9092/t?plugin.library.paths=/tmp/geheim.so", "foreign code"},
      {"kafka://k:9092/t?ssl.engine.location=x", "foreign code"},
      {"kafka://k:9092/t?ssl%2eproviders=x", "foreign code"},
  };
  for (const auto& [address, expected] : wrong) {
    const auto target = KafkaTarget::parse(address);
    ASSERT_FALSE(target.is_ok()) << address;
    EXPECT_EQ(target.status().code(), Code::kInvalid);
    EXPECT_THAT(target.status().message(), HasSubstr(expected)) << address;
    EXPECT_THAT(target.status().message(), Not(HasSubstr("geheim")));
  }
}

}  // namespace
}  // namespace sluice::store
