// SPDX-License-Identifier: Apache-2.0
// The clients for topics against a real broker.
#include "runtime/store/kafka.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/kafka_server.h"

namespace sluice::store {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

KafkaTarget target_of(const std::string& topic, const std::string& more = "") {
  auto target = KafkaTarget::parse("kafka://" + kafka_brokers() + "/" + topic + more);
  EXPECT_TRUE(target.is_ok()) << target.status().message();
  return *target;
}

class Topic : public ::testing::Test {
 protected:
  void make(int partitions, std::map<std::string, std::string> config = {}) {
    writer_ = KafkaWriter::open(target_).value();
    const Status made = writer_->create_topic(
        {.name = target_.topic, .partitions = partitions, .config = std::move(config)});
    ASSERT_TRUE(made.is_ok()) << made.message();
    reader_ = KafkaReader::open(target_).value();
    partitions_ = static_cast<uint32_t>(partitions);
  }
  Status write(const std::vector<TopicMessage>& messages, int32_t partition = -1) {
    std::vector<KafkaWriter::Outgoing> out;
    for (const TopicMessage& message : messages) out.push_back({&message, partition});
    return writer_->write(target_.topic, out, &places_);
  }
  std::map<int32_t, int64_t> ends() {
    auto ranges = reader_->ranges(partitions_);
    EXPECT_TRUE(ranges.is_ok()) << ranges.status().message();
    std::map<int32_t, int64_t> out;
    for (size_t i = 0; ranges.is_ok() && i < ranges->size(); ++i) {
      out[static_cast<int32_t>(i)] = (*ranges)[i].end;
    }
    return out;
  }
  Status read(std::vector<KafkaReader::Incoming>& out) {
    return reader_->read_to(ends(), [&](KafkaReader::Incoming message) {
      out.push_back(std::move(message));
      return Status::ok();
    });
  }

  KafkaTarget target_ = target_of(new_topic_name());
  std::unique_ptr<KafkaWriter> writer_;
  std::unique_ptr<KafkaReader> reader_;
  std::vector<KafkaPlace> places_;
  uint32_t partitions_ = 0;
};

TEST_F(Topic, GivesBackMessagesByteForByte) {
  make(1);
  std::vector<TopicMessage> in = {
      {.key = "a", .value = std::string("\0\xff", 2), .headers = {{"h", "1"}, {"h", ""}}},
      {.key = "b", .value = "", .headers = {}},
      {.key = "c", .value = std::nullopt, .headers = {{"x", std::string("\0", 1)}}},
      {.key = std::nullopt, .value = "v", .headers = {}},
      {.key = "", .value = std::string(3'000, 'z'), .headers = {}},
  };
  const Status written = write(in);
  ASSERT_TRUE(written.is_ok()) << written.message();
  ASSERT_TRUE(reader_->start({{0, 0}}).is_ok());
  std::vector<KafkaReader::Incoming> out;
  const Status status = read(out);
  ASSERT_TRUE(status.is_ok()) << status.message();
  ASSERT_EQ(out.size(), in.size());
  for (size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(out[i].message.key, in[i].key) << i;
    EXPECT_EQ(out[i].message.value, in[i].value) << i;
    EXPECT_EQ(out[i].message.headers, in[i].headers) << i;
    EXPECT_EQ(out[i].place.offset, static_cast<int64_t>(i));
    EXPECT_EQ(places_[i].offset, static_cast<int64_t>(i));
    EXPECT_GT(out[i].time_ms, 0);
  }
}

TEST_F(Topic, ReadsOnFromWhereItIsTold) {
  make(3);
  std::vector<TopicMessage> many;
  for (int i = 0; i < 3'000; ++i) {
    many.push_back({.key = std::to_string(i), .value = std::to_string(i), .headers = {}});
  }
  ASSERT_TRUE(write(many).is_ok());
  const auto all = ends();
  EXPECT_EQ(all.at(0) + all.at(1) + all.at(2), 3'000);
  ASSERT_TRUE(reader_->start({{0, all.at(0) - 1}, {1, all.at(1)}, {2, 0}}).is_ok());
  std::vector<KafkaReader::Incoming> out;
  ASSERT_TRUE(read(out).is_ok());
  EXPECT_EQ(static_cast<int64_t>(out.size()), 1 + all.at(2));
  // What comes later is there at the next call, and nothing twice.
  ASSERT_TRUE(write({{.key = "k", .value = "later", .headers = {}}}, 1).is_ok());
  out.clear();
  ASSERT_TRUE(read(out).is_ok());
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].message.value, "later");
  EXPECT_EQ(out[0].place.partition, 1);
  EXPECT_EQ(places_[0].partition, 1);
}

TEST_F(Topic, KnowsItsConfigurationAndDeletesWhatLiesBelow) {
  make(2, {{"cleanup.policy", "compact,delete"}, {"retention.ms", "-1"}});
  EXPECT_EQ(*writer_->partitions(target_.topic), std::optional<uint32_t>(2));
  EXPECT_EQ(*writer_->partitions("nowhere-" + target_.topic), std::nullopt);
  const auto config = writer_->topic_config(target_.topic);
  ASSERT_TRUE(config.is_ok()) << config.status().message();
  EXPECT_THAT(*config, Contains(Pair("cleanup.policy", "compact,delete")));
  EXPECT_THAT(*config, Contains(Pair("retention.ms", "-1")));
  EXPECT_FALSE(writer_->cluster_id()->empty());
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(write({{.key = "k", .value = "v", .headers = {}}}, 1).is_ok());
  }
  const Status deleted = writer_->delete_records(target_.topic, {{1, 7}});
  ASSERT_TRUE(deleted.is_ok()) << deleted.message();
  const auto ranges = reader_->ranges(2);
  EXPECT_EQ((*ranges)[1].low, 7);
  EXPECT_EQ((*ranges)[1].end, 10);
  // Reading what is gone is told, not passed over.
  ASSERT_TRUE(reader_->start({{0, 0}, {1, 3}}).is_ok());
  std::vector<KafkaReader::Incoming> out;
  EXPECT_EQ(read(out).code(), Code::kNotFound);
  ASSERT_TRUE(reader_->start({{0, 0}, {1, 7}}).is_ok());
  ASSERT_TRUE(read(out).is_ok());
  EXPECT_EQ(out.size(), 3u);
  // Made twice is made once.
  EXPECT_TRUE(writer_->create_topic({.name = target_.topic, .config = {}}).is_ok());
}

TEST_F(Topic, AMessageThatIsTooLargeIsTheOperators) {
  make(1, {{"max.message.bytes", "2000"}, {"compression.type", "uncompressed"}});
  std::string noise;
  for (uint32_t i = 0, x = 1; i < 10'000; ++i) {
    x = x * 1664525u + 1013904223u;
    noise += static_cast<char>(x >> 24);
  }
  const Status status = write({{.key = "k", .value = noise, .headers = {}}});
  EXPECT_EQ(status.code(), Code::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("max.message.bytes"));
  EXPECT_TRUE(write({{.key = "k", .value = "small", .headers = {}}}).is_ok());
}

TEST_F(Topic, SaysThatThereIsNoTopic) {
  auto writer =
      KafkaWriter::open(target_of(target_.topic, "?topic.metadata.propagation.max.ms=500")).value();
  const TopicMessage message{.key = "k", .value = "v", .headers = {}};
  const KafkaWriter::Outgoing out[] = {{&message, -1}};
  const Status status = writer->write(target_.topic, out);
  EXPECT_EQ(status.code(), Code::kNotFound) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("create the topic"));
}

TEST(KafkaClients, SayWhatIsWrongWithAPropertyAndNotItsValue) {
  const auto writer = KafkaWriter::open(target_of("t", "?linger.mss=geheim"));
  ASSERT_FALSE(writer.is_ok());
  EXPECT_EQ(writer.status().code(), Code::kInvalid);
  EXPECT_THAT(writer.status().message(), HasSubstr("linger.mss"));
  EXPECT_THAT(writer.status().message(), Not(HasSubstr("geheim")));
  EXPECT_FALSE(KafkaReader::open(target_of("t", "?socket.timeout.ms=-7")).is_ok());
}

TEST(KafkaClients, AreUsedByNameAndPassword) {
  const std::string protocol = "/t?security.protocol=SASL_PLAINTEXT";
  const auto right =
      KafkaTarget::parse("kafka://ingest:right-password@" + kafka_sasl_brokers() + protocol);
  EXPECT_TRUE((*KafkaWriter::open(*right))->cluster_id().is_ok());
  const auto wrong = KafkaTarget::parse("kafka://ingest:geheim@" + kafka_sasl_brokers() + protocol);
  const Status status = (*KafkaWriter::open(*wrong))->cluster_id().status();
  EXPECT_EQ(status.code(), Code::kInvalid) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("check user and password"));
  EXPECT_THAT(status.message(), Not(HasSubstr("geheim")));
}

TEST(KafkaClients, SayThatNoBrokerAnswers) {
  const auto target = KafkaTarget::parse("kafka://127.0.0.1:1/t?message.timeout.ms=1000");
  auto writer = KafkaWriter::open(*target).value();
  const TopicMessage message{.key = "k", .value = "v", .headers = {}};
  const KafkaWriter::Outgoing out[] = {{&message, -1}};
  const Status status = writer->write("t", out);
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("check that the brokers run"));
}

}  // namespace
}  // namespace sluice::store
