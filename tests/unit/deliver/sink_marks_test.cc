// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/sink_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/deliver/sink_services.h"
#include "runtime/plugin_host/registry.h"
#include "tests/unit/support/marked_sink.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class SinkMarksTest : public ::testing::Test {
 protected:
  struct Written {
    CallResult result;
    std::vector<sluice_outcome> outcomes;
  };

  void SetUp() override {
    test::reset_marked_database();
    registry_ = PluginRegistry::create({}).value();
    ASSERT_TRUE(registry_->register_static(test::marked_plugin()));
    open();
  }

  // As after a restart of the process.
  void open() {
    const ComponentRef component = registry_->find(ComponentKind::kSink, "marked").value();
    services_ = std::make_unique<SinkServices>(*component.component);
    instance_ = SinkInstance::create(component, "out", "{}", *services_).value();
    ASSERT_EQ(instance_->open().rc, SLUICE_OK);
    marks_ = std::make_unique<SinkMarks>(SinkMarks::Options{
        {"p/s0/out", "p/s1/out"},
        [](uint32_t, uint32_t lane) { return lane == 9 ? "" : "lane-" + std::to_string(lane); }});
    ASSERT_EQ(marks_->read(*instance_).rc, SLUICE_OK);
  }

  // The driver was handed these positions of a lane, all for this sink, and all up to `seen`.
  void hand(uint32_t lane, std::vector<uint64_t> positions, uint64_t seen) {
    for (size_t i = 0; i < positions.size(); ++i) marks_->held(0, lane);
    marks_->seen(0, lane, seen);
  }
  // Writes records {lane, position}; the value is "lane/position".
  Written write(const std::vector<std::pair<uint32_t, uint64_t>>& places) {
    std::vector<std::string> values;
    std::vector<sluice_record> records;
    values.reserve(places.size());
    for (const auto& [lane, position] : places) {
      sluice_record record{};
      values.push_back(std::to_string(lane) + "/" + std::to_string(position));
      record.value = {values.back().data(), values.back().size()};
      record.lane = lane;
      record.position = position;
      records.push_back(record);
    }
    sluice_batch batch{};
    batch.struct_size = sizeof batch;
    batch.stride = sizeof(sluice_record);
    batch.count = static_cast<uint32_t>(records.size());
    batch.records = records.data();
    Written out;
    out.outcomes.resize(records.size());
    out.result = marks_->write(*instance_, 0, batch, out.outcomes);
    for (size_t i = 0; i < places.size(); ++i) {
      if (out.outcomes[i].verdict == SLUICE_REC_OK) marks_->done(0, places[i].first);
    }
    return out;
  }
  static auto lanes() { return test::marked_database().lanes(); }

  std::unique_ptr<PluginRegistry> registry_;
  std::unique_ptr<SinkServices> services_;
  std::unique_ptr<SinkInstance> instance_;
  std::unique_ptr<SinkMarks> marks_;
};

TEST_F(SinkMarksTest, RiseToTheLastRecordOfAWrite) {
  ASSERT_TRUE(marks_->in_use());
  hand(1, {10, 20, 30}, 30);
  EXPECT_EQ(write({{1, 10}, {1, 20}}).result.rc, SLUICE_OK);
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-1", 20)));
  EXPECT_TRUE(marks_->covers(0, 1, 20));
  EXPECT_FALSE(marks_->covers(0, 1, 21));
  EXPECT_FALSE(marks_->covers(1, 1, 20)) << "of another source";
}

TEST_F(SinkMarksTest, PassWhatNeverCameToTheSinkOnceNothingOfTheLaneIsLeft) {
  hand(1, {10, 20}, 25);
  hand(2, {}, 7);
  write({{1, 10}});
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-1", 10), Pair("lane-2", 7)));
  write({{1, 20}});
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-1", 25), Pair("lane-2", 7)));
}

TEST_F(SinkMarksTest, RiseWithoutARecordWhenAllWasRefused) {
  hand(1, {10}, 12);
  EXPECT_THAT(marks_->behind(), IsEmpty()) << "10 is not done";
  marks_->done(0, 1);
  EXPECT_THAT(marks_->behind(), ElementsAre(0));
  write({});
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-1", 12)));
  EXPECT_THAT(marks_->behind(), IsEmpty());
}

TEST_F(SinkMarksTest, StayWhereARecordIsNotOk) {
  hand(1, {10, 20}, 20);
  test::marked_database().verdict = [](const std::string& value) {
    return value == "1/20" ? SLUICE_REC_REJECT : SLUICE_REC_OK;
  };
  const Written written = write({{1, 10}, {1, 20}});
  EXPECT_EQ(written.result.rc, SLUICE_OK);
  EXPECT_EQ(written.outcomes[0].verdict, SLUICE_REC_UNTRIED) << "it was not applied";
  EXPECT_EQ(written.outcomes[1].verdict, SLUICE_REC_REJECT);
  EXPECT_THAT(lanes(), IsEmpty());
  marks_->done(0, 1);  // its letter is stored
  write({{1, 10}});
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-1", 20)));
  EXPECT_THAT(test::marked_database().rows, ElementsAre("1/10"));
}

TEST_F(SinkMarksTest, AreReadAgainAfterACommitThatNobodySaw) {
  hand(1, {10, 20}, 20);
  test::marked_database().lose_answer = true;
  EXPECT_EQ(write({{1, 10}}).result.rc, SLUICE_E_RETRY);
  EXPECT_FALSE(marks_->covers(0, 1, 10));
  EXPECT_EQ(write({{1, 10}}).result.rc, SLUICE_E_FENCED);
  ASSERT_TRUE(marks_->stale());
  ASSERT_EQ(marks_->read(*instance_).rc, SLUICE_OK);
  EXPECT_FALSE(marks_->stale());
  EXPECT_TRUE(marks_->moved_by_others());
  EXPECT_TRUE(marks_->covers(0, 1, 10));
  marks_->done(0, 1);
  EXPECT_EQ(write({{1, 20}}).result.rc, SLUICE_OK);
  EXPECT_THAT(test::marked_database().rows, ElementsAre("1/10", "1/20"));
}

TEST_F(SinkMarksTest, StayStaleUntilTheyCouldBeRead) {
  hand(1, {10}, 10);
  test::marked_database().lose_answer = true;
  write({{1, 10}});
  write({{1, 10}});
  test::marked_database().fail_read = true;
  EXPECT_EQ(marks_->read(*instance_).rc, SLUICE_E_RETRY);
  EXPECT_TRUE(marks_->stale());
}

TEST_F(SinkMarksTest, AreFoundByTheNextProcess) {
  hand(1, {10}, 10);
  write({{1, 10}});
  open();
  EXPECT_TRUE(marks_->covers(0, 1, 10));
  EXPECT_EQ(marks_->stored(0, "lane-1"), 10U);
  EXPECT_EQ(marks_->stored(0, "lane-2"), std::nullopt);
  hand(1, {11}, 11);
  EXPECT_EQ(write({{1, 11}}).result.rc, SLUICE_OK);
}

TEST_F(SinkMarksTest, GoWithTheirLane) {
  hand(1, {10}, 10);
  write({{1, 10}});
  hand(2, {1}, 1);
  write({{2, 1}});
  marks_->forget(0, "lane-1");
  EXPECT_THAT(marks_->behind(), ElementsAre(0));
  write({});
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-2", 1)));
  EXPECT_EQ(marks_->stored(0, "lane-1"), std::nullopt);
}

TEST_F(SinkMarksTest, AreForgottenEvenIfTheFirstTryFails) {
  hand(1, {10}, 10);
  write({{1, 10}});
  marks_->forget(0, "lane-1");
  test::marked_database().verdict = [](const std::string&) { return SLUICE_REC_RETRY; };
  hand(2, {1}, 1);
  write({{2, 1}});
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-1", 10)));
  test::marked_database().verdict = nullptr;
  write({{2, 1}});
  EXPECT_THAT(lanes(), ElementsAre(Pair("lane-2", 1)));
}

TEST_F(SinkMarksTest, AreNotKeptOfALaneThatIsGone) {
  marks_->seen(0, 9, 5);
  EXPECT_THAT(marks_->behind(), IsEmpty());
  EXPECT_FALSE(marks_->covers(0, 9, 5));
}

}  // namespace
}  // namespace sluice
