// SPDX-License-Identifier: Apache-2.0
// Bundles are changed while records flow: each batch is read with the one it was stamped with.
#include "tests/unit/pipeline/fixture.h"

namespace sluice {
namespace {

class ActivationTest : public PipelineTest {
 protected:
  // A script that writes `mark` into the record.
  void mark(const std::string& mark) {
    config_.transform =
        write("t.lua", "function transform(r)\n  r.mark = \"" + mark + "\"\n  return r\nend\n");
  }
  void wait_delivering(uint64_t records) {
    StopSource never;
    while (account().held[static_cast<size_t>(Place::kDelivery)] < records) {
      never.wait_for(Millis(1));
    }
  }
  Status activate() {
    auto bundle = Bundle::load(config_);
    if (!bundle) return bundle.status();
    return pipeline_->activate(*bundle);
  }
};

TEST_F(ActivationTest, RecordsTakenInAfterwardsMeetTheNewBundle) {
  mark("old");
  auto& source = test::source_levers("in");
  source.gate = 10;
  feed("in", 11);
  start();
  StopSource never;
  while (account().outcome(Outcome::kCommitted) < 10) never.wait_for(Millis(1));
  const std::string before = pipeline_->bundle()->hash;
  mark("new");
  ASSERT_TRUE(activate());
  EXPECT_NE(pipeline_->bundle()->hash, before);
  source.gate = 11;
  while (account().outcome(Outcome::kCommitted) < 11) never.wait_for(Millis(1));
  const auto& committed = test::sink_levers("out").committed;
  EXPECT_EQ(committed[9].value, R"({"n":9,"mark":"old"})");
  EXPECT_EQ(committed[10].value, R"({"n":10,"mark":"new"})");
}

TEST_F(ActivationTest, ALetterNamesTheBundleItsRecordMetWhateverRunsNow) {
  mark("old");
  test::sink_levers("out").corked = true;
  test::sink_levers("out").answer = [](const auto& records, sluice_outcome* outcomes) {
    for (size_t i = 0; i < records.size(); ++i) {
      outcomes[i].verdict = SLUICE_REC_REJECT;
      outcomes[i].reason = 1;
    }
    return SLUICE_OK;
  };
  feed("in", 3);
  start();
  wait_delivering(3);
  const auto old = pipeline_->bundle();
  mark("new");
  ASSERT_TRUE(activate());
  test::sink_levers("out").uncork();
  ASSERT_TRUE(settle());
  const auto found = letters();
  ASSERT_EQ(found.size(), 3U);
  for (const DeadLetter& letter : found) {
    EXPECT_EQ(letter.bundle_hash, old->hash);
    EXPECT_EQ(letter.script_hash, old->script->hash());
    EXPECT_EQ(letter.stage, "deliver");
  }
}

TEST_F(ActivationTest, AnOldBundleGoesWithItsLastBatch) {
  mark("old");
  test::sink_levers("out").corked = true;
  feed("in", 3);
  start();
  StopSource never;
  wait_delivering(3);
  std::weak_ptr<const Bundle> old = pipeline_->bundle();
  mark("new");
  ASSERT_TRUE(activate());
  EXPECT_FALSE(old.expired()) << "its batch is still at the sink";
  test::sink_levers("out").uncork();
  ASSERT_TRUE(settle());
  while (!old.expired()) never.wait_for(Millis(1));
}

TEST_F(ActivationTest, ABrokenBundleChangesNothing) {
  mark("good");
  feed("in", 5);
  start();
  const std::string before = pipeline_->bundle()->hash;
  config_.transform = write("t.lua", "function transform(r) return = r end");
  EXPECT_FALSE(activate());
  EXPECT_EQ(pipeline_->bundle()->hash, before);
  ASSERT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 5U);
}

TEST_F(ActivationTest, ALettersVersionIsTheOneItsRecordCameWith) {
  std::filesystem::create_directories(folder_ / "s");
  write("s/1.schema.json", R"({"required":["a"]})");
  write("s/2.schema.json", R"({"required":["b"]})");
  std::filesystem::create_directories(folder_ / "l");
  write("l/1_to_2.lua", "function transform(r) if r.a == 1 then r.b = 1 end return r end");
  config_.schema.emplace();
  config_.schema->lineage = true;
  config_.schema->path = folder_ / "s";
  config_.schema->lifts = folder_ / "l";
  config_.schema->version.pointer = "/v";
  test::source_levers("in").records = {{"lane", 1, R"({"v":1,"a":1})"},
                                       {"lane", 2, R"({"v":1,"a":2})"},
                                       {"lane", 3, R"({"v":2,"a":2})"},
                                       {"lane", 4, R"({"v":3,"a":2})"}};
  start();
  ASSERT_TRUE(settle());
  const auto found = letters();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].schema_version, "1");
  EXPECT_EQ(found[0].stage, "lift");
  EXPECT_EQ(found[0].pointer, "");
  EXPECT_EQ(found[1].schema_version, "2");
  EXPECT_EQ(found[1].stage, "validate");
  EXPECT_EQ(found[2].schema_version, "");
  EXPECT_EQ(found[2].pointer, "/v");
  const auto versions = pipeline_->snapshot().versions;
  ASSERT_EQ(versions.size(), 1U);
  EXPECT_EQ(versions[0].versions.at(1).records, 2U);
  EXPECT_EQ(versions[0].versions.at(2).records, 1U);
  EXPECT_EQ(versions[0].unknown.records, 1U);
  EXPECT_GT(versions[0].versions.at(1).last_at_us, 0);
}

}  // namespace
}  // namespace sluice
