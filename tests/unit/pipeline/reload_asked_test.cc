// SPDX-License-Identifier: Apache-2.0
// Reloads that are asked for, and what is remembered of them.
#include <atomic>
#include <thread>

#include "tests/unit/pipeline/reload_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Answer = ReloadReport::Answer;

TEST_F(ReloadTest, ManualPipelinesWaitUntilTheyAreAsked) {
  config_.transform = write("t.lua", script("1"));
  start_reloader(false);
  const std::string before = hash();
  save("t.lua", script("2"));
  const auto report = reloader_->reload("p", "request");
  EXPECT_EQ(report.answer, Answer::kDone);
  ASSERT_EQ(report.changes.size(), 1U);
  EXPECT_EQ(report.changes[0].outcome, "activated");
  EXPECT_EQ(report.changes[0].previous, before);
  EXPECT_THAT(report.changes[0].changed, ElementsAre((folder_ / "t.lua").string()));
}

TEST_F(ReloadTest, ARequestIsServedOnTheReloadersThread) {
  config_.transform = write("t.lua", script("1"));
  start_reloader(false);
  const std::string before = hash();
  save("t.lua", script("2"));
  const uint64_t one = 1;
  ASSERT_EQ(::write(requests_.get(), &one, sizeof one), ssize_t{sizeof one});
  wait_change(before);
  StopSource never;
  while (outcomes().size() < 2) never.wait_for(Millis(1));
  EXPECT_EQ(history_->snapshot()["p"].changes.back().trigger, "signal");
}

TEST_F(ReloadTest, NothingIsReloadedOnceTheProcessEnds) {
  start_reloader(false);
  reloader_->stop();
  EXPECT_EQ(reloader_->reload("", "request").answer, Answer::kNotNow);
}

TEST_F(ReloadTest, AnUnknownPipelineIsNamed) {
  start_reloader(false);
  const auto report = reloader_->reload("pp", "request");
  EXPECT_EQ(report.answer, Answer::kUnknownPipeline);
  EXPECT_THAT(report.message, HasSubstr("did you mean 'p'?"));
}

TEST_F(ReloadTest, AConfigurationThatAsksForMoreIsRefusedWhole) {
  config_.transform = write("t.lua", script("1"));
  values_ = {{"pipelines.p.flow.max_in_flight", "64MiB"}, {"pipelines.p.transform.file", "a"}};
  LoadedConfig now;
  now.values = {{"pipelines.p.flow.max_in_flight", "1MiB"},
                {"pipelines.p.transform.file", "b"},
                {"pipelines.q.tenant", "x"}};
  read_ = now;
  start_reloader(false);
  save("t.lua", script("2"));
  const std::string before = hash();
  const auto report = reloader_->reload("", "request");
  EXPECT_EQ(report.answer, Answer::kFixed);
  EXPECT_THAT(report.keys, ElementsAre("pipelines.p.flow.max_in_flight", "pipelines.q.tenant"));
  EXPECT_THAT(report.message, HasSubstr("needs a restart: pipelines.p.flow.max_in_flight"));
  EXPECT_EQ(hash(), before);
}

TEST_F(ReloadTest, AnotherScriptOfTheConfigurationIsTaken) {
  config_.transform = write("t.lua", script("1"));
  values_ = {{"pipelines.p.transform.file", "t.lua"}};
  LoadedConfig now;
  now.values = {{"pipelines.p.transform.file", "u.lua"}};
  now.config.pipelines.push_back(config_);
  now.config.pipelines[0].transform = write("u.lua", script("2"));
  read_ = now;
  start_reloader(true);
  const auto report = reloader_->reload("", "request");
  EXPECT_EQ(report.answer, Answer::kDone) << report.message;
  EXPECT_THAT(report.changes[0].changed,
              ElementsAre((folder_ / "t.lua").string(), (folder_ / "u.lua").string()));
}

TEST_F(ReloadTest, AConfigurationThatCannotBeReadChangesNothing) {
  values_ = {{"a", "b"}};
  read_ = invalid("sluice.yaml:3:1: unknown key");
  start_reloader(false);
  const auto report = reloader_->reload("", "request");
  EXPECT_EQ(report.answer, Answer::kFailed);
  EXPECT_THAT(report.message, HasSubstr("sluice.yaml:3:1"));
  EXPECT_TRUE(report.changes.empty());
}

TEST_F(ReloadTest, TheHistoryOutlivesTheProcess) {
  config_.transform = write("t.lua", script("1"));
  start_reloader(false);
  save("t.lua", script("2"));
  reloader_->reload("", "request");
  save("t.lua", "broken(");
  reloader_->reload("", "request");
  reloader_.reset();
  const ReloadHistory later(audit_.get());
  const auto kept = later.snapshot().at("p");
  ASSERT_EQ(kept.changes.size(), 3U);
  const BundleChange& activated = kept.changes[1];
  EXPECT_EQ(activated.outcome, "activated");
  EXPECT_EQ(activated.hash, hash());
  EXPECT_EQ(activated.previous, kept.changes[0].hash);
  EXPECT_THAT(activated.changed, ElementsAre((folder_ / "t.lua").string()));
  EXPECT_EQ(kept.active_since_us, activated.at_us);
  EXPECT_THAT(kept.changes[2].error, HasSubstr("t.lua"));
}

TEST_F(ReloadTest, WhoeverSeesABundleFindsItInTheHistory) {
  config_.transform = write("t.lua", script("0"));
  start_reloader(false);
  std::atomic<bool> done{false};
  std::atomic<int> missing{0};
  std::thread reader([&] {
    while (!done) {
      const std::string seen = hash();
      const auto changes = history_->snapshot().at("p").changes;
      missing += std::none_of(changes.begin(), changes.end(),
                              [&](const BundleChange& change) { return change.hash == seen; });
    }
  });
  for (int i = 1; i <= 40; ++i) {
    write("t.lua", script(std::to_string(i)));
    EXPECT_EQ(reloader_->reload("", "request").answer, Answer::kDone);
  }
  done = true;
  reader.join();
  EXPECT_EQ(missing, 0);
}

TEST_F(ReloadTest, TheHistoryIsBounded) {
  ReloadHistory history(nullptr);
  for (int i = 0; i < 200; ++i) {
    BundleChange change;
    change.at_us = i;
    change.pipeline = "p";
    change.outcome = "failed";
    history.add(change);
  }
  const auto kept = history.snapshot().at("p").changes;
  EXPECT_EQ(kept.size(), ReloadHistory::kKept);
  EXPECT_EQ(kept.back().at_us, 199);
}

}  // namespace
}  // namespace sluice
