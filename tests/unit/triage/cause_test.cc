// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/cause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "runtime/triage/analysis.h"
#include "tests/unit/store/temp_dir.h"

namespace sluice::triage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kMinute = 60'000'000;
constexpr int64_t kNow = 1'795'693'170'000'000;

LetterGroup group(const std::string& stage, int64_t first_us) {
  LetterGroup out;
  out.pipeline = "orders";
  out.reason = "SCHEMA_DRIFT";
  out.stage = stage;
  out.path = "/total";
  out.first_us = first_us;
  out.last_us = first_us + kMinute;
  out.letters = 5;
  out.sources = {{"s3", 5}};
  out.bundles = {{"new", 5}};
  return out;
}

Evidence changed(std::vector<std::string> files, int64_t at_us) {
  Evidence out;
  out.bundles.push_back({at_us - 600 * kMinute, "orders", "old", "", {}});
  out.bundles.push_back({at_us, "orders", "new", "old", std::move(files)});
  return out;
}

TEST(LikelyCauses, NamesTheSchemaChangeJustBeforeTheFirstFailure) {
  const auto causes = likely_causes(group("validate", kNow + 1),
                                    changed({"/x/orders.lua", "/x/orders.schema.json"}, kNow));
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_EQ(causes[0].kind, Cause::Kind::kSchema);
  EXPECT_TRUE(causes[0].sure);
  EXPECT_EQ(causes[0].at_us, kNow);
  EXPECT_THAT(causes[0].text, HasSubstr("orders.schema.json changed at 2026-11-26T11:39:30"));
  EXPECT_THAT(causes[0].files, ElementsAre("/x/orders.schema.json"));
}

TEST(LikelyCauses, OfFailuresInTheScriptItIsTheScript) {
  const auto causes = likely_causes(group("transform", kNow + 1),
                                    changed({"/x/orders.lua", "/x/orders.schema.json"}, kNow));
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_EQ(causes[0].kind, Cause::Kind::kScript);
  EXPECT_THAT(causes[0].text, HasSubstr("orders.lua changed"));
}

TEST(LikelyCauses, AChangeThatFailuresAreOlderThanIsNone) {
  EXPECT_THAT(likely_causes(group("validate", kNow - 1), changed({"/s.json"}, kNow)), IsEmpty());
}

TEST(LikelyCauses, WithLettersOfTheBundleBeforeItIsNotSure) {
  LetterGroup mixed = group("validate", kNow + 1);
  mixed.bundles["old"] = 1;
  const auto causes = likely_causes(mixed, changed({"/s.json"}, kNow));
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_FALSE(causes[0].sure);
}

TEST(LikelyCauses, AChangeLongBeforeIsNone) {
  EXPECT_THAT(likely_causes(group("validate", kNow + 3000 * kMinute), changed({"/s.json"}, kNow)),
              IsEmpty());
}

TEST(LikelyCauses, AStartWithWhatRanBeforeIsNoChange) {
  Evidence evidence;
  evidence.bundles.push_back({kNow - 10, "orders", "new", "", {}});
  evidence.bundles.push_back({kNow, "orders", "new", "new", {}});
  EXPECT_THAT(likely_causes(group("validate", kNow + 1), evidence), IsEmpty());
}

TEST(LikelyCauses, DriftOfTheSenderAtTheSamePlaceIsNamed) {
  Evidence evidence;
  DriftRow row;
  row.pipeline = "orders";
  row.source = "s3";
  row.path = "/total";
  row.kind = "type_changed";
  row.before = "number";
  row.after = "string";
  row.first_seen_us = kNow;
  DriftRow other = row;
  other.path = "/x";
  DriftRow elsewhere = row;
  elsewhere.source = "kafka";
  evidence.drift = {other, elsewhere, row};
  const auto causes = likely_causes(group("validate", kNow), evidence);
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_EQ(causes[0].kind, Cause::Kind::kDrift);
  EXPECT_TRUE(causes[0].sure);
  EXPECT_THAT(causes[0].text, HasSubstr("source s3 drifted at /total"));
  EXPECT_THAT(causes[0].text, HasSubstr("type_changed: number -> string"));
}

TEST(LikelyCauses, ASinkThatWasAwayIsNamed) {
  LetterGroup away = group("deliver", kNow);
  away.reason = "SINK_TIMEOUT";
  away.sink = "pg";
  const auto causes = likely_causes(away, changed({"/s.json"}, kNow - 1));
  ASSERT_EQ(causes.size(), 1u);
  EXPECT_EQ(causes[0].kind, Cause::Kind::kSink);
}

TEST(ReadEvidence, TakesChangesFromTheAuditLogAndFilesFromKeptBundles) {
  TempDir dir;
  const auto write = [&](const std::string& name, const std::string& text) {
    const auto path = dir.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  };
  write("bundles/b1/x/a.schema.json", "1");
  write("bundles/b1/x/t.lua", "t");
  write("bundles/b2/x/a.schema.json", "2");
  write("bundles/b2/x/t.lua", "t");
  write("audit.jsonl",
        R"({"at_us":1,"event":"bundle","pipeline":"p","outcome":"started","hash":"b1"})"
        "\n"
        R"({"at_us":2,"event":"dlq","action":"purge"})"
        "\n"
        R"({"at_us":3,"event":"bundle","pipeline":"p","outcome":"failed","hash":"b1"})"
        "\n"
        "not JSON\n"
        R"({"at_us":4,"event":"bundle","pipeline":"p","outcome":"started","hash":"b2"})"
        "\n"
        R"({"at_us":5,"event":"bundle","pipeline":"p","outcome":"activated","hash":"b3",)"
        R"("previous":"b2","changed":["/x/t.lua"]})"
        "\n");
  const Evidence evidence = read_evidence(dir.path());
  ASSERT_EQ(evidence.bundles.size(), 3u);
  EXPECT_EQ(evidence.bundles[1].previous, "b1");
  EXPECT_THAT(evidence.bundles[1].changed, ElementsAre("/x/a.schema.json"));
  EXPECT_THAT(evidence.bundles[2].changed, ElementsAre("/x/t.lua"));
  EXPECT_EQ(evidence.running("p")->hash, "b3");
  EXPECT_EQ(evidence.running("q"), nullptr);
}

TEST(ReadEvidence, OfAnEmptyFolderIsNone) {
  TempDir dir;
  const Evidence evidence = read_evidence(dir.path());
  EXPECT_THAT(evidence.bundles, IsEmpty());
  EXPECT_THAT(evidence.drift, IsEmpty());
}

}  // namespace
}  // namespace sluice::triage
