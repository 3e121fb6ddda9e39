// SPDX-License-Identifier: Apache-2.0
// Sources that were moved: what comes again on purpose, and what does not.
#include "tests/unit/pipeline/rebalance_fixture.h"

namespace sluice {
namespace {

// A source whose positions another system keeps as well.
class EpochTest : public RebalanceTest {
 protected:
  void SetUp() override {
    RebalanceTest::SetUp();
    levers().elsewhere = {"a"};
    feed("in", 30, "a");
    levers().gate = 20;
  }
  // What an operator does: these lanes go on there; none: all of them at their beginning.
  void operator_moves(const std::vector<CheckpointMove::Lane>& lanes) {
    CheckpointMove move;
    move.pipeline = "p";
    move.source = "in";
    move.lanes = lanes;
    move.all = lanes.empty();
    ASSERT_TRUE(checkpoints_->move(move, 5'000'000));
  }
  // What the other system has; the answer.
  static sluice_lane_place assign_at(std::optional<uint64_t> next, std::optional<uint32_t> epoch) {
    sluice_lane_place place{};
    if (next) place.flags |= SLUICE_PLACE_KNOWN;
    if (epoch) place.flags |= SLUICE_PLACE_OURS;
    place.next = next.value_or(0);
    place.epoch = epoch.value_or(0);
    test::LaneMove move{Kind::kAssign, {"a"}};
    move.places = {place};
    levers().move(move);
    const std::lock_guard lock(levers().mutex);
    EXPECT_EQ(levers().last_move, SLUICE_OK);
    return levers().places.at(0);
  }
  bool settled_to(uint64_t position) {
    return comes_true([&] { return stored()["a"] == position && account().in_flight() == 0; });
  }
};

TEST_F(EpochTest, ALaneThatWasNeverReadIsTheSourcesToBegin) {
  start();
  EXPECT_EQ(assign_at({}, {}).flags & SLUICE_PLACE_KNOWN, 0U);
  ASSERT_TRUE(settled_to(20));
}

TEST_F(EpochTest, APositionOfOthersIsTakenWhereNothingIsKnown) {
  start();
  EXPECT_EQ(assign_at(11, {}).next, 11U);
  ASSERT_TRUE(settled_to(20));
  EXPECT_EQ(committed("out"), 10U);
  EXPECT_EQ(checkpoints_->load("p", "in").value().epoch, 0U) << "nobody has moved anything";
}

TEST_F(EpochTest, WhatACrashLeftIsNoMove) {
  start();
  assign_at({}, {});
  ASSERT_TRUE(settled_to(20));
  revoke({"a"});
  EXPECT_EQ(assign_at(15, 0).next, 15U) << "the other system's is the lower one";
  levers().gate = 30;
  ASSERT_TRUE(settled_to(30));
  EXPECT_EQ(checkpoints_->load("p", "in").value().epoch, 0U);
  EXPECT_EQ(committed("out"), 30U) << "what comes again below the mark is known";
  EXPECT_EQ(account().outcome(Outcome::kDuplicate), 6U);
}

TEST_F(EpochTest, APositionThatOtherHandsMovedWinsAndRecordsAreProcessedAgain) {
  start();
  assign_at({}, {});
  ASSERT_TRUE(settled_to(20));
  revoke({"a"});
  const sluice_lane_place place = assign_at(6, {});
  EXPECT_EQ(place.next, 6U);
  EXPECT_GT(place.epoch, 0U);
  ASSERT_TRUE(settled_to(20));
  EXPECT_EQ(committed("out"), 35U) << "6 to 20 once more";
  EXPECT_EQ(account().outcome(Outcome::kDuplicate), 0U);
  // The next assignment finds what was committed in the new epoch.
  revoke({"a"});
  EXPECT_EQ(assign_at(21, place.epoch).epoch, place.epoch);
  levers().gate = 30;
  ASSERT_TRUE(settled_to(30));
  EXPECT_EQ(committed("out"), 45U);
}

TEST_F(EpochTest, ACommitOfAnEarlierEpochIsOutOfDate) {
  start();
  assign_at({}, {});
  ASSERT_TRUE(settled_to(20));
  revoke({"a"});
  operator_moves({});
  const sluice_lane_place place = assign_at(21, 0);
  EXPECT_EQ(place.next, 0U);
  EXPECT_NE(place.flags & SLUICE_PLACE_KNOWN, 0U) << "to its beginning, whatever the rule is";
  ASSERT_TRUE(settled_to(20));
  EXPECT_EQ(committed("out"), 40U);
}

// Another process has read the lane meanwhile, and knows nothing of the move of others.
TEST_F(EpochTest, AMoveOfAnotherLaneDoesNotOutdateACommit) {
  start();
  operator_moves({{"b", 3}});
  EXPECT_EQ(assign_at(11, 0).next, 11U);
  ASSERT_TRUE(settled_to(20));
  EXPECT_EQ(committed("out"), 10U);
}

TEST_F(EpochTest, AMoveOnwardOutdatesACommit) {
  start();
  assign_at({}, {});
  ASSERT_TRUE(settled_to(20));
  revoke({"a"});
  operator_moves({{"a", 24}});
  EXPECT_EQ(assign_at(21, 0).next, 25U);
  levers().gate = 30;
  ASSERT_TRUE(settled_to(30));
  EXPECT_EQ(committed("out"), 26U);
}

TEST_F(EpochTest, KeysOfBeforeDoNotKeepRecordsFromBeingProcessedAgain) {
  config_.idempotency.key = IdempotencyConfig::Key::kRaw;
  start();
  assign_at({}, {});
  ASSERT_TRUE(settled_to(20));
  revoke({"a"});
  assign_at(6, {});
  levers().gate = 30;
  ASSERT_TRUE(settled_to(30));
  EXPECT_EQ(committed("out"), 45U);
  EXPECT_EQ(account().outcome(Outcome::kDuplicate), 0U);
}

}  // namespace
}  // namespace sluice
