// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/breaker.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using State = CircuitBreaker::State;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Breaker : public ::testing::Test {
 protected:
  CircuitBreaker make() const { return {config_, clock_}; }
  static BreakerConfig usual() {
    BreakerConfig config;
    config.failures = 3;
    config.error_rate = 0.5;
    config.calls = 10;
    config.slow_call = Millis(1000);
    config.half_open_after = Millis(30'000);
    return config;
  }

  BreakerConfig config_ = usual();
  ManualClock clock_;
};

TEST_F(Breaker, BeginsClosed) {
  auto breaker = make();
  EXPECT_EQ(breaker.state(), State::kClosed);
  EXPECT_TRUE(breaker.admits());
}

TEST_F(Breaker, OpensAfterFailuresInARow) {
  auto breaker = make();
  EXPECT_FALSE(breaker.failed());
  EXPECT_FALSE(breaker.failed());
  EXPECT_TRUE(breaker.failed());
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_EQ(breaker.cause(), "3 calls failed in a row");
  EXPECT_FALSE(breaker.admits());
}

TEST_F(Breaker, ASuccessInBetweenBeginsTheCountAnew) {
  auto breaker = make();
  breaker.failed();
  breaker.failed();
  EXPECT_FALSE(breaker.succeeded(milliseconds(1)));
  EXPECT_FALSE(breaker.failed());
  EXPECT_FALSE(breaker.failed());
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(Breaker, LetsOneCallThroughOnceItsTimeHasCome) {
  auto breaker = make();
  for (int i = 0; i < 3; ++i) breaker.failed();
  clock_.advance(seconds(29));
  EXPECT_FALSE(breaker.admits());
  clock_.advance(seconds(1));
  EXPECT_TRUE(breaker.admits());
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
}

TEST_F(Breaker, AGoodProbeCloses) {
  auto breaker = make();
  for (int i = 0; i < 3; ++i) breaker.failed();
  clock_.advance(seconds(30));
  ASSERT_TRUE(breaker.admits());
  EXPECT_TRUE(breaker.succeeded(milliseconds(1)));
  EXPECT_EQ(breaker.state(), State::kClosed);
  EXPECT_EQ(breaker.cause(), "");
  EXPECT_FALSE(breaker.failed()) << "it counts from nothing again";
}

TEST_F(Breaker, AFailedProbeOpensForAnotherWhileAndKeepsTheCause) {
  auto breaker = make();
  for (int i = 0; i < 3; ++i) breaker.failed();
  clock_.advance(seconds(30));
  ASSERT_TRUE(breaker.admits());
  EXPECT_TRUE(breaker.failed());
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_EQ(breaker.cause(), "3 calls failed in a row");
  clock_.advance(seconds(29));
  EXPECT_FALSE(breaker.admits());
  clock_.advance(seconds(1));
  EXPECT_TRUE(breaker.admits());
}

TEST_F(Breaker, ASlowProbeIsNotBelieved) {
  auto breaker = make();
  for (int i = 0; i < 3; ++i) breaker.failed();
  clock_.advance(seconds(30));
  ASSERT_TRUE(breaker.admits());
  EXPECT_TRUE(breaker.succeeded(seconds(2)));
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST_F(Breaker, OpensWhenTooLargeAShareOfTheLastCallsFailed) {
  auto breaker = make();
  for (int i = 0; i < 4; ++i) {
    EXPECT_FALSE(breaker.succeeded(milliseconds(1)));
    EXPECT_FALSE(breaker.failed());
  }
  EXPECT_FALSE(breaker.succeeded(milliseconds(1)));
  EXPECT_TRUE(breaker.failed()) << "the tenth call fills the window";
  EXPECT_EQ(breaker.cause(), "5 of the last 10 calls failed or were slow");
}

TEST_F(Breaker, OldCallsFallOutOfTheWindow) {
  config_.failures = 0;
  auto breaker = make();
  for (int i = 0; i < 4; ++i) breaker.failed();
  for (int i = 0; i < 10; ++i) breaker.succeeded(milliseconds(1));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.failed());
  EXPECT_TRUE(breaker.failed());
}

TEST_F(Breaker, SlowCallsCount) {
  auto breaker = make();
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(breaker.succeeded(milliseconds(1)));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(breaker.succeeded(seconds(1)));
  EXPECT_TRUE(breaker.succeeded(seconds(1)));
  EXPECT_EQ(breaker.cause(), "5 of the last 10 calls failed or took longer than 1s");
}

TEST_F(Breaker, TriggersCanBeLeftOut) {
  config_.failures = 0;
  config_.error_rate = 0;
  auto breaker = make();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(breaker.failed());
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(Breaker, LeavesASinkAloneForAsLongAsItAsksTo) {
  auto breaker = make();
  breaker.failed();
  breaker.failed();
  EXPECT_TRUE(breaker.failed(Millis(90'000)));
  clock_.advance(seconds(89));
  EXPECT_FALSE(breaker.admits());
  clock_.advance(seconds(1));
  EXPECT_TRUE(breaker.admits());
}

TEST_F(Breaker, CanBeOpenedOutright) {
  auto breaker = make();
  EXPECT_TRUE(breaker.open("the configuration is impossible"));
  EXPECT_FALSE(breaker.open("again"));
  EXPECT_EQ(breaker.cause(), "the configuration is impossible");
  EXPECT_FALSE(breaker.admits());
}

TEST_F(Breaker, StatesHaveTheNamesOfHealthAndTheNumbersOfMetrics) {
  EXPECT_EQ(CircuitBreaker::name(State::kClosed), "closed");
  EXPECT_EQ(CircuitBreaker::name(State::kHalfOpen), "half_open");
  EXPECT_EQ(CircuitBreaker::name(State::kOpen), "open");
  EXPECT_EQ(static_cast<int>(State::kClosed), 0);
  EXPECT_EQ(static_cast<int>(State::kHalfOpen), 1);
  EXPECT_EQ(static_cast<int>(State::kOpen), 2);
}

}  // namespace
}  // namespace sluice
