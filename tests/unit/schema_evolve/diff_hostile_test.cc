// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema_evolve/fixture.h"

// Schemas nobody writes in good faith: they must end, in bounded time and memory.
namespace sluice::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string repeated(const std::string& open, const std::string& inner, const std::string& close,
                     int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += open;
  out += inner;
  for (int i = 0; i < times; ++i) out += close;
  return out;
}

TEST(DiffHostile, GoesThroughReferencesThatDoubleAtEveryLevel) {
  const auto doubling = [](const std::string& leaf) {
    std::string out = R"({"$ref":"#/definitions/d0","definitions":{)";
    for (int i = 0; i < 40; ++i) {
      const std::string next = R"({"$ref":"#/definitions/d)" + std::to_string(i + 1) + "\"}";
      out +=
          "\"d" + std::to_string(i) + R"(":{"properties":{"l":)" + next + R"(,"r":)" + next + "}},";
    }
    return out + R"("d40":)" + leaf + "}}";
  };
  EXPECT_EQ(verdict(diff(doubling("{}"), doubling("{}"))), "full");
  // 2^40 places changed: the verdict is exact, the list is cut.
  const SchemaDiff made = diff(doubling(R"({"type":"integer"})"), doubling(R"({"type":"number"})"),
                               {.max_changes = 100});
  EXPECT_EQ(verdict(made), "backward");
  EXPECT_THAT(made.changes, SizeIs(100));
  EXPECT_TRUE(made.cut);
}

TEST(DiffHostile, EndsOnSchemasThatContainThemselves) {
  const char* list = R"({"properties":{"next":{"$ref":"#"},"v":{"type":"integer"}}})";
  const char* wider = R"({"properties":{"next":{"$ref":"#"},"v":{"type":"number"}}})";
  EXPECT_THAT(told(diff(list, wider)), ElementsAre("/v type_widened widening"));
  // Without end on the same value: the validator refuses it, here it must only end.
  diff(R"({"anyOf":[{"$ref":"#"},{"minimum":1}]})", R"({"anyOf":[{"$ref":"#"},{"minimum":2}]})");
  diff(R"({"allOf":[{"$ref":"#"}]})", R"({"not":{"$ref":"#"}})");
  diff(R"({"not":{"$ref":"#"}})", R"({"oneOf":[{"$ref":"#"}]})");
}

TEST(DiffHostile, RefusesDeepNestingAndTakesWhatTheParserTakes) {
  const auto deep = [](int times) { return repeated(R"({"items":)", "{}", "}", times); };
  EXPECT_EQ(verdict(diff(deep(250), deep(250))), "full");
  EXPECT_FALSE(diff_schemas(deep(1000), "a", "{}", "b"));
  const std::string all = repeated(R"({"allOf":[)", R"({"minimum":1})", "]}", 120);
  EXPECT_EQ(verdict(diff(all, R"({"minimum":1})")), "full");
  EXPECT_EQ(verdict(diff(all, all)), "full");
}

TEST(DiffHostile, CountsWideSchemasAndStops) {
  const auto wide = [](int members, const std::string& type) {
    std::string out = R"({"properties":{)";
    for (int i = 0; i < members; ++i) {
      if (i > 0) out += ",";
      out += "\"m" + std::to_string(i) + R"(":{"type":")" + type + "\"}";
    }
    return out + "}}";
  };
  const SchemaDiff made = diff(wide(12000, "integer"), wide(12000, "number"));
  EXPECT_THAT(made.changes, SizeIs(10000));
  EXPECT_TRUE(made.cut);
  EXPECT_EQ(verdict(made), "backward");
  EXPECT_THAT(diff_schemas(wide(50001, "integer"), "a", "{}", "b").status().message(),
              HasSubstr("more than 50,000 schemas"));
}

TEST(DiffHostile, GivesUpOnTooManyPairsInsteadOfTakingForEver) {
  // Two lists of schemas that refer to each other in circles of different length: every schema of
  // one meets every schema of the other.
  const auto circle = [](int length) {
    std::string out = R"({"$ref":"#/definitions/c0","definitions":{)";
    for (int i = 0; i < length; ++i) {
      if (i > 0) out += ",";
      out += "\"c" + std::to_string(i) + R"(":{"items":{"$ref":"#/definitions/c)" +
             std::to_string((i + 1) % length) + "\"}}";
    }
    return out + "}}";
  };
  const SchemaDiff made = diff(circle(997), circle(1009));
  EXPECT_THAT(told(made), ElementsAre(" unknown breaking"));
  EXPECT_THAT(made.changes[0].detail, HasSubstr("too large"));
}

TEST(DiffHostile, ShortensNothingThatIsNeededAndKeepsPathsBounded) {
  const std::string name(1U << 20U, 'n');
  const auto with = [&](const std::string& type) {
    std::string out = "{\"properties\":{\"" + name + R"(":{"properties":{)";
    for (int i = 0; i < 50; ++i) {
      if (i > 0) out += ",";
      out += "\"m" + std::to_string(i) + R"(":{"type":")" + type + "\"}";
    }
    return out + "}}}}";
  };
  const SchemaDiff made = diff(with("integer"), with("number"));
  EXPECT_TRUE(made.cut);
  EXPECT_LT(made.changes.size(), 20U);
  EXPECT_EQ(verdict(made), "backward");
}

}  // namespace
}  // namespace sluice::testing
