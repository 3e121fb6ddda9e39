// SPDX-License-Identifier: Apache-2.0
#include "runtime/flow/flow_control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/flow/token_bucket.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class FlowControlTest : public ::testing::Test {
 protected:
  void order(FlowState state, double keep = 1) {
    FlowOrder order;
    order.state = state;
    order.keep = keep;
    order.cause = "for the test";
    flow_.order(order);
  }
  FlowState state() {
    flow_.look();
    return flow_.status().state;
  }
  // Waits ten times a second for that long.
  void wait(milliseconds time, FlowControl::Wait what = FlowControl::Wait::kRate) {
    for (milliseconds passed{0}; passed < time; passed += milliseconds(100)) {
      clock_.advance(milliseconds(100));
      flow_.waited(what);
    }
  }
  ManualClock clock_;
  FlowControl flow_{"p", clock_};
};

TEST_F(FlowControlTest, EachStateHoldsBackWhatItsNameSays) {
  EXPECT_TRUE(flow_.open());
  EXPECT_FALSE(flow_.holds_writes());
  EXPECT_EQ(flow_.status().way_out, "");

  order(FlowState::kBrownout, 0.25);
  EXPECT_TRUE(flow_.open());
  EXPECT_EQ(flow_.keep(), 0.25);

  order(FlowState::kDrain);
  EXPECT_FALSE(flow_.open());
  EXPECT_FALSE(flow_.holds_writes()) << "what is in flight goes out";
  EXPECT_EQ(flow_.keep(), 1);

  order(FlowState::kPaused);
  EXPECT_FALSE(flow_.open());
  EXPECT_TRUE(flow_.holds_writes());
  EXPECT_EQ(flow_.status().cause, "for the test");
  EXPECT_THAT(flow_.status().way_out, HasSubstr("/admin/resume"));

  order(FlowState::kNormal);
  EXPECT_TRUE(flow_.open());
  EXPECT_FALSE(flow_.holds_writes());
}

TEST_F(FlowControlTest, TellsEachTransitionWithItsTime) {
  const int64_t began = clock_.wall_us();
  clock_.advance(milliseconds(5));
  order(FlowState::kDrain);
  order(FlowState::kDrain);
  clock_.advance(milliseconds(5));
  order(FlowState::kNormal);
  const auto status = flow_.status();
  ASSERT_EQ(status.transitions.size(), 2U) << "the same again is none";
  EXPECT_EQ(status.transitions[0].to, FlowState::kDrain);
  EXPECT_EQ(status.transitions[0].at_us, began + 5'000);
  EXPECT_EQ(status.transitions[1].from, FlowState::kDrain);
  EXPECT_EQ(status.since_us, began + 10'000);
  for (int i = 0; i < 200; ++i) order(i % 2 == 0 ? FlowState::kDrain : FlowState::kNormal);
  EXPECT_EQ(flow_.status().transitions.size(), FlowControl::kTransitionsKept);
}

TEST_F(FlowControlTest, AShortWaitIsNoNewsALongOneIs) {
  wait(milliseconds(1'500));
  EXPECT_EQ(state(), FlowState::kNormal);
  wait(milliseconds(1'000));
  EXPECT_EQ(state(), FlowState::kThrottled);
  EXPECT_THAT(flow_.status().cause, HasSubstr("flow.rate"));
  EXPECT_TRUE(flow_.open());
  // It does not come and go with every wait.
  clock_.advance(milliseconds(4'000));
  EXPECT_EQ(state(), FlowState::kThrottled);
  clock_.advance(milliseconds(1'100));
  EXPECT_EQ(state(), FlowState::kNormal);
  EXPECT_THAT(flow_.status().transitions.back().cause, HasSubstr("does not wait"));
}

TEST_F(FlowControlTest, WaitsWithRestsBetweenThemDoNotAddUp) {
  for (int i = 0; i < 10; ++i) {
    wait(milliseconds(500));
    clock_.advance(milliseconds(1'100));
    EXPECT_EQ(state(), FlowState::kNormal);
  }
}

TEST_F(FlowControlTest, NamesWhatIntakeWaitsFor) {
  wait(milliseconds(3'000), FlowControl::Wait::kRoom);
  EXPECT_EQ(state(), FlowState::kThrottled);
  EXPECT_THAT(flow_.status().cause, HasSubstr("flow.max_in_flight"));
}

TEST_F(FlowControlTest, AnOrderStandsWhateverComesByItself) {
  order(FlowState::kBrownout, 0.5);
  wait(milliseconds(3'000));
  EXPECT_EQ(state(), FlowState::kBrownout);
  order(FlowState::kNormal);
  EXPECT_EQ(state(), FlowState::kThrottled) << "it waits still";
}

TEST_F(FlowControlTest, TheEndLetsOutWhatAPauseHeld) {
  order(FlowState::kPaused);
  flow_.end();
  EXPECT_EQ(flow_.status().state, FlowState::kDrain);
  EXPECT_FALSE(flow_.holds_writes());
  EXPECT_FALSE(flow_.open());
  order(FlowState::kNormal);
  EXPECT_FALSE(flow_.open()) << "nothing takes it back";
}

TEST(FlowStates, HaveNames) {
  for (const FlowState state : {FlowState::kNormal, FlowState::kThrottled, FlowState::kBrownout,
                                FlowState::kDrain, FlowState::kPaused}) {
    EXPECT_EQ(flow_state(name_of(state)), state);
  }
  EXPECT_FALSE(flow_state("Normal").has_value());
}

TEST(TokenBucket, IsMultipliedWhileItIsUsed) {
  ManualClock clock;
  TokenBucket bucket(100, 1, clock);
  EXPECT_EQ(bucket.take(1000), 100U);
  bucket.set_multiplier(3);
  EXPECT_EQ(bucket.take(1000), 0U) << "nothing comes at once";
  clock.advance(milliseconds(500));
  EXPECT_EQ(bucket.take(1000), 150U);
  clock.advance(std::chrono::hours(1));
  bucket.set_multiplier(0.5);
  EXPECT_EQ(bucket.take(1000), 50U);
  EXPECT_EQ(bucket.multiplier(), 0.5);
}

}  // namespace
}  // namespace sluice
