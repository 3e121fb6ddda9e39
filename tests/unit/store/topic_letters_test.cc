// SPDX-License-Identifier: Apache-2.0
// What only a topic of dead letters has to do, against a real broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/store/kafka.h"
#include "runtime/store/letter_message.h"
#include "tests/unit/store/letter_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Fate = RedrivenLetter::Fate;

class TopicLetters : public ::testing::Test {
 protected:
  // Each folder is a node of its own.
  std::unique_ptr<DeadLetterStore> node(const TempDir& dir) {
    auto store = open_topic_dead_letters(dir.path(), address_);
    EXPECT_TRUE(store.is_ok()) << store.status().message();
    return store.is_ok() ? std::move(store).value() : nullptr;
  }

  const std::string topic_ = new_topic_name();
  const std::string address_ = "kafka://" + kafka_brokers() + "/" + topic_ + "?partitions=3";
  TempDir one_dir_;
  TempDir other_dir_;
};

TEST_F(TopicLetters, AreSharedByNodesAndReadAnewFromTheTopicAlone) {
  auto one = node(one_dir_);
  auto other = node(other_dir_);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 50; ++i) letters.push_back(make_letter(i, "A", 100));
  ASSERT_TRUE(one->put(letters).is_ok());
  EXPECT_EQ(*other->count(), 50u);
  // An update by the other node keeps the beginning, for whoever reads only the last message.
  DeadLetter again = letters[7];
  again.reason = "B";
  again.first_at_us = again.last_at_us = 200;
  again.attempts = 5;
  ASSERT_TRUE(other->put({again}).is_ok());
  LetterFilter one_of_them;
  one_of_them.ids = {letters[8].id};
  EXPECT_EQ(*one->remove(one_of_them), 1u);
  TempDir third_dir;
  auto third = node(third_dir);
  for (DeadLetterStore* store : {one.get(), other.get(), third.get()}) {
    EXPECT_EQ(*store->count(), 49u);
    const auto found = *store->find(letters[7].id);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->reason, "B");
    EXPECT_EQ(found->first_at_us, 100);
    EXPECT_EQ(found->last_at_us, 200);
    EXPECT_FALSE(store->find(letters[8].id)->has_value());
  }
}

TEST_F(TopicLetters, PurgingDeletesFromTheTopicAndNodesThatSleptFollow) {
  auto sleeper = node(other_dir_);
  auto one = node(one_dir_);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 60; ++i) letters.push_back(make_letter(i, "A", i < 50 ? 100 : 200));
  ASSERT_TRUE(one->put(letters).is_ok());
  EXPECT_EQ(*sleeper->count(), 60u);
  LetterFilter old;
  old.until_us = 150;
  EXPECT_EQ(*one->remove(old), 50u);
  EXPECT_EQ(*one->remove(LetterFilter()), 10u);
  const auto target = store::KafkaTarget::parse(address_);
  auto writer = store::KafkaWriter::open(*target).value();
  const auto ranges = writer->ranges(topic_, 3);
  ASSERT_TRUE(ranges.is_ok()) << ranges.status().message();
  // Not even the tombstones are left for the other node, which learns it from that.
  for (const store::KafkaRange& range : *ranges) EXPECT_EQ(range.low, range.end);
  EXPECT_EQ(*sleeper->count(), 0u);
  ASSERT_TRUE(sleeper->put({letters[0]}).is_ok());
  EXPECT_EQ(*one->count(), 1u);
}

TEST_F(TopicLetters, ARedriveThatDiedBehindTheTopicHasItsCounts) {
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 4; ++i) letters.push_back(make_letter(i, "A", 100));
  uint64_t redrive = 0;
  {
    auto store = node(one_dir_);
    ASSERT_TRUE(store->put(letters).is_ok());
    redrive = *store->create_redrive({});
    ASSERT_TRUE(store->choose(redrive, LetterFilter(), true).is_ok());
    const auto chosen = *store->next_chosen(redrive, 0, 10);
    ASSERT_EQ(chosen.size(), 4u);
    RedrivenLetter gone;
    gone.redrive = redrive;
    gone.seq = chosen[0].seq;
    RedrivenLetter failed = gone;
    failed.seq = chosen[1].seq;
    failed.fate = Fate::kFailed;
    failed.letter = chosen[1];
    failed.letter->redrives = 1;
    failed.more = {make_letter(100, "C", 300)};
    // The view follows with the next call only, which never comes.
    ASSERT_TRUE(store->settle_redriven({gone, failed}, 400).is_ok());
  }
  auto store = node(one_dir_);
  const auto plan = *store->find_redrive(redrive);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->committed, 1u);
  EXPECT_EQ(plan->failed, 1u);
  EXPECT_EQ(plan->left, 2u);
  EXPECT_EQ(plan->updated_us, 400);
  EXPECT_EQ(*store->count(), 4u);
  // Another node has the letters, and no such plan.
  EXPECT_TRUE(node(other_dir_)->redrives(10)->empty());
}

TEST_F(TopicLetters, OneThatIsTooLargeHoldsBackWhatComesWithIt) {
  const auto target = store::KafkaTarget::parse(address_);
  auto writer = store::KafkaWriter::open(*target).value();
  ASSERT_TRUE(
      writer
          ->create_topic({.name = topic_,
                          .partitions = 1,
                          .config = {{"cleanup.policy", "compact"}, {"max.message.bytes", "4000"}}})
          .is_ok());
  auto store = node(one_dir_);
  DeadLetter large = make_letter(1, "A", 1);
  for (uint32_t i = 0, x = 1; i < 20'000; ++i) {
    x = x * 1664525u + 1013904223u;
    large.raw += static_cast<char>(x >> 24);
  }
  const Status status = store->put({make_letter(0, "A", 1), large});
  EXPECT_EQ(status.code(), Code::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("raise max.message.bytes of the topic"));
  EXPECT_EQ(*store->count(), 0u);
  ASSERT_TRUE(store->put({make_letter(0, "A", 1)}).is_ok());
  // Where the brokers may not delete, tombstones alone remove.
  EXPECT_EQ(*store->remove(LetterFilter()), 1u);
  EXPECT_EQ(*store->count(), 0u);
}

TEST_F(TopicLetters, AnUpdateGoesToThePartitionWhereItsLetterLies) {
  auto store = node(one_dir_);
  ASSERT_TRUE(store->put({make_letter(1, "A", 1)}).is_ok());
  auto far = make_letter(2, "A", 2);
  const auto target = store::KafkaTarget::parse(address_);
  auto writer = store::KafkaWriter::open(*target).value();
  store::TopicMessage message = store::message_of(far);
  const store::KafkaWriter::Outgoing out[] = {{&message, 2}};
  ASSERT_TRUE(writer->write(topic_, out).is_ok());
  EXPECT_THAT(positions_of(walk(*store, {})), UnorderedElementsAre(1, 2));
  far.reason = "B";
  ASSERT_TRUE(store->put({far}).is_ok());
  LetterFilter b;
  b.reason = "B";
  EXPECT_THAT(positions_of(walk(*store, b)), ElementsAre(2));
  EXPECT_EQ((*writer->ranges(topic_, 3))[2].end, 2);
}

}  // namespace
}  // namespace sluice
