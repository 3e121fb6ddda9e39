// SPDX-License-Identifier: Apache-2.0
// A call of a sink with a spool that does not come back.
#include "tests/unit/deliver/spooling_fixture.h"

namespace sluice {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// A call that does not come back, and more than the sink's share behind it.
class HangingSinkTest : public SpoolingTest {
 protected:
  void SetUp() override {
    SpoolingTest::SetUp();
    share_bytes_ = 5000;  // five batches of the fixture
    dead_ = false;
  }
  void hang() {
    const std::lock_guard lock(levers().mutex);
    levers().corked = true;
  }
  // Ten batches of one record, from `first` on; all of them settle while the call hangs.
  void send_behind(int first, uint32_t settled) {
    for (int i = first; i < first + 10; ++i) send(numbers(i, i + 1));
    ASSERT_TRUE(ends_.wait_settled(settled));
  }
};

TEST_F(HangingSinkTest, WhatIsBehindTheCallIsSpooledMeanwhile) {
  start_spooling();
  hang();
  send(numbers(0, 1));
  send_behind(1, 11);
  EXPECT_EQ(driver_->status().spool->records, 11U) << "with what the call has";
  levers().uncork();
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 11)) << "in order, and what the call took once";
  EXPECT_TRUE(comes_true([&] { return desk_.left_count() == 11; }));
  send(numbers(11, 12));
  ASSERT_TRUE(comes_true([&] { return taken().size() == 12; }));
}

TEST_F(HangingSinkTest, ACallThatFailsInTheEndLeavesItsRecordsInTheSpool) {
  config_.breaker.half_open_after = Millis(1);
  start_spooling();
  hang();
  send(numbers(0, 3));
  send_behind(3, 13);
  dead_ = true;
  levers().uncork();
  ASSERT_TRUE(comes_true([&] { return levers().write_count() > 2; }));
  EXPECT_EQ(driver_->status().spool->records, 13U);
  dead_ = false;
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 13));
  EXPECT_THAT(ends_.letters(), IsEmpty());
}

TEST_F(HangingSinkTest, ARefusalInTheEndIsALetterOnce) {
  start_spooling();
  hang();
  send({"a", "bad", "c"});
  send_behind(0, 13);
  levers().uncork();
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken().size(), 12U);
  EXPECT_THAT(ends_.letters(), SizeIs(1));
}

TEST_F(HangingSinkTest, ACallWithRecordsOfTheSpoolIsNoDifferent) {
  config_.breaker.half_open_after = Millis(50);
  dead_ = true;
  start_spooling();
  send(numbers(0, 100));
  ASSERT_TRUE(ends_.wait_settled(100));
  hang();
  dead_ = false;
  send_behind(100, 110);
  levers().uncork();
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 110));
}

TEST_F(HangingSinkTest, ARedrivenRecordInTheCallStaysWithItsLetter) {
  start_spooling();
  hang();
  const BatchPtr redriven = send_lanes({{9, "again"}}, 2, /*redriven=*/true);
  send_behind(0, 10);
  EXPECT_EQ(redriven->outcome(0), Outcome::kNone);
  dead_ = true;
  levers().uncork();
  ASSERT_TRUE(comes_true([&] { return levers().write_count() > 1; }));
  dead_ = false;
  ASSERT_TRUE(drained());
  ASSERT_TRUE(ends_.wait_settled(11));
  EXPECT_EQ(redriven->outcome(0), Outcome::kCommitted);
  std::vector<std::string> others = taken();
  std::erase(others, "again");
  EXPECT_EQ(others, numbers(0, 10));
}

TEST_F(HangingSinkTest, AFullSpoolHoldsWhatTheCallHasToo) {
  config_.spool_bytes = 200;
  start_spooling();
  hang();
  send(numbers(0, 1));
  for (int i = 1; i < 11; ++i) send(numbers(i, i + 1));
  ASSERT_TRUE(comes_true([&] { return !driver_->status().spool_trouble.empty(); }));
  levers().uncork();
  ASSERT_TRUE(ends_.wait_settled(11));
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 11));
}

}  // namespace
}  // namespace sluice
