// SPDX-License-Identifier: Apache-2.0
// Lanes that come and go while a pipeline runs.
#include "tests/unit/pipeline/rebalance_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST_F(RebalanceTest, ARevokedLaneIsDrainedAndItsMarkIsStored) {
  feed("in", 50, "a");
  feed("in", 30, "b");
  start();
  ASSERT_TRUE(received(80));
  EXPECT_THAT(revoke({"a"}), ElementsAre(Pair("a", 50)));
  EXPECT_EQ(stored()["a"], 50U);
  EXPECT_EQ(returned(), 0U);
  ASSERT_TRUE(idle());
  EXPECT_EQ(account().received(), 80U);
}

TEST_F(RebalanceTest, WhatNoSinkHasBegunIsGivenBackWhenTheTimeIsOver) {
  config_.sinks[0].batch.records = 5;
  cork("out");
  feed("in", 50, "a");
  start();
  ASSERT_TRUE(received(50));
  EXPECT_THAT(revoke({"a"}, 200), IsEmpty());
  // Five are in the call that hangs.
  ASSERT_TRUE(comes_true([&] { return account().in_flight() == 50; }));
  test::sink_levers("out").uncork();
  ASSERT_TRUE(idle());
  EXPECT_EQ(returned(), 45U);
  EXPECT_EQ(account().received(), 5U);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 5U);
  EXPECT_EQ(account().unaccounted(), 0);
  EXPECT_THAT(stored(), IsEmpty()) << "it was another's when the call came back";
}

TEST_F(RebalanceTest, AHeldSinkGivesBackWhatWaitsForIt) {
  for (const SinkOrder order : {SinkOrder::kLane, SinkOrder::kNone}) {
    SCOPED_TRACE(static_cast<int>(order));
    config_.sinks[0].order = order;
    config_.sinks[0].breaker.half_open_after = Millis(60'000);
    test::sink_levers("out").answer = [](const auto&, sluice_outcome*) { return SLUICE_E_RETRY; };
    levers().records.clear();
    levers().batch = 100;  // all of it is in the sink's hands
    feed("in", 50, "a");
    feed("in", 20, "b");
    start();
    ASSERT_TRUE(received(70));
    ASSERT_TRUE(
        comes_true([&] { return pipeline_->snapshot().sinks.at(0).waiting_records == 70; }));
    EXPECT_THAT(revoke({"a"}, 400), IsEmpty());
    ASSERT_TRUE(comes_true([&] { return returned() == 50; }));
    EXPECT_EQ(account().received(), 20U);
    EXPECT_EQ(account().in_flight(), 20U) << "the other lane waits on";
    EXPECT_EQ(account().unaccounted(), 0);
    end();
  }
}

TEST_F(RebalanceTest, RecordsThatWaitForTheirNextTryAreGivenBack) {
  config_.sinks[0].retry.base = Millis(3'600'000);
  config_.sinks[0].retry.cap = Millis(3'600'000);
  config_.sinks[0].retry.max_attempts = 100;
  for (const SinkOrder order : {SinkOrder::kLane, SinkOrder::kNone}) {
    SCOPED_TRACE(static_cast<int>(order));
    config_.sinks[0].order = order;
    test::sink_levers("out").committed.clear();
    test::sink_levers("out").answer = [](const auto& seen, sluice_outcome* outcomes) {
      for (size_t i = 0; i < seen.size(); ++i) {
        outcomes[i].verdict = seen[i].position == 21 ? SLUICE_REC_RETRY : SLUICE_REC_OK;
      }
      return SLUICE_OK;
    };
    levers().records.clear();
    feed("in", 50, "lane" + std::to_string(static_cast<int>(order)));
    start();
    ASSERT_TRUE(received(50));
    ASSERT_TRUE(comes_true([&] { return committed("out") >= 20; }));
    const Marks marks = revoke({levers().records[0].lane}, 1'000);
    EXPECT_EQ(marks.begin()->second, 20U);
    ASSERT_TRUE(idle());
    EXPECT_EQ(returned() + account().outcome(Outcome::kCommitted), 50U);
    EXPECT_GE(returned(), 1U);
    EXPECT_EQ(stored()[levers().records[0].lane], 20U);
    end();
  }
}

TEST_F(RebalanceTest, ALostLaneCommitsNothing) {
  config_.sinks[0].batch.records = 5;
  cork("out");
  feed("in", 40, "a");
  start();
  ASSERT_TRUE(received(40));
  lose({"a"});
  test::sink_levers("out").uncork();
  ASSERT_TRUE(idle());
  EXPECT_GT(returned(), 0U);
  EXPECT_EQ(returned() + account().outcome(Outcome::kCommitted), 40U);
  EXPECT_THAT(stored(), IsEmpty());
  const std::lock_guard lock(levers().mutex);
  EXPECT_THAT(levers().acked, IsEmpty());
}

TEST_F(RebalanceTest, ALaneThatComesBackGoesOnFromWhatIsStored) {
  levers().gate = 20;
  feed("in", 50, "a");
  start();
  ASSERT_TRUE(received(20));
  EXPECT_THAT(revoke({"a"}), ElementsAre(Pair("a", 20)));
  // Another process had it meanwhile.
  CheckpointUpdate by_another;
  by_another.pipeline = "p";
  by_another.source = "in";
  by_another.set = {{"a", 35}};
  ASSERT_TRUE(checkpoints_->commit({by_another}, 1));
  levers().gate = 50;
  EXPECT_EQ(assign("a"), 35U);
  ASSERT_TRUE(comes_true([&] { return committed("out") == 35; }));
  ASSERT_TRUE(comes_true([&] { return stored()["a"] == 50; }));
  EXPECT_EQ(test::sink_levers("out").committed[20].position, 36U);
}

TEST_F(RebalanceTest, WhatIsStillOutOfALaneThatCameBackDoesNotMoveItsMark) {
  config_.sinks[0].batch.records = 5;
  cork("out");
  levers().gate = 30;
  feed("in", 30, "a");
  start();
  ASSERT_TRUE(received(30));
  lose({"a"});
  EXPECT_EQ(assign("a"), std::nullopt) << "nothing was stored";
  test::sink_levers("out").uncork();
  ASSERT_TRUE(comes_true([&] { return stored()["a"] == 30; }));
  ASSERT_TRUE(idle());
  EXPECT_EQ(account().unaccounted(), 0);
  // The call that hung had the first five, and they came again.
  EXPECT_EQ(committed("out"), 35U);
  EXPECT_EQ(account().received(), 35U);
}

TEST_F(RebalanceTest, WhatIsInASpoolIsSettledAndStays) {
  config_.sinks[0].spool_bytes = 1 << 20;
  config_.sinks[0].breaker.half_open_after = Millis(20);
  std::atomic<bool> away{true};
  test::sink_levers("out").answer = [&away](const auto& seen, sluice_outcome* outcomes) {
    if (away) return SLUICE_E_RETRY;
    for (size_t i = 0; i < seen.size(); ++i) outcomes[i].verdict = SLUICE_REC_OK;
    return SLUICE_OK;
  };
  feed("in", 40, "a");
  start();
  ASSERT_TRUE(received(40));
  EXPECT_THAT(revoke({"a"}), ElementsAre(Pair("a", 40)));
  EXPECT_EQ(returned(), 0U);
  EXPECT_EQ(account().in_flight(), 40U);
  away = false;
  ASSERT_TRUE(idle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 40U);
  test::sink_levers("out").answer = nullptr;
}

TEST_F(RebalanceTest, ASourceWithoutRoomCanStillGiveLanesBack) {
  config_.flow.max_in_flight = 4096;
  config_.sinks[0].breaker.half_open_after = Millis(60'000);
  test::sink_levers("out").answer = [](const auto&, sluice_outcome*) { return SLUICE_E_RETRY; };
  feed("in", 5'000, "a");
  levers().elsewhere = {"a"};
  start();
  assign("a");
  ASSERT_TRUE(comes_true([&] { return pipeline_->snapshot().sources[0].state == "waiting"; }));
  revoke({"a"}, 200);
  ASSERT_TRUE(idle());
  EXPECT_EQ(account().received(), 0U);
  EXPECT_GT(returned(), 0U);
}

TEST_F(RebalanceTest, OneOfTwoSinksHavingItIsNotEnough) {
  config_.sinks.push_back(sink("slow"));
  cork("slow");
  feed("in", 20, "a");
  start();
  ASSERT_TRUE(received(20));
  ASSERT_TRUE(comes_true([&] { return committed("out") == 20; }));
  lose({"a"});
  test::sink_levers("slow").uncork();
  ASSERT_TRUE(idle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted) + returned(), 20U);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), committed("slow"));
}

TEST_F(RebalanceTest, AStoreThatIsAwayHandsOutOldMarksOnly) {
  levers().gate = 10;
  feed("in", 20, "a");
  start();
  ASSERT_TRUE(comes_true([&] { return stored()["a"] == 10; }));
  store_away_ = true;
  levers().gate = 20;
  ASSERT_TRUE(comes_true([&] { return committed("out") == 20; }));
  EXPECT_THAT(revoke({"a"}, 300), ElementsAre(Pair("a", 10)));
  store_away_ = false;
  EXPECT_EQ(stored()["a"], 10U);
}

}  // namespace
}  // namespace sluice
