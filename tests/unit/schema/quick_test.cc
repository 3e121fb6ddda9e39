// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/schema/fixture.h"

// Records whose shape changes from one to the next, so that what the pass over the tape remembers
// is wrong as often as right, and values that it must leave to the evaluator.
namespace sluice::schema {
namespace {

struct Case {
  const char* record;
  bool fits;
};

void expect_all(const char* schema, const std::vector<Case>& cases) {
  const auto compiled = compile_schema_text(schema, "test");
  ASSERT_TRUE(compiled.is_ok()) << compiled.status().message();
  const auto scratch = (*compiled)->make_scratch();
  Document document;
  for (int round = 0; round < 2; ++round) {
    for (const Case& one : cases) {
      ASSERT_TRUE(document.parse(one.record, {})) << one.record;
      EXPECT_EQ((*compiled)->validate(document, *scratch), one.fits) << one.record;
    }
  }
}

TEST(QuickPass, FindsMembersInAnyOrder) {
  expect_all(R"({"required":["a","b"],"additionalProperties":false,
                 "properties":{"a":{"type":"integer"},"b":{"type":"string"},"c":{"type":"null"}}})",
             {{R"({"a":1,"b":"x"})", true},
              {R"({"b":"x","a":1})", true},
              {R"({"c":null,"b":"x","a":1})", true},
              {R"({"a":"x","b":1})", false},
              {R"({"b":"x","c":null})", false},
              {R"({"a":1,"b":"x","d":1})", false},
              {R"({"\u0061":1,"b":"x"})", true},
              {R"({"\u0061":"1","b":"x"})", false},
              {R"({})", false},
              {R"([])", true}});
}

TEST(QuickPass, RequiredNamesWithoutASchemaAreOtherMembers) {
  expect_all(R"({"required":["a"],"additionalProperties":{"type":"string"}})",
             {{R"({"a":"x"})", true}, {R"({"a":1})", false}, {R"({"b":"x"})", false}});
  expect_all(R"({"required":["a"],"additionalProperties":false})",
             {{R"({"a":"x"})", false}, {R"({})", false}});
}

TEST(QuickPass, NumbersWrittenOddly) {
  expect_all(R"({"type":"integer","minimum":1,"exclusiveMaximum":10})",
             {{"1", true},
              {"9", true},
              {"10", false},
              {"0", false},
              {"9.0", true},
              {"9.5", false},
              {"1e0", true},
              {"-0", false},
              {"99999999999999999999999", false}});
  expect_all(R"({"minimum":1.5})", {{"1", false}, {"2", true}, {"1.5", true}, {"\"x\"", true}});
  expect_all(R"({"exclusiveMinimum":9223372036854775807})",
             {{"9223372036854775807", false}, {"9223372036854775808", true}});
}

TEST(QuickPass, TextIsCountedInCodePoints) {
  expect_all(R"({"minLength":2,"maxLength":3})", {{R"("ab")", true},
                                                  {R"("a")", false},
                                                  {R"("abcd")", false},
                                                  {"\"\xC3\xA9\xC3\xA9\xC3\xA9\"", true},
                                                  {"\"\xC3\xA9\"", false},
                                                  {R"("\u00e9a")", true},
                                                  {R"("\n")", false}});
  expect_all(R"({"enum":["low","high"],"maxLength":3})",
             {{R"("low")", true}, {R"("high")", false}, {R"("l\u006fw")", true}, {"1", false}});
}

TEST(QuickPass, ContainersDeeperThanItLooks) {
  const char* schema = R"({"type":"object","additionalProperties":false,
                           "properties":{"n":{"$ref":"#"},"v":{"type":"integer"}}})";
  const auto nested = [](const std::string& inside) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "{\"n\":";
    return text + inside + std::string(100, '}');
  };
  const std::string good = nested(R"({"v":1})");
  const std::string bad = nested(R"({"v":"1"})");
  expect_all(schema, {{good.c_str(), true}, {bad.c_str(), false}});
}

TEST(QuickPass, PartsForTheEvaluator) {
  expect_all(R"({"properties":{"a":{"anyOf":[{"type":"integer"},{"type":"null"}]},
                               "b":{"type":"array","items":{"enum":[1,"x",null]},"maxItems":2},
                               "c":false}})",
             {{R"({"a":1,"b":[1,"x"]})", true},
              {R"({"a":null,"b":[]})", true},
              {R"({"a":"x"})", false},
              {R"({"b":[2]})", false},
              {R"({"b":[1,1,1]})", false},
              {R"({"c":1})", false}});
}

}  // namespace
}  // namespace sluice::schema
