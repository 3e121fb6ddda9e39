// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/retry.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Millis = std::chrono::milliseconds;

TEST(RetryPolicy, DoublesItsCeilingUpToTheCap) {
  RetryPolicy retry(Millis(100), Millis(1000), {}, 1);
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
  RetryPolicy retry(Millis(0), Millis(-5), {}, 1);
  EXPECT_GE(retry.delay(UINT32_MAX), Millis(1));
}

TEST(RetryPolicy, FollowsAListOfDelaysAndStaysAtItsLast) {
  RetryPolicy retry(Millis(1), Millis(1), {Millis(300), Millis(600)}, 1);
  EXPECT_EQ(retry.delay(1), Millis(300));
  EXPECT_EQ(retry.delay(2), Millis(600));
  EXPECT_EQ(retry.delay(9), Millis(600));
}

TEST(RetryPolicy, NeverWaitsLessThanItWasAskedTo) {
  RetryPolicy retry(Millis(1), Millis(2), {}, 1);
  EXPECT_EQ(retry.delay(1, Millis(5000)), Millis(5000));
}

}  // namespace
}  // namespace sluice
