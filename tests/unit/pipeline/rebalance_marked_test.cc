// SPDX-License-Identifier: Apache-2.0
// Lanes that come and go, and sources that were moved, before a sink that keeps marks.
#include "tests/unit/pipeline/rebalance_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class MarkedRebalanceTest : public RebalanceTest {
 protected:
  void SetUp() override {
    RebalanceTest::SetUp();
    config_.sinks[0].name = config_.sinks[0].use = "marked";
  }
  static std::vector<std::string> rows() {
    const std::lock_guard lock(test::marked_database().mutex);
    return test::marked_database().rows;
  }
  // 20 of 30 records are written when the lane leaves; moved by an operator it comes back, and all
  // are given.
  void come_back_above_5(bool keep_idempotency) {
    levers().gate = 20;
    feed("in", 30, "a");
    start();
    ASSERT_TRUE(comes_true([&] { return stored()["a"] == 20; }));
    revoke({"a"});
    CheckpointMove move;
    move.pipeline = "p";
    move.source = "in";
    move.lanes = {{"a", 5}};
    move.keep_idempotency = keep_idempotency;
    ASSERT_TRUE(checkpoints_->move(move, 5'000'000));
    levers().gate = 30;
    EXPECT_EQ(assign("a"), 5U);
    ASSERT_TRUE(comes_true([&] { return stored()["a"] == 30; }));
  }
};

TEST_F(MarkedRebalanceTest, ALaneThatComesBackGoesOnFromTheMarksOfTheSink) {
  levers().gate = 10;
  feed("in", 30, "a");
  start();
  ASSERT_TRUE(received(10));
  EXPECT_THAT(revoke({"a"}), ElementsAre(Pair("a", 10)));
  {
    const std::lock_guard lock(test::marked_database().mutex);
    ASSERT_EQ(test::marked_database().marks.size(), 1U);
    test::marked_database().marks.begin()->second = 20;  // another process was there
  }
  CheckpointUpdate by_another;
  by_another.pipeline = "p";
  by_another.source = "in";
  by_another.set = {{"a", 25}};
  ASSERT_TRUE(checkpoints_->commit({by_another}, 1));
  levers().gate = 30;
  EXPECT_EQ(assign("a"), 20U) << "the lowest of checkpoint and marks";
  ASSERT_TRUE(comes_true([&] { return rows().size() == 20; }));
  EXPECT_EQ(test::marked_database().fenced, 0U) << "its marks were read anew";
  ASSERT_TRUE(comes_true([&] { return stored()["a"] == 30; }));
}

TEST_F(MarkedRebalanceTest, AZombieIsFencedAndWritesNothingTwice) {
  levers().gate = 10;
  feed("in", 30, "a");
  start();
  ASSERT_TRUE(comes_true([&] { return rows().size() == 10; }));
  {
    // The lane is another's, who has come further, and nobody has told us.
    const std::lock_guard lock(test::marked_database().mutex);
    test::marked_database().marks.begin()->second = 20;
  }
  levers().gate = 30;
  ASSERT_TRUE(comes_true([&] { return rows().size() == 20; }));
  EXPECT_EQ(rows()[10], R"({"n":20})") << "what the mark covers is passed over";
  EXPECT_GE(test::marked_database().fenced, 1U);
  lose({"a"});
  ASSERT_TRUE(idle());
}

TEST_F(MarkedRebalanceTest, MarksOfAnEarlierEpochDoNotKeepRecordsFromBeingWrittenAgain) {
  ASSERT_NO_FATAL_FAILURE(come_back_above_5(false));
  EXPECT_EQ(rows().size(), 45U) << "6 to 20 once more, then the rest";
  EXPECT_EQ(test::marked_database().fenced, 0U);
}

TEST_F(MarkedRebalanceTest, WithIdempotencyKeptNothingIsWrittenAgain) {
  ASSERT_NO_FATAL_FAILURE(come_back_above_5(true));
  EXPECT_EQ(rows().size(), 30U);
}

TEST_F(MarkedRebalanceTest, MarksDoNotPassWhatWasDropped) {
  config_.sinks[0].retry.base = Millis(3'600'000);
  config_.sinks[0].retry.cap = Millis(3'600'000);
  test::marked_database().verdict = [](const std::string& value) {
    return value == R"({"n":14})" ? SLUICE_REC_RETRY : SLUICE_REC_OK;
  };
  feed("in", 30, "a");
  start();
  ASSERT_TRUE(received(30));
  const Marks marks = revoke({"a"}, 500);
  ASSERT_TRUE(idle());
  EXPECT_LE(marks.empty() ? 0 : marks.at("a"), 14U);
  EXPECT_LE(test::marked_database().lanes()["a"], 14U);
  test::marked_database().verdict = nullptr;
  assign("a");
  ASSERT_TRUE(comes_true([&] { return rows().size() == 30; }));
  ASSERT_TRUE(comes_true([&] { return test::marked_database().lanes()["a"] == 30; }));
  std::set<std::string> once;
  for (const std::string& row : rows()) once.insert(row);
  EXPECT_EQ(once.size(), 30U);
}

}  // namespace
}  // namespace sluice
