// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/checkpoint_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <limits>

#include "tests/unit/store/temp_dir.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

std::unique_ptr<CheckpointStore> open(const TempDir& dir) {
  auto store = open_checkpoint_store(dir.path());
  EXPECT_TRUE(store.is_ok()) << store.status().message();
  return store.is_ok() ? std::move(store).value() : nullptr;
}

CheckpointUpdate update(std::string source, std::vector<LaneMark> set) {
  CheckpointUpdate out;
  out.pipeline = "orders";
  out.tenant = "acme";
  out.source = std::move(source);
  out.set = std::move(set);
  return out;
}

std::string lanes_of(CheckpointStore& store, const std::string& source) {
  auto loaded = store.load("orders", source);
  EXPECT_TRUE(loaded.is_ok()) << loaded.status().message();
  std::string out;
  for (const LaneMark& mark : loaded->lanes) {
    out += mark.lane + "=" + std::to_string(mark.position) + " ";
  }
  return out;
}

TEST(CheckpointStore, UnknownSourceHasAnEmptyCheckpoint) {
  TempDir dir;
  auto store = open(dir);
  auto loaded = store->load("orders", "s3-main");
  ASSERT_TRUE(loaded.is_ok());
  EXPECT_TRUE(loaded->lanes.empty());
  EXPECT_FALSE(loaded->cursor.has_value());
  EXPECT_EQ(loaded->updated_at_us, 0);
}

TEST(CheckpointStore, KeepsMarksCursorAndTimesAcrossReopening) {
  TempDir dir;
  {
    auto store = open(dir);
    CheckpointUpdate one = update("a", {{"lane/1", 10}, {std::string("b\0\xff", 3), 7}});
    one.cursor = std::string("blob\0x", 6);
    one.highest_event_time_us = 500;
    ASSERT_TRUE(store->commit({one, update("b", {{"other", 1}})}, 1234).is_ok());
  }
  auto store = open(dir);
  auto loaded = store->load("orders", "a");
  ASSERT_TRUE(loaded.is_ok());
  ASSERT_EQ(loaded->lanes.size(), 2u);
  EXPECT_EQ(loaded->lanes[0].lane, std::string("b\0\xff", 3));
  EXPECT_EQ(loaded->lanes[1].position, 10u);
  EXPECT_EQ(loaded->cursor, std::string("blob\0x", 6));
  EXPECT_EQ(loaded->highest_event_time_us, 500);
  EXPECT_EQ(loaded->updated_at_us, 1234);
  EXPECT_EQ(lanes_of(*store, "b"), "other=1 ");
}

TEST(CheckpointStore, HoldsPositionsOfTheWhole64BitRange) {
  TempDir dir;
  auto store = open(dir);
  const uint64_t top = std::numeric_limits<uint64_t>::max();
  ASSERT_TRUE(store->commit({update("a", {{"x", top}, {"y", 1ull << 63}})}, 1).is_ok());
  auto loaded = store->load("orders", "a");
  EXPECT_EQ(loaded->lanes[0].position, top);
  EXPECT_EQ(loaded->lanes[1].position, 1ull << 63);
}

TEST(CheckpointStore, ForgetsLanesThatAreDone) {
  TempDir dir;
  auto store = open(dir);
  ASSERT_TRUE(store->commit({update("a", {{"x", 1}, {"y", 2}})}, 1).is_ok());
  CheckpointUpdate done = update("a", {{"y", 3}});
  done.forget = {"x", "never-seen"};
  ASSERT_TRUE(store->commit({done}, 2).is_ok());
  EXPECT_EQ(lanes_of(*store, "a"), "y=3 ");
}

std::string delivered_of(CheckpointStore& store, const std::string& source) {
  const SourceCheckpoint loaded = store.load("orders", source).value();
  std::string out;
  for (const DeliveredRange& range : loaded.delivered) {
    out += range.sink + ":" + range.lane + ":" + std::to_string(range.first_position) + "/" +
           std::to_string(range.first_part) + "-" + std::to_string(range.last_position) + "/" +
           std::to_string(range.last_part) + " ";
  }
  return out;
}

TEST(CheckpointStore, KeepsWhatSinksHaveUntilTheMarkPassesIt) {
  TempDir dir;
  CheckpointUpdate one = update("a", {{"x", 3}});
  one.delivered = {{"x", "pg", 5, 0, 9, 2}, {"x", "search", 5, 0, 6, 0}, {"y", "pg", 7, 1, 7, 1}};
  ASSERT_TRUE(open(dir)->commit({one}, 1).is_ok());
  auto store = open(dir);
  EXPECT_EQ(delivered_of(*store, "a"), "pg:x:5/0-9/2 search:x:5/0-6/0 pg:y:7/1-7/1 ");
  EXPECT_EQ(delivered_of(*store, "b"), "");
  ASSERT_TRUE(store->commit({update("a", {{"x", 8}})}, 2).is_ok());
  EXPECT_EQ(delivered_of(*store, "a"), "pg:x:5/0-9/2 pg:y:7/1-7/1 ");
  CheckpointUpdate done = update("a", {{"x", 9}});
  done.forget = {"y"};
  ASSERT_TRUE(store->commit({done}, 3).is_ok());
  EXPECT_EQ(delivered_of(*store, "a"), "");
}

TEST(CheckpointStore, ComparesRangesAndMarksAsUnsigned) {
  TempDir dir;
  auto store = open(dir);
  const uint64_t high = 1ull << 63;
  CheckpointUpdate one = update("a", {});
  one.delivered = {{"x", "pg", high, 0, high + 5, 0}, {"x", "pg", 1, 0, 2, 0}};
  ASSERT_TRUE(store->commit({one}, 1).is_ok());
  ASSERT_TRUE(store->commit({update("a", {{"x", high + 4}})}, 2).is_ok());
  EXPECT_EQ(delivered_of(*store, "a"), "pg:x:9223372036854775808/0-9223372036854775813/0 ");
  ASSERT_TRUE(store->commit({update("a", {{"x", high + 5}})}, 3).is_ok());
  EXPECT_EQ(delivered_of(*store, "a"), "");
}

TEST(CheckpointStore, AnAbsentCursorOrEventTimeChangesNothing) {
  TempDir dir;
  auto store = open(dir);
  CheckpointUpdate first = update("a", {});
  first.cursor = "c1";
  first.highest_event_time_us = 900;
  ASSERT_TRUE(store->commit({first}, 1).is_ok());
  CheckpointUpdate older = update("a", {});
  older.highest_event_time_us = 400;
  ASSERT_TRUE(store->commit({update("a", {{"x", 1}}), older}, 2).is_ok());
  auto loaded = store->load("orders", "a");
  EXPECT_EQ(loaded->cursor, "c1");
  EXPECT_EQ(loaded->highest_event_time_us, 900);
  EXPECT_EQ(loaded->updated_at_us, 2);
}

TEST(CheckpointStore, AnEmptyCursorIsNotAnAbsentOne) {
  TempDir dir;
  auto store = open(dir);
  CheckpointUpdate first = update("a", {});
  first.cursor = "";
  ASSERT_TRUE(store->commit({first}, 1).is_ok());
  EXPECT_EQ(store->load("orders", "a")->cursor, "");
}

TEST(CheckpointStore, PipelinesWithTheSameSourceNameStayApart) {
  TempDir dir;
  auto store = open(dir);
  CheckpointUpdate other = update("a", {{"x", 99}});
  other.pipeline = "events";
  ASSERT_TRUE(store->commit({update("a", {{"x", 1}}), other}, 1).is_ok());
  EXPECT_EQ(lanes_of(*store, "a"), "x=1 ");
}

TEST(CheckpointStore, FileIsPrivate) {
  TempDir dir;
  auto store = open(dir);
  ASSERT_TRUE(store->commit({update("a", {{"x", 1}})}, 1).is_ok());
  for (const char* name : {"checkpoints.db", "checkpoints.db-wal"}) {
    struct stat info {};
    ASSERT_EQ(::stat((dir / name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
}

}  // namespace
}  // namespace sluice
