// SPDX-License-Identifier: Apache-2.0
// Sinks with spools in a whole pipeline: the account, letters, keys and restarts (semantics 1, 6).
#include <atomic>
#include <map>
#include <set>

#include "tests/unit/pipeline/fixture.h"

namespace sluice {
namespace {

using Key = IdempotencyConfig::Key;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SpoolingPipelineTest : public PipelineTest {
 protected:
  void SetUp() override {
    PipelineTest::SetUp();
    config_.dlq_burst.on = false;
    spooling(config_.sinks[0]);
    answer("out", dead_);
  }
  static void spooling(SinkConfig& sink) {
    sink.spool_bytes = 1 << 20;
    sink.breaker.failures = 1;
    sink.breaker.half_open_after = Millis(20);
  }
  // Refuses what holds "bad"; nothing while it is dead.
  static void answer(const std::string& sink, const std::atomic<bool>& dead) {
    test::sink_levers(sink).answer = [&dead](const auto& seen, sluice_outcome* outcomes) {
      for (size_t i = 0; !dead && i < seen.size(); ++i) {
        const bool bad = seen[i].value.find("bad") != std::string::npos;
        outcomes[i].verdict = bad ? SLUICE_REC_REJECT : SLUICE_REC_OK;
        if (bad) outcomes[i].reason = 1;
      }
      return dead ? SLUICE_E_RETRY : SLUICE_OK;
    };
  }
  static void give(const std::vector<std::string>& values, uint64_t from = 1) {
    auto& levers = test::source_levers("in");
    levers.records.clear();
    for (const std::string& value : values) levers.records.push_back({"lane", from++, value});
  }
  uint64_t spooled(size_t sink = 0) { return pipeline_->snapshot().sinks[sink].spool->records; }
  static std::vector<uint64_t> committed(const std::string& sink) {
    auto& levers = test::sink_levers(sink);
    const std::lock_guard lock(levers.mutex);
    std::vector<uint64_t> out;
    for (const auto& record : levers.committed) out.push_back(record.position);
    return out;
  }
  uint64_t outcome(Outcome outcome) { return account().outcome(outcome); }
  std::atomic<bool> dead_{true};
  std::atomic<bool> other_dead_{true};
};

TEST_F(SpoolingPipelineTest, WhatIsInASpoolIsAcknowledgedAndInFlight) {
  feed("in", 100);
  start();
  ASSERT_TRUE(comes_true([&] {
    auto& levers = test::source_levers("in");
    const std::lock_guard lock(levers.mutex);
    return levers.acked["lane"] == 100;
  }));
  EXPECT_EQ(spooled(), 100U);
  EXPECT_EQ(account().in_flight(), 100U);
  EXPECT_EQ(account().unsafe(), 0U);
  EXPECT_EQ(account().unaccounted(), 0);
  EXPECT_TRUE(pipeline_->safe());
  EXPECT_FALSE(pipeline_->settled());
  dead_ = false;
  ASSERT_TRUE(settle());
  EXPECT_EQ(outcome(Outcome::kCommitted), 100U);
  EXPECT_EQ(account().unaccounted(), 0);
  EXPECT_EQ(committed("out").size(), 100U);
}

TEST_F(SpoolingPipelineTest, WhatIsFoundInASpoolCountsAsReceived) {
  feed("in", 100);
  start();
  ASSERT_TRUE(comes_true([&] { return spooled() == 100 && account().unsafe() == 0; }));
  end();
  test::source_levers("in").records.clear();
  dead_ = false;
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().received(), 100U);
  EXPECT_EQ(outcome(Outcome::kCommitted), 100U);
  EXPECT_EQ(account().unaccounted(), 0);
}

// Each lane has its writer, and the writer a spool.
TEST_F(SpoolingPipelineTest, SeveralWritersHaveASpoolEach) {
  constexpr uint64_t kLanes = 8;
  config_.sinks[0].writers = 3;
  for (uint64_t i = 0; i < 30 * kLanes; ++i) {
    const std::string lane = std::to_string(i % kLanes);
    test::source_levers("in").records.push_back(
        {"lane" + lane, i / kLanes + 1, "{\"lane\":" + lane + "}"});
  }
  start();
  ASSERT_TRUE(comes_true([&] { return spooled() == 30 * kLanes && account().unsafe() == 0; }));
  EXPECT_EQ(pipeline_->snapshot().sinks[0].spool->limit_bytes, (1U << 20) / 3 * 3);
  end();
  EXPECT_THAT(spools_in(folder_), SizeIs(3));
  config_.sinks[0].writers = 2;
  EXPECT_THAT(make().status().message(), HasSubstr("run it with `writers: 3` until that is empty"));
  config_.sinks[0].writers = 3;
  test::source_levers("in").records.clear();
  dead_ = false;
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(outcome(Outcome::kCommitted), 30 * kLanes);
  EXPECT_EQ(account().unaccounted(), 0);
  {
    auto& levers = test::sink_levers("out");
    const std::lock_guard lock(levers.mutex);
    std::map<std::string, uint64_t> last;
    for (const auto& record : levers.committed) EXPECT_EQ(record.position, ++last[record.value]);
    EXPECT_THAT(last, SizeIs(kLanes));
  }
  end();
  config_.sinks[0].writers = 2;  // nothing is left that would come out of order
  start();
}

TEST_F(SpoolingPipelineTest, ASpoolThatIsNotConfiguredAnyMoreIsEmptiedAllTheSame) {
  feed("in", 10);
  start();
  ASSERT_TRUE(comes_true([&] { return spooled() == 10 && account().unsafe() == 0; }));
  end();
  config_.sinks[0].spool_bytes = 0;
  give({"{}", "{}"}, 11);
  dead_ = false;
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(committed("out").size(), 12U);
  end();
  start();
  EXPECT_FALSE(pipeline_->snapshot().sinks[0].spool.has_value());
}

TEST_F(SpoolingPipelineTest, ALetterIsTheSameWithAndWithoutTheDetour) {
  config_.sinks.push_back(sink("mirror"));
  config_.transform = write("t.lua", "function transform(r) r.x = 1 return r end");
  give({R"({"n":"good"})", R"({"n":"bad"})"});
  start();
  ASSERT_TRUE(comes_true([&] { return spooled() == 2; }));
  dead_ = false;
  ASSERT_TRUE(settle());
  EXPECT_EQ(outcome(Outcome::kCommitted), 1U);
  EXPECT_EQ(outcome(Outcome::kDeadLettered), 1U);
  EXPECT_EQ(account().unaccounted(), 0);
  EXPECT_EQ(account().sources[0].reasons["CONSTRAINT_VIOLATION"], 1U);
  const auto spooled_letters = letters();
  end();
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directories(folder_);
  config_.transform = write("t.lua", "function transform(r) r.x = 1 return r end");
  start();
  ASSERT_TRUE(settle());
  const auto direct = letters();
  ASSERT_THAT(spooled_letters, SizeIs(1));
  ASSERT_THAT(direct, SizeIs(1));
  const DeadLetter& a = spooled_letters[0];
  const DeadLetter& b = direct[0];
  EXPECT_EQ(a.raw, R"({"n":"bad"})");
  EXPECT_THAT(a.done_sinks, ElementsAre("mirror"));
  EXPECT_EQ(std::tie(a.id, a.raw, a.key, a.headers, a.source, a.lane, a.position, a.part, a.stage),
            std::tie(b.id, b.raw, b.key, b.headers, b.source, b.lane, b.position, b.part, b.stage));
  EXPECT_EQ(
      std::tie(a.sink, a.reason, a.detail, a.rendered, a.rendered_key, a.done_sinks, a.flags),
      std::tie(b.sink, b.reason, b.detail, b.rendered, b.rendered_key, b.done_sinks, b.flags));
  EXPECT_EQ(std::tie(a.script_hash, a.bundle_hash, a.schema_version, a.no_value),
            std::tie(b.script_hash, b.bundle_hash, b.schema_version, b.no_value));
}

TEST_F(SpoolingPipelineTest, ARecordInTwoSpoolsCountsOnce) {
  config_.sinks.push_back(sink("other"));
  spooling(config_.sinks[1]);
  answer("other", other_dead_);
  feed("in", 50);
  start();
  ASSERT_TRUE(comes_true([&] { return spooled(0) == 50 && spooled(1) == 50; }));
  ASSERT_TRUE(comes_true([&] { return account().unsafe() == 0; }));
  EXPECT_EQ(account().in_flight(), 50U);
  EXPECT_FALSE(pipeline_->settled());
  dead_ = false;
  ASSERT_TRUE(comes_true([&] { return spooled(0) == 0; }));
  EXPECT_FALSE(pipeline_->settled()) << "whichever of the two spools had them in the account";
  other_dead_ = false;
  ASSERT_TRUE(settle());
  EXPECT_EQ(spooled(1), 0U);
  EXPECT_EQ(account().received(), 50U);
  EXPECT_EQ(outcome(Outcome::kCommitted), 50U);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(SpoolingPipelineTest, ADeadLetterElsewhereDecidesWhatASpooledRecordIs) {
  config_.sinks.push_back(sink("other"));
  other_dead_ = false;
  answer("other", other_dead_);
  test::sink_levers("out").answer = [this](const auto& seen, sluice_outcome* outcomes) {
    for (size_t i = 0; !dead_ && i < seen.size(); ++i) outcomes[i].verdict = SLUICE_REC_OK;
    return dead_ ? SLUICE_E_RETRY : SLUICE_OK;
  };
  give({R"({"n":"good"})", R"({"n":"bad"})"});
  start();
  ASSERT_TRUE(comes_true([&] { return account().in_flight() == 2 && account().unsafe() == 0; }));
  dead_ = false;
  ASSERT_TRUE(settle());
  EXPECT_EQ(outcome(Outcome::kCommitted), 1U);
  EXPECT_EQ(outcome(Outcome::kDeadLettered), 1U);
}

TEST_F(SpoolingPipelineTest, TheTwinOfASpooledRecordIsADuplicate) {
  config_.idempotency.key = Key::kRaw;
  give({R"({"a":1})", R"({"a":1})", R"({"a":2})"});
  start();
  ASSERT_TRUE(comes_true([&] { return outcome(Outcome::kDuplicate) == 1; }));
  EXPECT_EQ(spooled(), 2U);
  dead_ = false;
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 3));
  EXPECT_EQ(account().unaccounted(), 0);
}

// The first is refused, so its twin goes on by itself, as a batch of its own: into the spool.
TEST_F(SpoolingPipelineTest, ATwinThatGoesOnByItselfIsSpooledLikeAnyOther) {
  config_.idempotency.key = Key::kPointers;
  config_.idempotency.pointers = {"/id"};
  std::atomic<int> writes{0};
  test::sink_levers("out").answer = [&](const auto& seen, sluice_outcome* outcomes) {
    if (dead_ && ++writes > 1) return SLUICE_E_RETRY;
    for (size_t i = 0; i < seen.size(); ++i) {
      const bool bad = seen[i].value.find("bad") != std::string::npos;
      outcomes[i].verdict = bad ? SLUICE_REC_REJECT : SLUICE_REC_OK;
      if (bad) outcomes[i].reason = 1;
    }
    return SLUICE_OK;
  };
  give({R"({"id":1,"v":"bad"})", R"({"id":1,"v":"good"})"});
  start();
  ASSERT_TRUE(comes_true([&] { return spooled() == 1 && account().unsafe() == 0; }));
  EXPECT_EQ(account().unaccounted(), 0);
  dead_ = false;
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(2));
  EXPECT_EQ(outcome(Outcome::kDeadLettered), 1U);
  EXPECT_EQ(outcome(Outcome::kCommitted), 1U);
  EXPECT_EQ(account().unaccounted(), 0);
}

}  // namespace
}  // namespace sluice
