// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/sink_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/deliver/driver_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SinkDriverTest : public DriverFixture {};

TEST_F(SinkDriverTest, SettlesWhatTheSinkTook) {
  start();
  const BatchPtr batch = send({"a", "b", "c"});
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_THAT(values(test::sink_levers("out").committed), ElementsAre("a", "b", "c"));
  EXPECT_EQ(batch->outcome(0), Outcome::kCommitted);
  EXPECT_THAT(ends_.letters(), IsEmpty());
}

TEST_F(SinkDriverTest, KeepsWritesWithinTheirLimits) {
  config_.batch.records = 2;
  start();
  send({"a", "b", "c", "d", "e"});
  ASSERT_TRUE(ends_.wait_settled(5));
  for (const auto& write : test::sink_levers("out").writes) EXPECT_LE(write.size(), 2U);
}

TEST_F(SinkDriverTest, TellsADuplicateFromACommit) {
  test::sink_levers("out").answer = [](const auto&, sluice_outcome* outcomes) {
    outcomes[0].verdict = SLUICE_REC_OK;
    outcomes[0].flags = SLUICE_RECF_DUPLICATE;
    return SLUICE_OK;
  };
  start();
  const BatchPtr batch = send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_EQ(batch->outcome(0), Outcome::kDuplicate);
}

TEST_F(SinkDriverTest, ARejectedRecordBecomesALetterAndItsNeighboursGoOn) {
  test::sink_levers("out").answer = [](const auto& seen, sluice_outcome* outcomes) {
    for (size_t i = 0; i < seen.size(); ++i) {
      outcomes[i].verdict = seen[i].value == "bad" ? SLUICE_REC_REJECT : SLUICE_REC_OK;
      if (seen[i].value == "bad") {
        outcomes[i].reason = 1;
        outcomes[i].detail = {"no such thing", 13};
      }
    }
    return SLUICE_OK;
  };
  start();
  const BatchPtr batch = send({"good", "bad", "fine"});
  ASSERT_TRUE(ends_.wait_settled(3));
  const auto letters = ends_.letters();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].reason, "CONSTRAINT_VIOLATION");
  EXPECT_EQ(letters[0].detail, "refused: no such thing");
  EXPECT_EQ(letters[0].stage, "deliver");
  EXPECT_EQ(letters[0].sink, "out");
  EXPECT_EQ(letters[0].rendered, "bad");
  EXPECT_EQ(batch->outcome(1), Outcome::kDeadLettered);
  EXPECT_THAT(values(test::sink_levers("out").committed), ElementsAre("good", "fine"));
}

TEST_F(SinkDriverTest, AnOlderRevisionMayCountAsADuplicate) {
  config_.older_is_duplicate = true;
  test::sink_levers("out").answer = [](const auto&, sluice_outcome* outcomes) {
    outcomes[0].verdict = SLUICE_REC_REJECT;
    outcomes[0].reason = 2;
    return SLUICE_OK;
  };
  start();
  const BatchPtr batch = send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_EQ(batch->outcome(0), Outcome::kDuplicate);
  EXPECT_THAT(ends_.letters(), IsEmpty());
}

TEST_F(SinkDriverTest, OffersAgainWhatWasNotTriedWithoutCountingAnAttempt) {
  int calls = 0;
  test::sink_levers("out").answer = [&](const auto& seen, sluice_outcome* outcomes) {
    // One record a call; the rest is not reached.
    for (size_t i = 0; i < seen.size(); ++i) {
      outcomes[i].verdict = i == 0 ? SLUICE_REC_OK : SLUICE_REC_UNTRIED;
    }
    ++calls;
    return SLUICE_OK;
  };
  config_.retry.max_attempts = 1;
  start();
  send({"a", "b", "c", "d"});
  ASSERT_TRUE(ends_.wait_settled(4));
  EXPECT_THAT(values(test::sink_levers("out").committed), ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(calls, 4);
  EXPECT_THAT(ends_.letters(), IsEmpty());
}

TEST_F(SinkDriverTest, SpentAttemptsEndInALetterWhileOthersGoThrough) {
  config_.retry.max_attempts = 3;
  int tries = 0;
  test::sink_levers("out").answer = [&](const auto& seen, sluice_outcome* outcomes) {
    for (size_t i = 0; i < seen.size(); ++i) {
      outcomes[i].verdict = seen[i].value == "busy" ? SLUICE_REC_RETRY : SLUICE_REC_OK;
      if (seen[i].value == "busy") {
        outcomes[i].reason = 0;
        ++tries;
      }
    }
    return SLUICE_OK;
  };
  start();
  send({"busy", "good"});
  ASSERT_TRUE(ends_.wait_settled(2));
  EXPECT_EQ(tries, 3);
  ASSERT_THAT(ends_.letters(), SizeIs(1));
  EXPECT_EQ(ends_.letters()[0].reason, "RATE_LIMITED");
  EXPECT_EQ(ends_.letters()[0].attempts, 3U);
}

TEST_F(SinkDriverTest, AFailedCallIsNobodysFaultAndIsHeld) {
  int calls = 0;
  config_.retry.max_attempts = 2;
  test::sink_levers("out").answer = [&](const auto& seen, sluice_outcome* outcomes) -> sluice_rc {
    if (++calls <= 10) return SLUICE_E_RETRY;
    for (size_t i = 0; i < seen.size(); ++i) outcomes[i].verdict = SLUICE_REC_OK;
    return SLUICE_OK;
  };
  start();
  send({"a", "b"});
  ASSERT_TRUE(ends_.wait_settled(2));
  EXPECT_EQ(calls, 12) << "the probe of one record, then the other";
  EXPECT_THAT(ends_.letters(), IsEmpty());
  EXPECT_EQ(driver_->status().state, "ok");
}

TEST_F(SinkDriverTest, MayBeToldToDeadLetterWhileUnavailable) {
  config_.on_unavailable = OnUnavailable::kDeadLetter;
  config_.retry.max_attempts = 3;
  int calls = 0;
  test::sink_levers("out").answer = [&](const auto&, sluice_outcome*) -> sluice_rc {
    ++calls;
    return SLUICE_E_RETRY;
  };
  start();
  send({"a", "b"});
  ASSERT_TRUE(ends_.wait_settled(2));
  EXPECT_EQ(calls, 3);
  ASSERT_THAT(ends_.letters(), SizeIs(2));
  EXPECT_EQ(ends_.letters()[0].reason, "CONNECTION_ERROR");
}

TEST_F(SinkDriverTest, FindsTheCulpritsOfARefusedBatchByHalves) {
  int calls = 0;
  test::sink_levers("out").answer = [&](const auto& seen, sluice_outcome* outcomes) -> sluice_rc {
    ++calls;
    for (const SeenRecord& record : seen) {
      if (record.value == "bad") return SLUICE_E_BATCH;
    }
    for (size_t i = 0; i < seen.size(); ++i) outcomes[i].verdict = SLUICE_REC_OK;
    return SLUICE_OK;
  };
  start();
  send({"a", "b", "c", "d", "e", "bad", "g", "h"});
  ASSERT_TRUE(ends_.wait_settled(8));
  EXPECT_THAT(values(test::sink_levers("out").committed),
              ElementsAre("a", "b", "c", "d", "e", "g", "h"));
  ASSERT_THAT(ends_.letters(), SizeIs(1));
  EXPECT_EQ(ends_.letters()[0].rendered, "bad");
  EXPECT_LE(calls, 2 * 3 + 1) << "2*log2(n)+1 writes a culprit";
}

TEST_F(SinkDriverTest, AnUnsetVerdictIsTriedAgain) {
  int calls = 0;
  test::sink_levers("out").answer = [&](const auto&, sluice_outcome* outcomes) -> sluice_rc {
    if (++calls > 1) outcomes[0].verdict = SLUICE_REC_OK;
    return SLUICE_OK;
  };
  start();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_EQ(calls, 2);
}

TEST_F(SinkDriverTest, AnUnusableInstanceIsMadeAnew) {
  int calls = 0;
  test::sink_levers("out").answer = [&](const auto&, sluice_outcome* outcomes) -> sluice_rc {
    if (++calls == 1) return SLUICE_E_FATAL;
    outcomes[0].verdict = SLUICE_REC_OK;
    return SLUICE_OK;
  };
  start();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_EQ(calls, 2);
}

TEST_F(SinkDriverTest, AnOptionalSinkNeitherObligesNorBlocks) {
  config_.required = false;
  test::sink_levers("out").corked = true;
  start();
  const BatchPtr batch = send({"a", "b"});
  ASSERT_TRUE(ends_.wait_settled(2)) << "settled without the sink";
  EXPECT_EQ(batch->outcome(0), Outcome::kNone);
}

TEST_F(SinkDriverTest, AWriteThatDoesNotComeBackShowsAsUnhealthy) {
  config_.timeout = Millis(1);
  test::sink_levers("out").corked = true;
  start();
  send({"a"});
  StopSource never;
  while (driver_->status().state != "holding") never.wait_for(Millis(1));
  EXPECT_THAT(driver_->status().last_error, ::testing::HasSubstr("longer than its timeout of 1ms"));
  test::sink_levers("out").uncork();
  ASSERT_TRUE(ends_.wait_settled(1));
  while (driver_->status().state != "ok") never.wait_for(Millis(1));
}

TEST_F(SinkDriverTest, ReportsAConfigurationThatIsImpossibleAtOpen) {
  test::sink_levers("out").open_result = SLUICE_E_CONFIG;
  start();
  const auto opened = driver_->first_open(std::chrono::steady_clock::now() + std::chrono::hours(1));
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->code(), Code::kInvalid);
  EXPECT_EQ(opened->message(), "sink out: not reachable");
}

}  // namespace
}  // namespace sluice
