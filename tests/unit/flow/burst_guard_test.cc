// SPDX-License-Identifier: Apache-2.0
#include "runtime/flow/burst_guard.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using State = BurstGuard::State;
using std::chrono::seconds;

class Burst : public ::testing::Test {
 protected:
  // So many of each hundred are bad; in one batch.
  bool run(uint32_t hundreds, uint32_t bad_ones, const char* reason = "SCHEMA_DRIFT",
           uint64_t sequence = 0) {
    bool begun = false;
    for (uint32_t i = 0; i < hundreds; ++i) {
      guard_.good(sequence, 100 - bad_ones);
      for (uint32_t bad = 0; bad < bad_ones; ++bad) begun |= guard_.bad(sequence, reason);
    }
    return begun;
  }
  State state() const { return guard_.status().state; }

  ManualClock clock_;
  BurstGuard guard_{BurstGuard::Limits{}, clock_};
};

TEST_F(Burst, AFifthOfTheLastRecordsIsStillTolerated) {
  EXPECT_FALSE(run(50, 20));
  EXPECT_EQ(state(), State::kFlowing);
  EXPECT_EQ(guard_.allow(2048), 2048U);
}

TEST_F(Burst, MoreThanAFifthForOneReasonPausesTheSource) {
  EXPECT_TRUE(run(50, 21));
  EXPECT_EQ(state(), State::kPaused);
  EXPECT_EQ(guard_.allow(2048), 0U);
  const BurstGuard::Status status = guard_.status();
  EXPECT_EQ(status.reason, "SCHEMA_DRIFT");
  EXPECT_NE(status.cause.find("records became dead letters of SCHEMA_DRIFT"), std::string::npos);
  EXPECT_EQ(status.bursts, 1U);
  EXPECT_NE(status.since_us, 0);
}

TEST_F(Burst, FewerThanAHundredAreNone) {
  for (int i = 0; i < 99; ++i) EXPECT_FALSE(guard_.bad(0, "PARSE_ERROR"));
  EXPECT_EQ(state(), State::kFlowing);
  EXPECT_TRUE(guard_.bad(0, "PARSE_ERROR")) << "the hundredth, of as many";
  EXPECT_EQ(guard_.status().cause,
            "100 of the last 100 records became dead letters of PARSE_ERROR");
}

TEST_F(Burst, ReasonsCountEachForThemselves) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(run(1, 15, "PARSE_ERROR"));
    EXPECT_FALSE(run(1, 15, "SCHEMA_DRIFT"));
  }
  EXPECT_EQ(state(), State::kFlowing);
}

TEST_F(Burst, OldOnesFallOutOfTheWindow) {
  for (int i = 0; i < 99; ++i) guard_.bad(0, "PARSE_ERROR");
  guard_.good(0, 1000);
  for (int i = 0; i < 99; ++i) EXPECT_FALSE(guard_.bad(0, "PARSE_ERROR"));
  EXPECT_EQ(state(), State::kFlowing);
}

TEST_F(Burst, AfterItsCoolDownAFewRecordsAreLetThrough) {
  run(50, 50);
  clock_.advance(seconds(59));
  EXPECT_EQ(guard_.allow(2048), 0U);
  clock_.advance(seconds(1));
  EXPECT_EQ(guard_.allow(2048), BurstGuard::kProbeRecords);
  EXPECT_EQ(state(), State::kProbing);
  guard_.taken(7, 60);
  EXPECT_EQ(guard_.allow(2048), 0U) << "until they are settled";
}

TEST_F(Burst, AGoodProbeLetsItGoOn) {
  run(50, 50);
  clock_.advance(seconds(60));
  guard_.allow(2048);
  guard_.taken(7, 60);
  guard_.bad(7, "SCHEMA_DRIFT");
  EXPECT_EQ(state(), State::kProbing);
  guard_.good(7, 59);
  EXPECT_EQ(state(), State::kFlowing);
  EXPECT_EQ(guard_.allow(2048), 2048U);
}

TEST_F(Burst, ABadProbePausesAgainAndIsTheSameBurst) {
  run(50, 50);
  clock_.advance(seconds(60));
  guard_.allow(2048);
  guard_.taken(7, 3);
  guard_.good(7, 2);
  EXPECT_TRUE(guard_.bad(7, "SCHEMA_DRIFT")) << "a third of the probe";
  EXPECT_EQ(state(), State::kPaused);
  EXPECT_EQ(guard_.status().bursts, 1U);
  EXPECT_EQ(guard_.allow(2048), 0U);
  clock_.advance(seconds(60));
  EXPECT_GT(guard_.allow(2048), 0U);
}

TEST_F(Burst, WhatWasUnderWayIsNoPartOfTheProbe) {
  run(50, 50);
  clock_.advance(seconds(60));
  guard_.allow(2048);
  guard_.taken(7, 2);
  for (int i = 0; i < 500; ++i) EXPECT_FALSE(guard_.bad(6, "SCHEMA_DRIFT"));
  guard_.good(7, 2);
  EXPECT_EQ(state(), State::kFlowing);
}

TEST_F(Burst, AnOperatorMayLetItGoOnAtOnce) {
  EXPECT_FALSE(guard_.resume()) << "it was not paused";
  run(50, 50);
  EXPECT_TRUE(guard_.resume());
  EXPECT_EQ(state(), State::kFlowing);
  EXPECT_EQ(guard_.allow(2048), 2048U);
  EXPECT_FALSE(run(1, 50)) << "it begins to count anew";
}

}  // namespace
}  // namespace sluice
