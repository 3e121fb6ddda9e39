// SPDX-License-Identifier: Apache-2.0
// What scripts look up and count, in a pipeline.
#include "runtime/pipeline/bundle_files.h"
#include "runtime/pipeline/script_counts.h"
#include "tests/unit/pipeline/reload_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
namespace fs = std::filesystem;

class ScriptLibraryTest : public ReloadTest {
 protected:
  void with_table() {
    fs::create_directories(folder_ / "lookup");
    write("lookup/marks.csv", "n,mark\n0,first\n");
    config_.transform = write("t.lua",
                              "local marks = sluice.lookup('marks')\n"
                              "function transform(r)\n"
                              "  r.mark = marks:get(0, 'mark')\n"
                              "  return r\n"
                              "end\n");
  }
};

TEST_F(ScriptLibraryTest, SavingATableActivatesIt) {
  with_table();
  feed("in", 2);
  test::source_levers("in").gate = 0;
  start_reloader(true);
  pass(1);
  EXPECT_EQ(mark_of(1), "first");
  const std::string before = hash();
  save("lookup/marks.csv", "n,mark\n0,second\n");
  wait_change(before);
  pass(2);
  EXPECT_EQ(mark_of(2), "second");
  EXPECT_THAT(outcomes(), ElementsAre("started", "activated"));
}

TEST_F(ScriptLibraryTest, ABrokenTableLeavesTheLastGoodOne) {
  with_table();
  start_reloader(true);
  const std::string good = hash();
  save("lookup/marks.csv", "n,mark\n0,a\n0,b\n");
  StopSource never;
  while (outcomes().size() < 2) never.wait_for(Millis(1));
  EXPECT_EQ(hash(), good);
  EXPECT_THAT(history_->snapshot()["p"].changes.back().error,
              HasSubstr("lookup/marks.csv:3: the key \"0\" is in line 2 already"));
}

TEST_F(ScriptLibraryTest, EveryTableAndLibraryIsInTheFingerprint) {
  with_table();
  fs::create_directories(folder_ / "lib");
  const auto fingerprint = [&] { return BundleFiles::of(config_).fingerprint(); };
  std::string before = fingerprint();
  for (const char* file : {"lookup/a.csv", "lookup/b.json", "lib/c.lua"}) {
    write(file, "1");
    EXPECT_NE(fingerprint(), before) << file;
    before = fingerprint();
    write(file, "2");
    EXPECT_NE(fingerprint(), before) << file;
    before = fingerprint();
  }
  write("lookup/notes.txt", "1");
  EXPECT_EQ(fingerprint(), before);
  config_.schema.emplace();
  config_.schema->lineage = true;
  config_.schema->path = folder_ / "s";
  config_.schema->lifts = folder_ / "l";
  fs::create_directories(folder_ / "l/lookup");
  before = fingerprint();
  write("l/lookup/a.csv", "1");
  EXPECT_NE(fingerprint(), before);
}

TEST_F(ScriptLibraryTest, CountsOfAllWorkersAreAddedUp) {
  config_.transform = write("t.lua",
                            "function transform(r)\n"
                            "  sluice.count('seen')\n"
                            "  sluice.count('sum', r.n)\n"
                            "  if r.n % 10 == 3 then return sluice.reject('three') end\n"
                            "  return r\n"
                            "end\n");
  feed("in", 1000);
  start(2);
  ASSERT_TRUE(settle());
  EXPECT_THAT(pipeline_->snapshot().script_counts,
              ElementsAre(Pair("seen", 900), Pair("sum", 499'500 - 49'800)));
}

TEST_F(ScriptLibraryTest, ARecordWithoutATimeHasThatOfItsReceiptInItsLetterToo) {
  config_.transform = write("t.lua",
                            "function transform(r)\n"
                            "  return sluice.reject('time', tostring(sluice.time.now()))\n"
                            "end\n");
  feed("in", 1);
  start();
  ASSERT_TRUE(settle());
  const std::vector<DeadLetter> all = letters();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_GT(all[0].event_time_us, 0);
  EXPECT_EQ(all[0].detail, "time: " + std::to_string(all[0].event_time_us / 1000));
}

TEST(ScriptCounts, NamesOfARunAreBounded) {
  ScriptCounts all;
  for (size_t i = 0; i < 300; ++i) {
    std::vector<ScriptCount> counts = {{"c" + std::to_string(i), 2}, {"none", 0}};
    all.take(counts);
    EXPECT_EQ(counts[0].count, 0U);
  }
  const auto snapshot = all.snapshot();
  EXPECT_EQ(snapshot.size(), ScriptCounts::kMost + 1);
  EXPECT_EQ(snapshot.at("_others"), 2 * (300 - ScriptCounts::kMost));
}

}  // namespace
}  // namespace sluice
