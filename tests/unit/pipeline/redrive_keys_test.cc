// SPDX-License-Identifier: Apache-2.0
// Redriven records and idempotency by keys: who has been given a key already, letter or not.
#include "tests/unit/pipeline/key_stage_fixture.h"
#include "tests/unit/pipeline/redrive_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Key = IdempotencyConfig::Key;

constexpr const char* kPasses = "function transform(r) return r end";

class RedriveKeysTest : public RedriveTest {
 protected:
  void SetUp() override {
    RedriveTest::SetUp();
    config_.idempotency.key = Key::kRaw;
    config_.transform = write("t.lua", kRejectsOdd);
  }
  void TearDown() override {
    // What a test's own store still answers to goes first.
    stop_redriver();
    end();
    RedriveTest::TearDown();
  }
  static void give(const std::vector<std::string>& values) {
    auto& records = test::source_levers("in").records;
    for (const std::string& value : values) {
      records.push_back({"lane", records.size() + 1, value});
    }
  }
  // These come when the pipeline begins anew, with a script that lets all pass.
  void come_later(const std::vector<std::string>& values) {
    stop_redriver();
    end();
    give(values);
    restart_with(kPasses);
  }
  void restart_with(const std::string& script) {
    RedriveTest::restart_with(script);
    test::sink_levers("out").committed.clear();
  }
  uint64_t outcome(Outcome of) { return account().outcome(of); }
};

TEST_F(RedriveKeysTest, ARecordOfTheSameKeyThatComesLaterIsADuplicate) {
  give({R"({"n":1})", R"({"n":2})"});
  begin();
  ASSERT_TRUE(settle());
  restart_with(kPasses);
  EXPECT_EQ(redrive().committed, 1U);
  EXPECT_THAT(values("out"), ElementsAre(R"({"n":1})"));
  come_later({R"({"n":1})", R"({"n":3})"});
  EXPECT_EQ(outcome(Outcome::kDuplicate), 1U);
  EXPECT_EQ(outcome(Outcome::kCommitted), 1U);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(RedriveKeysTest, SoItIsAfterARedriveOfStoredOutput) {
  config_.transform = write("t.lua", kPasses);
  give({R"({"n":1})"});
  refuse("out", {1});
  begin();
  ASSERT_TRUE(settle());
  refuse("out", {});
  RedriveRequest request;
  request.from = RedriveFrom::kSink;
  EXPECT_EQ(redrive(request).committed, 1U);
  come_later({R"({"n":1})"});
  EXPECT_EQ(outcome(Outcome::kDuplicate), 1U);
  EXPECT_EQ(outcome(Outcome::kCommitted), 0U);
}

TEST_F(RedriveKeysTest, WhatCameMeanwhileIsNotDeliveredOnceMore) {
  give({R"({"n":1})"});
  begin();
  ASSERT_TRUE(settle());
  give({R"({"n":1})"});
  restart_with(kPasses);
  ASSERT_EQ(outcome(Outcome::kCommitted), 1U);
  EXPECT_EQ(redrive().duplicate, 1U);
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(RedriveKeysTest, OfSeveralLettersOfOneKeyOneIsDelivered) {
  give({R"({"n":1})", R"({"n":1})", R"({"n":3})", R"({"n":1})"});
  begin();
  ASSERT_TRUE(settle());
  ASSERT_EQ(letters().size(), 4U);
  restart_with(kPasses);
  const RedrivePlan plan = redrive();
  EXPECT_EQ(plan.committed, 2U);
  EXPECT_EQ(plan.duplicate, 2U);
  EXPECT_THAT(values("out"), UnorderedElementsAre(R"({"n":1})", R"({"n":3})"));
  EXPECT_THAT(letters(), IsEmpty());
}

TEST_F(RedriveKeysTest, WhatIsRefusedAgainLeavesNoMarkAndItsTwinGoesOn) {
  auto made = std::make_unique<FakeKeys>();
  const FakeKeys& keys = *made;
  keys_ = std::move(made);
  give({R"({"n":1})", R"({"n":1})"});
  begin();
  ASSERT_TRUE(settle());
  restart_with(kPasses);
  const auto before = letters();
  ASSERT_EQ(before.size(), 2U);
  // Positions of redriven records are their letters' numbers.
  refuse("out", {before[0].seq, before[1].seq});
  EXPECT_EQ(redrive().failed, 2U);
  EXPECT_EQ(keys.released, 2U);
  const auto after = letters();
  ASSERT_EQ(after.size(), 2U);
  for (size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(after[i].id, before[i].id);
    EXPECT_EQ(after[i].redrives, 1U);
    EXPECT_EQ(after[i].stage, "deliver");
    EXPECT_EQ(after[i].first_reason, "REJECTED_BY_SCRIPT");
    EXPECT_EQ(after[i].raw, R"({"n":1})");
  }
  refuse("out", {before[0].seq});
  const RedrivePlan plan = redrive();
  EXPECT_EQ(plan.failed, 1U);
  EXPECT_EQ(plan.committed, 1U);
  EXPECT_EQ(letters().size(), 1U);
  EXPECT_EQ(redrive().duplicate, 1U);
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(RedriveKeysTest, ALetterGoesOnlyOnceItsMarkIsThere) {
  auto made = std::make_unique<FakeKeys>();
  FakeKeys& keys = *made;
  keys_ = std::move(made);
  give({R"({"n":1})"});
  begin();
  ASSERT_TRUE(settle());
  restart_with(kPasses);
  keys.cannot_mark = true;
  const auto plan = redriver_->start(RedriveRequest());
  ASSERT_TRUE(plan.is_ok());
  StopSource never;
  const auto holds = [&] { return !ledger_->status().healthy; };
  for (int i = 0; i < 3000 && !holds(); ++i) never.wait_for(Millis(10));
  ASSERT_TRUE(holds());
  EXPECT_EQ(values("out").size(), 1U);
  EXPECT_EQ(letters().size(), 1U);
  keys.cannot_mark = false;
  EXPECT_EQ(finished(plan->id).committed, 1U);
  EXPECT_THAT(letters(), IsEmpty());
  EXPECT_EQ(keys.done(), 1U);
}

TEST_F(RedriveKeysTest, MarksOfOtherPartsDoNotHoldUpWhatTookTheLettersPlace) {
  config_.transform = write("t.lua", R"(function transform(r)
      sluice.emit({ a = r.n })
      sluice.emit({ b = r.n })
    end)");
  test::sink_levers("out").answer = [](const auto& records, sluice_outcome* outcomes) {
    for (size_t i = 0; i < records.size(); ++i) {
      const bool refused = records[i].value.find("b") != std::string::npos;
      outcomes[i].verdict = refused ? SLUICE_REC_REJECT : SLUICE_REC_OK;
      outcomes[i].reason = refused ? 1 : SLUICE_REASON_NONE;
    }
    return SLUICE_OK;
  };
  give({R"({"n":1})"});
  begin();
  ASSERT_TRUE(settle());
  ASSERT_EQ(letters().size(), 1U);
  ASSERT_EQ(letters()[0].part, 1U);
  restart_with("function transform(r) return { all = r.n } end");
  EXPECT_EQ(redrive().committed, 1U);
  EXPECT_THAT(values("out"), ElementsAre(R"({"all":1})"));
  EXPECT_THAT(letters(), IsEmpty());
}

}  // namespace
}  // namespace sluice
