// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/schemas.h"

#include "runtime/admin/transformers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sluice {
namespace {

class SchemasTest : public ::testing::Test {
 protected:
  SchemasTest() {
    folder_ = std::filesystem::temp_directory_path() /
              ("sluice-schemas-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_ / "s");
    std::filesystem::create_directories(folder_ / "l");
  }
  ~SchemasTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  // A pipeline `p` with the source `in` and this bundle.
  void snapshot(const PipelineConfig& config) {
    auto bundle = Bundle::load(config);
    ASSERT_TRUE(bundle) << bundle.status().message();
    PipelineSnapshot pipeline;
    pipeline.name = "p";
    pipeline.bundle = *bundle;
    pipeline.sources.emplace_back().name = "in";
    snapshot_.pipelines.push_back(std::move(pipeline));
  }
  const rapidjson::Value* at(const std::string& json, const char* pointer) {
    document_.Parse(json.c_str());
    EXPECT_FALSE(document_.HasParseError()) << json;
    return rapidjson::Pointer(pointer).Get(document_);
  }

  std::filesystem::path folder_;
  RuntimeSnapshot snapshot_;
  rapidjson::Document document_;
};

TEST_F(SchemasTest, ShowsVersionsWithTheRecordsSeenOfEach) {
  write("s/2.schema.json", "{}");
  write("s/3.schema.json", "{}");
  write("l/2_to_3.lua", "function transform(r) return r end");
  PipelineConfig config;
  config.schema.emplace();
  config.schema->lineage = true;
  config.schema->path = folder_ / "s";
  config.schema->lifts = folder_ / "l";
  config.schema->version.pointer = "/v";
  snapshot(config);
  VersionCounts::Source counts;
  counts.versions[1] = {5, 1'000'000};  // its file is gone
  counts.versions[3] = {7, 2'000'000};
  counts.unknown = {2, 3'000'000};
  snapshot_.pipelines[0].versions = {counts};
  const std::string json = render_schemas(snapshot_, {}, {"p"});
  EXPECT_EQ(at(json, "/pipelines/p/versions")->Size(), 3U);
  EXPECT_EQ(at(json, "/pipelines/p/versions/0/version")->GetUint(), 1U);
  EXPECT_TRUE(at(json, "/pipelines/p/versions/0/file")->IsNull());
  EXPECT_EQ(at(json, "/pipelines/p/versions/0/records")->GetUint(), 5U);
  EXPECT_EQ(at(json, "/pipelines/p/versions/1/records")->GetUint(), 0U);
  EXPECT_EQ(at(json, "/pipelines/p/versions/1/lift")->GetString(),
            (folder_ / "l/2_to_3.lua").string());
  EXPECT_TRUE(at(json, "/pipelines/p/versions/1/last_record_at")->IsNull());
  EXPECT_EQ(at(json, "/pipelines/p/versions/2/sources/in")->GetUint(), 7U);
  EXPECT_STREQ(at(json, "/pipelines/p/versions/2/last_record_at")->GetString(),
               "1970-01-01T00:00:02.000Z");
  EXPECT_EQ(at(json, "/pipelines/p/unknown_version/records")->GetUint(), 2U);
  EXPECT_STREQ(at(json, "/pipelines/p/schema/version_from")->GetString(), "member /v");
  EXPECT_STREQ(at(json, "/pipelines/p/reload")->GetString(), "watch");
}

TEST_F(SchemasTest, ShowsSingleFilesAndTheHistoryNewestFirst) {
  write("t.lua", "function transform(r) return r end");
  PipelineConfig config;
  config.transform = folder_ / "t.lua";
  snapshot(config);
  ReloadHistory history(nullptr);
  BundleChange change;
  change.pipeline = "p";
  change.at_us = 1'000'000;
  change.outcome = "activated";
  change.trigger = "watch";
  change.hash = "new";
  change.previous = "old";
  change.changed = {"/a.lua"};
  history.add(change);
  change.at_us = 2'000'000;
  change.outcome = "failed";
  change.error = "no \xff good";
  history.add(change);
  const std::string json = render_schemas(snapshot_, history.snapshot(), {});
  EXPECT_TRUE(at(json, "/pipelines/p/schema")->IsNull());
  EXPECT_STREQ(at(json, "/pipelines/p/script/hash")->GetString(),
               snapshot_.pipelines[0].bundle->script->hash().c_str());
  EXPECT_STREQ(at(json, "/pipelines/p/active_since")->GetString(), "1970-01-01T00:00:01.000Z");
  EXPECT_STREQ(at(json, "/pipelines/p/history/0/outcome")->GetString(), "failed");
  EXPECT_STREQ(at(json, "/pipelines/p/history/0/error")->GetString(), "no \xEF\xBF\xBD good");
  EXPECT_STREQ(at(json, "/pipelines/p/history/1/previous")->GetString(), "old");
  EXPECT_STREQ(at(json, "/pipelines/p/history/1/changed/0")->GetString(), "/a.lua");
  EXPECT_STREQ(at(json, "/pipelines/p/reload")->GetString(), "manual");
}

TEST_F(SchemasTest, TransformersAreListedWithWhatBecameOfEachVersion) {
  write("t.lua", "function transform(r) return r end");
  PipelineConfig config;
  config.transform = folder_ / "t.lua";
  snapshot(config);
  ReloadHistory history(nullptr);
  BundleChange change;
  change.pipeline = "p";
  change.at_us = 1'000'000;
  change.outcome = "started";
  change.hash = "old";
  history.add(change);
  change.at_us = 2'000'000;
  change.outcome = "activated";
  change.hash = "new";
  change.previous = "old";
  change.script = "script";
  change.authored_us = 1'500'000;
  change.tests = TestCounts{3, 0, 1};
  history.add(change);
  const std::string json = render_transformers(snapshot_, history.snapshot());
  EXPECT_STREQ(at(json, "/pipelines/p/script")->GetString(),
               snapshot_.pipelines[0].bundle->script->hash().c_str());
  EXPECT_STREQ(at(json, "/pipelines/p/previous")->GetString(), "old");
  EXPECT_STREQ(at(json, "/pipelines/p/versions/0/authored_at")->GetString(),
               "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(at(json, "/pipelines/p/versions/0/tests/skipped")->GetUint(), 1U);
  EXPECT_STREQ(at(json, "/pipelines/p/versions/1/outcome")->GetString(), "started");
}

TEST_F(SchemasTest, AReloadAnswersWithWhatBecameOfEachPipeline) {
  ReloadReport report;
  report.answer = ReloadReport::Answer::kFailed;
  report.message = "p: broken";
  BundleChange change;
  change.pipeline = "p";
  change.outcome = "failed";
  change.hash = "running";
  change.error = "broken";
  report.changes.push_back(change);
  const auto reply = render_reload(report);
  EXPECT_EQ(reply.status, 422U);
  EXPECT_EQ(reply.detail, "p: broken");
  EXPECT_EQ(reply.members,
            R"("pipelines":{"p":{"at":"1970-01-01T00:00:00.000Z","outcome":"failed","trigger":"",)"
            R"("hash":"running","error":"broken"}})");
}

TEST_F(SchemasTest, EveryRefusalHasItsStatus) {
  using Answer = ReloadReport::Answer;
  const auto status = [](Answer answer) {
    ReloadReport report;
    report.answer = answer;
    return render_reload(report).status;
  };
  EXPECT_EQ(status(Answer::kDone), 200U);
  EXPECT_EQ(status(Answer::kUnknownPipeline), 404U);
  EXPECT_EQ(status(Answer::kFixed), 409U);
  EXPECT_EQ(status(Answer::kNotNow), 503U);
  EXPECT_EQ(status(Answer::kNoWayBack), 409U);
  ReloadReport report;
  report.answer = Answer::kFixed;
  report.keys = {"pipelines.p.tenant"};
  EXPECT_EQ(render_reload(report).members, R"("keys":["pipelines.p.tenant"],"pipelines":{})");
}

}  // namespace
}  // namespace sluice
