// SPDX-License-Identifier: Apache-2.0
// A sink with several writers and marks: each lane's mark is moved by the writer that has the lane.
#include "tests/unit/pipeline/fixture.h"
#include "tests/unit/support/marked_sink.h"

namespace sluice {
namespace {

constexpr int kLanes = 12;
constexpr size_t kEach = 50;

class MarkedWritersTest : public PipelineTest {
 protected:
  void SetUp() override {
    PipelineTest::SetUp();
    test::reset_marked_database();
    ASSERT_TRUE(registry_->register_static(test::marked_plugin()));
    config_.sinks[0].name = config_.sinks[0].use = "marked";
    config_.sinks[0].writers = 3;
    config_.sinks[0].batch.records = 7;
    config_.sinks[0].retry.base = Millis(1);
    config_.sinks[0].retry.cap = Millis(2);
    config_.sinks[0].retry.max_attempts = 1000;  // nobody is given up for being unlucky
    for (int lane = 0; lane < kLanes; ++lane) feed("in", kEach, name(lane));
  }
  static std::string name(int lane) { return "lane " + std::to_string(lane); }
  // How often each value was committed.
  static std::map<std::string, size_t> rows() {
    std::map<std::string, size_t> out;
    const std::lock_guard lock(test::marked_database().mutex);
    for (const std::string& row : test::marked_database().rows) ++out[row];
    return out;
  }
  static std::map<std::string, uint64_t> every_lane_at(uint64_t position) {
    std::map<std::string, uint64_t> out;
    for (int lane = 0; lane < kLanes; ++lane) out[name(lane)] = position;
    return out;
  }
};

TEST_F(MarkedWritersTest, EachMovesTheMarksOfItsLanes) {
  test::marked_database().verdict = [tries = 0](const std::string& value) mutable {
    if (value == R"({"n":30})") return SLUICE_REC_REJECT;
    return ++tries % 9 == 0 ? SLUICE_REC_RETRY : SLUICE_REC_OK;
  };
  test::marked_database().lose_answer = true;
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kDeadLettered), static_cast<uint64_t>(kLanes));
  ASSERT_TRUE(comes_true([] { return test::marked_database().lanes() == every_lane_at(kEach); }));
  const auto committed = rows();
  EXPECT_EQ(committed.size(), kEach - 1);
  for (const auto& [row, times] : committed) EXPECT_EQ(times, size_t{kLanes}) << row;
}

TEST_F(MarkedWritersTest, WriteNothingThatAnyNumberOfWritersHasWrittenBefore) {
  constexpr uint64_t kDone = 20;
  for (int lane = 0; lane < kLanes; ++lane) {
    test::marked_database().marks[{"p/in/marked", name(lane), 0}] = kDone;
  }
  config_.sinks[0].writers = 5;
  start();
  ASSERT_TRUE(settle());
  ASSERT_TRUE(comes_true([] { return test::marked_database().lanes() == every_lane_at(kEach); }));
  const auto committed = rows();
  EXPECT_EQ(committed.size(), kEach - kDone);
  EXPECT_EQ(committed.count(R"({"n":19})"), 0U);
  for (const auto& [row, times] : committed) EXPECT_EQ(times, size_t{kLanes}) << row;
  EXPECT_EQ(test::marked_database().fenced, 0U);
}

TEST_F(MarkedWritersTest, FenceAZombieLaneByLane) {
  test::source_levers("in").gate = kLanes * kEach / 2;
  start();
  ASSERT_TRUE(comes_true([] {
    size_t count = 0;
    for (const auto& [row, times] : rows()) count += times;
    return count == kLanes * kEach / 2;
  }));
  ASSERT_TRUE(comes_true([] { return test::marked_database().lanes()[name(5)] == kEach; }));
  {
    // The lanes still to come are another's by now, who has come further.
    const std::lock_guard lock(test::marked_database().mutex);
    for (int lane = kLanes / 2; lane < kLanes; ++lane) {
      test::marked_database().marks[{"p/in/marked", name(lane), 0}] = 20;
    }
  }
  test::source_levers("in").gate = kLanes * kEach;
  ASSERT_TRUE(settle());
  ASSERT_TRUE(comes_true([] { return test::marked_database().lanes() == every_lane_at(kEach); }));
  EXPECT_EQ(rows().at(R"({"n":0})"), size_t{kLanes / 2});
  EXPECT_EQ(rows().at(R"({"n":20})"), size_t{kLanes});
  EXPECT_GE(test::marked_database().fenced, 1U);
}

}  // namespace
}  // namespace sluice
