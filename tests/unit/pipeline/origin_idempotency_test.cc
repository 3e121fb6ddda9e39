// SPDX-License-Identifier: Apache-2.0
// Records that come again, told by where they came from.
#include "runtime/pipeline/delivered_ranges.h"
#include "tests/unit/pipeline/fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;

class NoListener final : public SettlementListener {
 public:
  void segment_settled(std::shared_ptr<Batch>, uint32_t) override {}
  void batch_gone(const Batch&) override {}
};

// Batches of made-up records against the ranges of two sinks.
class DeliveredRangesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b"}) {
      uint64_t resume = 0;
      uint32_t id = 0;
      EXPECT_EQ(lanes_.open(name, &id, &resume), SLUICE_IDLE);
      ids_[name] = id;
    }
  }
  // One part for each record, of the lane and position.
  BatchPtr batch(std::vector<std::pair<std::string, uint64_t>> of) {
    auto& records = records_.emplace_back();
    for (const auto& [lane, position] : of) {
      sluice_record record{};
      record.lane = ids_[lane];
      record.position = position;
      records.push_back(record);
    }
    sluice_batch raw{};
    raw.stride = sizeof(sluice_record);
    raw.count = static_cast<uint32_t>(records.size());
    raw.records = records.data();
    auto made = std::make_shared<Batch>(raw, pool_, listener_);
    for (uint32_t i = 0; i < raw.count; ++i) {
      Part part;
      part.record = i;
      made->parts().push_back(part);
    }
    return made;
  }
  std::vector<std::string> taken() {
    CheckpointUpdate update;
    ranges_.take(lanes_, update);
    std::vector<std::string> out;
    for (const DeliveredRange& range : update.delivered) {
      out.push_back(range.sink + " " + range.lane + " " + std::to_string(range.first_position) +
                    "-" + std::to_string(range.last_position));
      stored_.delivered.push_back(range);
    }
    return out;
  }
  // What a process that starts now would skip, as "record/sink".
  std::vector<std::string> skipped(const BatchPtr& batch) {
    DeliveredRanges after({{"x", false}, {"y", false}});
    after.restore(stored_);
    after.skip_delivered(*batch, [this](uint32_t lane) { return lanes_.name_of(lane); });
    std::vector<std::string> out;
    for (uint32_t i = 0; i < batch->parts().size(); ++i) {
      for (uint32_t sink = 0; sink < 2; ++sink) {
        if (batch->skips(i, sink)) out.push_back(std::to_string(i) + "/" + "xy"[sink]);
      }
    }
    return out;
  }

  LaneTable lanes_;
  std::map<std::string, uint32_t> ids_;
  std::deque<std::vector<sluice_record>> records_;
  BatchBufferPool pool_;
  NoListener listener_;
  DeliveredRanges ranges_{{{"x", false}, {"y", false}}};
  SourceCheckpoint stored_;
};

TEST_F(DeliveredRangesTest, ARunOfRecordsIsOneRange) {
  ranges_.add({batch({{"a", 10}, {"a", 25}, {"a", 31}}), 0, 3, 0});
  EXPECT_THAT(taken(), ElementsAre("x a 10-31"));
  EXPECT_THAT(skipped(batch({{"a", 10}, {"a", 25}, {"a", 31}, {"a", 40}})),
              ElementsAre("0/x", "1/x", "2/x"));
}

TEST_F(DeliveredRangesTest, ARangeDoesNotReachAcrossARecordThatWasNotDelivered) {
  const BatchPtr of = batch({{"a", 1}, {"a", 2}, {"a", 3}, {"a", 4}});
  of->parts().erase(of->parts().begin() + 1);  // the second became a letter
  ranges_.add({of, 0, 3, 1});
  EXPECT_THAT(taken(), ElementsAre("y a 1-1", "y a 3-4"));
  EXPECT_THAT(skipped(batch({{"a", 1}, {"a", 2}, {"a", 3}})), ElementsAre("0/y", "2/y"));
}

TEST_F(DeliveredRangesTest, LanesThatAlternateHaveARangeEach) {
  const BatchPtr of = batch({{"a", 1}, {"b", 7}, {"a", 2}, {"b", 8}, {"a", 3}});
  ranges_.add({of, 0, 5, 0});
  EXPECT_THAT(taken(), ElementsAre("x a 1-3", "x b 7-8"));
}

TEST_F(DeliveredRangesTest, PartsOfARecordAreToldApart) {
  const BatchPtr of = batch({{"a", 1}, {"a", 1}});
  of->parts()[1].part = 1;
  of->parts()[1].record = 0;
  ranges_.add({of, 0, 1, 0});
  EXPECT_THAT(taken(), ElementsAre("x a 1-1"));
  EXPECT_THAT(skipped(of), ElementsAre("0/x"));
}

TEST_F(DeliveredRangesTest, WhatTheMarkHasPassedIsNotKept) {
  const BatchPtr of = batch({{"a", 1}, {"a", 2}});
  ASSERT_FALSE(lanes_.enroll(*of));
  lanes_.settle(of->segments()[0]);
  ranges_.add({of, 0, 2, 0});
  EXPECT_THAT(taken(), ElementsAre());
}

TEST_F(DeliveredRangesTest, WhatComesAgainBelowTheMarkIsSkippedEverywhere) {
  const BatchPtr of = batch({{"a", 1}, {"a", 2}});
  ASSERT_FALSE(lanes_.enroll(*of));
  lanes_.settle(of->segments()[0]);
  lanes_.assigned(std::array{ids_["a"]}, {});
  const BatchPtr again = batch({{"a", 2}, {"a", 3}});
  ASSERT_FALSE(lanes_.enroll(*again));
  EXPECT_THAT(skipped(again), ElementsAre("0/x", "0/y"));
}

TEST_F(DeliveredRangesTest, ASinkThatKeepsMarksIsGivenWhatComesAgain) {
  const BatchPtr of = batch({{"a", 1}, {"a", 2}});
  ASSERT_FALSE(lanes_.enroll(*of));
  lanes_.settle(of->segments()[0]);
  lanes_.assigned(std::array{ids_["a"]}, {});
  const BatchPtr again = batch({{"a", 2}});
  ASSERT_FALSE(lanes_.enroll(*again));
  const DeliveredRanges ranges({{"x", true}, {"y", false}});
  ranges.skip_delivered(*again, [this](uint32_t lane) { return lanes_.name_of(lane); });
  EXPECT_FALSE(again->skips(0, 0)) << "it may lag behind the mark of the lane";
  EXPECT_TRUE(again->skips(0, 1));
}

TEST_F(DeliveredRangesTest, RangesOfASinkThatIsGoneAreLeftAlone) {
  stored_.delivered = {{"a", "gone", 1, 0, 5, 0}};
  EXPECT_THAT(skipped(batch({{"a", 1}})), ElementsAre());
}

class OriginTest : public PipelineTest {
 protected:
  void SetUp() override {
    PipelineTest::SetUp();
    config_.sinks.push_back(sink("slow"));
    test::sink_levers("slow").corked = true;
  }
  // Until the store says that the sink has so many records beyond the mark.
  void wait_delivered(uint64_t last) {
    StopSource never;
    for (int i = 0; i < 3000; ++i) {
      const auto store = open_checkpoint_store(folder_).value();
      const SourceCheckpoint now = store->load("p", "in").value();
      for (const DeliveredRange& range : now.delivered) {
        if (range.last_position == last) return;
      }
      never.wait_for(Millis(10));
    }
    FAIL() << "nothing was noted up to " << last;
  }
  void restart() {
    end();
    feed_again();
    test::sink_levers("out").committed.clear();
    test::sink_levers("slow").uncork();
    start();
    ASSERT_TRUE(settle());
  }
  virtual void feed_again() {
    test::source_levers("in").records.clear();
    feed("in", 30);
  }
};

TEST_F(OriginTest, AfterACrashASinkThatHadThemDoesNotGetThemAgain) {
  feed("in", 20);
  start();
  wait_delivered(20);
  restart();
  EXPECT_EQ(test::sink_levers("slow").committed.size(), 30U);
  ASSERT_EQ(test::sink_levers("out").committed.size(), 10U);
  EXPECT_EQ(test::sink_levers("out").committed[0].position, 21U);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 30U) << "committed at the other sink";
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(OriginTest, WithoutKeysTheyAreDeliveredAgain) {
  config_.idempotency.key = IdempotencyConfig::Key::kOff;
  feed("in", 20);
  start();
  StopSource never;
  const auto committed = [] {
    test::SinkLevers& levers = test::sink_levers("out");
    const std::lock_guard lock(levers.mutex);
    return levers.committed.size();
  };
  while (committed() < 20) never.wait_for(Millis(1));
  restart();
  EXPECT_EQ(test::sink_levers("out").committed.size(), 30U);
}

TEST_F(OriginTest, TwoEqualRecordsAreNeverTakenForOne) {
  test::sink_levers("slow").corked = false;
  test::source_levers("in").records = {{"lane", 1, "{}"}, {"lane", 2, "{}"}, {"lane", 3, "{}"}};
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(test::sink_levers("out").committed.size(), 3U);
}

TEST_F(OriginTest, ARecordThatEverySinkHasIsADuplicate) {
  config_.sinks.pop_back();
  feed("in", 3);
  // The first waits, the others are through: the mark cannot rise over them.
  test::sink_levers("out").answer = [](const auto& records, sluice_outcome* outcomes) {
    for (size_t i = 0; i < records.size(); ++i) {
      outcomes[i].verdict = records[i].position == 1 ? SLUICE_REC_RETRY : SLUICE_REC_OK;
    }
    return SLUICE_OK;
  };
  config_.sinks[0].retry.max_attempts = 1'000'000;
  start();
  wait_delivered(3);
  end();
  test::sink_levers("out").answer = nullptr;
  test::sink_levers("out").committed.clear();
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(test::sink_levers("out").committed.size(), 1U);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 1U);
  EXPECT_EQ(account().outcome(Outcome::kDuplicate), 2U);
  EXPECT_EQ(account().unaccounted(), 0);
  end();
  EXPECT_TRUE(checkpoints_->load("p", "in").value().delivered.empty());
}

}  // namespace
}  // namespace sluice
