// SPDX-License-Identifier: Apache-2.0
// A flood of dead letters pauses its source (semantics 5).
#include "tests/unit/pipeline/fixture.h"

namespace sluice {
namespace {

using State = BurstGuard::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BurstTest : public PipelineTest {
 protected:
  void SetUp() override {
    PipelineTest::SetUp();
    config_.dlq_burst.cool_down = Millis(3'600'000);
    test::source_levers("in").batch = 100;
  }
  // Every so-manieth record cannot be parsed, from record `first` on.
  static void feed_bad(size_t n, size_t every, size_t first = 0) {
    auto& levers = test::source_levers("in");
    for (size_t i = 0; i < n; ++i) {
      const bool bad = i >= first && i % every == 0;
      levers.records.push_back({"lane", i + 1, bad ? "{broken" : "{}"});
    }
  }
  BurstGuard::Status burst() { return pipeline_->snapshot().sources[0].burst; }
};

TEST_F(BurstTest, PausesTheSourceAndLosesNothing) {
  feed_bad(20'000, 2);
  test::source_levers("in").gate = 1000;  // what is under way when it pauses
  start();
  ASSERT_TRUE(comes_true([&] { return burst().state == State::kPaused; }));
  test::source_levers("in").gate = SIZE_MAX;
  EXPECT_EQ(burst().reason, "PARSE_ERROR");
  ASSERT_TRUE(pipeline_->burst().has_value());
  EXPECT_THAT(pipeline_->burst()->message(), HasSubstr("became dead letters of PARSE_ERROR"));
  ASSERT_TRUE(comes_true([&] { return pipeline_->snapshot().sources[0].state == "paused"; }));
  ASSERT_TRUE(comes_true([&] { return account().in_flight() == 0; }));
  EXPECT_LT(account().received(), 20'000U);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(BurstTest, GoesOnWhenAnOperatorSaysSo) {
  feed_bad(20'000, 2);
  test::source_levers("in").gate = 1000;
  start();
  ASSERT_TRUE(comes_true([&] { return burst().state == State::kPaused; }));
  ASSERT_TRUE(comes_true([&] { return account().in_flight() == 0; }));
  test::source_levers("in").gate = SIZE_MAX;
  const uint64_t before = account().received();
  EXPECT_THAT(pipeline_->resume_bursts(), ElementsAre("in"));
  EXPECT_TRUE(comes_true([&] { return account().received() > before; }));
  EXPECT_TRUE(comes_true([&] { return burst().bursts == 2; })) << "it is as bad as before";
}

TEST_F(BurstTest, GoesOnByItselfOnceAProbeFaresBetter) {
  config_.dlq_burst.cool_down = Millis(1);
  auto& levers = test::source_levers("in");
  for (size_t i = 0; i < 3000; ++i) {
    levers.records.push_back({"lane", i + 1, i < 500 ? "{broken" : "{}"});
  }
  start();
  ASSERT_TRUE(settle());
  EXPECT_GE(burst().bursts, 1U);
  EXPECT_EQ(account().outcome(Outcome::kDeadLettered), 500U);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 2500U);
}

TEST_F(BurstTest, ManyBadRecordsAmongManyMoreGoodOnesAreNone) {
  feed_bad(20'000, 6);
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(burst().bursts, 0U);
  EXPECT_FALSE(pipeline_->burst().has_value());
}

TEST_F(BurstTest, OlderRevisionsAreNoFlood) {
  feed("in", 3000);
  test::sink_levers("out").answer = [](const auto& seen, sluice_outcome* outcomes) {
    for (size_t i = 0; i < seen.size(); ++i) {
      outcomes[i].verdict = SLUICE_REC_REJECT;
      outcomes[i].reason = 2;  // OLDER_REVISION
    }
    return SLUICE_OK;
  };
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kDeadLettered), 3000U);
  EXPECT_EQ(burst().bursts, 0U);
}

TEST_F(BurstTest, WhatASinkRefusesCounts) {
  feed("in", 20'000);
  test::source_levers("in").gate = 1000;
  test::sink_levers("out").answer = [](const auto& seen, sluice_outcome* outcomes) {
    for (size_t i = 0; i < seen.size(); ++i) {
      outcomes[i].verdict = SLUICE_REC_REJECT;
      outcomes[i].reason = 1;
    }
    return SLUICE_OK;
  };
  start();
  EXPECT_TRUE(comes_true([&] { return burst().state == State::kPaused; }));
  EXPECT_EQ(burst().reason, "CONSTRAINT_VIOLATION");
}

TEST_F(BurstTest, CanBeSwitchedOff) {
  config_.dlq_burst.on = false;
  feed_bad(3000, 1);
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kDeadLettered), 3000U);
  EXPECT_EQ(burst().bursts, 0U);
}

}  // namespace
}  // namespace sluice
