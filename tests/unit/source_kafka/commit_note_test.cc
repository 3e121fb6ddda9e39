// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/commit_note.h"

#include <gtest/gtest.h>

#include "plugins/common/kafka_handles.h"

namespace sluice::kafka_source {
namespace {

TEST(KafkaCommitNote, GivesBackWhatWasPutInto) {
  for (const std::uint32_t epoch : {0U, 1U, 1'790'000'000U, UINT32_MAX}) {
    for (const char* start : {"", "latest", "2026-01-31T12:00:00+02:00"}) {
      const auto note = CommitNote::parse(CommitNote{epoch, start}.text());
      ASSERT_TRUE(note);
      EXPECT_EQ(note->epoch, epoch);
      EXPECT_EQ(note->start, start);
    }
  }
}

TEST(KafkaCommitNote, OneWithoutAnEpochIsOfTheFirst) {
  const auto note = CommitNote::parse("sluice/1");
  ASSERT_TRUE(note);
  EXPECT_EQ(note->epoch, 0U);
}

TEST(KafkaCommitNote, WhatOthersWriteIsNotOurs) {
  for (const char* text : {"", "sluice", "sluice/2 epoch=1", "sluice/1 epoch=", "sluice/1 epoch=-1",
                           "sluice/1 epoch=1x", "sluice/1 epoch=4294967296", "sluice/1x",
                           "sluice/1 start=latest", "sluice/1 epoch=1 start=a b"}) {
    EXPECT_FALSE(CommitNote::parse(text)) << text;
  }
}

TEST(KafkaCommitNote, OfAnEntryWithoutAnOffsetThereIsNone) {
  const auto list = common::kafka::new_partitions(1);
  auto* entry = rd_kafka_topic_partition_list_add(list.get(), "orders", 3);
  entry->offset = 7;
  EXPECT_FALSE(note_of(*entry));
  put_note(*entry, {9, "earliest"});
  ASSERT_TRUE(note_of(*entry));
  EXPECT_EQ(note_of(*entry)->start, "earliest");
  entry->offset = RD_KAFKA_OFFSET_INVALID;
  EXPECT_FALSE(note_of(*entry));
}

}  // namespace
}  // namespace sluice::kafka_source
