// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/pipeline/fixture.h"

namespace sluice {
namespace {

TEST_F(PipelineTest, DeliversInOrderThoughWorkersRunInParallel) {
  feed("in", 2000);
  start(4);
  ASSERT_TRUE(settle());
  const auto& committed = test::sink_levers("out").committed;
  ASSERT_EQ(committed.size(), 2000U);
  for (size_t i = 0; i < committed.size(); ++i) EXPECT_EQ(committed[i].position, i + 1);
  EXPECT_EQ(account().unaccounted(), 0);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 2000U);
}

TEST_F(PipelineTest, AcksUpToTheEndOnceAllIsSettled) {
  feed("in", 100);
  start();
  ASSERT_TRUE(settle());
  end();
  EXPECT_EQ(test::source_levers("in").acked["lane"], 100U);
  EXPECT_EQ(test::source_levers("in").released, test::source_levers("in").handed_over);
  const auto stored = checkpoints_->load("p", "in").value();
  ASSERT_EQ(stored.lanes.size(), 1U);
  EXPECT_EQ(stored.lanes[0].position, 100U);
}

TEST_F(PipelineTest, GoesOnFromWhereItEnded) {
  feed("in", 100);
  start();
  ASSERT_TRUE(settle());
  end();
  feed("in", 0);
  test::source_levers("in").records.push_back({"lane", 101, "{}"});
  test::sink_levers("out").committed.clear();
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().received(), 1U);
  EXPECT_EQ(test::sink_levers("out").committed.size(), 1U);
}

TEST_F(PipelineTest, DeadLettersWhatCannotBeParsedAndCommitsTheRest) {
  test::source_levers("in").records = {
      {"lane", 1, "{\"a\":1}"}, {"lane", 2, "{broken"}, {"lane", 3, "{\"a\":3}"}};
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 2U);
  EXPECT_EQ(account().outcome(Outcome::kDeadLettered), 1U);
  EXPECT_EQ(account().unaccounted(), 0);
  std::vector<DeadLetter> letters;
  ASSERT_TRUE(letters_->each({}, 10, [&](const DeadLetter& letter) { letters.push_back(letter); }));
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].raw, "{broken");
  EXPECT_EQ(letters[0].reason, "PARSE_ERROR");
  EXPECT_EQ(letters[0].lane, "lane");
  EXPECT_EQ(letters[0].position, 2U);
}

TEST_F(PipelineTest, ValidatesAndTransforms) {
  config_.schema = SchemaConfig{};
  config_.schema->path = write("s.json", R"({"type":"object","required":["a"],
      "properties":{"a":{"type":"integer","maximum":9}}})");
  config_.transform = write("t.lua", R"(
      function transform(r)
        if r.a == 5 then return nil end
        if r.a == 6 then return sluice.reject("six", "no sixes") end
        r.b = r.a * 2
        return r
      end)");
  test::source_levers("in").records = {{"lane", 1, R"({"a":1})"},   {"lane", 2, R"({"a":5})"},
                                       {"lane", 3, R"({"a":6})"},   {"lane", 4, R"({"a":10})"},
                                       {"lane", 5, R"({"a":"x"})"}, {"lane", 6, R"({})"}};
  start();
  ASSERT_TRUE(settle());
  ASSERT_EQ(test::sink_levers("out").committed.size(), 1U);
  EXPECT_EQ(test::sink_levers("out").committed[0].value, R"({"a":1,"b":2})");
  const Account now = account();
  EXPECT_EQ(now.outcome(Outcome::kFiltered), 1U);
  EXPECT_EQ(now.sources[0].reasons.at("REJECTED_BY_SCRIPT"), 1U);
  EXPECT_EQ(now.sources[0].reasons.at("VALIDATION_FAIL"), 1U);
  EXPECT_EQ(now.sources[0].reasons.at("SCHEMA_DRIFT"), 2U);
  EXPECT_EQ(now.unaccounted(), 0);
}

TEST_F(PipelineTest, EmitsSeveralPartsAndRoutesThem) {
  config_.sinks.push_back(sink("side"));
  config_.transform = write("t.lua", R"(
      function transform(r)
        sluice.emit({ copy = 1 })
        sluice.emit({ copy = 2 }, { sink = "side" })
        return r
      end)");
  feed("in", 1);
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(test::sink_levers("out").committed.size(), 2U);
  EXPECT_EQ(test::sink_levers("side").committed.size(), 3U);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 1U) << "counted per source record";
}

TEST_F(PipelineTest, AnUnknownRouteDeliversNoPart) {
  config_.transform = write("t.lua", R"(
      function transform(r)
        sluice.emit({ copy = 1 })
        sluice.emit({ copy = 2 }, { sink = "nowhere" })
      end)");
  feed("in", 1);
  start();
  ASSERT_TRUE(settle());
  EXPECT_TRUE(test::sink_levers("out").committed.empty());
  EXPECT_EQ(account().sources[0].reasons.at("TRANSFORM_ERROR"), 1U);
}

TEST_F(PipelineTest, ARecordSettlesOnlyWhenEverySinkHasAnswered) {
  config_.sinks.push_back(sink("slow"));
  test::sink_levers("slow").corked = true;
  feed("in", 10);
  start();
  StopSource never;
  while (test::sink_levers("out").write_count() == 0) never.wait_for(Millis(1));
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 0U);
  EXPECT_EQ(account().in_flight(), 10U);
  EXPECT_EQ(account().unaccounted(), 0);
  test::sink_levers("slow").uncork();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 10U);
}

TEST_F(PipelineTest, SeveralSourcesFlowIntoOneSink) {
  config_.sources.push_back(source("in2"));
  feed("in", 50, "a");
  feed("in2", 70, "b");
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().sources[0].received, 50U);
  EXPECT_EQ(account().sources[1].received, 70U);
  EXPECT_EQ(test::sink_levers("out").committed.size(), 120U);
}

TEST_F(PipelineTest, ASinkThatNeverAnswersLeavesEverythingUnacknowledged) {
  test::sink_levers("out").corked = true;
  feed("in", 10);
  start();
  StopSource never;
  while (account().in_flight() < 10) never.wait_for(Millis(1));
  end();
  EXPECT_EQ(last_.in_flight(), 10U);
  EXPECT_EQ(last_.unaccounted(), 0);
  EXPECT_TRUE(test::source_levers("in").acked.empty());
  EXPECT_EQ(test::source_levers("in").released, test::source_levers("in").handed_over);
}

TEST_F(PipelineTest, ABatchOfABrokenSourceShowsInTheAccount) {
  test::source_levers("in").records = {{"lane", 5, "{}"}, {"lane", 5, "{}"}};
  start();
  StopSource never;
  while (!pipeline_->sources_quiet()) never.wait_for(Millis(1));
  EXPECT_EQ(account().unaccounted(), 2);
}

TEST_F(PipelineTest, ASourceIsMadeAnewWhileWhatItGaveIsOut) {
  feed("in", 100);
  auto& source = test::source_levers("in");
  auto& sink = test::sink_levers("out");
  source.fatal_at = 50;
  sink.corked = true;
  start();
  const auto given = [&source] {
    const std::lock_guard lock(source.mutex);
    return std::tuple(source.created, source.destroyed, source.handed_over);
  };
  EXPECT_TRUE(comes_true([&] { return given() == std::tuple(2U, 0U, 10U); }))
      << "the old instance's batches are still out";
  sink.uncork();
  ASSERT_TRUE(settle());
  EXPECT_EQ(sink.committed.size(), 100U);
  for (size_t i = 0; i < sink.committed.size(); ++i) EXPECT_EQ(sink.committed[i].position, i + 1);
  end();
  EXPECT_EQ(source.released, 10U);
  EXPECT_EQ(source.destroyed, 2U);
  EXPECT_EQ(source.acked["lane"], 100U);
}

TEST_F(PipelineTest, SeveralWritersShareTheLanesAndKeepTheirOrder) {
  config_.sinks[0].writers = 3;
  config_.sinks[0].batch.records = 7;
  for (int lane = 0; lane < 12; ++lane) feed("in", 50, "lane " + std::to_string(lane));
  test::sink_levers("out").answer = [failed = 0](const auto& seen,
                                                 sluice_outcome* outcomes) mutable {
    for (size_t i = 0; i < seen.size(); ++i) {
      const bool fails = ++failed % 5 == 0;  // now and then a record has to be tried again
      outcomes[i].verdict = fails ? SLUICE_REC_RETRY : SLUICE_REC_OK;
      if (!fails) continue;
      while (++i < seen.size()) outcomes[i].verdict = SLUICE_REC_UNTRIED;
    }
    return SLUICE_OK;
  };
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 600U);
  EXPECT_EQ(pipeline_->snapshot().sinks.at(0).written, 600U);
  const auto& sink = test::sink_levers("out");
  EXPECT_EQ(sink.created, 3U);
  std::map<uint32_t, uint64_t> last;
  for (const auto& record : sink.committed) EXPECT_EQ(record.position, ++last[record.lane]);
  EXPECT_EQ(last.size(), 12U);
}

TEST_F(PipelineTest, WhatIsRoutedToAnOptionalSinkByNameIsNotPassedOver) {
  config_.sinks.push_back(sink("side"));
  config_.sinks[1].required = false;
  // The sink holds one call; what it holds is not in its queue.
  config_.sinks[1].batch.records = 50;
  config_.flow.max_in_flight = 4 << 20;
  config_.transform = write("t.lua", R"(
      function transform(r)
        r.fill = string.rep("x", 5000)
        sluice.emit(r, { sink = "side" })
      end)");
  feed("in", 600);
  auto& side = test::sink_levers("side");
  side.corked = true;
  start();
  // More than the share of an optional sink.
  ASSERT_TRUE(comes_true([&] {
    return pipeline_->snapshot().sinks.at(1).queue_bytes > config_.flow.max_in_flight / 4;
  }));
  side.uncork();
  ASSERT_TRUE(settle());
  EXPECT_EQ(side.committed.size(), 600U);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 600U);
}

TEST_F(PipelineTest, BackPressureStopsTheSource) {
  config_.flow.max_in_flight = 1 << 20;
  auto& levers = test::source_levers("in");
  const std::string big = "{\"x\":\"" + std::string(64 * 1024, 'x') + "\"}";
  for (uint64_t i = 1; i <= 1000; ++i) levers.records.push_back({"lane", i, big});
  levers.batch = 4;
  test::sink_levers("out").corked = true;
  start();
  StopSource never;
  while (pipeline_->snapshot().sources[0].state != "waiting") never.wait_for(Millis(1));
  EXPECT_LT(account().received(), 100U);
  test::sink_levers("out").uncork();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 1000U);
}

}  // namespace
}  // namespace sluice
