// SPDX-License-Identifier: Apache-2.0
// What keeps a changed bundle from running, and the way back to the one before.
#include <thread>

#include "tests/unit/pipeline/reload_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Answer = ReloadReport::Answer;

class GateTest : public ReloadTest {
 protected:
  void tested() {
    run_tests_ = fake_tests;
    write("t_test.lua", "-- see fake_tests");
  }
  BundleChange reload() { return reloader_->reload("p", "request").changes.at(0); }
  // A process that ends, and what the next one would begin with.
  std::shared_ptr<const Bundle> next_start() {
    const ReloadHistory history(audit_.get());
    return choose_start_bundle(config_, history, BundleStore(folder_), run_tests_).value();
  }
};

TEST_F(GateTest, FailingTestsRefuseAndSayWhich) {
  tested();
  config_.transform = write("t.lua", script("1"));
  start_reloader(false);
  const std::string before = hash();
  write("t.lua", script("2") + "-- fails its tests");
  const auto report = reloader_->reload("", "request");
  EXPECT_EQ(report.answer, Answer::kFailed);
  EXPECT_EQ(report.changes[0].outcome, "refused_by_tests");
  EXPECT_EQ(report.changes[0].hash, before);
  EXPECT_NE(report.changes[0].candidate, "");
  EXPECT_THAT(report.message, HasSubstr("orders > are right: t_test.lua:3: expected 1"));
  EXPECT_EQ(report.changes[0].tests->failed, 1U);
  EXPECT_EQ(hash(), before);
  write("t.lua", script("2"));
  EXPECT_EQ(reload().outcome, "activated");
}

TEST_F(GateTest, AScriptWithoutTestsIsAWarning) {
  config_.transform = write("t.lua", script("1"));
  start_reloader(false);
  write("t.lua", script("2"));
  const BundleChange change = reload();
  EXPECT_EQ(change.outcome, "activated");
  EXPECT_THAT(change.warnings, ElementsAre(HasSubstr("t_test.lua")));
}

TEST_F(GateTest, AChangedTestIsRunButChangesNoBundle) {
  tested();
  config_.transform = write("t.lua", script("1"));
  start_reloader(true);
  const std::string before = hash();
  const uint64_t looks = reloader_->looks();
  save("t_test.lua", "-- changed");
  StopSource never;
  while (reloader_->looks() == looks) never.wait_for(Millis(1));
  EXPECT_EQ(hash(), before);
}

TEST_F(GateTest, AGoldenFileIsWatchedToo) {
  config_.transform = write("t.lua", script("1"));
  const auto files = [&] { return BundleFiles::of(config_).files; };
  write("t_test.lua",
        "golden('a.json') golden \"b/c.jsonl\" golden(name) golden(\"/etc/x\") golden");
  EXPECT_THAT(files(), ElementsAre(folder_ / "t.lua", folder_ / "t_test.lua", folder_ / "a.json",
                                   folder_ / "b/c.jsonl"));
  const std::string before = BundleFiles::of(config_).fingerprint();
  write("a.json", "{}");
  EXPECT_NE(BundleFiles::of(config_).fingerprint(), before);
}

TEST_F(GateTest, RealTestsDecide) {
  config_.transform = write("t.lua", "function transform(r) r.a = 1 return r end");
  write("t_test.lua",
        "describe('t', function() it('sets a', function()\n"
        "  expect(transform({}).record.a):to_equal(1)\nend) end)");
  start_reloader(false);
  write("t.lua", "function transform(r) r.a = 2 return r end");
  const BundleChange change = reload();
  EXPECT_EQ(change.outcome, "refused_by_tests");
  EXPECT_THAT(change.error, HasSubstr("t_test.lua:2"));
}

TEST_F(GateTest, FilesThatChangeWhileTheirTestsRunAreReadAgain) {
  config_.transform = write("t.lua", script("1"));
  write("t_test.lua", "");
  int runs = 0;
  run_tests_ = [&](const std::filesystem::path& path, const ScriptLimits& limits) {
    if (runs++ == 0) write("t.lua", script("3"));
    return fake_tests(path, limits);
  };
  start_reloader(false);
  write("t.lua", script("2"));
  feed("in", 0);
  const BundleChange change = reload();
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(change.hash, Bundle::load(config_).value()->hash);
}

TEST_F(GateTest, AReloadWorksWhileASinkIsDownAndTouchesNoSource) {
  std::atomic<bool> down{true};
  test::sink_levers("out").answer = [&](const auto& records, sluice_outcome* outcomes) {
    if (down) return SLUICE_E_RETRY;
    for (size_t i = 0; i < records.size(); ++i) outcomes[i].verdict = SLUICE_REC_OK;
    return SLUICE_OK;
  };
  config_.transform = write("t.lua", script("1"));
  feed("in", 4);
  test::source_levers("in").gate = 2;
  start_reloader(false);
  StopSource never;
  while (test::sink_levers("out").write_count() == 0) never.wait_for(Millis(1));
  const auto source = pipeline_->snapshot().sources.at(0);
  write("t.lua", script("2"));
  EXPECT_EQ(reload().outcome, "activated");
  EXPECT_EQ(pipeline_->snapshot().sources.at(0).state, source.state);
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 0U) << "the sink is still down";
  EXPECT_EQ(account().received(), 2U);
  down = false;
  test::source_levers("in").gate = 4;
  ASSERT_TRUE(settle());
  EXPECT_EQ(mark_of(1), "1") << "taken in before, so read with the old bundle to the end";
  EXPECT_EQ(mark_of(3), "2");
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(GateTest, TheWayBackLeadsThroughTheVersionsThatRan) {
  config_.transform = write("t.lua", script("1"));
  start_reloader(false);
  const std::string first = hash();
  write("t.lua", script("2"));
  reload();
  const std::string second = hash();
  write("t.lua", script("3"));
  reload();
  auto report = reloader_->roll_back("", "request");
  EXPECT_EQ(report.answer, Answer::kDone) << report.message;
  EXPECT_EQ(report.changes.at(0).outcome, "rolled_back");
  EXPECT_EQ(hash(), second);
  EXPECT_EQ(reloader_->roll_back("p", "request").answer, Answer::kDone);
  EXPECT_EQ(hash(), first);
  report = reloader_->roll_back("p", "request");
  EXPECT_EQ(report.answer, Answer::kNoWayBack);
  EXPECT_THAT(report.message, HasSubstr("no bundle that ran before"));
  EXPECT_THAT(outcomes(),
              ElementsAre("started", "activated", "activated", "rolled_back", "rolled_back"));
}

TEST_F(GateTest, FilesThatWereTakenBackWaitUntilTheyChange) {
  config_.transform = write("t.lua", script("1"));
  start_reloader(true);
  const std::string first = hash();
  save("t.lua", script("2"));
  wait_change(first);
  ASSERT_EQ(reloader_->roll_back("p", "request").answer, Answer::kDone);
  const uint64_t looks = reloader_->looks();
  save("t.lua", script("2"));  // saved again as it was
  StopSource never;
  while (reloader_->looks() == looks) never.wait_for(Millis(1));
  EXPECT_EQ(hash(), first);
  save("t.lua", script("3"));
  wait_change(first);
}

TEST_F(GateTest, ARestartKeepsWhatWasTakenBackAwayAndFindsTheBundlesBefore) {
  store_ = std::make_unique<BundleStore>(folder_);
  config_.transform = write("t.lua", script("1"));
  start_reloader(false);
  const std::string first = hash();
  write("t.lua", script("2"));
  reload();
  const std::string second = hash();
  EXPECT_EQ(next_start()->hash, second);
  reloader_->roll_back("p", "request");
  const auto again = next_start();
  EXPECT_EQ(again->hash, first);
  EXPECT_EQ(again->script_file, folder_ / "t.lua");
  EXPECT_EQ(again->fingerprint, Bundle::load(config_).value()->fingerprint);
  // Asked for by name it runs after all, and then a restart begins with it.
  EXPECT_EQ(reload().hash, second);
  EXPECT_EQ(next_start()->hash, second);
  // Another process: what ran before comes off the disk.
  reloader_.reset();
  end();
  start_reloader(false);
  ASSERT_EQ(hash(), second);
  EXPECT_EQ(reloader_->roll_back("p", "request").answer, Answer::kDone);
  EXPECT_EQ(hash(), first);
}

TEST_F(GateTest, WhoeverIsToldOfABundleMayChangeItsFiles) {
  store_ = std::make_unique<BundleStore>(folder_);
  config_.transform = write("t.lua", script("0"));
  start_reloader(false);
  for (int i = 1; i <= 5; ++i) {
    const std::string before = hash();
    std::atomic<bool> done{false};
    std::thread editor([&] {
      while (!done && hash() == before) std::this_thread::yield();
      write("t.lua", script("x" + std::to_string(i)));
    });
    write("t.lua", script(std::to_string(i)));
    const BundleChange change = reload();
    done = true;
    editor.join();
    ASSERT_EQ(change.outcome, "activated");
    EXPECT_TRUE(store_->load(config_, change.hash)) << i;
  }
}

TEST_F(GateTest, KeptBundlesAreBounded) {
  store_ = std::make_unique<BundleStore>(folder_);
  config_.transform = write("t.lua", script("0"));
  start_reloader(false);
  for (size_t i = 1; i <= BundleStore::kKept + 5; ++i) {
    write("t.lua", script(std::to_string(i)));
    ASSERT_EQ(reload().outcome, "activated");
  }
  std::vector<std::string> kept;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "bundles")) {
    kept.push_back(entry.path().filename());
  }
  EXPECT_THAT(kept, SizeIs(BundleStore::kKept));
}

TEST_F(GateTest, AKeptBundleThatWasTamperedWithIsNotRun) {
  BundleStore store(folder_);
  config_.transform = write("t.lua", script("1"));
  const auto bundle = Bundle::load(config_).value();
  ASSERT_TRUE(store.save(config_, *bundle));
  EXPECT_EQ(store.load(config_, bundle->hash).value()->hash, bundle->hash);
  std::ofstream(folder_ / "bundles" / bundle->hash / (folder_ / "t.lua").relative_path())
      << script("2");
  EXPECT_EQ(store.load(config_, bundle->hash).status().code(), Code::kCorrupt);
  EXPECT_EQ(store.load(config_, "../x").status().code(), Code::kNotFound);
}

TEST_F(GateTest, ALineageIsKeptWithItsLifts) {
  BundleStore store(folder_);
  std::filesystem::create_directories(folder_ / "s");
  std::filesystem::create_directories(folder_ / "l");
  write("s/1.schema.json", "{}");
  write("s/2.schema.json", "{}");
  write("l/1_to_2.lua", "function transform(r) return r end");
  config_.schema.emplace();
  config_.schema->lineage = true;
  config_.schema->path = folder_ / "s";
  config_.schema->lifts = folder_ / "l";
  config_.schema->version.pointer = "/v";
  const auto bundle = Bundle::load(config_).value();
  ASSERT_TRUE(store.save(config_, *bundle));
  std::filesystem::remove_all(folder_ / "s");
  const auto kept = store.load(config_, bundle->hash);
  ASSERT_TRUE(kept) << kept.status().message();
  EXPECT_EQ((*kept)->files, bundle->files);
}

}  // namespace
}  // namespace sluice
