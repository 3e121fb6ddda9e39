// SPDX-License-Identifier: Apache-2.0
// Exactly once, as the driver does it (semantics 8).
#include <gmock/gmock.h>

#include "tests/unit/deliver/driver_fixture.h"
#include "tests/unit/support/marked_sink.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class MarkedDriverTest : public DriverFixture {
 protected:
  void SetUp() override {
    DriverFixture::SetUp();
    test::reset_marked_database();
    ASSERT_TRUE(registry_->register_static(test::marked_plugin()));
    config_.use = "marked";
    config_.retry.max_attempts = 100;
    config_.breaker.failures = 100;
    marks_.scopes = {"p/s/out"};
    marks_.lane_name = [](uint32_t, uint32_t lane) { return "lane-" + std::to_string(lane); };
  }
  // What is stored before the process starts, or by somebody else.
  static void set_mark(uint32_t lane, uint64_t position) {
    const std::lock_guard lock(test::marked_database().mutex);
    test::marked_database().marks[{"p/s/out", "lane-" + std::to_string(lane), 0}] = position;
  }
  static void answer(std::function<sluice_verdict(const std::string&)> verdict) {
    const std::lock_guard lock(test::marked_database().mutex);
    test::marked_database().verdict = std::move(verdict);
  }
  static std::vector<std::string> rows() {
    const std::lock_guard lock(test::marked_database().mutex);
    return test::marked_database().rows;
  }
  static auto lanes() { return test::marked_database().lanes(); }
  static size_t writes() {
    const std::lock_guard lock(test::marked_database().mutex);
    return test::marked_database().writes.size();
  }
};

TEST_F(MarkedDriverTest, WritesRowsAndMarksTogether) {
  start();
  EXPECT_TRUE(driver_->keeps_marks());
  send_lanes({{1, "a"}, {2, "b"}, {1, "c"}});
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-1", 2), Pair("lane-2", 1)));
}

TEST_F(MarkedDriverTest, CannotHaveASpool) {
  config_.spool_bytes = 1000;
  auto component = registry_->find(ComponentKind::kSink, config_.use);
  const auto made = SinkDriver::create(std::move(component).value(), {config_, 0, 1000, marks_},
                                       ends_, Clock::real());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.status().code(), Code::kInvalid);
  EXPECT_THAT(made.status().message(), ::testing::HasSubstr("`exactly_once: false`"));
}

TEST_F(MarkedDriverTest, PassesOverWhatIsThereAlready) {
  set_mark(1, 2);
  start();
  const BatchPtr batch = send({"a", "b", "c"});
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_THAT(rows(), ElementsAre("c"));
  EXPECT_EQ(batch->outcome(0), Outcome::kDuplicate);
  EXPECT_EQ(batch->outcome(2), Outcome::kCommitted);
}

TEST_F(MarkedDriverTest, NoMarkPassesARecordWhoseLetterCouldBeLost) {
  answer([](const std::string& v) { return v == "bad" ? SLUICE_REC_REJECT : SLUICE_REC_OK; });
  ends_.hold_receipts = true;
  start();
  send({"a", "bad", "c"});
  ASSERT_TRUE(comes_true([this] { return ends_.letters().size() == 1; }));
  EXPECT_THAT(rows(), IsEmpty());
  EXPECT_THAT(lanes(), IsEmpty());
  ends_.letters().front().receipt->durable();
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_THAT(rows(), ElementsAre("a", "c"));
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-1", 3)));
}

TEST_F(MarkedDriverTest, EndsWhileALetterIsWaitedFor) {
  answer([](const std::string&) { return SLUICE_REC_REJECT; });
  ends_.hold_receipts = true;
  start();
  send({"a", "b"});
  ASSERT_TRUE(comes_true([this] { return ends_.letters().size() == 2; }));
  driver_->stop();
  driver_->join();
  EXPECT_THAT(lanes(), IsEmpty());
}

TEST_F(MarkedDriverTest, ACommitThatNobodySawIsFoundOut) {
  test::marked_database().lose_answer = true;
  start();
  send({"a", "b"});
  ASSERT_TRUE(ends_.wait_settled(2));
  send({"c"});
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_THAT(rows(), ElementsAre("a", "b", "c"));
}

TEST_F(MarkedDriverTest, OfTwoWritersEachRecordGoesInOnce) {
  start();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  set_mark(1, 3);  // the other one wrote two more
  const BatchPtr batch = send({"b", "c", "d"});
  ASSERT_TRUE(ends_.wait_settled(4));
  EXPECT_THAT(rows(), ElementsAre("a", "d"));
  EXPECT_EQ(batch->outcome(0), Outcome::kDuplicate);
  EXPECT_EQ(test::marked_database().fenced, 1U);
}

TEST_F(MarkedDriverTest, ARecordThatHasToComeAgainIsNotOvertakenByItsLane) {
  int left = 3;
  answer([&left](const std::string& v) {
    return v == "b" && left-- > 0 ? SLUICE_REC_RETRY : SLUICE_REC_OK;
  });
  start();
  send_lanes({{1, "a"}, {1, "b"}, {1, "c"}, {2, "x"}});
  ASSERT_TRUE(ends_.wait_settled(4));
  std::vector<std::string> lane = rows();
  std::erase(lane, "x");
  EXPECT_THAT(lane, ElementsAre("a", "b", "c"));
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-1", 3), Pair("lane-2", 1)));
}

TEST_F(MarkedDriverTest, MarksRiseOverRecordsThatNeverCame) {
  start();
  const BatchPtr batch = send({"a", "b"});
  ASSERT_TRUE(ends_.wait_settled(2));
  // A batch of which nothing is for this sink.
  sluice_record record{};
  record.lane = 1;
  record.position = 9;
  sluice_batch raw{};
  raw.stride = sizeof(sluice_record);
  raw.count = 1;
  raw.records = &record;
  auto filtered = std::make_shared<Batch>(raw, pool_, ends_);
  driver_->enqueue(filtered);
  filtered->publish();
  filtered.reset();
  ASSERT_TRUE(comes_true([] { return lanes()["lane-1"] == 9; }));
  driver_->finish();
  driver_->join();
  EXPECT_THAT(rows(), ElementsAre("a", "b"));
}

TEST_F(MarkedDriverTest, WritesThePartsOfARecordTogether) {
  config_.batch.records = 2;
  start();
  const std::string texts[] = {"a", "b1", "b2", "b3", "c"};
  const uint32_t of[] = {0, 1, 1, 1, 2};
  std::vector<sluice_record> records(3);
  for (uint32_t i = 0; i < 3; ++i) {
    records[i].lane = 1;
    records[i].position = i + 1;
  }
  sluice_batch raw{};
  raw.stride = sizeof(sluice_record);
  raw.count = 3;
  raw.records = records.data();
  auto batch = std::make_shared<Batch>(raw, pool_, ends_);
  for (uint32_t i = 0; i < 5; ++i) {
    Part part;
    part.value = texts[i];
    part.record = of[i];
    part.part = i > 1 && i < 4 ? i - 1 : 0;
    batch->parts().push_back(part);
    batch->oblige(of[i], 1);
  }
  driver_->enqueue(batch);
  batch->publish();
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_THAT(rows(), ElementsAre("a", "b1", "b2", "b3", "c"));
  EXPECT_EQ(writes(), 2U);
}

TEST_F(MarkedDriverTest, ForgetsALaneThatIsDone) {
  start();
  send_lanes({{1, "a"}, {2, "b"}});
  ASSERT_TRUE(ends_.wait_settled(2));
  driver_->forget_lane(0, "lane-1");
  driver_->finish();
  driver_->join();
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-2", 1)));
}

TEST_F(MarkedDriverTest, WritesWithoutMarksWhereNobodyNamesThem) {
  marks_.scopes.clear();
  start();
  EXPECT_FALSE(driver_->keeps_marks());
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_THAT(lanes(), IsEmpty());
}

}  // namespace
}  // namespace sluice
