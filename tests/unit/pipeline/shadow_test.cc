// SPDX-License-Identifier: Apache-2.0
// A changed bundle is run beside the old one on records that were, before it runs.
#include "runtime/pipeline/shadow.h"

#include "tests/unit/pipeline/reload_fixture.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ShadowTest : public ReloadTest {
 protected:
  void begin(const std::string& text) {
    if (!config_.shadow) config_.shadow.emplace();
    config_.transform = write("t.lua", text);
    test::source_levers("in").gate = 0;
    start_reloader(false);
  }
  BundleChange change_to(const std::string& text) {
    write("t.lua", text);
    return reloader_->reload("p", "request").changes.at(0);
  }
};

TEST_F(ShadowTest, CountsWhatDiffersAndDeliversNothing) {
  feed("in", 100);
  begin(
      "function transform(r)\n  if r.n < 10 then return sluice.reject('a', 'b') end\n"
      "  return r\nend");
  pass(100);
  const size_t delivered = test::sink_levers("out").committed.size();
  const BundleChange change = change_to(
      "function transform(r)\n  if r.n >= 95 then error('no') end\n"
      "  if r.n >= 50 then r.more = 1 end\n  return r\nend");
  EXPECT_EQ(change.outcome, "activated");
  EXPECT_THAT(change.shadow,
              HasSubstr(R"({"records":100,"same":40,"different":45,"newly_rejected":5,)"
                        R"("newly_passing":10,"letters":10,"cured":10,"differences":[{)"));
  EXPECT_THAT(change.shadow, HasSubstr(R"("pointer":"/more","after":"1")"));
  EXPECT_THAT(change.shadow, HasSubstr(R"("after":"TRANSFORM_ERROR: t.lua:2: no)"));
  EXPECT_EQ(test::sink_levers("out").committed.size(), delivered);
  EXPECT_EQ(account().received(), 100U);
  EXPECT_EQ(letters().size(), 10U);
  EXPECT_EQ(pipeline_->snapshot().scripts.at(0).calls, 0U) << "not counted as calls";
}

TEST_F(ShadowTest, RefusesWhatRejectsMoreThanIsAllowed) {
  config_.shadow.emplace();
  config_.shadow->max_newly_rejected = 0.04;
  feed("in", 100);
  begin("function transform(r) return r end");
  pass(100);
  const std::string before = hash();
  BundleChange change = change_to(
      "function transform(r) if r.n < 5 then return sluice.reject('x', 'y') end return r end");
  EXPECT_EQ(change.outcome, "refused_by_shadow");
  EXPECT_THAT(change.error, HasSubstr("rejects 5 of the last 100 records"));
  EXPECT_EQ(hash(), before);
  EXPECT_NE(change.candidate, "");
  change = change_to(
      "function transform(r) if r.n < 4 then return sluice.reject('x', 'y') end return r end");
  EXPECT_EQ(change.outcome, "activated");
}

TEST_F(ShadowTest, SensitiveValuesAreHiddenWhereverTheyAreNow) {
  config_.sensitive = {"/email"};
  test::source_levers("in").records = {{"lane", 1, R"({"n":1,"email":"ada@example.com"})"},
                                       {"lane", 2, R"({"n":2,"email":"bob@example.com"})"}};
  begin("function transform(r) return r end");
  pass(2);
  const BundleChange change = change_to(
      "function transform(r)\n  if r.n == 2 then error('bad ' .. r.email) end\n"
      "  r.mail = 'to: ' .. r.email\n  r.email = nil\n  r.m = 3\n  return r\nend");
  EXPECT_THAT(change.shadow,
              AllOf(Not(HasSubstr("ada@")), Not(HasSubstr("bob@")), HasSubstr("hidden: sensitive"),
                    HasSubstr(R"("pointer":"/m","after":"3")")));
}

TEST_F(ShadowTest, WithoutRecordsItHasNothingToSay) {
  begin("function transform(r) return r end");
  const BundleChange change = change_to("function transform(r) r.a = 1 return r end");
  EXPECT_EQ(change.outcome, "activated");
  EXPECT_THAT(change.shadow, HasSubstr("\"records\":0"));
  const ReloadHistory later(audit_.get());
  EXPECT_EQ(later.snapshot().at("p").changes.back().shadow, change.shadow);
}

TEST_F(ShadowTest, TheRingIsBoundedInRecordsAndBytes) {
  config_.shadow.emplace();
  config_.shadow->records = 50;
  feed("in", 1000);
  begin("function transform(r) return r end");
  pass(1000);
  size_t records = 0;
  for (const auto& sample : pipeline_->recent_records()) records += sample->size();
  EXPECT_GE(records, 50U);
  EXPECT_LT(records, 60U) << "a batch of 10 more at most";
}

TEST(RecordRing, KeepsNoMoreBytesThanAllowed) {
  class Nobody final : public SettlementListener {
    void segment_settled(std::shared_ptr<Batch>, uint32_t) override {}
    void batch_gone(const Batch&) override {}
  } nobody;
  BatchBufferPool pool;
  const std::string value(1000, 'x');
  const sluice_header header{{"h", 1}, {"v", 1}};
  std::vector<sluice_record> records(100);
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].value = {value.data(), value.size()};
    records[i].position = i;
    records[i].headers = &header;
    records[i].header_count = 1;
  }
  sluice_batch raw{};
  raw.stride = sizeof(sluice_record);
  raw.count = 100;
  raw.records = records.data();
  RecordRing ring(1000, 10'500);
  for (int i = 0; i < 3; ++i) {
    ring.add(Batch(raw, pool, nobody), [](uint32_t, uint32_t) { return "lane"; });
  }
  const auto samples = ring.samples();
  ASSERT_EQ(samples.size(), 1U);
  const auto kept = samples[0]->records();
  ASSERT_EQ(kept.records.size(), 10U);
  EXPECT_EQ(kept.records[0].position, 90U);
  EXPECT_EQ(kept.records[0].key.data, nullptr);
  EXPECT_EQ(std::string_view(kept.records[9].value.data, kept.records[9].value.size), value);
  EXPECT_EQ(*kept.records[9].headers[0].value.data, 'v');
  EXPECT_EQ(samples[0]->lanes(), std::vector<std::string>{"lane"});
}

}  // namespace
}  // namespace sluice
