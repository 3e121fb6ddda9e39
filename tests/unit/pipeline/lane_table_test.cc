// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/lane_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Quiet final : public SettlementListener {
 public:
  void segment_settled(std::shared_ptr<Batch>, uint32_t) override {}
  void batch_gone(const Batch&) override {}
};

// Builds batches and speaks of lanes by name.
class LaneTableTest : public ::testing::Test {
 protected:
  struct Held {
    std::vector<sluice_record> records;
    std::shared_ptr<Batch> batch;
  };

  uint32_t open(const std::string& name) {
    uint32_t id = 0;
    uint64_t mark = 0;
    table_.open(name, &id, &mark);
    return id;
  }

  Held make(const std::vector<std::pair<uint32_t, uint64_t>>& places) {
    Held held;
    for (const auto& [lane, position] : places) {
      sluice_record record{};
      record.lane = lane;
      record.position = position;
      held.records.push_back(record);
    }
    sluice_batch raw{};
    raw.stride = sizeof(sluice_record);
    raw.count = static_cast<uint32_t>(held.records.size());
    raw.records = held.records.data();
    held.batch = std::make_shared<Batch>(raw, pool_, quiet_);
    return held;
  }

  Held enroll(const std::vector<std::pair<uint32_t, uint64_t>>& places) {
    Held held = make(places);
    EXPECT_EQ(table_.enroll(*held.batch), std::nullopt);
    return held;
  }

  void settle(const Held& held) {
    for (const Batch::Segment& segment : held.batch->segments()) table_.settle(segment);
  }

  // "lane@position" of what would be stored now.
  std::vector<std::string> advance() {
    std::vector<std::string> out;
    const LaneTable::Advance advance = table_.take_advance();
    for (const LaneMark& mark : advance.update.set) {
      out.push_back(mark.lane + "@" + std::to_string(mark.position));
    }
    for (const std::string& lane : advance.update.forget) out.push_back("forget " + lane);
    if (advance.update.cursor) out.push_back("cursor " + *advance.update.cursor);
    return out;
  }

  BatchBufferPool pool_;
  Quiet quiet_;
  LaneTable table_;
};

TEST_F(LaneTableTest, RisesOnlyOverAGapFreePrefix) {
  const uint32_t a = open("a");
  const Held first = enroll({{a, 10}, {a, 20}});
  const Held second = enroll({{a, 30}});
  settle(second);
  EXPECT_THAT(advance(), IsEmpty());
  settle(first);
  EXPECT_THAT(advance(), ElementsAre("a@30"));
  EXPECT_THAT(advance(), IsEmpty()) << "told once";
}

TEST_F(LaneTableTest, OneLaneDoesNotHoldUpAnother) {
  const uint32_t a = open("a");
  const uint32_t b = open("b");
  const Held stuck = enroll({{a, 1}});
  const Held free = enroll({{b, 1}, {b, 2}});
  settle(free);
  EXPECT_THAT(advance(), ElementsAre("b@2"));
  settle(stuck);
  EXPECT_THAT(advance(), ElementsAre("a@1"));
}

TEST_F(LaneTableTest, SplitsAMixedBatchByLane) {
  const uint32_t a = open("a");
  const uint32_t b = open("b");
  const Held mixed = enroll({{a, 1}, {b, 7}, {a, 2}, {b, 8}});
  ASSERT_EQ(mixed.batch->segments().size(), 2U);
  EXPECT_EQ(mixed.batch->segments()[0].count, 2U);
  EXPECT_EQ(mixed.batch->segment_of(1), 1U);
  settle(mixed);
  EXPECT_THAT(advance(), ElementsAre("a@2", "b@8"));
}

TEST_F(LaneTableTest, ResumesFromWhatWasStored) {
  table_.restore({{{"a", 42}}, "blob", 0, 0});
  uint32_t id = 0;
  uint64_t mark = 0;
  EXPECT_EQ(table_.open("a", &id, &mark), SLUICE_OK);
  EXPECT_EQ(mark, 42U);
  EXPECT_EQ(table_.open("new", &id, &mark), SLUICE_IDLE);
  EXPECT_EQ(table_.cursor(), "blob");
}

TEST_F(LaneTableTest, RefusesPositionsThatDoNotRiseAndUnknownLanes) {
  const uint32_t a = open("a");
  const Held first = enroll({{a, 10}});
  EXPECT_NE(table_.enroll(*make({{a, 10}}).batch), std::nullopt);
  EXPECT_NE(table_.enroll(*make({{a, 9}}).batch), std::nullopt);
  EXPECT_NE(table_.enroll(*make({{999, 1}}).batch), std::nullopt);
}

TEST_F(LaneTableTest, RefusesNamesThatCannotBeStored) {
  uint32_t id = 0;
  uint64_t mark = 0;
  EXPECT_EQ(table_.open("", &id, &mark), SLUICE_E_CONFIG);
  EXPECT_EQ(table_.open(std::string(5000, 'x'), &id, &mark), SLUICE_E_CONFIG);
  EXPECT_EQ(table_.open("\xff", &id, &mark), SLUICE_E_CONFIG);
}

TEST_F(LaneTableTest, ForgetsADoneLaneOnceItIsWhollySettled) {
  const uint32_t a = open("a");
  const Held only = enroll({{a, 5}});
  EXPECT_EQ(table_.done(a), SLUICE_OK);
  EXPECT_THAT(advance(), IsEmpty());
  settle(only);
  EXPECT_THAT(advance(), ElementsAre("forget a"));
  EXPECT_EQ(table_.done(a), SLUICE_E_CONFIG) << "it is gone";
}

TEST_F(LaneTableTest, ACursorWaitsForEverythingHandedOverBefore) {
  const uint32_t a = open("a");
  const uint32_t b = open("b");
  const Held before = enroll({{a, 1}});
  table_.set_cursor("one");
  const Held after = enroll({{b, 1}});
  settle(after);
  EXPECT_THAT(advance(), ElementsAre("b@1"));
  settle(before);
  EXPECT_THAT(advance(), ElementsAre("a@1", "cursor one"));
  table_.set_cursor("two");
  EXPECT_THAT(advance(), ElementsAre("cursor two")) << "nothing is out";
}

TEST_F(LaneTableTest, KnowsWhenLanesAreSettled) {
  const uint32_t a = open("a");
  const Held held = enroll({{a, 3}});
  EXPECT_FALSE(table_.idle());
  const std::vector<uint32_t> ids{a};
  EXPECT_FALSE(table_.wait_settled(ids, std::chrono::steady_clock::now()));
  settle(held);
  EXPECT_TRUE(table_.wait_settled(ids, std::chrono::steady_clock::now()));
  EXPECT_TRUE(table_.idle());
  ASSERT_EQ(table_.marks_of(ids).size(), 1U);
  EXPECT_EQ(table_.marks_of(ids)[0].position, 3U);
}

}  // namespace
}  // namespace sluice
