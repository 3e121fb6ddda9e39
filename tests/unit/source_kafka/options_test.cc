// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace sluice::kafka_source {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Options options(const std::string& more) {
  return {Config(R"({"brokers": "b:9092", "topics": ["orders"])" + more + "}"), "in"};
}

// What is said of a configuration that is refused; empty: it is not.
std::string refusal(const std::string& json) {
  try {
    static_cast<void>(Options(Config(json), "in"));
    return {};
  } catch (const BadConfig& e) {
    return e.what();
  }
}
std::string refusal_of(const std::string& more) {
  return refusal(R"({"brokers": "b:9092", "topics": ["orders"])" + more + "}");
}

TEST(KafkaOptions, DefaultsAreSafe) {
  const Options found = options("");
  EXPECT_EQ(found.connection.brokers, "b:9092");
  EXPECT_EQ(found.connection.security_protocol, "PLAINTEXT");
  EXPECT_THAT(found.topics, ElementsAre("orders"));
  EXPECT_EQ(found.group_id, "ingest-adapter-in");
  EXPECT_EQ(found.assignment, "cooperative-sticky");
  EXPECT_EQ(found.reset, Reset::kEarliest);
  EXPECT_EQ(found.commit, CommitWhen::kOnSettled);
  EXPECT_TRUE(found.commit_async);
  EXPECT_TRUE(found.read_committed);
  EXPECT_FALSE(found.until);
  EXPECT_EQ(found.tombstone, Tombstone::kDelete);
  EXPECT_EQ(found.revoke_timeout, milliseconds(30'000));
}

TEST(KafkaOptions, StartIsAWordOrATime) {
  EXPECT_FALSE(options("").start);
  EXPECT_FALSE(options(R"(, "start": "committed")").start);
  EXPECT_EQ(options(R"(, "start": "latest")").start->kind, Start::Kind::kLatest);
  const auto start = options(R"(, "start": "2026-01-31T12:00:00Z")").start;
  EXPECT_EQ(start->kind, Start::Kind::kTime);
  EXPECT_EQ(start->time_ms, 1'769'860'800'000);
  EXPECT_EQ(start->text, "2026-01-31T12:00:00Z");
  EXPECT_THAT(refusal_of(R"(, "start": "beginning")"), HasSubstr("/start: expected committed"));
  EXPECT_THAT(refusal_of(R"(, "start": "2026-01-31 12:00:00Z")"), HasSubstr("/start"));
}

TEST(KafkaOptions, StatisticsMayBeLeftOut) {
  EXPECT_EQ(options("").statistics_interval, milliseconds(15'000));
  EXPECT_EQ(options(R"(, "statistics_interval": "0s")").statistics_interval, milliseconds(0));
  EXPECT_THAT(refusal_of(R"(, "librdkafka": {"statistics.interval.ms": 5})"),
              HasSubstr("statistics_interval"));
}

TEST(KafkaOptions, BrokersAndTopicsMayBeListsOrTexts) {
  const Options found(Config(R"({"brokers": ["a:1", "b:2"], "topics": "^or.*"})"), "in");
  EXPECT_EQ(found.connection.brokers, "a:1,b:2");
  EXPECT_TRUE(found.is_pattern(0));
}

TEST(KafkaOptions, GroupComesFromPrefixAndInstance) {
  EXPECT_EQ(options(R"(, "group_id": "g")").group_id, "g");
  EXPECT_EQ(options(R"(, "group_id": "", "group_prefix": "fleet")").group_id, "fleet-in");
  ::setenv("KAFKA_CONSUMER_GROUP_PREFIX", "env", 1);
  EXPECT_EQ(options("").group_id, "env-in");
  EXPECT_EQ(options(R"(, "group_prefix": "fleet")").group_id, "fleet-in");
  ::unsetenv("KAFKA_CONSUMER_GROUP_PREFIX");
}

TEST(KafkaOptions, EmptyTextsOfPlaceholdersCountAsAbsent) {
  const Options found = options(
      R"(, "group_id": "", "auto_offset_reset": "", "security_protocol": "", "sasl_mechanism": "",
         "sasl_username": "", "sasl_password": "", "until": "", "commit": "")");
  EXPECT_EQ(found.reset, Reset::kEarliest);
  EXPECT_EQ(found.connection.security_protocol, "PLAINTEXT");
}

TEST(KafkaOptions, CommitIsOneWordOrTheSwitchesOfTheEnvironment) {
  EXPECT_EQ(options(R"(, "auto_commit": true)").commit, CommitWhen::kInterval);
  EXPECT_EQ(options(R"(, "commit_on_publish": false)").commit, CommitWhen::kInterval);
  EXPECT_EQ(options(R"(, "commit": "on_settled", "auto_commit": true)").commit,
            CommitWhen::kOnSettled);
  EXPECT_FALSE(options(R"(, "commit": "interval", "commit_async": false)").commit_async);
  EXPECT_TRUE(options(R"(, "commit": "auto", "commit_async": false)").commit_async);
}

TEST(KafkaOptions, UntilIsAnEndATimeOrAnOffset) {
  EXPECT_EQ(options(R"(, "until": "end")").until->kind, Until::Kind::kEnd);
  const auto offset = options(R"(, "until": 42)").until;
  EXPECT_EQ(offset->kind, Until::Kind::kOffset);
  EXPECT_EQ(offset->value, 42);
  EXPECT_EQ(options(R"(, "until": "42")").until->value, 42);
  const auto time = options(R"(, "until": "1970-01-01T00:00:02Z")").until;
  EXPECT_EQ(time->kind, Until::Kind::kTime);
  EXPECT_EQ(time->value, 2000);
}

TEST(KafkaOptions, RefusalsNameTheOptionAndWhatIsExpected) {
  EXPECT_THAT(refusal(R"({"topics": ["t"]})"), HasSubstr("/brokers: is empty"));
  EXPECT_THAT(refusal(R"({"brokers": "b", "topics": []})"), HasSubstr("/topics: expected a list"));
  EXPECT_THAT(refusal(R"({"brokers": "b", "topics": ["a", "a b"]})"), HasSubstr("/topics/1"));
  EXPECT_THAT(refusal(R"({"brokers": "b", "topics": ["a", "a"]})"), HasSubstr("listed twice"));
  EXPECT_THAT(refusal_of(R"(, "until": "soon")"), HasSubstr("/until: expected end, a time"));
  EXPECT_THAT(refusal_of(R"(, "until": "2026-02-30")"), HasSubstr("/until"));
  EXPECT_THAT(refusal_of(R"(, "commit": "sometimes")"), HasSubstr("/commit: expected one of"));
  EXPECT_THAT(refusal_of(R"(, "auto_offset_reset": "now")"), HasSubstr("earliest, latest, none"));
  EXPECT_THAT(refusal_of(R"(, "assignment": "eager")"), HasSubstr("cooperative-sticky"));
  EXPECT_THAT(refusal_of(R"(, "revoke_timeout": "50s")"), HasSubstr("/session_timeout"));
  EXPECT_THAT(refusal_of(R"(, "session_timeout": "10ms")"), HasSubstr("1s to 1h"));
  EXPECT_THAT(refusal_of(R"(, "topic": "t")"), HasSubstr("/topic: unknown option"));
}

}  // namespace
}  // namespace sluice::kafka_source
