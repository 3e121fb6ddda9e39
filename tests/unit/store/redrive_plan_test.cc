// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/redrive_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/letter_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Fate = RedrivenLetter::Fate;

RedrivePlan plan() {
  RedrivePlan out;
  out.pipeline = "orders";
  out.who = "ann";
  out.options = "{\"from\":\"raw\"}";
  out.created_us = 5;
  return out;
}

RedrivenLetter settled(uint64_t redrive, uint64_t seq, Fate fate) {
  RedrivenLetter out;
  out.redrive = redrive;
  out.seq = seq;
  out.fate = fate;
  return out;
}

class RedrivePlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_letters(dir_);
    std::vector<DeadLetter> letters;
    for (uint64_t i = 0; i < 6; ++i) {
      letters.push_back(make_letter(i, i < 4 ? "A" : "B", static_cast<int64_t>(10 + i)));
    }
    letters[1].answered = true;
    ASSERT_TRUE(store_->put(letters).is_ok());
    redrive_ = *store_->create_redrive(plan());
  }

  std::vector<DeadLetter> next(uint64_t after = 0, uint64_t limit = 100) {
    auto letters = store_->next_chosen(redrive_, after, limit);
    EXPECT_TRUE(letters.is_ok()) << letters.status().message();
    return letters ? std::move(letters).value() : std::vector<DeadLetter>();
  }

  TempDir dir_;
  std::unique_ptr<DeadLetterStore> store_;
  uint64_t redrive_ = 0;
};

TEST_F(RedrivePlanTest, KeepsWhatWasChosenAndWhoAsked) {
  LetterFilter filter;
  filter.reason = "A";
  ASSERT_TRUE(store_->choose(redrive_, filter, false).is_ok());
  ASSERT_TRUE(store_->choose(redrive_, filter, false).is_ok());
  EXPECT_THAT(positions_of(next()), ElementsAre(0, 2, 3));
  ASSERT_TRUE(store_->choose(redrive_, filter, true).is_ok());
  EXPECT_THAT(positions_of(next()), ElementsAre(0, 1, 2, 3));
  const uint64_t after = next()[1].seq;
  EXPECT_THAT(positions_of(next(after, 1)), ElementsAre(2));
  const auto found = *store_->find_redrive(redrive_);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->who, "ann");
  EXPECT_EQ(found->options, "{\"from\":\"raw\"}");
  EXPECT_EQ(found->state, "choosing");
  EXPECT_EQ(found->chosen, 4u);
  EXPECT_EQ(found->left, 4u);
  EXPECT_FALSE(store_->find_redrive(99)->has_value());
}

TEST_F(RedrivePlanTest, SettlingRemovesLettersAndCountsThem) {
  ASSERT_TRUE(store_->choose(redrive_, LetterFilter(), false).is_ok());
  const auto letters = next();
  ASSERT_EQ(letters.size(), 5u);
  ASSERT_TRUE(store_
                  ->settle_redriven({settled(redrive_, letters[0].seq, Fate::kCommitted),
                                     settled(redrive_, letters[1].seq, Fate::kFiltered)},
                                    77)
                  .is_ok());
  EXPECT_EQ(*store_->count(), 4u);
  EXPECT_THAT(positions_of(next()), ElementsAre(3, 4, 5));
  const auto found = *store_->find_redrive(redrive_);
  EXPECT_EQ(found->committed, 1u);
  EXPECT_EQ(found->filtered, 1u);
  EXPECT_EQ(found->left, 3u);
  EXPECT_EQ(found->updated_us, 77);
}

TEST_F(RedrivePlanTest, ALetterThatFailsAgainKeepsItsIdAndItsBeginning) {
  ASSERT_TRUE(store_->choose(redrive_, LetterFilter(), false).is_ok());
  DeadLetter letter = next()[0];
  RedrivenLetter failed = settled(redrive_, letter.seq, Fate::kFailed);
  failed.letter = letter;
  failed.letter->reason = "CONSTRAINT_VIOLATION";
  failed.letter->stage = "deliver";
  failed.letter->sink = "pg";
  failed.letter->first_reason = "A";
  failed.letter->redrives = 1;
  failed.letter->done_sinks = {"search"};
  failed.letter->last_at_us = 99;
  DeadLetter other = *failed.letter;
  other.sink = "kafka";
  other.redrives = 0;
  other.id = letter_id(other);
  failed.more = {other};
  ASSERT_TRUE(store_->settle_redriven({failed}, 100).is_ok());
  const auto found = **store_->find(letter.id);
  EXPECT_EQ(found.seq, letter.seq);
  EXPECT_EQ(found.reason, "CONSTRAINT_VIOLATION");
  EXPECT_EQ(found.first_reason, "A");
  EXPECT_EQ(found.redrives, 1u);
  EXPECT_EQ(found.first_at_us, letter.first_at_us);
  EXPECT_THAT(found.done_sinks, ElementsAre("search"));
  EXPECT_TRUE(store_->find(other.id)->has_value());
  // Its source offers the record once more, and it fails as at first: what redrives left stays.
  DeadLetter again = letter;
  again.seq = 0;
  ASSERT_TRUE(store_->put({again}).is_ok());
  EXPECT_EQ((*store_->find(letter.id))->redrives, 1u);
  EXPECT_EQ((*store_->find(letter.id))->first_reason, "A");
  const auto plan = *store_->find_redrive(redrive_);
  EXPECT_EQ(plan->failed, 1u);
  EXPECT_THAT(plan->reasons, ElementsAre(Pair("CONSTRAINT_VIOLATION", 1u)));
  EXPECT_THAT(positions_of(next()), ElementsAre(2, 3, 4, 5));
}

TEST_F(RedrivePlanTest, LettersThatWentMeanwhileAreCountedAsGone) {
  ASSERT_TRUE(store_->choose(redrive_, LetterFilter(), false).is_ok());
  LetterFilter gone;
  gone.reason = "A";
  ASSERT_TRUE(store_->remove(gone).is_ok());
  EXPECT_THAT(positions_of(next(0, 2)), ElementsAre(4));
  EXPECT_EQ((*store_->find_redrive(redrive_))->gone, 3u);
  EXPECT_THAT(positions_of(next()), ElementsAre(4, 5));
  // A new letter does not take the number of one that is gone.
  ASSERT_TRUE(store_->put({make_letter(50, "A", 1)}).is_ok());
  EXPECT_THAT(positions_of(next()), ElementsAre(4, 5));
}

TEST_F(RedrivePlanTest, ComesToItsEndWhenAllThatIsLeftHasGone) {
  ASSERT_TRUE(store_->choose(redrive_, LetterFilter(), false).is_ok());
  ASSERT_TRUE(store_->remove(LetterFilter()).is_ok());
  EXPECT_THAT(next(0, 1), IsEmpty());
  EXPECT_EQ((*store_->find_redrive(redrive_))->left, 0u);
  EXPECT_EQ((*store_->find_redrive(redrive_))->gone, 5u);
}

TEST_F(RedrivePlanTest, GoesOnInAnotherProcess) {
  ASSERT_TRUE(store_->choose(redrive_, std::vector<uint64_t>{2, 3, 3}).is_ok());
  ASSERT_TRUE(store_->set_redrive_state(redrive_, "running", 8).is_ok());
  store_ = open_letters(dir_);
  const auto plans = *store_->redrives(10);
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].state, "running");
  EXPECT_EQ(plans[0].chosen, 2u);
  EXPECT_EQ(plans[0].left, 2u);
  EXPECT_THAT(positions_of(next()), ElementsAre(1, 2));
}

TEST_F(RedrivePlanTest, NothingIsChosenOfNothing) {
  EXPECT_THAT(next(), IsEmpty());
  ASSERT_TRUE(store_->settle_redriven({}, 1).is_ok());
}

}  // namespace
}  // namespace sluice
