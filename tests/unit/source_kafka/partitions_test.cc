// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/partitions.h"

#include <gtest/gtest.h>

#include <sluice/error.hpp>

namespace sluice::kafka_source {
namespace {

TEST(KafkaPartition, CommitsBehindTheMarkWhileRecordsAreOut) {
  Partition partition;
  partition.passed = 10;
  partition.committed = 10;
  EXPECT_FALSE(partition.to_commit());
  partition.given = 14;
  partition.passed = 15;
  EXPECT_EQ(partition.settled_to(), kNoOffset);
  EXPECT_FALSE(partition.to_commit());
  partition.settled = 12;
  EXPECT_EQ(partition.settled_to(), 13);
  EXPECT_TRUE(partition.to_commit());
}

TEST(KafkaPartition, CommitsWhatIsNoRecordOnceAllIsSettled) {
  Partition partition;
  partition.passed = 17;  // 15 and 16 were skipped, or marks of a transaction
  partition.given = 14;
  partition.settled = 13;
  EXPECT_EQ(partition.settled_to(), 14);
  partition.settled = 14;
  EXPECT_EQ(partition.settled_to(), 17);
}

TEST(KafkaPartition, CommitsItsStartWhereTheGroupHasNothing) {
  Partition partition;
  partition.from = partition.passed = 7;
  EXPECT_TRUE(partition.to_commit());
  EXPECT_EQ(partition.settled_to(), 7);
  // Also when the first records were handed out before that.
  partition.given = 8;
  partition.passed = 9;
  EXPECT_TRUE(partition.to_commit());
  EXPECT_EQ(partition.settled_to(), 7);
}

TEST(KafkaPartitionTable, MarksOfOthersAndMarksThatGoBackCountForNothing) {
  PartitionTable table;
  Partition& partition = table.add("orders", 3, 7);
  table.settled(8, 5);
  EXPECT_FALSE(partition.settled);
  table.settled(7, 5);
  table.settled(7, 4);
  EXPECT_EQ(partition.settled, 5U);
  table.remove("orders", 3);
  table.settled(7, 9);
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find("orders", 3), nullptr);
}

TEST(KafkaPartitionTable, LaneNamesAreTopicAndPartition) {
  EXPECT_EQ(lane_name("orders", 3), "orders/3");
  const PartitionName name = partition_name("orders/3");
  EXPECT_EQ(name.topic, "orders");
  EXPECT_EQ(name.number, 3);
}

TEST(KafkaPartitionTable, WhatNamesNoPartitionIsRefused) {
  for (const char* lane :
       {"", "orders", "orders/", "/3", "orders/-1", "orders/3x", "orders/9999999999"}) {
    EXPECT_THROW(partition_name(lane), BadConfig) << lane;
  }
}

}  // namespace
}  // namespace sluice::kafka_source
