// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/pipeline/fixture.h"
#include "tests/unit/support/marked_sink.h"

namespace sluice {

// Refuses to store anything while it is told to.
class AwayCheckpoints final : public CheckpointStore {
 public:
  AwayCheckpoints(std::unique_ptr<CheckpointStore> store, const std::atomic<bool>& away)
      : store_(std::move(store)), away_(away) {}
  Result<SourceCheckpoint> load(const std::string& pipeline, const std::string& source) override {
    return store_->load(pipeline, source);
  }
  Status commit(const std::vector<CheckpointUpdate>& updates, int64_t now_us) override {
    return away_ ? unavailable("by the test") : store_->commit(updates, now_us);
  }
  Result<uint32_t> move(const CheckpointMove& move, int64_t now_us) override {
    return store_->move(move, now_us);
  }

 private:
  const std::unique_ptr<CheckpointStore> store_;
  const std::atomic<bool>& away_;
};

// A pipeline whose lanes come and go.
class RebalanceTest : public PipelineTest {
 protected:
  using Kind = test::LaneMove::Kind;
  using Marks = std::map<std::string, uint64_t>;
  std::unique_ptr<CheckpointStore> wrap(std::unique_ptr<CheckpointStore> store) override {
    return std::make_unique<AwayCheckpoints>(std::move(store), store_away_);
  }
  void SetUp() override {
    PipelineTest::SetUp();
    test::reset_marked_database();
    ASSERT_TRUE(registry_->register_static(test::marked_plugin()));
    levers().finite = false;
  }
  void TearDown() override {
    test::sink_levers("out").uncork();
    if (pipeline_) {
      EXPECT_EQ(account().unaccounted(), 0);
    }
    PipelineTest::TearDown();
    EXPECT_EQ(last_.unaccounted(), 0);
  }
  static test::SourceLevers& levers() { return test::source_levers("in"); }
  static void cork(const std::string& sink) {
    const std::lock_guard lock(test::sink_levers(sink).mutex);
    test::sink_levers(sink).corked = true;
  }
  // The marks that came back.
  static Marks revoke(std::vector<std::string> lanes, uint32_t limit_ms = 10'000) {
    levers().move({test::LaneMove::Kind::kRevoke, std::move(lanes), limit_ms});
    const std::lock_guard lock(levers().mutex);
    return levers().final_marks;
  }
  static void lose(std::vector<std::string> lanes) {
    levers().move({test::LaneMove::Kind::kLose, std::move(lanes)});
  }
  static std::optional<uint64_t> assign(const std::string& lane) {
    levers().move({test::LaneMove::Kind::kAssign, {lane}});
    const std::lock_guard lock(levers().mutex);
    EXPECT_EQ(levers().last_move, SLUICE_OK);
    const auto at = levers().resumed_at.find(lane);
    return at == levers().resumed_at.end() ? std::nullopt : std::optional(at->second);
  }
  Marks stored() {
    Marks out;
    const SourceCheckpoint now = checkpoints_->load("p", "in").value();
    for (const LaneMark& lane : now.lanes) out[lane.lane] = lane.position;
    return out;
  }
  uint64_t returned() { return account().sources[0].returned; }
  static size_t committed(const std::string& sink) {
    const std::lock_guard lock(test::sink_levers(sink).mutex);
    return test::sink_levers(sink).committed.size();
  }
  bool received(uint64_t n) {
    return comes_true([&] { return account().received() + returned() == n; });
  }
  bool idle() {
    return comes_true([&] { return account().in_flight() == 0; });
  }

  std::atomic<bool> store_away_{false};
};

}  // namespace sluice
