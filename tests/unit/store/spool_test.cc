// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/unit/store/spool_support.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<uint64_t> numbers(uint64_t first, size_t count) {
  std::vector<uint64_t> out(count);
  std::iota(out.begin(), out.end(), first);
  return out;
}

TEST(Spool, KeepsEverythingARecordNeeds) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  SpoolRecord in;
  in.source = "s3-main";
  in.lane = "in/orders.jsonl#etag";
  in.position = UINT64_MAX - 1;
  in.part = 3;
  in.flags = 1;
  in.key = "k";
  in.headers = {{"trace", "1"}, {"trace", ""}, {std::string_view("b\0n", 3), "\xff"}};
  in.event_time_us = -5;
  in.received_us = 1'700'000'000'000'000;
  in.raw = "{\"original\":true}";
  in.raw_key = "K";
  in.schema_version = "2";
  in.script_hash = "abc";
  in.bundle_hash = "def";
  in.reason = "CONNECTION_ERROR";
  in.detail = "refused";
  in.attempts = 7;
  ASSERT_TRUE(spool->append({&in, 1}));
  SpoolItems items;
  ASSERT_TRUE(spool->peek(0, 10, 1 << 20, items));
  ASSERT_EQ(items.size(), 1u);
  const SpoolRecord& out = items.items()[0].record;
  EXPECT_EQ(out.source, in.source);
  EXPECT_EQ(out.lane, in.lane);
  EXPECT_EQ(out.position, in.position);
  EXPECT_EQ(out.part, in.part);
  EXPECT_EQ(out.flags, in.flags);
  EXPECT_EQ(out.value.data(), nullptr);
  EXPECT_EQ(out.key, "k");
  ASSERT_EQ(out.headers.size(), 3u);
  EXPECT_EQ(out.headers[1].name, "trace");
  EXPECT_NE(out.headers[1].value.data(), nullptr);
  EXPECT_EQ(out.headers[2].name, in.headers[2].name);
  EXPECT_EQ(out.headers[2].value, "\xff");
  EXPECT_EQ(out.event_time_us, in.event_time_us);
  EXPECT_EQ(out.received_us, in.received_us);
  EXPECT_EQ(out.raw, in.raw);
  EXPECT_EQ(out.raw_key, "K");
  EXPECT_EQ(out.schema_version, "2");
  EXPECT_EQ(out.script_hash, "abc");
  EXPECT_EQ(out.bundle_hash, "def");
  EXPECT_EQ(out.reason, "CONNECTION_ERROR");
  EXPECT_EQ(out.detail, "refused");
  EXPECT_EQ(out.attempts, 7u);
}

TEST(Spool, GivesBackInTheOrderItTookAndKeepsWhatItShows) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  ASSERT_TRUE(append_all(*spool, run_of(10, 20)));
  ASSERT_TRUE(append_all(*spool, run_of(30, 5)));
  EXPECT_EQ(positions_in(*spool), numbers(10, 25));
  EXPECT_EQ(positions_in(*spool, 100), numbers(10, 25));
  EXPECT_EQ(spool->stats().records, 25u);
}

TEST(Spool, APeekIsBoundedByRecordsAndBytesButNeverEmptyForALargeOne) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  ASSERT_TRUE(append_all(*spool, run_of(1, 1, 100'000)));
  ASSERT_TRUE(append_all(*spool, run_of(2, 10, 1000)));
  SpoolItems items;
  ASSERT_TRUE(spool->peek(0, 100, 5000, items));
  EXPECT_EQ(items.size(), 1u);
  ASSERT_TRUE(spool->peek(items.items()[0].id, 100, 5000, items));
  EXPECT_EQ(items.size(), 4u);
  EXPECT_LE(items.bytes(), 5000u);
  ASSERT_TRUE(spool->peek(0, 3, 1 << 20, items));
  EXPECT_EQ(items.size(), 3u);
}

TEST(Spool, WhatWasDeliveredGoesOneByOne) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  ASSERT_TRUE(append_all(*spool, run_of(1, 6)));
  SpoolItems items;
  ASSERT_TRUE(spool->peek(0, 6, 1 << 20, items));
  const std::vector<uint64_t> done{items.items()[4].id, items.items()[1].id, items.items()[1].id};
  ASSERT_TRUE(spool->remove(done));
  EXPECT_THAT(positions_in(*spool), ElementsAre(1, 3, 4, 6));
  EXPECT_EQ(spool->stats().records, 4u);
  ASSERT_TRUE(spool->remove(done)) << "what is gone is passed over";
  EXPECT_EQ(spool->stats().records, 4u);
  ASSERT_TRUE(spool->remove(numbers(0, 100)));
  EXPECT_THAT(positions_in(*spool), IsEmpty());
  EXPECT_EQ(spool->stats().bytes, 0u);
  EXPECT_EQ(spool->stats().lanes, 0u);
  ASSERT_TRUE(append_all(*spool, run_of(7, 2)));
  EXPECT_THAT(positions_in(*spool), ElementsAre(7, 8));
}

TEST(Spool, TellsWhichLanesHaveSomethingInside) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  ASSERT_TRUE(append_all(*spool, run_of(5, 3, 100, "a")));
  ASSERT_TRUE(append_all(*spool, run_of(9, 1, 100, "b")));
  EXPECT_EQ(spool->stats().lanes, 2u);
  const SpoolLane a = spool->lane("kafka-main", "a");
  EXPECT_EQ(a.records, 3u);
  EXPECT_EQ(a.last_position, 7u);
  EXPECT_EQ(spool->lane("other", "a").records, 0u);
  SpoolItems items;
  ASSERT_TRUE(spool->peek(0, 3, 1 << 20, items));
  for (const SpoolItem& item : items.items()) {
    const uint64_t id = item.id;
    ASSERT_TRUE(spool->remove({&id, 1}));
  }
  EXPECT_EQ(spool->lane("kafka-main", "a").records, 0u);
  ASSERT_EQ(spool->lanes().size(), 1u);
  EXPECT_EQ(spool->lanes()[0].lane, "b");
}

TEST(Spool, OneFullRefusesAllOfAnAppendAndTakesAgainWhenThereIsRoom) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir, 20'000));
  ASSERT_TRUE(spool);
  ASSERT_TRUE(append_all(*spool, run_of(1, 10, 1000)));
  const SpoolStats before = spool->stats();
  const Status full = append_all(*spool, run_of(11, 10, 1000));
  EXPECT_EQ(full.code(), Code::kExhausted);
  EXPECT_THAT(full.message(), HasSubstr("raise `spool`"));
  EXPECT_EQ(spool->stats().records, before.records);
  EXPECT_EQ(spool->stats().bytes, before.bytes);
  EXPECT_EQ(positions_in(*spool), numbers(1, 10));
  ASSERT_TRUE(spool->remove(numbers(1, 5)));
  ASSERT_TRUE(append_all(*spool, run_of(11, 5, 1000)));
  EXPECT_EQ(positions_in(*spool), numbers(6, 10));
}

TEST(Spool, WhatIsFoundAtTheStartIsTold) {
  TempDir dir;
  ManualClock clock;
  SpoolOptions options = spool_in(dir);
  options.clock = &clock;
  const int64_t began = clock.wall_us();
  uint64_t bytes = 0;
  {
    auto spool = opened_spool(options);
    ASSERT_TRUE(spool);
    EXPECT_EQ(spool->stats().found, 0u);
    ASSERT_TRUE(append_all(*spool, run_of(1, 10, 100, "a")));
    clock.advance(std::chrono::seconds(1));
    ASSERT_TRUE(append_all(*spool, run_of(1, 2, 100, "b")));
    ASSERT_TRUE(spool->remove(numbers(1, 4)));
    bytes = spool->stats().bytes;
  }
  auto spool = opened_spool(options);
  ASSERT_TRUE(spool);
  const SpoolStats stats = spool->stats();
  EXPECT_EQ(stats.found, 8u);
  EXPECT_EQ(stats.records, 8u);
  EXPECT_EQ(stats.lanes, 2u);
  EXPECT_EQ(stats.oldest_us, began);
  EXPECT_EQ(stats.bytes, bytes);
  EXPECT_EQ(spool->lane("kafka-main", "a").last_position, 10u);
  EXPECT_THAT(positions_in(*spool), ElementsAre(5, 6, 7, 8, 9, 10, 1, 2));
  ASSERT_TRUE(spool->remove(numbers(5, 6)));
  EXPECT_EQ(spool->stats().oldest_us, began + 1'000'000);
}

TEST(Spool, NewRecordsComeBehindOldOnesAfterARestart) {
  TempDir dir;
  for (uint64_t round = 0; round < 4; ++round) {
    auto spool = opened_spool(spool_in(dir));
    ASSERT_TRUE(spool);
    ASSERT_TRUE(append_all(*spool, run_of(round * 3, 3)));
  }
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  EXPECT_EQ(positions_in(*spool), numbers(0, 12));
}

TEST(Spool, MoreThanItsBuffersGoesInAndOutAndGivesSpaceBack) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir, 32 << 20));
  ASSERT_TRUE(spool);
  // Several times what fits in memory, delivered in order while more comes.
  uint64_t next = 0;
  uint64_t expected = 0;
  SpoolItems items;
  for (int round = 0; round < 30; ++round) {
    ASSERT_TRUE(append_all(*spool, run_of(next, 200, 10'000)));
    next += 200;
    if (round < 10) continue;
    ASSERT_TRUE(spool->peek(0, 250, 100 << 20, items));
    std::vector<uint64_t> ids;
    for (const SpoolItem& item : items.items()) {
      EXPECT_EQ(item.record.position, expected++);
      ids.push_back(item.id);
    }
    ASSERT_TRUE(spool->remove(ids));
  }
  EXPECT_EQ(spool->stats().records, next - expected);
  EXPECT_EQ(positions_in(*spool, 1000), numbers(expected, next - expected));
  EXPECT_LT(spool->stats().disk_bytes, 48u << 20) << "60 MB went through";
}

TEST(Spool, TheNameOfASinkMayBeAnything) {
  TempDir dir;
  for (const char* sink : {"pg", "a/../b", "..", "x y"}) {
    SpoolOptions options = spool_in(dir);
    options.sink = sink;
    auto spool = opened_spool(options);
    ASSERT_TRUE(spool) << sink;
  }
  EXPECT_THAT(spools_in(dir.path()), ElementsAre("..", "a/../b", "pg", "x y"));
}

TEST(Spool, OnlyOneProcessMayHaveItOpen) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir));
  const auto second = open_spool(spool_in(dir));
  EXPECT_EQ(second.status().code(), Code::kExists) << second.status().message();
  EXPECT_THAT(second.status().message(), HasSubstr("the spool of pg"));
}

}  // namespace
}  // namespace sluice
