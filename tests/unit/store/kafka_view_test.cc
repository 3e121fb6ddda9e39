// SPDX-License-Identifier: Apache-2.0
// The view of a topic, told of messages as a reader would; no broker is asked.
#include "runtime/store/kafka_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/store/letter_message.h"
#include "tests/unit/store/letter_fixture.h"

namespace sluice::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Fate = RedrivenLetter::Fate;

KafkaReader::Incoming incoming(int32_t partition, int64_t offset, TopicMessage message) {
  return {.place = {partition, offset}, .time_ms = 5, .message = std::move(message)};
}
KafkaReader::Incoming letter_at(int32_t partition, int64_t offset, uint64_t position) {
  return incoming(partition, offset, message_of(make_letter(position, "A", 10)));
}
KafkaReader::Incoming end_at(int64_t offset, uint64_t position, LetterEnd how) {
  return incoming(0, offset, tombstone_of(make_letter(position, "A", 10).id, how));
}

class TopicViewTest : public ::testing::Test {
 protected:
  void SetUp() override { view_ = open(); }
  std::unique_ptr<TopicView> open() {
    auto view = TopicView::open(dir_.path(), "view.db", "letters");
    EXPECT_TRUE(view.is_ok()) << view.status().message();
    return std::move(view).value();
  }
  void apply(std::vector<KafkaReader::Incoming> messages) {
    const Status status = view_->apply(messages);
    ASSERT_TRUE(status.is_ok()) << status.message();
  }
  std::vector<uint64_t> positions() { return positions_of(walk(view_->store(), {})); }

  TempDir dir_;
  std::unique_ptr<TopicView> view_;
};

TEST_F(TopicViewTest, HoldsWhatTheLastMessagesSay) {
  apply({letter_at(0, 0, 1), letter_at(1, 0, 2), letter_at(0, 1, 3)});
  DeadLetter again = make_letter(1, "B", 30);
  again.id = make_letter(1, "A", 10).id;
  again.headers = {{"h", "2"}};
  apply({incoming(0, 2, message_of(again)), end_at(3, 3, LetterEnd::kPurged)});
  EXPECT_THAT(positions(), ElementsAre(2, 1));
  const auto found = view_->find_whole(again.id);
  ASSERT_TRUE(found.is_ok() && found->has_value());
  EXPECT_EQ((*found)->letter.reason, "B");
  EXPECT_EQ((*found)->letter.headers, again.headers);
  EXPECT_EQ((*found)->letter.seq, 1u);
  EXPECT_EQ((*found)->key, again.id);
  EXPECT_THAT(*view_->lowest_needed(), ElementsAre(Pair(0, 2), Pair(1, 0)));
  EXPECT_EQ(view_->progress()->at(0).next, 4);
  // All of it is there for the next process, which passes over what was read.
  const std::string id = view_->id();
  view_ = open();
  EXPECT_EQ(view_->id(), id);
  apply({end_at(3, 1, LetterEnd::kPurged)});
  EXPECT_THAT(positions(), ElementsAre(2, 1));
}

TEST_F(TopicViewTest, TwoProcessesReadTheSameOnce) {
  auto other = open();
  apply({letter_at(0, 0, 1)});
  ASSERT_TRUE(other->apply({letter_at(0, 0, 1), letter_at(0, 1, 2)}).is_ok());
  ASSERT_TRUE(other->apply({end_at(2, 2, LetterEnd::kDropped)}).is_ok());
  ASSERT_TRUE(other->tidy().is_ok());
  apply({letter_at(0, 1, 2), end_at(2, 2, LetterEnd::kDropped), letter_at(0, 3, 4)});
  EXPECT_THAT(positions(), ElementsAre(1, 4));
  EXPECT_EQ(*view_->store().dropped(), 1u);
  // One that reads again from the beginning is not overtaken.
  ASSERT_TRUE(other->read_again(0, {.low = 0, .end = 4}).is_ok());
  EXPECT_EQ(view_->apply({letter_at(0, 4, 5)}).code(), Code::kCancelled);
}

TEST_F(TopicViewTest, LettersBelowTheBeginningOfTheTopicAreGone) {
  apply({letter_at(0, 0, 1), letter_at(0, 1, 2), letter_at(1, 0, 3)});
  ASSERT_TRUE(view_->forget_below(0, 1).is_ok());
  EXPECT_THAT(positions(), ElementsAre(2, 3));
  ASSERT_TRUE(view_->forget_below(0, 50).is_ok());
  EXPECT_THAT(positions(), ElementsAre(3));
  EXPECT_EQ(view_->progress()->at(0).next, 50);
}

TEST_F(TopicViewTest, WhatDoesNotComeWhenReadAgainIsGone) {
  apply({letter_at(0, 0, 1), letter_at(0, 1, 2), letter_at(1, 0, 3)});
  const uint64_t seq = walk(view_->store(), {})[1].seq;
  ASSERT_TRUE(view_->read_again(0, {.low = 0, .end = 2}).is_ok());
  view_ = open();  // killed in the middle of it
  apply({letter_at(0, 1, 2)});
  EXPECT_THAT(positions(), ElementsAre(1, 2, 3)) << "not before all was read";
  ASSERT_TRUE(view_->reached({{0, 2}, {1, 1}}, 77).is_ok());
  EXPECT_THAT(positions(), ElementsAre(2, 3));
  EXPECT_EQ(walk(view_->store(), {})[0].seq, seq) << "a plan that means it still does";
  EXPECT_FALSE(view_->progress()->at(0).reread_to.has_value());
  EXPECT_EQ(view_->progress()->at(0).read_at_us, 77);
}

TEST_F(TopicViewTest, AMarkLeavesItsPlanOnce) {
  apply({letter_at(0, 0, 1), letter_at(0, 1, 2), letter_at(0, 2, 3)});
  const uint64_t redrive = *view_->store().create_redrive({});
  ASSERT_TRUE(view_->store().choose(redrive, LetterFilter(), true).is_ok());
  auto committed = end_at(3, 1, LetterEnd::kRedriven);
  add_redrive_mark(committed.message, {view_->id(), redrive, Fate::kCommitted, 70});
  auto failed = incoming(0, 4, message_of(make_letter(2, "A", 10)));
  add_redrive_mark(failed.message, {view_->id(), redrive, Fate::kFailed, 80});
  auto elsewhere = end_at(5, 3, LetterEnd::kRedriven);
  add_redrive_mark(elsewhere.message, {"another", redrive, Fate::kFiltered, 90});
  apply({committed, failed});
  apply({elsewhere});
  failed.place.offset = 6;  // as when it is read again
  apply({failed});
  const auto plan = *view_->store().find_redrive(redrive);
  EXPECT_EQ(plan->chosen, 3u);
  EXPECT_EQ(plan->committed, 1u);
  EXPECT_EQ(plan->failed, 1u);
  EXPECT_EQ(plan->filtered, 0u);
  EXPECT_EQ(plan->updated_us, 80);
  EXPECT_THAT(plan->reasons, ElementsAre(Pair("A", 1u)));
  EXPECT_THAT(*view_->store().next_chosen(redrive, 0, 10), IsEmpty());
  EXPECT_EQ((*view_->store().find_redrive(redrive))->gone, 1u) << "what another node redrove";
}

TEST_F(TopicViewTest, ShowsWhatIsNoLetter) {
  const std::string odd_key = std::string("k\0\xff", 3);
  TopicMessage damaged = message_of(make_letter(9, "A", 1));
  damaged.headers.emplace_back("sluice.part", "x");
  apply({incoming(2, 7, {.key = odd_key, .value = "v", .headers = {{"h", "1"}}}),
         incoming(2, 8, {.key = std::nullopt, .value = "", .headers = {}}), incoming(2, 9, damaged),
         incoming(2, 10, {})});
  LetterFilter strays;
  strays.reason = "UNKNOWN";
  const auto found = walk(view_->store(), strays);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].raw, "v");
  EXPECT_EQ(found[0].key, odd_key);
  EXPECT_EQ(found[0].lane, "letters/2");
  EXPECT_EQ(found[0].position, 7u);
  EXPECT_EQ(found[2].id, *damaged.key);
  // Each can be buried by the key that its message has.
  const auto buried = view_->oldest(strays, 10).value();
  for (const ViewedLetter& one : buried) {
    apply({incoming(2, 20 + static_cast<int64_t>(one.letter.seq),
                    tombstone_of(one.key, LetterEnd::kPurged))});
  }
  EXPECT_THAT(positions(), IsEmpty());
}

TEST(RedriveMark, ThatCannotBeReadIsNone) {
  TopicMessage message;
  add_redrive_mark(message, {"v", 3, Fate::kDuplicate, -1});
  const auto mark = redrive_mark_of(message);
  ASSERT_TRUE(mark.has_value());
  EXPECT_EQ(mark->view, "v");
  EXPECT_EQ(mark->redrive, 3u);
  EXPECT_EQ(mark->at_us, -1);
  for (size_t i = 0; i < message.headers.size(); ++i) {
    TopicMessage wrong = message;
    wrong.headers[i].second = "?";
    EXPECT_FALSE(redrive_mark_of(wrong).has_value()) << i;
    wrong.headers.erase(wrong.headers.begin() + static_cast<ptrdiff_t>(i));
    EXPECT_FALSE(redrive_mark_of(wrong).has_value()) << i;
  }
}

}  // namespace
}  // namespace sluice::store
