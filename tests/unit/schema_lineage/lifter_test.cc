// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/lineage/lifter.h"

#include "tests/unit/schema_lineage/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

class LifterTest : public LineageTest {
 protected:
  void make() {
    auto lineage = load();
    ASSERT_TRUE(lineage) << lineage.status().message();
    lifter_ = Lifter::create(*lineage, {}).value();
  }
  Lifter::Answer lift(std::string text, size_t version, Arena* arena = nullptr) {
    text_ = std::move(text);
    EXPECT_TRUE(document_.parse(text_, {}));
    RecordMeta meta;
    meta.schema_version = "came";
    return lifter_->lift(document_, version, meta, arena);
  }

  std::unique_ptr<Lifter> lifter_;
  Document document_;
  std::string text_;
};

TEST_F(LifterTest, LiftsStepByStep) {
  versions(1, 5);
  make();
  for (size_t i = 0; i < 5; ++i) {
    const auto answer = lift(R"({"v":)" + std::to_string(i + 1) + R"(,"n":1.50})", i);
    ASSERT_EQ(answer.outcome, Lifter::Outcome::kLifted) << answer.detail;
    EXPECT_EQ(answer.document->text(), R"({"v":5,"n":1.50})");
  }
}

TEST_F(LifterTest, TheNewestComesBackAsItIs) {
  versions(1, 2);
  make();
  EXPECT_EQ(lift(R"({"v":2})", 1).document, &document_);
}

TEST_F(LifterTest, TheTextLiesWhereItWasAskedFor) {
  versions(1, 3);
  make();
  Arena arena;
  const auto first = lift(R"({"v":1,"n":1})", 0, &arena);
  const std::string_view kept = first.document->text();
  lift(R"({"v":1,"n":2})", 0, &arena);
  EXPECT_EQ(kept, R"({"v":3,"n":1})");
}

TEST_F(LifterTest, FindsTheNewestVersionThatFits) {
  versions(1, 3);
  make();
  const auto fit = [&](const char* text) {
    EXPECT_TRUE(document_.parse(text, {}));
    return lifter_->newest_fit(document_);
  };
  EXPECT_EQ(fit(R"({"v":1})"), 0U);
  EXPECT_EQ(fit(R"({"v":3})"), 2U);
  EXPECT_FALSE(fit(R"({"v":4})"));
}

TEST_F(LifterTest, AResultThatMisfitsTheNextVersionNamesStepAndPlace) {
  versions(1, 3);
  lift_file("2_to_3.lua", "function transform(r) r.v = 7 return r end");
  make();
  const auto answer = lift(R"({"v":1})", 0);
  ASSERT_EQ(answer.outcome, Lifter::Outcome::kRejected);
  EXPECT_EQ(answer.reason, "TRANSFORM_ERROR");
  EXPECT_EQ(answer.detail, "lift 2_to_3: the result does not fit version 3");
  ASSERT_TRUE(answer.failure);
  EXPECT_EQ(answer.failure->instance, "/v");
}

TEST_F(LifterTest, AfterARejectTheNextRecordIsLiftedAsEver) {
  versions(1, 2);
  lift_file("1_to_2.lua",
            "function transform(r) if r.bad then error('no') end r.v = 2 return r end");
  make();
  EXPECT_THAT(lift(R"({"v":1,"bad":1})", 0).detail, HasSubstr("no"));
  EXPECT_EQ(lift(R"({"v":1})", 0).document->text(), R"({"v":2})");
}

TEST_F(LifterTest, TheMetaOfEveryStepNamesTheVersionThatCame) {
  versions(1, 3);
  for (const char* name : {"1_to_2.lua", "2_to_3.lua"}) {
    lift_file(name,
              "function transform(r, meta)\n  r.v = r.v + 1\n"
              "  r.seen = (r.seen or '') .. meta.schema_version\n  return r\nend");
  }
  make();
  EXPECT_EQ(lift(R"({"v":1})", 0).document->text(), R"({"v":3,"seen":"camecame"})");
}

}  // namespace
}  // namespace sluice
