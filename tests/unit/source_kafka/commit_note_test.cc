// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/commit_note.h"

#include <gtest/gtest.h>

#include "plugins/common/kafka_handles.h"

namespace sluice::kafka_source {
namespace {

TEST(KafkaCommitNote, GivesBackTheEpochThatWasPutInto) {
  for (const std::uint32_t epoch : {0U, 1U, 1'790'000'000U, UINT32_MAX}) {
    EXPECT_EQ(epoch_of_note(commit_note(epoch)), epoch);
  }
}

TEST(KafkaCommitNote, OneWithoutAnEpochIsOfTheFirst) { EXPECT_EQ(epoch_of_note("sluice/1"), 0U); }

TEST(KafkaCommitNote, WhatOthersWriteIsNotOurs) {
  for (const char* text : {"", "sluice", "sluice/2 epoch=1", "sluice/1 epoch=", "sluice/1 epoch=-1",
                           "sluice/1 epoch=1x", "sluice/1 epoch=4294967296", "sluice/1x"}) {
    EXPECT_FALSE(epoch_of_note(text)) << text;
  }
}

TEST(KafkaCommitNote, OfAnEntryWithoutAnOffsetThereIsNone) {
  const auto list = common::kafka::new_partitions(1);
  auto* entry = rd_kafka_topic_partition_list_add(list.get(), "orders", 3);
  entry->offset = 7;
  EXPECT_FALSE(epoch_of(*entry));
  note_epoch(*entry, 9);
  EXPECT_EQ(epoch_of(*entry), 9U);
  entry->offset = RD_KAFKA_OFFSET_INVALID;
  EXPECT_FALSE(epoch_of(*entry));
}

}  // namespace
}  // namespace sluice::kafka_source
