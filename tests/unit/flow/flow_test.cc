// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <thread>

#include "runtime/flow/byte_budget.h"
#include "runtime/flow/token_bucket.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

TEST(TokenBucket, StartsWithItsBurstAndThenRefillsAtItsRate) {
  ManualClock clock;
  TokenBucket bucket(100, 1, clock);
  EXPECT_EQ(bucket.take(1000), 100U);
  EXPECT_EQ(bucket.take(1), 0U);
  clock.advance(milliseconds(250));
  EXPECT_EQ(bucket.take(1000), 25U);
}

TEST(TokenBucket, HoldsNoMoreThanItsBurst) {
  ManualClock clock;
  TokenBucket bucket(100, 2, clock);
  clock.advance(std::chrono::hours(1));
  EXPECT_EQ(bucket.take(100000), 200U);
}

TEST(TokenBucket, TakesBackWhatWasNotUsed) {
  ManualClock clock;
  TokenBucket bucket(10, 1, clock);
  EXPECT_EQ(bucket.take(10), 10U);
  bucket.give_back(4);
  EXPECT_EQ(bucket.take(10), 4U);
}

TEST(TokenBucket, TellsHowLongTheNextTokenTakes) {
  ManualClock clock;
  TokenBucket bucket(10, 1, clock);
  EXPECT_EQ(bucket.time_to_next(), milliseconds(0));
  bucket.take(10);
  const auto wait = bucket.time_to_next();
  EXPECT_GT(wait, milliseconds(90));
  EXPECT_LE(wait, milliseconds(102));
}

TEST(ByteBudget, AdmitsOneOversizedPieceWhenNothingIsHeld) {
  ByteBudget budget(100);
  EXPECT_TRUE(budget.wait_room(1000, std::chrono::steady_clock::now()));
}

TEST(ByteBudget, WaitsUntilSomethingIsRefunded) {
  ByteBudget budget(100);
  budget.charge(90);
  EXPECT_FALSE(budget.wait_room(20, std::chrono::steady_clock::now()));
  std::thread other([&] { budget.refund(90); });
  EXPECT_TRUE(budget.wait_room(20, std::chrono::steady_clock::now() + std::chrono::seconds(30)));
  other.join();
  EXPECT_EQ(budget.used(), 0U);
}

}  // namespace
}  // namespace sluice
