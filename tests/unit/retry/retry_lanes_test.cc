// SPDX-License-Identifier: Apache-2.0
#include "runtime/retry/retry_lanes.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using Places = std::map<RetryLanes::Partition, int64_t>;

const RetryLanes::Partition kOne{"orders.retry.5m", 0};
const RetryLanes::Partition kOther{"orders.retry.5m", 1};

TEST(RetryLanes, AnOffsetIsCommittedOnceEverythingBelowItIsSettled) {
  RetryLanes lanes;
  lanes.add(kOne);
  const uint64_t first = lanes.take(kOne, 10, 5);
  const uint64_t second = lanes.take(kOne, 12, 5);  // 11 was left out by compaction
  const uint64_t third = lanes.take(kOne, 13, 5);
  lanes.settle(second);
  EXPECT_EQ(lanes.take_moved(), Places{});
  lanes.settle(first);
  EXPECT_EQ(lanes.take_moved(), (Places{{kOne, 13}}));
  EXPECT_EQ(lanes.take_moved(), Places{});
  lanes.settle(third);
  EXPECT_EQ(lanes.take_moved(), (Places{{kOne, 14}}));
}

TEST(RetryLanes, WhatIsOutIsCountedUntilItIsSettled) {
  RetryLanes lanes;
  lanes.add(kOne);
  const uint64_t first = lanes.take(kOne, 0, 100);
  lanes.take(kOne, 1, 50);
  EXPECT_EQ(lanes.out(), 2U);
  EXPECT_EQ(lanes.out_bytes(), 150U);
  lanes.settle(first);
  lanes.settle(first);  // known to be settled: no matter
  EXPECT_EQ(lanes.out(), 1U);
  EXPECT_EQ(lanes.out_bytes(), 50U);
}

TEST(RetryLanes, APartitionThatWentAndCameBackBeginsAnew) {
  RetryLanes lanes;
  lanes.add(kOne);
  lanes.add(kOther);
  const uint64_t old = lanes.take(kOne, 3, 1);
  const uint64_t others = lanes.take(kOther, 7, 1);
  lanes.remove(kOne);
  EXPECT_EQ(lanes.out(), 1U);
  lanes.add(kOne);
  lanes.settle(old);  // of the time before: says nothing of now
  EXPECT_EQ(lanes.take_moved(), Places{});
  EXPECT_EQ(lanes.places_of({kOne}), Places{});
  lanes.settle(others);
  EXPECT_EQ(lanes.places_of({kOne, kOther}), (Places{{kOther, 8}}));
}

TEST(RetryLanes, NumbersOfTwoBranchesAreNotTheSame) {
  RetryLanes one(uint64_t{1} << 48);
  RetryLanes other(uint64_t{2} << 48);
  one.add(kOne);
  other.add(kOne);
  EXPECT_NE(one.take(kOne, 0, 1), other.take(kOne, 0, 1));
}

TEST(RetryLanes, WaitingEndsWhenNothingIsOut) {
  RetryLanes lanes;
  lanes.add(kOne);
  lanes.settle(lanes.take(kOne, 0, 1));
  lanes.wait_settled({kOne}, std::chrono::hours(1));  // at once
  lanes.take(kOne, 1, 1);
  lanes.wait_settled({kOne}, std::chrono::milliseconds(1));
  EXPECT_EQ(lanes.out(), 1U);
}

}  // namespace
}  // namespace sluice
