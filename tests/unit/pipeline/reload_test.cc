// SPDX-License-Identifier: Apache-2.0
// Files change while records flow.
#include <sys/eventfd.h>

#include <cstdlib>
#include <set>

#include "runtime/base/sha256.h"
#include "runtime/pipeline/reloader.h"
#include "tests/unit/pipeline/fixture.h"

namespace sluice {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Answer = ReloadReport::Answer;
namespace fs = std::filesystem;

class ReloadTest : public PipelineTest {
 protected:
  void TearDown() override {
    reloader_.reset();
    PipelineTest::TearDown();
  }

  static std::string script(const std::string& mark) {
    return "function transform(r)\n  if r.n % 10 == 3 then return sluice.reject('mark', '" + mark +
           "') end\n  r.mark = '" + mark + "'\n  return r\nend\n";
  }
  static std::string output_schema(const std::string& mark) {
    return R"({"required":["mark"],"properties":{"mark":{"const":")" + mark + "\"}}}";
  }
  // As editors do: beside the file, then renamed over it.
  void save(const std::string& name, const std::string& text) {
    write(name + ".tmp", text);
    fs::rename(folder_ / (name + ".tmp"), folder_ / name);
  }
  void start_reloader(bool watch) {
    config_.watch_files = watch;
    start(4);
    audit_ = AuditLog::open(folder_).value();
    history_ = std::make_unique<ReloadHistory>(audit_.get());
    Reloader::Options options;
    options.pipelines = {pipeline_.get()};
    options.history = history_.get();
    options.clock = &Clock::real();
    options.rest = Millis(2);
    options.values = values_;
    options.request_fd = requests_.get();
    if (!values_.empty()) options.read_config = [this] { return read_; };
    reloader_ = std::make_unique<Reloader>(options);
    reloader_->start();
  }
  std::string hash() { return pipeline_->bundle()->hash; }
  void wait_change(const std::string& from) {
    StopSource never;
    while (hash() == from) never.wait_for(Millis(1));
  }
  std::vector<std::string> outcomes() {
    std::vector<std::string> out;
    const auto history = history_->snapshot();
    for (const BundleChange& change : history.at("p").changes) out.push_back(change.outcome);
    return out;
  }
  // Lets the source go on to its n-th record and waits until that is settled.
  void pass(size_t n) {
    test::source_levers("in").gate = n;
    StopSource never;
    while (account().received() < n || account().in_flight() != 0) never.wait_for(Millis(1));
  }
  std::string mark_of(size_t n) {
    std::lock_guard lock(test::sink_levers("out").mutex);
    for (const test::SeenRecord& record : test::sink_levers("out").committed) {
      if (record.position != n) continue;
      const size_t at = record.value.find("\"mark\":\"") + 8;
      return record.value.substr(at, record.value.find('"', at) - at);
    }
    return "";
  }
  static size_t rounds() { return std::getenv("SLUICE_SOAK") != nullptr ? 1000 : 100; }

  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<ReloadHistory> history_;
  std::unique_ptr<Reloader> reloader_;
  UniqueFd requests_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::map<std::string, std::string> values_;
  Result<LoadedConfig> read_{LoadedConfig{}};
};

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
