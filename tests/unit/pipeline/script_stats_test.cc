// SPDX-License-Identifier: Apache-2.0
// What is counted of each version of a script, and what of its rejects is told.
#include "runtime/pipeline/script_stats.h"

#include "tests/unit/pipeline/reload_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

class ScriptStatsTest : public ReloadTest {};

TEST_F(ScriptStatsTest, EachVersionHasItsOwnCounts) {
  config_.script_limits.instructions = 20'000;
  config_.transform = write("t.lua",
                            "function transform(r)\n"
                            "  if r.n == 1 then return nil end\n"
                            "  if r.n == 2 then return sluice.reject('mine', 'text') end\n"
                            "  if r.n == 3 then error('oops') end\n"
                            "  if r.n == 4 then while true do end end\n"
                            "  return r\nend\n");
  feed("in", 20);
  test::source_levers("in").gate = 0;
  start_reloader(false);
  const std::string first = pipeline_->bundle()->script->hash();
  pass(10);
  write("t.lua", "function transform(r) return r end");
  ASSERT_EQ(reloader_->reload("", "request").answer, ReloadReport::Answer::kDone);
  pass(20);
  const auto scripts = pipeline_->snapshot().scripts;
  ASSERT_THAT(scripts, SizeIs(2));
  EXPECT_EQ(scripts[1].script, first);
  EXPECT_EQ(scripts[1].calls, 10U);
  EXPECT_EQ(scripts[1].filtered, 1U);
  EXPECT_THAT(scripts[1].rejects, ElementsAre(Pair("TRANSFORM_ERROR", 2), Pair("mine", 1)));
  EXPECT_EQ(scripts[1].caps_hit.instructions, 2U) << "tried once more in a fresh state";
  EXPECT_GT(scripts[1].seconds.count, 0U);
  EXPECT_EQ(scripts[0].calls, 10U);
  EXPECT_TRUE(scripts[0].rejects.empty());
  EXPECT_GT(scripts[0].memory_bytes, 0);
  EXPECT_EQ(scripts[1].memory_bytes, 0) << "its states are gone with its last batch";
}

TEST_F(ScriptStatsTest, VersionsAndCodesAreBounded) {
  ScriptVersions versions("p");
  for (int i = 0; i < 20; ++i) versions.of("script" + std::to_string(i));
  EXPECT_THAT(versions.snapshot(), SizeIs(ScriptVersions::kKept));
  EXPECT_EQ(versions.snapshot()[0].script, "script19");
  config_.transform = write("t.lua", "function transform(r) return sluice.reject('c' .. r.n) end");
  feed("in", 200);
  start_reloader(false);
  pass(200);
  const auto rejects = pipeline_->snapshot().scripts.at(0).rejects;
  EXPECT_THAT(rejects, SizeIs(ScriptStats::kMostCodes + 1));
  uint64_t sum = 0;
  for (const auto& [code, count] : rejects) sum += count;
  EXPECT_EQ(sum, 200U);
}

TEST_F(ScriptStatsTest, ACodeIsToldOnceInAWhile) {
  ScriptVersions versions("p");
  const auto now = std::chrono::steady_clock::now();
  ::testing::internal::CaptureStderr();
  versions.tell({"a", "t.lua:3: first", "/x", "in", "lane", 7, 3}, now);
  versions.tell({"a", "t.lua:3: second", "", "in", "lane", 8, 5}, now + Millis(9999));
  versions.tell({"b", "t.lua:4: other", "", "in", "lane", 9, 1}, now + Millis(9999));
  versions.tell({"a", "t.lua:3: third", "", "in", "lane", 10, 1}, now + Millis(10'001));
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("t.lua:3: first"));
  EXPECT_THAT(log, HasSubstr("position=7"));
  EXPECT_THAT(log, HasSubstr("pointer=/x"));
  EXPECT_THAT(log, HasSubstr("more_since_last_told=2"));
  EXPECT_THAT(log, Not(HasSubstr("second")));
  EXPECT_THAT(log, HasSubstr("t.lua:4: other"));
  EXPECT_THAT(log, HasSubstr("more_since_last_told=5"));
}

}  // namespace
}  // namespace sluice
