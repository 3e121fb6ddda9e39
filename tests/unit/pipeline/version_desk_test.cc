// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/version_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>

#include "tests/unit/support/comes_true.h"

namespace sluice {
namespace {

using test::comes_true;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = registry::SchemaAnswer::Kind;

class NobodyListens final : public SettlementListener {
 public:
  void segment_settled(std::shared_ptr<Batch>, uint32_t) override {}
  void batch_gone(const Batch&) override { ++gone; }
  std::atomic<int> gone{0};
};

// A record of a lane, with a schema id in front of it.
struct Framed {
  uint32_t lane = 0;
  uint32_t id = 0;
};

class VersionDeskTest : public ::testing::Test {
 protected:
  void TearDown() override {
    desk_.reset();
    batches_.clear();
  }

  void open() {
    VersionDesk::Options options;
    options.registry.url = "http://registry";
    options.registry.refresh = Millis(60'000);
    options.pipeline = "p";
    options.clock = &clock_;
    options.pass = [this](BatchPtr batch) {
      MutexLock lock(mutex_);
      passed_.push_back(batch->sequence);
      snapshots_[batch->sequence] = batch->schema_ids;
    };
    options.ask = [this](uint32_t id) { return answer(id); };
    desk_ = VersionDesk::create(std::move(options)).value();
    desk_->start();
  }
  // 1 to 999 are known to the registry, unless it is away or stumbles over one.
  Result<registry::SchemaAnswer> answer(uint32_t id) {
    MutexLock lock(mutex_);
    asked_.push_back(id);
    if (away_ || id == stumbles_) return unavailable("is away");
    registry::SchemaAnswer out;
    out.kind = id < 1000 || registered_ ? Kind::kJson : Kind::kUnknown;
    return out;
  }
  // The batch with this number; its left flag.
  std::shared_ptr<std::atomic<bool>> submit(uint64_t number, std::vector<Framed> records) {
    auto& held = batches_.emplace_back();
    for (const Framed& framed : records) {
      std::string& value = held.values.emplace_back(1, '\0');
      for (int shift = 24; shift >= 0; shift -= 8) value += static_cast<char>(framed.id >> shift);
      value += "{}";
    }
    for (size_t i = 0; i < records.size(); ++i) {
      sluice_record record{};
      record.lane = records[i].lane;
      record.position = i + 1;
      record.value = {held.values[i].data(), held.values[i].size()};
      held.records.push_back(record);
    }
    sluice_batch raw{};
    raw.struct_size = sizeof raw;
    raw.stride = sizeof(sluice_record);
    raw.count = static_cast<uint32_t>(held.records.size());
    raw.records = held.records.data();
    auto batch = std::make_shared<Batch>(raw, pool_, listener_);
    batch->sequence = number;
    auto left = std::make_shared<std::atomic<bool>>(false);
    for (Batch::Segment& segment : batch->segments()) segment.lane_left = left;
    desk_->submit(std::move(batch));
    return left;
  }
  std::vector<uint64_t> passed() {
    MutexLock lock(mutex_);
    return passed_;
  }
  std::vector<uint32_t> asked() {
    MutexLock lock(mutex_);
    return asked_;
  }
  void away(bool away) {
    MutexLock lock(mutex_);
    away_ = away;
  }
  bool passes(size_t n) {
    return comes_true([&] { return passed().size() == n; });
  }

  struct Held {
    std::deque<std::string> values;
    std::vector<sluice_record> records;
  };
  ManualClock clock_;
  BatchBufferPool pool_;
  NobodyListens listener_;
  std::deque<Held> batches_;
  std::unique_ptr<VersionDesk> desk_;
  Mutex mutex_;
  std::vector<uint64_t> passed_ SLUICE_GUARDED_BY(mutex_);
  std::map<uint64_t, std::shared_ptr<const SchemaIds>> snapshots_ SLUICE_GUARDED_BY(mutex_);
  std::vector<uint32_t> asked_ SLUICE_GUARDED_BY(mutex_);
  bool away_ SLUICE_GUARDED_BY(mutex_) = false;
  bool registered_ SLUICE_GUARDED_BY(mutex_) = false;
  uint32_t stumbles_ SLUICE_GUARDED_BY(mutex_) = 0;
};

TEST_F(VersionDeskTest, AsksOnceAnIdAndPassesWhatIsKnownAtOnce) {
  open();
  submit(0, {{1, 7}, {1, 7}, {1, 8}});
  ASSERT_TRUE(passes(1));
  submit(1, {{1, 7}, {2, 8}});
  EXPECT_EQ(passed().size(), 2U) << "without another thread";
  EXPECT_THAT(asked(), ElementsAre(7, 8));
  MutexLock lock(mutex_);
  EXPECT_NE(snapshots_[0]->find(8), nullptr);
  EXPECT_NE(snapshots_[1]->find(7), nullptr);
}

TEST_F(VersionDeskTest, WhatNamesNoIdWaitsForNobody) {
  away(true);
  open();
  submit(0, {});
  EXPECT_THAT(passed(), ElementsAre(0));
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(VersionDeskTest, OnlyLanesOfAnUnknownIdWait) {
  open();
  submit(0, {{1, 7}});
  ASSERT_TRUE(passes(1));
  away(true);
  submit(1, {{1, 8}, {2, 7}});
  submit(2, {{2, 7}});
  submit(3, {{3, 7}});
  submit(4, {{3, 7}, {1, 7}});
  submit(5, {{3, 7}});
  EXPECT_THAT(passed(), ElementsAre(0, 3)) << "3 is of no lane that waits";
  EXPECT_EQ(desk_->status().waiting_batches, 4U);
  EXPECT_EQ(desk_->status().waiting_records, 6U);
  ASSERT_TRUE(comes_true([&] { return desk_->status().failures != 0; }));
  EXPECT_NE(desk_->status().away_since_us, 0);
  EXPECT_EQ(desk_->status().last_error, "is away");
  away(false);
  ASSERT_TRUE(passes(6));
  EXPECT_THAT(passed(), ElementsAre(0, 3, 1, 2, 4, 5));
  EXPECT_EQ(desk_->status().away_since_us, 0);
}

TEST_F(VersionDeskTest, AnIdThatTheRegistryStumblesOverHoldsNoOther) {
  {
    MutexLock lock(mutex_);
    stumbles_ = 8;
  }
  open();
  submit(0, {{1, 8}});
  submit(1, {{2, 9}});
  ASSERT_TRUE(passes(1));
  EXPECT_THAT(passed(), ElementsAre(1));
}

TEST_F(VersionDeskTest, AsksAgainForWhatDoesNotLastAfterAWhile) {
  open();
  submit(0, {{1, 4711}});
  ASSERT_TRUE(passes(1));
  clock_.advance(std::chrono::seconds(59));
  submit(1, {{1, 4711}});
  EXPECT_EQ(passed().size(), 2U);
  clock_.advance(std::chrono::seconds(2));
  {
    MutexLock lock(mutex_);
    registered_ = true;
  }
  submit(2, {{1, 4711}});
  ASSERT_TRUE(passes(3));
  EXPECT_THAT(asked(), ElementsAre(4711, 4711));
  MutexLock lock(mutex_);
  EXPECT_EQ(snapshots_[1]->find(4711)->answer.kind, Kind::kUnknown);
  EXPECT_EQ(snapshots_[2]->find(4711)->answer.kind, Kind::kJson);
}

TEST_F(VersionDeskTest, AnAnswerCountsHoweverLongTheOthersTake) {
  open();
  submit(0, {{1, 4711}, {1, 4712}});
  ASSERT_TRUE(passes(1));
  clock_.advance(std::chrono::hours(1));
  {
    MutexLock lock(mutex_);
    stumbles_ = 4712;
  }
  submit(1, {{1, 4711}, {1, 4712}});
  ASSERT_TRUE(comes_true([&] { return desk_->status().answers == 3; }));
  clock_.advance(std::chrono::hours(1));
  {
    MutexLock lock(mutex_);
    stumbles_ = 0;
  }
  ASSERT_TRUE(passes(2));
}

TEST_F(VersionDeskTest, LetsGoOfWhatHasLeft) {
  away(true);
  open();
  const auto left = submit(0, {{1, 7}});
  submit(1, {{2, 7}});
  desk_->lanes_left();
  EXPECT_THAT(passed(), IsEmpty());
  *left = true;
  desk_->lanes_left();
  EXPECT_THAT(passed(), ElementsAre(0));
}

TEST_F(VersionDeskTest, StopsWhileTheRegistryIsAway) {
  away(true);
  open();
  submit(0, {{1, 7}});
  ASSERT_TRUE(comes_true([&] { return !asked().empty(); }));
  desk_->stop();
  EXPECT_EQ(listener_.gone, 1) << "what waited is let go";
  EXPECT_THAT(passed(), IsEmpty());
}

}  // namespace
}  // namespace sluice
