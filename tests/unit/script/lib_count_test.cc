// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

class LibCountTest : public ScriptTest {
 protected:
  std::string counts() {
    std::string all;
    for (const ScriptCount& count : runner->counts()) {
      all += count.name + "=" + std::to_string(count.count) + " ";
    }
    return all;
  }
};

TEST_F(LibCountTest, CountsAddUpOverRecords) {
  load(
      "function transform(r) sluice.count('seen') sluice.count('items', #r) sluice.count('none', "
      "0) "
      "return {} end");
  run("[1,2]");
  run("[1,2,3]");
  EXPECT_EQ(counts(), "seen=2 items=5 none=0 ");
  for (ScriptCount& count : runner->counts()) count.count = 0;
  run("[1]");
  EXPECT_EQ(counts(), "seen=1 items=1 none=0 ");
}

TEST_F(LibCountTest, OnlyCallsThatSucceedCount) {
  limits.instructions = 100'000;
  load(R"(function transform(r)
    sluice.count("seen")
    if r.how == "error" then error("no") end
    if r.how == "reject" then return sluice.reject("no") end
    if r.how == "cap" then while true do end end
    if r.how == "filter" then return nil end
    if r.how == "bad" then return 3 end
    return r
  end)");
  for (const char* how : {"error", "reject", "cap", "bad"}) {
    EXPECT_THAT(run(std::string("{\"how\":\"") + how + "\"}"), HasSubstr(": ")) << how;
    EXPECT_EQ(counts(), "seen=0 ") << how;
  }
  run(R"({"how":"filter"})");
  run("{}");
  EXPECT_EQ(counts(), "seen=2 ");  // the state is another one since the cap
}

TEST_F(LibCountTest, ABatchCountsOnceAndNotTwiceWhenItsRecordsAreTriedAlone) {
  load(R"(function transform_batch(rs)
    local out = {}
    for i, r in ipairs(rs) do
      sluice.count("seen")
      if r.bad then error("no") end
      out[i] = r
    end
    return out
  end)");
  std::vector<std::string> texts = {"{}", "{\"bad\":true}", "{}"};
  std::vector<Document> documents(texts.size());
  std::vector<ScriptRunner::BatchItem> items(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    ASSERT_TRUE(documents[i].parse(texts[i], ParseLimits{}));
    items[i].document = &documents[i];
    items[i].meta = &meta;
  }
  runner->run_batch(items, arena, parts);
  EXPECT_EQ(parts.size(), 2U);
  EXPECT_EQ(counts(), "seen=2 ");
}

TEST_F(LibCountTest, EachRecordOfABatchDrawsWhatItDrawsAlone) {
  const std::string text = R"(function transform_batch(rs)
    local out = {}
    for round = 1, 2 do
      for i, r in ipairs(rs) do
        local n = r.n
        out[i] = out[i] or {}
        out[i][round] = sluice.random(1 << 50)
      end
    end
    return out
  end)";
  load(text);
  const std::string alone_a = run("{\"n\":1}");
  const std::string alone_b = run("{\"n\":2}");
  std::vector<std::string> texts = {"{\"n\":1}", "{\"n\":2}"};
  std::vector<Document> documents(2);
  std::vector<ScriptRunner::BatchItem> items(2);
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(documents[i].parse(texts[i], ParseLimits{}));
    items[i].document = &documents[i];
    items[i].meta = &meta;
  }
  parts.clear();
  runner->run_batch(items, arena, parts);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].value, alone_a);
  EXPECT_EQ(parts[1].value, alone_b);
  EXPECT_NE(alone_a, alone_b);
}

TEST_F(LibCountTest, NamesAreBounded) {
  for (const char* name : {"''", "'a b'", "'A'", "'ä'", "('a'):rep(65)", "'a\\0'"}) {
    EXPECT_THAT(transform(std::string("sluice.count(") + name + ") return r", "{}"),
                HasSubstr("a counter's name is 1 to 64"))
        << name;
  }
  EXPECT_THAT(transform("sluice.count(1) return r", "{}"), HasSubstr("expected a counter's name"));
  EXPECT_THAT(transform("for i = 1, 65 do sluice.count('c' .. i) end return r", "{}"),
              HasSubstr("would be the 65th counter"));
  EXPECT_EQ(runner->counts().size(), 64U);
  EXPECT_EQ(transform("for i = 1, 64 do sluice.count('c' .. i) end return r", "{}"), "{}");
  EXPECT_EQ(runner->counts().size(), 64U);
}

TEST_F(LibCountTest, CountsNeverGoDownOrAround) {
  EXPECT_THAT(transform("sluice.count('c', -1) return r", "{}"),
              HasSubstr("a whole number from 0"));
  EXPECT_THAT(transform("sluice.count('c', 0.5) return r", "{}"), HasSubstr("a whole number"));
  EXPECT_EQ(transform("for i = 1, 5 do sluice.count('c', math.maxinteger) end return r", "{}"),
            "{}");
  EXPECT_EQ(counts(), "c=18446744073709551615 ");
  run("{}");
  EXPECT_EQ(counts(), "c=18446744073709551615 ");
  EXPECT_THAT(load_error("sluice.count('c') function transform(r) return r end"),
              HasSubstr("sluice.count while the script loads"));
}

}  // namespace
}  // namespace sluice
