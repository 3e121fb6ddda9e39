// SPDX-License-Identifier: Apache-2.0
// A changed bundle runs for a share of the keys, and is judged.
#include "runtime/pipeline/rollout.h"

#include <set>

#include "tests/unit/pipeline/reload_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Answer = ReloadReport::Answer;

class RolloutTest : public ReloadTest {
 protected:
  static constexpr size_t kRecords = 30'000;

  void begin(double share) {
    config_.rollout = share;
    config_.transform = write("t.lua", marking("1", ""));
    feed("in", kRecords);
    test::source_levers("in").batch = 64;
    test::source_levers("in").gate = 0;
    start_reloader(false);
  }
  static std::string marking(const std::string& mark, const std::string& more) {
    return "function transform(r)\n" + more + "  r.mark = '" + mark + "'\n  return r\nend\n";
  }
  BundleChange change_to(const std::string& text) {
    write("t.lua", text);
    return reloader_->reload("p", "request").changes.at(0);
  }
  void wait_outcome(const std::string& outcome) {
    StopSource never;
    while (history_->snapshot()["p"].changes.back().outcome != outcome) never.wait_for(Millis(1));
  }
  BundleChange last() { return history_->snapshot()["p"].changes.back(); }
};

TEST_F(RolloutTest, AShareOfTheKeysMeetsTheNewBundleUntilItIsPromoted) {
  begin(0.1);
  const std::string before = hash();
  const BundleChange change = change_to(marking("2", ""));
  EXPECT_EQ(change.outcome, "rolling_out");
  EXPECT_EQ(change.hash, before);
  pass(5'000);
  EXPECT_EQ(hash(), before) << "not enough records to judge by";
  EXPECT_EQ(reloader_->reload("p", "request").changes.at(0).outcome, "unchanged");
  ASSERT_NE(pipeline_->rollout(), nullptr) << "the same files again go on";
  pass(20'000);
  wait_outcome("rolled_out");
  EXPECT_EQ(hash(), change.candidate);
  EXPECT_EQ(last().previous, before);
  EXPECT_THAT(last().rollout, HasSubstr("\"share\":0.1"));
  EXPECT_EQ(pipeline_->rollout(), nullptr);
  pass(kRecords);
  size_t marked_new = 0;
  std::set<uint64_t> positions;
  for (const test::SeenRecord& record : test::sink_levers("out").committed) {
    EXPECT_TRUE(positions.insert(record.position).second);
    if (record.position > 5'000) continue;
    marked_new += record.value.find("\"mark\":\"2\"") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(positions.size(), kRecords);
  EXPECT_NEAR(static_cast<double>(marked_new), 500, 100);
  EXPECT_EQ(mark_of(kRecords), "2");
}

TEST_F(RolloutTest, ABundleThatRejectsMoreIsTakenBack) {
  begin(0.2);
  const std::string before = hash();
  const BundleChange change =
      change_to(marking("2", "  if r.n % 20 == 0 then return sluice.reject('new', 'x') end\n"));
  ASSERT_EQ(change.outcome, "rolling_out");
  pass(15'000);
  wait_outcome("rolled_back");
  EXPECT_EQ(hash(), before);
  EXPECT_EQ(last().candidate, change.candidate);
  EXPECT_EQ(last().previous, "");
  EXPECT_THAT(last().error, HasSubstr("rejects more"));
  pass(kRecords);
  EXPECT_EQ(mark_of(kRecords), "1");
  // Letters name the bundle their record met.
  for (const DeadLetter& letter : letters()) EXPECT_EQ(letter.bundle_hash, change.candidate);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(RolloutTest, WhatTheOldBundleRejectsTooIsNotHeldAgainstTheNew) {
  const std::string rejecting = "  if r.n % 5 == 0 then return sluice.reject('old', 'x') end\n";
  config_.rollout = 0.2;
  config_.transform = write("t.lua", marking("1", rejecting));
  feed("in", kRecords);
  test::source_levers("in").batch = 64;
  test::source_levers("in").gate = 0;
  start_reloader(false);
  ASSERT_EQ(change_to(marking("2", rejecting)).outcome, "rolling_out");
  pass(15'000);
  wait_outcome("rolled_out");
}

TEST_F(RolloutTest, AnotherChangeSupersedesIt) {
  begin(0.1);
  const std::string first = hash();
  const std::string second = change_to(marking("2", "")).candidate;
  EXPECT_EQ(change_to(marking("3", "")).outcome, "rolling_out");
  EXPECT_THAT(outcomes(), ElementsAre("started", "rolling_out", "superseded", "rolling_out"));
  EXPECT_EQ(history_->snapshot()["p"].changes[2].candidate, second);
  // Back to what runs: nothing is left to be tried.
  EXPECT_EQ(change_to(marking("1", "")).outcome, "unchanged");
  EXPECT_EQ(last().outcome, "superseded");
  EXPECT_EQ(pipeline_->rollout(), nullptr);
  EXPECT_EQ(hash(), first);
}

TEST_F(RolloutTest, ARollbackEndsIt) {
  begin(0.1);
  const std::string first = hash();
  change_to(marking("2", ""));
  const auto report = reloader_->roll_back("p", "request");
  EXPECT_EQ(report.answer, Answer::kDone);
  EXPECT_EQ(report.changes.at(0).outcome, "rolled_back");
  EXPECT_EQ(pipeline_->rollout(), nullptr);
  EXPECT_EQ(hash(), first);
}

TEST_F(RolloutTest, ARestartGoesOnWithIt) {
  store_ = std::make_unique<BundleStore>(folder_);
  begin(0.1);
  const std::string first = hash();
  change_to(marking("2", ""));
  const ReloadHistory history(audit_.get());
  const auto again = choose_start_bundle(config_, history, *store_).value();
  EXPECT_EQ(again->hash, first);
  EXPECT_EQ(again->fingerprint, "");
  reloader_.reset();
  end();
  start(2, again);
  history_ = std::make_unique<ReloadHistory>(audit_.get());
  Reloader::Options options;
  options.pipelines = {pipeline_.get()};
  options.history = history_.get();
  options.clock = &Clock::real();
  options.rest = Millis(2);
  reloader_ = std::make_unique<Reloader>(options);
  reloader_->start();
  wait_outcome("rolling_out");
  EXPECT_EQ(hash(), first);
}

TEST(RolloutVerdict, NeedsMoreThanChance) {
  const auto worse = [](uint64_t running, uint64_t rejected, uint64_t candidate, uint64_t more) {
    return Rollout::worse({{running, rejected}, {candidate, more}});
  };
  EXPECT_FALSE(worse(19'000, 0, 1000, 0));
  EXPECT_TRUE(worse(19'000, 0, 1000, 3));
  EXPECT_FALSE(worse(19'000, 1900, 1000, 100)) << "the same share";
  EXPECT_FALSE(worse(19'000, 1900, 1000, 110)) << "within chance";
  EXPECT_TRUE(worse(19'000, 1900, 1000, 130));
  EXPECT_FALSE(worse(19'000, 1900, 1000, 0)) << "better";
  EXPECT_TRUE(worse(19'000, 19, 1000, 1000));
  EXPECT_FALSE(worse(0, 0, 1000, 0));
  EXPECT_TRUE(worse(0, 0, 1000, 1));
  EXPECT_FALSE(Rollout::enough({{5000, 0}, {999, 0}}));
}

}  // namespace
}  // namespace sluice
