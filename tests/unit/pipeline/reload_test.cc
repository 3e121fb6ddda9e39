// SPDX-License-Identifier: Apache-2.0
// Files change while records flow.
#include <set>

#include "runtime/base/sha256.h"
#include "tests/unit/pipeline/reload_fixture.h"

namespace sluice {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Answer = ReloadReport::Answer;
namespace fs = std::filesystem;

TEST_F(ReloadTest, FiftyChangesUnderLoadLoseAndDoubleNothing) {
  constexpr size_t kRecords = 20'000;
  constexpr size_t kChanges = 50;
  constexpr size_t kBatch = 16;
  config_.transform = write("t.lua", script("0"));
  config_.output_schema = write("out.json", output_schema("0"));
  feed("in", kRecords);
  test::source_levers("in").batch = kBatch;
  test::source_levers("in").gate = 0;
  start_reloader(false);
  std::map<std::string, std::string> mark_of_hash{{hash(), "0"}};
  for (size_t i = 1; i <= kChanges; ++i) {
    // At least one batch meets each bundle; the change falls among the ones after it.
    StopSource never;
    const size_t taken = kRecords / kChanges * (i - 1);
    test::source_levers("in").gate = kRecords / kChanges * i;
    while (account().received() <= taken) never.wait_for(Millis(1));
    const std::string mark = std::to_string(i);
    const bool broken = i % 5 == 0;
    write("t.lua", broken ? "function transform(r) return = end" : script(mark));
    write("out.json", i % 10 == 0 ? "{" : output_schema(mark));
    const auto report = reloader_->reload("", "request");
    ASSERT_EQ(report.answer, broken ? Answer::kFailed : Answer::kDone) << report.message;
    ASSERT_EQ(report.changes[0].hash, hash());
    if (!broken) mark_of_hash[hash()] = mark;
  }
  test::source_levers("in").gate = kRecords;
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().unaccounted(), 0);

  std::map<uint64_t, std::string> mark_of_position;
  for (const test::SeenRecord& record : test::sink_levers("out").committed) {
    const size_t at = record.value.find("\"mark\":\"") + 8;
    ASSERT_TRUE(
        mark_of_position
            .emplace(record.position, record.value.substr(at, record.value.find('"', at) - at))
            .second)
        << record.position << " came twice";
  }
  for (const DeadLetter& letter : letters()) {
    ASSERT_EQ(letter.reason, "REJECTED_BY_SCRIPT") << letter.detail;
    ASSERT_EQ(letter.detail, "mark: " + mark_of_hash.at(letter.bundle_hash));
    ASSERT_TRUE(
        mark_of_position.emplace(letter.position, mark_of_hash.at(letter.bundle_hash)).second);
  }
  ASSERT_EQ(mark_of_position.size(), kRecords);
  // One bundle a batch, never an older one after a newer. Batches are cut where the gate was, too.
  int before = 0;
  std::set<std::string> seen;
  for (const auto& [position, mark] : mark_of_position) {
    EXPECT_GE(std::stoi(mark), before) << position;
    before = std::stoi(mark);
    seen.insert(mark);
  }
  EXPECT_GE(seen.size(), 30U) << "the changes did not fall into the flow";
}

TEST_F(ReloadTest, SavesByRenameAreNoticedAndNoneIsHalfRead) {
  const size_t n = rounds();
  config_.transform = write("t.lua", script("0"));
  feed("in", 2 * n + 2);
  test::source_levers("in").gate = 0;
  start_reloader(true);
  for (size_t i = 1; i <= n; ++i) {
    const std::string before = hash();
    save("t.lua", script(std::to_string(i)));
    wait_change(before);
    const size_t record = 2 * i + (i % 5 == 2 ? 1 : 0);  // not one that the script rejects
    pass(record);
    ASSERT_EQ(mark_of(record), std::to_string(i));
  }
  EXPECT_THAT(outcomes(), Not(Contains("failed")));
}

// The first half of each text is a script by itself: reading it too early would not fail, but run.
TEST_F(ReloadTest, SavesInPlaceAreNoticedAndNoneIsHalfRead) {
  const size_t n = rounds();
  const std::string half = "function transform(r) r.mark = 'half' return r end\n";
  config_.transform = write("t.lua", script("0"));
  feed("in", 2 * n + 2);
  test::source_levers("in").gate = 0;
  start_reloader(true);
  StopSource never;
  for (size_t i = 1; i <= n; ++i) {
    const std::string before = hash();
    // As editors that keep a backup do, or over the old text.
    if (i % 3 == 0) fs::rename(folder_ / "t.lua", folder_ / "t.lua~");
    {
      std::ofstream file(folder_ / "t.lua");
      file << half << std::flush;
      if (i % 2 == 0) never.wait_for(Millis(5));  // the writer pauses for longer than files rest
      file << script(std::to_string(i));
    }
    wait_change(before);
    const size_t record = 2 * i + (i % 5 == 2 ? 1 : 0);
    pass(record);
    ASSERT_EQ(mark_of(record), std::to_string(i));
  }
}

TEST_F(ReloadTest, ConfigMapSwapsAreNoticedAndNoneIsHalfRead) {
  const size_t n = rounds();
  const auto publish = [&](size_t i) {
    const std::string version = "mnt/..v" + std::to_string(i);
    fs::create_directories(folder_ / version);
    write(version + "/t.lua", script(std::to_string(i)));
    write(version + "/out.json", output_schema(std::to_string(i)));
    fs::create_directory_symlink("..v" + std::to_string(i), folder_ / "mnt/..tmp");
    fs::rename(folder_ / "mnt/..tmp", folder_ / "mnt/..data");
    if (i > 1) fs::remove_all(folder_ / ("mnt/..v" + std::to_string(i - 2)));
  };
  fs::create_directories(folder_ / "mnt");
  publish(0);
  fs::create_symlink("..data/t.lua", folder_ / "mnt/t.lua");
  fs::create_symlink("..data/out.json", folder_ / "mnt/out.json");
  config_.transform = folder_ / "mnt/t.lua";
  config_.output_schema = folder_ / "mnt/out.json";
  feed("in", 2 * n + 2);
  test::source_levers("in").gate = 0;
  start_reloader(true);
  for (size_t i = 1; i <= n; ++i) {
    const std::string before = hash();
    publish(i);
    // Every fourth one follows at once, while the one before may be being read.
    if (i % 4 == 0) publish(++i);
    wait_change(before);
    StopSource never;
    const std::string mark = std::to_string(i);
    const std::string wanted = sha256_hex(output_schema(mark));
    while (pipeline_->bundle()->output_schema->hash() != wanted) never.wait_for(Millis(1));
    const size_t record = 2 * i + (i % 5 == 2 ? 1 : 0);
    if (record > 2 * n + 2) break;
    pass(record);
    ASSERT_EQ(mark_of(record), mark);
  }
  EXPECT_THAT(outcomes(), Not(Contains("failed")));
  for (const DeadLetter& letter : letters()) {
    ASSERT_EQ(letter.reason, "REJECTED_BY_SCRIPT")
        << "script and schema of two versions were mixed";
  }
}

TEST_F(ReloadTest, ABrokenSaveLeavesTheLastGoodOneAndTheRepairIsTaken) {
  config_.transform = write("t.lua", script("1"));
  start_reloader(true);
  const std::string good = hash();
  save("t.lua", "function transform(r) return = end");
  StopSource never;
  while (outcomes().size() < 2) never.wait_for(Millis(1));
  EXPECT_EQ(hash(), good);
  const BundleChange failed = history_->snapshot()["p"].changes.back();
  EXPECT_EQ(failed.outcome, "failed");
  EXPECT_EQ(failed.hash, good);
  EXPECT_THAT(failed.error, HasSubstr("t.lua:1"));
  save("t.lua", script("2"));
  wait_change(good);
  EXPECT_THAT(outcomes(), ElementsAre("started", "failed", "activated"));
}

TEST_F(ReloadTest, ANewVersionOfALineageWaitsForItsLift) {
  fs::create_directories(folder_ / "s");
  fs::create_directories(folder_ / "l");
  write("s/1.schema.json", "{}");
  config_.schema.emplace();
  config_.schema->lineage = true;
  config_.schema->path = folder_ / "s";
  config_.schema->lifts = folder_ / "l";
  config_.schema->version.pointer = "/v";
  start_reloader(true);
  const std::string before = hash();
  write("s/2.schema.json", "{}");
  StopSource never;
  while (outcomes().size() < 2) never.wait_for(Millis(1));
  EXPECT_THAT(history_->snapshot()["p"].changes.back().error, HasSubstr("1_to_2.lua: missing"));
  write("l/1_to_2.lua", "function transform(r) return r end");
  wait_change(before);
  const BundleChange change = history_->snapshot()["p"].changes.back();
  EXPECT_THAT(change.changed, ElementsAre((folder_ / "l/1_to_2.lua").string(),
                                          (folder_ / "s/2.schema.json").string()));
}

TEST_F(ReloadTest, SavingTheSameAgainChangesNothing) {
  config_.transform = write("t.lua", script("1"));
  start_reloader(true);
  const uint64_t looks = reloader_->looks();
  save("t.lua", script("1"));
  StopSource never;
  while (reloader_->looks() <= looks + 1) {
    save("t.lua", script("1"));
    never.wait_for(Millis(5));
  }
  EXPECT_THAT(outcomes(), ElementsAre("started"));
  EXPECT_EQ(reloader_->reload("p", "request").changes[0].outcome, "unchanged");
}

}  // namespace
}  // namespace sluice
