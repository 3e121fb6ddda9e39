// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema_evolve/fixture.h"

// Schemas made of schemas.
namespace sluice::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Case {
  const char* before;
  const char* after;
  const char* change;
  const char* verdict;
};

void run(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    SCOPED_TRACE(std::string(one.before) + "\n" + one.after);
    const SchemaDiff made = diff(one.before, one.after);
    EXPECT_THAT(told(made), ElementsAre(one.change));
    EXPECT_EQ(verdict(made), one.verdict);
  }
}

TEST(DiffCombined, TakesEveryPartOfAllOfByItself) {
  run({
      {R"({"allOf":[{"minimum":1},{"maxLength":2}]})",
       R"({"allOf":[{"maxLength":3},{"minimum":1}]})", " length_widened widening", "backward"},
      {R"({"allOf":[{"minimum":1},{"maxLength":2}]})",
       R"({"allOf":[{"minimum":1},{"maxLength":2},{"maximum":3}]})", " constraint_added narrowing",
       "forward"},
      {R"({"allOf":[{"minimum":1},{"maxLength":2},{"maximum":3}]})",
       R"({"allOf":[{"maxLength":2},{"maximum":3}]})", " constraint_removed widening", "backward"},
  });
}

TEST(DiffCombined, TakesAlternativesOneByOne) {
  run({
      {R"({"anyOf":[{"minimum":1},{"maxLength":2}]})",
       R"({"anyOf":[{"type":"null"},{"minimum":1},{"maxLength":2}]})",
       " alternative_added widening", "backward"},
      {R"({"anyOf":[{"minimum":1},{"maxLength":2}]})",
       R"({"anyOf":[{"minimum":1},{"maxLength":1}]})", " length_narrowed narrowing", "forward"},
      {R"({"required":["a"]})", R"({"anyOf":[{"required":["a"]},{"required":["b"]}]})",
       " alternative_added widening", "backward"},
      {R"({"anyOf":[{"required":["a"]},{"required":["b"]}]})", R"({"required":["a"]})",
       " alternative_removed narrowing", "forward"},
  });
}

TEST(DiffCombined, CallsBreakingWhatItCannotJudge) {
  run({
      {R"({"oneOf":[{"minimum":1},{"maximum":2}]})", R"({"oneOf":[{"minimum":1},{"maximum":3}]})",
       " range_widened breaking", "none"},
      {R"({"oneOf":[{"minimum":1},{"maximum":2}]})",
       R"({"oneOf":[{"minimum":1},{"maximum":2},{"required":["a"]}]})", " unknown breaking",
       "none"},
      {R"({"if":{"required":["a"]},"then":{"required":["b"]}})",
       R"({"if":{"required":["a","c"]},"then":{"required":["b"]}})", "/c became_required breaking",
       "none"},
  });
  const SchemaDiff made = diff(R"({"oneOf":[{"minimum":1},{"maximum":2}]})",
                               R"({"oneOf":[{"minimum":1},{"maximum":2},{}]})");
  EXPECT_THAT(made.changes[0].detail, HasSubstr("oneOf has 3 schemas instead of 2"));
}

TEST(DiffCombined, TurnsAroundUnderNot) {
  run({
      {R"({"not":{"minimum":1}})", R"({"not":{"minimum":0}})", " range_widened narrowing",
       "forward"},
      {R"({"not":{"not":{"minimum":1}}})", R"({"not":{"not":{"minimum":0}}})",
       " range_widened widening", "backward"},
      {"{}", R"({"not":{"required":["a"]}})", " constraint_added narrowing", "forward"},
  });
}

TEST(DiffCombined, SeesConsequencesOfConditions) {
  run({
      {R"({"if":{"required":["a"]},"then":{"required":["b"]}})",
       R"({"if":{"required":["a"]},"then":{"required":["b","c"]}})", "/c became_required narrowing",
       "forward"},
      {R"({"if":{"required":["a"]},"then":{"required":["b"]}})", "{}",
       " constraint_removed widening", "backward"},
      {R"({"dependencies":{"a":{"minProperties":2}}})",
       R"({"dependencies":{"a":{"minProperties":1}}})", " properties_count_widened widening",
       "backward"},
  });
  const SchemaDiff made = diff(R"({"if":{"required":["a"]},"then":{"required":["b"]}})",
                               R"({"if":{"required":["a"]},"then":{"required":["b","c"]}})");
  EXPECT_EQ(made.changes[0].within, "then");
}

constexpr const char* kLater = R"("$schema":"https://json-schema.org/draft/2020-12/schema",)";

std::string later(const std::string& rest) { return std::string("{") + kLater + rest + "}"; }

TEST(DiffCombined, KeepsKeywordsBesideAReferenceInLaterDialects) {
  const std::string base = R"("$ref":"#/$defs/b","$defs":{"b":{"type":"object"}},"required":["a")";
  const SchemaDiff made = diff(later(base + "]"), later(base + R"(,"b"])"));
  EXPECT_THAT(told(made), ElementsAre("/b became_required narrowing"));
  // Draft-07 ignores what stands beside a reference.
  const SchemaDiff same = diff("{" + base + "]}", "{" + base + R"(,"b"]})");
  EXPECT_EQ(verdict(same), "full");
}

TEST(DiffCombined, ReadsPrefixItemsAndUnevaluatedProperties) {
  const SchemaDiff items =
      diff(later(R"("prefixItems":[{"type":"string"}],"items":false)"),
           later(R"("prefixItems":[{"type":"string"},{"type":"null"}],"items":false)"));
  EXPECT_THAT(told(items), ElementsAre("/1 items_opened widening"));
  // Nothing is combined: it closes the object as additionalProperties does.
  const SchemaDiff closed =
      diff(later(R"("properties":{"a":{}},"unevaluatedProperties":false)"),
           later(R"("properties":{"a":{},"b":{"type":"null"}},"unevaluatedProperties":false)"));
  EXPECT_THAT(told(closed), ElementsAre("/b field_added additive"));
  EXPECT_EQ(verdict(closed), "backward");
  // With a reference beside it, what it closes depends on that, too.
  const auto combined = [](const std::string& type) {
    return later(R"("$ref":"#/$defs/b","$defs":{"b":{"properties":{"a":{"type":)" + type +
                 R"(}}}},"unevaluatedProperties":false)");
  };
  const SchemaDiff unknown = diff(combined(R"("integer")"), combined(R"("number")"));
  EXPECT_THAT(told(unknown), ElementsAre(" unknown breaking", "/a type_widened widening"));
  EXPECT_EQ(verdict(diff(combined(R"("integer")"), combined(R"("integer")"))), "full");
}

TEST(DiffCombined, ReadsWhatEachDialectMeans) {
  const std::string old = R"("$schema":"http://json-schema.org/draft-04/schema#",)";
  EXPECT_THAT(told(diff("{" + old + R"("minimum":1,"exclusiveMinimum":true})",
                        R"({"exclusiveMinimum":1,"prefixItems":[{"type":"string"}]})")),
              ElementsAre());
  EXPECT_THAT(
      diff_schemas("{}", "a", R"({"$schema":"http://example.com/mine"})", "b").status().message(),
      HasSubstr("b: at /$schema: expected 2020-12"));
  // A list of schemas is `prefixItems` in one dialect and `items` in the other.
  EXPECT_EQ(verdict(diff(later(R"("prefixItems":[{"type":"string"}])"),
                         R"({"items":[{"type":"string"}]})")),
            "full");
  // `format` is checked in draft-07 and a remark in 2020-12, unless one asks for more.
  const std::string date = R"("format":"date")";
  EXPECT_THAT(told(diff("{" + date + "}", later(date))), ElementsAre(" format_removed widening"));
  DiffOptions options;
  options.schema.formats = SchemaOptions::Formats::kAssert;
  EXPECT_EQ(verdict(diff("{" + date + "}", later(date), options)), "full");
}

TEST(DiffCombined, FollowsAnchorsAndIdsAndNothingOutside) {
  const auto with = [](const std::string& type) {
    return R"({"properties":{"a":{"$ref":"#item"},"b":{"$ref":"part.json#/definitions/x"}},
      "definitions":{"i":{"$id":"#item","type":)" +
           type + R"(},"p":{"$id":"part.json","definitions":{"x":{"type":)" + type + "}}}}}";
  };
  EXPECT_THAT(told(diff(with(R"("integer")"), with(R"("number")"))),
              ElementsAre("/a type_widened widening", "/b type_widened widening"));
  const char* outside = R"({"properties":{"a":{"$ref":"other.json"}}})";
  EXPECT_EQ(verdict(diff(outside, outside)), "full");
  EXPECT_THAT(told(diff(outside, outside, {.same_folder = false})),
              ElementsAre("/a unknown breaking"));
  EXPECT_THAT(told(diff(outside, R"({"properties":{"a":{"type":"string"}}})")),
              ElementsAre("/a type_narrowed narrowing", "/a unknown breaking"));
}

}  // namespace
}  // namespace sluice::testing
