// SPDX-License-Identifier: Apache-2.0
// A sink that cannot be used: its breaker, and what becomes of records meanwhile (semantics 5).
#include <gmock/gmock.h>

#include "tests/unit/deliver/driver_fixture.h"

namespace sluice {
namespace {

using State = CircuitBreaker::State;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class UnavailableTest : public DriverFixture {
 protected:
  void SetUp() override {
    DriverFixture::SetUp();
    config_.breaker.failures = 3;
  }
  // Every call is answered with `rc` while it is not OK; then every record is taken.
  void answer_with_rc() {
    levers().answer = [this](const auto& seen, sluice_outcome* outcomes) -> sluice_rc {
      const sluice_rc rc = rc_;
      for (size_t i = 0; rc == SLUICE_OK && i < seen.size(); ++i) {
        outcomes[i].verdict = SLUICE_REC_OK;
      }
      return rc;
    };
  }
  bool becomes(State state) {
    return comes_true([this, state] { return driver_->status().breaker == state; });
  }
  std::vector<std::string> reasons() {
    std::vector<std::string> out;
    for (const LetterRequest& letter : ends_.letters()) out.push_back(letter.reason);
    return out;
  }

  std::atomic<sluice_rc> rc_{SLUICE_E_RETRY};
};

TEST_F(UnavailableTest, OpensItsBreakerAndHoldsEverythingInOrder) {
  config_.breaker.half_open_after = Millis(3'600'000);
  answer_with_rc();
  start();
  send({"a", "b"});
  ASSERT_TRUE(becomes(State::kOpen));
  send({"c"});
  const SinkStatus status = driver_->status();
  EXPECT_EQ(status.state, "holding");
  EXPECT_EQ(status.breaker_cause, "3 calls failed in a row");
  EXPECT_EQ(status.last_error, "the test says no");
  EXPECT_NE(status.failing_since_us, 0);
  EXPECT_EQ(levers().write_count(), 3U) << "it is left alone";
  EXPECT_THAT(ends_.letters(), IsEmpty());
}

TEST_F(UnavailableTest, ClosesAfterAProbeOfOneRecordAndGoesOnInOrder) {
  answer_with_rc();
  start();
  send({"a", "b", "c", "d"});
  ASSERT_TRUE(comes_true([&] { return levers().write_count() >= 6; }));
  rc_ = SLUICE_OK;
  ASSERT_TRUE(ends_.wait_settled(4));
  EXPECT_THAT(taken(), ElementsAre("a", "b", "c", "d"));
  ASSERT_TRUE(becomes(State::kClosed));
  EXPECT_EQ(driver_->status().state, "ok");
  EXPECT_EQ(driver_->status().failing_since_us, 0);
  const std::lock_guard lock(levers().mutex);
  for (size_t i = 3; i + 1 < levers().writes.size(); ++i) {
    EXPECT_THAT(levers().writes[i], SizeIs(1)) << "half open: one record is risked";
  }
  EXPECT_THAT(levers().writes.back(), SizeIs(3));
}

TEST_F(UnavailableTest, ASinkThatCanBeAskedIsAskedBeforeARecordIsRisked) {
  std::atomic<uint32_t> probes{0};
  levers().probe = [&]() -> sluice_rc {
    ++probes;
    return rc_ == SLUICE_OK ? SLUICE_OK : SLUICE_E_RETRY;
  };
  answer_with_rc();
  start();
  send({"a", "b"});
  ASSERT_TRUE(comes_true([&] { return probes >= 3; }));
  EXPECT_EQ(levers().write_count(), 3U);
  rc_ = SLUICE_OK;
  ASSERT_TRUE(ends_.wait_settled(2));
  EXPECT_EQ(levers().write_count(), 5U) << "one record, then the other";
}

TEST_F(UnavailableTest, DeadLettersWhileItIsOpenWhenToldTo) {
  config_.on_unavailable = OnUnavailable::kDeadLetter;
  config_.breaker.half_open_after = Millis(3'600'000);
  config_.retry.max_attempts = 3;
  answer_with_rc();
  start();
  send({"a", "b"});
  ASSERT_TRUE(ends_.wait_settled(2));
  EXPECT_THAT(reasons(), Each("CONNECTION_ERROR")) << "their own attempts were spent";
  ASSERT_TRUE(becomes(State::kOpen));
  send({"c", "d"});
  ASSERT_TRUE(ends_.wait_settled(4));
  EXPECT_THAT(reasons(),
              ElementsAre("CONNECTION_ERROR", "CONNECTION_ERROR", "CIRCUIT_OPEN", "CIRCUIT_OPEN"));
  EXPECT_THAT(ends_.letters()[3].detail, HasSubstr("3 calls failed in a row"));
  EXPECT_EQ(levers().write_count(), 3U);
}

TEST_F(UnavailableTest, ACallPastItsTimeLimitIsASinkTimeout) {
  config_.on_unavailable = OnUnavailable::kDeadLetter;
  config_.retry.max_attempts = 1;
  config_.timeout = Millis(1);
  levers().answer = [](const auto&, sluice_outcome*) -> sluice_rc {
    StopSource never;
    never.wait_for(Millis(5));
    return SLUICE_E_RETRY;
  };
  start();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_THAT(reasons(), ElementsAre("SINK_TIMEOUT"));
}

TEST_F(UnavailableTest, OneThatAsksForRestKeepsItsReason) {
  config_.on_unavailable = OnUnavailable::kDeadLetter;
  config_.retry.max_attempts = 2;
  levers().answer = [](const auto&, sluice_outcome* outcomes) {
    outcomes[0].verdict = SLUICE_REC_RETRY;
    outcomes[0].reason = 0;
    return SLUICE_OK;
  };
  start();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_THAT(reasons(), ElementsAre("RATE_LIMITED"));
  EXPECT_EQ(ends_.letters()[0].attempts, 2U);
}

TEST_F(UnavailableTest, OneThatAnswersRetryToEverythingIsLeftAloneToo) {
  std::atomic<bool> busy{true};
  config_.retry.max_attempts = 1;
  levers().answer = [&](const auto& seen, sluice_outcome* outcomes) {
    for (size_t i = 0; i < seen.size(); ++i) {
      outcomes[i].verdict = busy ? SLUICE_REC_RETRY : SLUICE_REC_OK;
    }
    return SLUICE_OK;
  };
  start();
  send_lanes({{1, "a"}, {2, "b"}});
  ASSERT_TRUE(comes_true([&] { return levers().write_count() >= 6; }));
  EXPECT_TRUE(comes_true([&] { return driver_->status().breaker != State::kClosed; }));
  EXPECT_THAT(ends_.letters(), IsEmpty()) << "nobody went through: the sink is at fault";
  busy = false;
  ASSERT_TRUE(ends_.wait_settled(2));
}

TEST_F(UnavailableTest, ARefusedConfigurationMakesTheBranchUnavailableAndIsProbed) {
  answer_with_rc();
  rc_ = SLUICE_E_CONFIG;
  start();
  send({"a", "b"});
  ASSERT_TRUE(comes_true([&] { return levers().write_count() >= 3; })) << "probed";
  EXPECT_THAT(driver_->status().breaker_cause, HasSubstr("configuration is refused"));
  EXPECT_NE(driver_->status().breaker, State::kClosed);
  {
    const std::lock_guard lock(levers().mutex);
    EXPECT_GE(levers().created, 3U) << "made anew each time";
  }
  rc_ = SLUICE_OK;
  ASSERT_TRUE(ends_.wait_settled(2));
  EXPECT_THAT(taken(), ElementsAre("a", "b"));
  EXPECT_THAT(ends_.letters(), IsEmpty());
}

TEST_F(UnavailableTest, OneUnusableInstanceIsReplacedASecondOpensTheBreaker) {
  config_.breaker.failures = 100;
  answer_with_rc();
  rc_ = SLUICE_E_FATAL;
  start();
  send({"a"});
  ASSERT_TRUE(comes_true([&] { return levers().write_count() >= 3; }));
  EXPECT_THAT(driver_->status().breaker_cause, HasSubstr("it became unusable 2 times"));
  rc_ = SLUICE_OK;
  ASSERT_TRUE(ends_.wait_settled(1));
  ASSERT_TRUE(becomes(State::kClosed));
}

TEST_F(UnavailableTest, AVerdictGivenBeforeTheCallFailedHolds) {
  std::atomic<bool> first{true};
  levers().answer = [&](const auto& seen, sluice_outcome* outcomes) -> sluice_rc {
    outcomes[0].verdict = SLUICE_REC_OK;
    if (first.exchange(false)) return SLUICE_E_RETRY;
    for (size_t i = 0; i < seen.size(); ++i) outcomes[i].verdict = SLUICE_REC_OK;
    return SLUICE_OK;
  };
  start();
  send({"a", "b", "c"});
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_THAT(taken(), ElementsAre("a", "b", "c"));
}

TEST_F(UnavailableTest, ASinkThatTriesNothingIsNotAskedWithoutEnd) {
  config_.retry.base = config_.retry.cap = Millis(3'600'000);
  levers().answer = [](const auto&, sluice_outcome* outcomes) {
    outcomes[0].verdict = SLUICE_REC_UNTRIED;
    return SLUICE_OK;
  };
  start();
  send({"a"});
  ASSERT_TRUE(comes_true([&] { return driver_->status().state == "holding"; }));
  EXPECT_THAT(driver_->status().last_error, HasSubstr("tried none"));
}

TEST_F(UnavailableTest, AnEffectThatMayExistIsTriedAgainAndCounted) {
  std::atomic<bool> first{true};
  levers().answer = [&](const auto&, sluice_outcome* outcomes) {
    const bool unknown = first.exchange(false);
    outcomes[0].verdict = unknown ? SLUICE_REC_RETRY : SLUICE_REC_OK;
    if (unknown) outcomes[0].flags = SLUICE_RECF_MAYBE_APPLIED;
    return SLUICE_OK;
  };
  start();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_THAT(taken(), ElementsAre("a"));
  EXPECT_EQ(driver_->status().effects_unknown, 1U);
}

TEST_F(UnavailableTest, AnEffectThatMayExistIsLeftToPeopleWhenToldTo) {
  config_.maybe_applied = MaybeApplied::kDeadLetter;
  levers().answer = [&](const auto&, sluice_outcome* outcomes) {
    outcomes[0].verdict = SLUICE_REC_RETRY;
    outcomes[0].flags = SLUICE_RECF_MAYBE_APPLIED;
    return SLUICE_OK;
  };
  start();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_THAT(reasons(), ElementsAre("SINK_TIMEOUT"));
  EXPECT_THAT(ends_.letters()[0].detail, HasSubstr("may have been applied"));
  EXPECT_EQ(levers().write_count(), 1U);
}

TEST_F(UnavailableTest, AnIdempotentSinkIsSimplyTriedAgain) {
  config_.use = "fake_idempotent";
  config_.maybe_applied = MaybeApplied::kDeadLetter;
  std::atomic<bool> first{true};
  levers().answer = [&](const auto&, sluice_outcome* outcomes) {
    const bool unknown = first.exchange(false);
    outcomes[0].verdict = unknown ? SLUICE_REC_RETRY : SLUICE_REC_OK;
    if (unknown) outcomes[0].flags = SLUICE_RECF_MAYBE_APPLIED;
    return SLUICE_OK;
  };
  start();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_THAT(taken(), ElementsAre("a"));
  EXPECT_EQ(driver_->status().effects_unknown, 0U);
}

TEST_F(UnavailableTest, FinishingEndsThoughTheSinkNeverOpened) {
  levers().open_result = SLUICE_E_RETRY;
  config_.retry.base = config_.retry.cap = Millis(3'600'000);
  start();
  ASSERT_TRUE(comes_true([&] { return driver_->status().state == "holding"; }));
  driver_->finish();
  driver_->join();
  EXPECT_EQ(driver_->status().state, "closed");
}

}  // namespace
}  // namespace sluice
