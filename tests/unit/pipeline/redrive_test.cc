// SPDX-License-Identifier: Apache-2.0
// Letters taken through a pipeline once more: what becomes of them, and of the account.
#include "runtime/pipeline/redriver.h"

#include "tests/unit/pipeline/redrive_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_F(RedriveTest, OriginalsGoThroughTheRepairedScriptAndTheirLettersGo) {
  config_.transform = write("t.lua", kRejectsOdd);
  feed("in", 6);
  begin();
  ASSERT_TRUE(settle());
  ASSERT_EQ(letters().size(), 3U);
  test::sink_levers("out").committed.clear();
  restart_with(kTellsMeta);
  const RedrivePlan plan = redrive();
  EXPECT_EQ(plan.state, "done");
  EXPECT_EQ(plan.chosen, 3U);
  EXPECT_EQ(plan.committed, 3U);
  EXPECT_EQ(plan.left, 0U);
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_THAT(values("out"),
              UnorderedElementsAre(R"({"n":1,"from":"in/lane/2"})", R"({"n":3,"from":"in/lane/4"})",
                                   R"({"n":5,"from":"in/lane/6"})"));
  EXPECT_EQ(account().received(), 3U);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 3U);
  EXPECT_EQ(account().in_flight(), 0U);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(RedriveTest, WhatFailsAgainKeepsItsIdAndCountsItsRedrives) {
  config_.transform = write("t.lua", kRejectsOdd);
  feed("in", 2);
  begin();
  ASSERT_TRUE(settle());
  const DeadLetter before = letters().at(0);
  restart_with(R"(function transform(r) return r.n.m.x end)");
  const RedrivePlan plan = redrive();
  EXPECT_EQ(plan.failed, 1U);
  EXPECT_THAT(plan.reasons, ElementsAre(::testing::Pair("TRANSFORM_ERROR", 1U)));
  const auto all = letters();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].id, before.id);
  EXPECT_EQ(all[0].seq, before.seq);
  EXPECT_EQ(all[0].redrives, 1U);
  EXPECT_EQ(all[0].first_reason, "REJECTED_BY_SCRIPT");
  EXPECT_EQ(all[0].reason, "TRANSFORM_ERROR");
  EXPECT_EQ(all[0].first_at_us, before.first_at_us);
  EXPECT_GT(all[0].last_at_us, before.last_at_us);
  EXPECT_NE(all[0].script_hash, before.script_hash);
  EXPECT_EQ(all[0].raw, before.raw);
  EXPECT_EQ(all[0].lane, "lane");
  EXPECT_EQ(account().outcome(Outcome::kDeadLettered), 1U);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(RedriveTest, AfterThreeRedrivesOnlyForceTriesOnceMore) {
  config_.transform = write("t.lua", kRejectsOdd);
  feed("in", 2);
  begin();
  ASSERT_TRUE(settle());
  for (uint32_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(redrive().failed, 1U);
    EXPECT_EQ(letters().at(0).redrives, i);
  }
  const uint64_t received = account().received();
  EXPECT_THAT(redrive().reasons, ElementsAre(::testing::Pair("REDRIVE_LIMIT", 1U)));
  EXPECT_EQ(account().received(), received);
  DeadLetter letter = letters().at(0);
  EXPECT_EQ(letter.reason, "REDRIVE_LIMIT");
  EXPECT_EQ(letter.first_reason, "REJECTED_BY_SCRIPT");
  EXPECT_EQ(letter.redrives, 3U);
  EXPECT_THAT(letter.detail, HasSubstr("redriven 3 times, at last REJECTED_BY_SCRIPT: odd"));
  EXPECT_EQ(redrive().failed, 1U);
  EXPECT_EQ(letters().at(0).detail, letter.detail);
  RedriveRequest forced;
  forced.force = true;
  EXPECT_EQ(redrive(forced).failed, 1U);
  EXPECT_EQ(letters().at(0).reason, "REJECTED_BY_SCRIPT");
  EXPECT_EQ(letters().at(0).redrives, 4U);
}

TEST_F(RedriveTest, OnlySinksThatDoNotHaveItGetIt) {
  config_.sinks.push_back(sink("second"));
  feed("in", 3);
  refuse("second", {2});
  begin();
  ASSERT_TRUE(settle());
  const auto before = letters();
  ASSERT_EQ(before.size(), 1U);
  EXPECT_EQ(before[0].sink, "second");
  EXPECT_THAT(before[0].done_sinks, ElementsAre("out"));
  EXPECT_EQ(before[0].rendered, R"({"n":1})");
  refuse("second", {});
  test::sink_levers("out").committed.clear();
  test::sink_levers("second").committed.clear();
  EXPECT_EQ(redrive().committed, 1U);
  EXPECT_THAT(values("out"), IsEmpty());
  EXPECT_THAT(values("second"), ElementsAre(R"({"n":1})"));
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(RedriveTest, FromSinkGivesTheStoredOutputAndNothingIsRunAnew) {
  config_.transform = write("t.lua", "function transform(r) r.old = true return r end");
  config_.sinks.push_back(sink("second"));
  feed("in", 1);
  refuse("second", {1});
  begin();
  ASSERT_TRUE(settle());
  refuse("second", {});
  test::sink_levers("out").committed.clear();
  test::sink_levers("second").committed.clear();
  restart_with("function transform(r) error('not to be run') end");
  RedriveRequest request;
  request.from = RedriveFrom::kSink;
  EXPECT_EQ(redrive(request).committed, 1U);
  EXPECT_THAT(values("second"), ElementsAre(R"({"n":0,"old":true})"));
  EXPECT_THAT(values("out"), IsEmpty());
}

TEST_F(RedriveTest, FromSinkIsRefusedForOtherStages) {
  config_.transform = write("t.lua", kRejectsOdd);
  feed("in", 2);
  begin();
  ASSERT_TRUE(settle());
  RedriveRequest request;
  request.from = RedriveFrom::kSink;
  const auto refused = redriver_->start(request);
  ASSERT_FALSE(refused.is_ok());
  EXPECT_THAT(refused.status().message(), HasSubstr("--stage deliver"));
  EXPECT_EQ(letters().at(0).redrives, 0U);
}

TEST_F(RedriveTest, FromTransformPassesTheInputSchemaOver) {
  config_.schema = SchemaConfig{};
  config_.schema->path =
      write("s.json", R"({"type":"object","properties":{"n":{"type":"integer","maximum":0}}})");
  config_.transform = write("t.lua", "function transform(r) r.seen = true return r end");
  feed("in", 2);
  begin();
  ASSERT_TRUE(settle());
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(redrive().failed, 1U);
  test::sink_levers("out").committed.clear();
  RedriveRequest request;
  request.from = RedriveFrom::kTransform;
  EXPECT_EQ(redrive(request).committed, 1U);
  EXPECT_THAT(values("out"), ElementsAre(R"({"n":1,"seen":true})"));
}

TEST_F(RedriveTest, TwoSinksThatRefuseItNowLeaveALetterEach) {
  config_.transform = write("t.lua", kRejectsOdd);
  config_.sinks.push_back(sink("second"));
  feed("in", 2);
  begin();
  ASSERT_TRUE(settle());
  const DeadLetter before = letters().at(0);
  restart_with(kTellsMeta);
  // Positions of redriven records are their letters' numbers.
  refuse("out", {before.seq});
  refuse("second", {before.seq});
  EXPECT_EQ(redrive().failed, 1U);
  const auto all = letters();
  ASSERT_EQ(all.size(), 2U);
  std::vector<std::string> sinks;
  for (const DeadLetter& letter : all) {
    sinks.push_back(letter.sink);
    EXPECT_EQ(letter.stage, "deliver");
    EXPECT_THAT(letter.done_sinks, ElementsAre(letter.sink == "out" ? "second" : "out"));
    EXPECT_EQ(letter.redrives, letter.id == before.id ? 1U : 0U);
  }
  EXPECT_THAT(sinks, UnorderedElementsAre("out", "second"));
  // Each stands for its sink alone.
  refuse("out", {});
  refuse("second", {});
  test::sink_levers("out").committed.clear();
  test::sink_levers("second").committed.clear();
  EXPECT_EQ(redrive().committed, 2U);
  EXPECT_EQ(values("out").size(), 1U);
  EXPECT_EQ(values("second").size(), 1U);
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(RedriveTest, AnOlderRevisionIsNoFailureOfARedrive) {
  feed("in", 1);
  refuse("out", {1}, 2);
  begin();
  ASSERT_TRUE(settle());
  ASSERT_EQ(letters().at(0).reason, "OLDER_REVISION");
  refuse("out", {letters().at(0).seq}, 2);
  EXPECT_EQ(redrive().duplicate, 1U);
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(RedriveTest, ADryRunTellsAndChangesNothing) {
  config_.transform = write("t.lua", kRejectsOdd);
  feed("in", 10);
  begin();
  ASSERT_TRUE(settle());
  restart_with(R"(function transform(r)
      if r.n == 1 then return nil end
      if r.n == 3 then return sluice.reject("three", "no threes") end
      return r
    end)");
  test::sink_levers("out").committed.clear();
  const auto report = redriver_->dry_run({});
  ASSERT_TRUE(report.is_ok()) << report.status().message();
  EXPECT_EQ(report->letters, 5U);
  EXPECT_EQ(report->pass, 3U);
  EXPECT_EQ(report->filtered, 1U);
  EXPECT_THAT(report->reasons, ElementsAre(::testing::Pair("REJECTED_BY_SCRIPT", 1U)));
  EXPECT_THAT(report->examples.at("REJECTED_BY_SCRIPT"), HasSubstr("no threes"));
  EXPECT_EQ(letters().size(), 5U);
  EXPECT_THAT(values("out"), IsEmpty());
  EXPECT_EQ(account().received(), 0U);
  EXPECT_TRUE(redriver_->list(10)->empty());
  const RedrivePlan plan = redrive();
  EXPECT_EQ(plan.committed, 3U);
  EXPECT_EQ(plan.filtered, 1U);
  EXPECT_EQ(plan.failed, 1U);
}

TEST_F(RedriveTest, ARedriveThatWasInterruptedGoesOn) {
  config_.transform = write("t.lua", kRejectsOdd);
  feed("in", 40);
  begin();
  ASSERT_TRUE(settle());
  // As a crash would leave it: chosen, noted as running, some of it settled.
  RedriveRequest request;
  RedrivePlan plan;
  plan.options = redrive_request_json(request);
  const uint64_t id = *letters_->create_redrive(plan);
  ASSERT_TRUE(letters_->choose(id, LetterFilter(), false));
  ASSERT_TRUE(letters_->set_redrive_state(id, "running", 1));
  RedrivenLetter settled;
  settled.redrive = id;
  settled.seq = letters().at(0).seq;
  ASSERT_TRUE(letters_->settle_redriven({settled}, 1));
  restart_with("function transform(r) return r end");
  test::sink_levers("out").committed.clear();
  const auto resumed = redriver_->resume(id, "ann");
  ASSERT_TRUE(resumed.is_ok()) << resumed.status().message();
  EXPECT_EQ(finished(id).state, "done");
  EXPECT_EQ(values("out").size(), 19U);
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_EQ(redriver_->resume(id, "ann").status().code(), Code::kInvalid);
  EXPECT_EQ(redriver_->resume(id + 1, "ann").status().code(), Code::kNotFound);
}

TEST_F(RedriveTest, IntoASinkThatOverwritesBlindlyItIsRefused) {
  config_.transform = write("t.lua", kRejectsOdd);
  config_.sinks[0].config_json = R"({"key":["/n"]})";
  SinkConfig guarded = config_.sinks[0];
  guarded.config_json = R"({"key":["/n"],"revision":"/r"})";
  EXPECT_TRUE(overwrites_blindly(config_.sinks[0]));
  EXPECT_FALSE(overwrites_blindly(guarded));
  guarded.config_json = R"({"key":["/n"],"mode":"insert"})";
  EXPECT_FALSE(overwrites_blindly(guarded));
  guarded.config_json = R"({"key":[]})";
  EXPECT_FALSE(overwrites_blindly(guarded));
}

TEST_F(RedriveTest, OnlyWhatIsChosenMoves) {
  config_.transform = write("t.lua", kRejectsOdd);
  feed("in", 10);
  begin();
  ASSERT_TRUE(settle());
  restart_with("function transform(r) return r end");
  RedriveRequest request;
  request.selection.where.push_back(*triage::parse_where("/n=3,7"));
  EXPECT_EQ(redrive(request).committed, 2U);
  EXPECT_EQ(letters().size(), 3U);
  RedriveRequest by_id;
  by_id.selection.filter.ids = {letters().at(0).id.substr(0, 12)};
  EXPECT_EQ(redrive(by_id).committed, 1U);
  RedriveRequest none;
  none.selection.filter.reason = "PARSE_ERROR";
  EXPECT_EQ(redrive(none).chosen, 0U);
  EXPECT_EQ(letters().size(), 2U);
}

TEST_F(RedriveTest, ManyLettersOverManyWorkersAllComeThrough) {
  config_.transform = write("t.lua", kRejectsOdd);
  for (int lane = 0; lane < 5; ++lane) feed("in", 2000, "lane" + std::to_string(lane));
  begin(4);
  ASSERT_TRUE(settle());
  ASSERT_EQ(letters().size(), 5000U);
  restart_with("function transform(r) return r end");
  test::sink_levers("out").committed.clear();
  EXPECT_EQ(redrive().committed, 5000U);
  EXPECT_EQ(values("out").size(), 5000U);
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_EQ(account().unaccounted(), 0);
  EXPECT_EQ(account().in_flight(), 0U);
}

TEST(RedriveRequest, ComesBackFromItsJson) {
  RedriveRequest in;
  in.selection.filter.reason = "A";
  in.from = RedriveFrom::kTransform;
  in.force = in.allow_overwrite = true;
  in.rate = 12.5;
  in.who = "ann \"x\"";
  const auto out = read_redrive_request(redrive_request_json(in));
  ASSERT_TRUE(out.is_ok()) << out.status().message();
  EXPECT_EQ(redrive_request_json(*out), redrive_request_json(in));
  EXPECT_TRUE(read_redrive_request("").is_ok());
  for (const char* bad : {"[]", "{", R"({"from":"x"})", R"({"rate":-1})", R"({"force":1})",
                          R"({"forse":true})", R"({"selection":{"x":1}})", R"({"who":1})"}) {
    EXPECT_FALSE(read_redrive_request(bad).is_ok()) << bad;
  }
}

}  // namespace
}  // namespace sluice
