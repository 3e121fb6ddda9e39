// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/retry.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice {
namespace {

RetryConfig doubling(Millis base, Millis cap) {
  RetryConfig config;
  config.base = base;
  config.cap = cap;
  return config;
}

TEST(RetryPolicy, DoublesItsCeilingUpToTheCap) {
  RetryPolicy retry(doubling(Millis(100), Millis(1000)), 1);
  Millis longest_first(0);
  Millis longest_late(0);
  for (int i = 0; i < 1000; ++i) {
    const Millis first = retry.delay(1);
    const Millis late = retry.delay(10);
    EXPECT_GE(first, Millis(1));
    EXPECT_LE(first, Millis(100));
    EXPECT_LE(late, Millis(1000));
    longest_first = std::max(longest_first, first);
    longest_late = std::max(longest_late, late);
  }
  EXPECT_GT(longest_first, Millis(90)) << "full jitter reaches its ceiling";
  EXPECT_GT(longest_late, Millis(900));
}

TEST(RetryPolicy, SurvivesAbsurdCountsAndBounds) {
  RetryPolicy retry(doubling(Millis(0), Millis(-5)), 1);
  EXPECT_EQ(retry.delay(UINT32_MAX), Millis(1));
  EXPECT_EQ(retry.delay(0), Millis(1));
  RetryPolicy far(doubling(Millis(24LL * 3'600'000), Millis(24LL * 3'600'000)), 1);
  EXPECT_LE(far.delay(UINT32_MAX), Millis(24LL * 3'600'000));
}

TEST(RetryPolicy, FollowsAListOfDelaysAndStaysAtItsLast) {
  RetryConfig config;
  config.delays = {Millis(300), Millis(600)};
  RetryPolicy retry(config, 1);
  EXPECT_EQ(retry.delay(1), Millis(300));
  EXPECT_EQ(retry.delay(2), Millis(600));
  EXPECT_EQ(retry.delay(9), Millis(600));
}

TEST(RetryPolicy, NeverWaitsLessThanItWasAskedTo) {
  RetryPolicy retry(doubling(Millis(1), Millis(2)), 1);
  EXPECT_EQ(retry.delay(1, Millis(5000)), Millis(5000));
  RetryConfig config;
  config.delays = {Millis(300)};
  EXPECT_EQ(RetryPolicy(config, 1).delay(1, Millis(5000)), Millis(5000));
}

TEST(RetryPolicy, IsNotParkedForDaysByWhatItIsAskedFor) {
  RetryPolicy retry(doubling(Millis(1), Millis(2)), 1);
  EXPECT_EQ(retry.delay(1, Millis(UINT32_MAX)), RetryPolicy::kLongestAskedFor);
}

TEST(RetryPolicy, CountsTheFirstAttemptAmongThoseItAllows) {
  RetryConfig config;
  config.max_attempts = 3;
  const RetryPolicy retry(config, 1);
  EXPECT_FALSE(retry.spent(2));
  EXPECT_TRUE(retry.spent(3));
}

TEST(RetryPolicy, AListMayRepeatItsLastDelayForFurtherRetries) {
  RetryConfig config;
  config.delays = {Millis(300), Millis(600)};
  config.max_attempts = 5;  // max_retries: 4
  const RetryPolicy retry(config, 1);
  EXPECT_FALSE(retry.spent(4));
  EXPECT_TRUE(retry.spent(5));
}

TEST(Backoff, CountsFailuresInARow) {
  RetryConfig config = doubling(Millis(10), Millis(1000));
  config.max_attempts = 2;
  Backoff backoff(config, 1);
  EXPECT_LE(backoff.fail(), Millis(10));
  EXPECT_FALSE(backoff.spent());
  EXPECT_LE(backoff.fail(), Millis(20));
  EXPECT_TRUE(backoff.spent());
  backoff.succeed();
  EXPECT_EQ(backoff.failures(), 0U);
  EXPECT_LE(backoff.fail(), Millis(10));
}

}  // namespace
}  // namespace sluice
