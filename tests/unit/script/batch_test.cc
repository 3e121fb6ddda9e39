// SPDX-License-Identifier: Apache-2.0
#include <deque>

#include "fixture.h"

namespace sluice {
namespace {

// Runs transform_batch on several records and answers a line for each, as ScriptTest::run does.
class TransformBatch : public ScriptTest {
 protected:
  std::vector<std::string> run_all(const std::vector<std::string>& inputs) {
    parts.clear();
    arena.reset();
    texts = inputs;
    documents.clear();
    metas.clear();
    std::vector<ScriptRunner::BatchItem> items;
    for (const std::string& text : texts) {
      EXPECT_TRUE(documents.emplace_back().parse(text, ParseLimits{}));
      RecordMeta& own = metas.emplace_back();
      own.position = metas.size();
      items.push_back({&documents.back(), &metas.back(), {}, 0, 0});
    }
    runner->run_batch(items, arena, parts);
    std::vector<std::string> answers;
    for (const auto& item : items) answers.push_back(answer(item));
    return answers;
  }
  std::string answer(const ScriptRunner::BatchItem& item) const {
    if (item.result.outcome == ScriptOutcome::kFiltered) return "filtered";
    if (item.result.outcome == ScriptOutcome::kRejected) {
      return std::string(item.result.reason) + ": " + item.result.detail;
    }
    std::string all;
    for (size_t i = 0; i < item.parts; ++i) {
      if (i != 0) all += '|';
      all += parts[item.first_part + i].value;
    }
    return all;
  }
  using Lines = std::vector<std::string>;

  std::vector<std::string> texts;
  std::deque<Document> documents;
  std::deque<RecordMeta> metas;
};

TEST_F(TransformBatch, GivesEachRecordItsAnswerInPlace) {
  load(R"(function transform_batch(rs, metas)
            local out = {}
            for i, r in ipairs(rs) do
              if r.n == 2 then out[i] = sluice.reject("two", "n is 2")
              elseif r.n == 3 then out[i] = nil
              elseif r.n == 4 then out[i] = sluice.filter("four")
              elseif r.n == 5 then out[i] = {table = true, at = metas[i].position}
              else r.seen = #rs; out[i] = r end
            end
            return out
          end)");
  EXPECT_GT(runner->batch_records(), 1U);
  EXPECT_EQ(
      run_all({R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})", R"({"n":5})", R"({"n":6})"}),
      (Lines{R"({"n":1,"seen":6})", "REJECTED_BY_SCRIPT: two: n is 2", "filtered", "filtered",
             R"({"at":5,"table":true})", R"({"n":6,"seen":6})"}));
}

TEST_F(TransformBatch, WritesGoToTheRecordTheyAreMadeIn) {
  load(R"(function transform_batch(rs)
            for i = #rs, 1, -1 do rs[i].a = i; rs[i].list[2] = rs[1].name .. i end
            for i = 1, #rs do rs[i].b = rs[i].a * 10; rs[i].name = nil end
            return rs
          end)");
  EXPECT_EQ(run_all({R"({"name":"x","list":[0]})",
                     R"({"name":"y","list":[0,1],"id":12345678901234567})"}),
            (Lines{R"({"list":[0,"x1"],"a":1,"b":10})",
                   R"({"list":[0,"x2"],"id":12345678901234567,"a":2,"b":20})"}));
}

TEST_F(TransformBatch, PartsOfOneRecordInAnotherNeedACopy) {
  load(R"(function transform_batch(rs) rs[1].other = rs[2].part; return rs end)");
  const Lines refused = run_all({R"({"part":{"a":1}})", R"({"part":{"a":2}})"});
  // Tried again one by one there is no second record.
  EXPECT_NE(refused[0].find("TRANSFORM_ERROR"), std::string::npos) << refused[0];
  load(R"(function transform_batch(rs)
            rs[1].other = sluice.deepcopy(rs[2].part)
            local ok, why = pcall(function() rs[1].third = rs[2].part end)
            rs[2].why = why
            return rs
          end)");
  EXPECT_EQ(run_all({R"({"part":{"a":1}})", R"({"part":{"a":2}})"}),
            (Lines{R"({"part":{"a":1},"other":{"a":2}})",
                   R"x({"part":{"a":2},"why":"t.lua:3: cannot set /third: it is a part of )x"
                   R"x(another record; give a copy of it, made with sluice.deepcopy(...)"})x"}));
  load(R"(function transform_batch(rs) return {rs[2], {inner = rs[1]}} end)");
  const Lines swapped = run_all({R"({"n":1})", R"({"n":2})"});
  EXPECT_NE(swapped[0].find("another record in its place"), std::string::npos) << swapped[0];
  EXPECT_NE(swapped[1].find("a part of another record"), std::string::npos) << swapped[1];
}

TEST_F(TransformBatch, WhatIsEmittedBelongsToItsParent) {
  load(R"(function transform_batch(rs)
            sluice.emit(rs[2])
            sluice.emit({of = 1}, {parent = rs[1]})
            sluice.emit(rs[2], {parent = rs[1], key = "k"})
            return {nil, rs[2]}
          end)");
  EXPECT_EQ(run_all({R"({"n":1})", R"({"n":2})"}),
            (Lines{R"({"of":1}|{"n":2})", R"({"n":2}|{"n":2})"}));
  load(R"(function transform_batch(rs) sluice.emit({}) return rs end)");
  const Lines unknown = run_all({R"({"n":1})", R"({"n":2})"});
  EXPECT_NE(unknown[1].find("say which record this one comes from"), std::string::npos);
}

TEST_F(TransformBatch, AnErrorRejectsOnlyTheRecordsThatFailAlone) {
  limits.instructions = 100'000;
  load(R"(function transform_batch(rs)
            for _, r in ipairs(rs) do
              if r.n == 2 then error("no twos") end
              if r.n == 3 then while true do end end
              sluice.emit(r)
            end
            return rs
          end)");
  const Lines lines = run_all({R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})"});
  EXPECT_EQ(lines[0], R"({"n":1}|{"n":1})");
  EXPECT_NE(lines[1].find("no twos"), std::string::npos) << lines[1];
  EXPECT_NE(lines[2].find("instructions"), std::string::npos) << lines[2];
  EXPECT_EQ(lines[3], R"({"n":4}|{"n":4})");
  EXPECT_EQ(parts.size(), 4U);
}

TEST_F(TransformBatch, AnAnswerThatIsNoListRejectsAll) {
  load("function transform_batch(rs) end");
  const Lines nothing = run_all({R"({"n":1})", R"({"n":2})"});
  EXPECT_NE(nothing[0].find("transform_batch returned a nil; expected a list with the answer"),
            std::string::npos);
  EXPECT_EQ(nothing[0], nothing[1]);
  load("function transform_batch(rs) return {rs[1], rs[2], rs[1]} end");
  EXPECT_NE(run_all({R"({"n":1})", R"({"n":2})"})[0].find("expected a list"), std::string::npos);
}

TEST_F(TransformBatch, PartsKeptFromAnEarlierCallAreRefused) {
  load(R"(local kept
          function transform_batch(rs)
            if kept then rs[1].old = kept.n end
            kept = rs[#rs]
            return rs
          end)");
  EXPECT_EQ(run_all({R"({"n":1})", R"({"n":2})"})[1], R"({"n":2})");
  EXPECT_NE(run_all({R"({"n":1})", R"({"n":2})"})[0].find("earlier record"), std::string::npos);
}

TEST_F(TransformBatch, ScalarsAreRecordsToo) {
  load("function transform_batch(rs) for i, r in ipairs(rs) do rs[i] = {v = r} end return rs end");
  EXPECT_EQ(run_all({"1", R"("a")", "[2]"}), (Lines{R"({"v":1})", R"({"v":"a"})", R"({"v":[2]})"}));
}

}  // namespace
}  // namespace sluice
