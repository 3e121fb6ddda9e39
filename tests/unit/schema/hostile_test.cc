// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <thread>

#include "runtime/schema/evaluator.h"
#include "tests/unit/schema/fixture.h"

// Schemas and records made to exhaust the stack, the memory or our patience. A run that never ends
// or crashes is the failure; what is asserted is that the answer is still the right one.
namespace sluice::testing {
namespace {

TEST(Hostile, LongTextAgainstAPatternThatOverflowsBacktrackers) {
  Checker checker(R"({"pattern":"^(a|b)*$"})");
  EXPECT_TRUE(checker.fits("\"" + std::string(50'000, 'a') + "\""));
  EXPECT_FALSE(checker.fits("\"" + std::string(50'000, 'a') + "c\""));
}

TEST(Hostile, RecordAsDeepAsTheParserAllows) {
  Checker checker(R"({"items":{"$ref":"#"}})");
  EXPECT_TRUE(checker.fits(std::string(128, '[') + std::string(128, ']')));
}

TEST(Hostile, DepthOfRecordTimesSchemaIsBounded) {
  // 200 schemas for each of 100 levels: refused, not a crash.
  std::string schema = R"({"items":{"$ref":"#"},"definitions":{"d0":true)";
  for (int i = 1; i <= 200; ++i) {
    schema += ",\"d" + std::to_string(i) + R"(":{"allOf":[{"$ref":"#/definitions/d)" +
              std::to_string(i - 1) + "\"}]}";
  }
  schema += R"(},"allOf":[{"$ref":"#/definitions/d200"}]})";
  Checker flat(schema);
  EXPECT_TRUE(flat.fits("[[1]]"));
  Checker deep(R"({"allOf":[{"allOf":[{"allOf":[{"allOf":[{"items":{"$ref":"#"}}]}]}]}]})");
  EXPECT_TRUE(deep.fits(std::string(128, '[') + std::string(128, ']')));
  const std::string record = std::string(2000, '[') + std::string(2000, ']');
  EXPECT_FALSE(deep.fits(record));
  const auto failures = deep.explain(record);
  ASSERT_FALSE(failures.empty());
  EXPECT_NE(failures.back().message.find("so it is refused"), std::string::npos);
}

TEST(Hostile, NestedAlternativesAreBounded) {
  // Two references at each of 40 levels: 2^40 paths.
  std::string schema = R"({"$ref":"#/definitions/d40","definitions":{"d0":{"type":"null"})";
  for (int i = 1; i <= 40; ++i) {
    const std::string below = R"({"$ref":"#/definitions/d)" + std::to_string(i - 1) + "\"}";
    schema += ",\"d" + std::to_string(i) + R"(":{"anyOf":[)" + below + "," + below + "]}";
  }
  schema += "}}";
  Checker checker(schema);
  EXPECT_TRUE(checker.fits("null"));
  EXPECT_FALSE(checker.fits("1"));
  EXPECT_FALSE(checker.explain("1").empty());
}

TEST(Hostile, GivingUpIsNotTurnedIntoFitting) {
  std::string schema = R"({"not":{"$ref":"#/definitions/d40"},"definitions":{"d0":{"type":"null"})";
  for (int i = 1; i <= 40; ++i) {
    const std::string below = R"({"$ref":"#/definitions/d)" + std::to_string(i - 1) + "\"}";
    schema += ",\"d" + std::to_string(i) + R"(":{"anyOf":[)" + below + "," + below + "]}";
  }
  Checker checker(schema + "}}");
  EXPECT_FALSE(checker.fits("1"));
}

TEST(Hostile, LongArraysOfUniqueItems) {
  Checker checker(R"({"uniqueItems":true})");
  std::string record = "[0";
  for (int i = 1; i < 200'000; ++i) record += "," + std::to_string(i);
  EXPECT_TRUE(checker.fits(record + "]"));
  EXPECT_FALSE(checker.fits(record + ",7]"));
}

TEST(Hostile, ManyReferencesInARow) {
  std::string schema = R"({"$ref":"#/definitions/d0","definitions":{)";
  constexpr int kLength = 4'000;
  for (int i = 0; i < kLength; ++i) {
    schema += "\"d" + std::to_string(i) + R"(":{"$ref":"#/definitions/d)" + std::to_string(i + 1) +
              "\"},";
  }
  schema += "\"d" + std::to_string(kLength) + R"(":{"type":"null"}}})";
  Checker checker(schema);
  EXPECT_TRUE(checker.fits("null"));
  EXPECT_FALSE(checker.fits("1"));
}

TEST(Hostile, WideObjects) {
  Checker checker(
      R"({"required":["z"],"additionalProperties":{"type":"integer"},"propertyNames":{"maxLength":8}})");
  std::string record = "{\"z\":1";
  for (int i = 0; i < 50'000; ++i) record += ",\"k" + std::to_string(i) + "\":1";
  EXPECT_TRUE(checker.fits(record + "}"));
  EXPECT_FALSE(checker.fits(record + ",\"last\":\"x\"}"));
  EXPECT_EQ(checker.explain(record + ",\"last\":\"x\"}").size(), 1U);
}

TEST(Hostile, TinyAndHugeDivisors) {
  Checker tiny(R"({"multipleOf":1e-4000})");
  EXPECT_TRUE(tiny.fits("1e4000"));
  EXPECT_FALSE(tiny.fits("1e-4001"));
  Checker most(R"({"multipleOf":922337203685477580e-5})");
  EXPECT_FALSE(most.fits("-9223372036854775808"));
}

TEST(Hostile, EveryPrefixAndMutationOfASchemaIsAnsweredWithoutACrash) {
  const std::string schema =
      R"({"$id":"http://x/","type":["object","null"],"properties":{"a":{"$ref":
"#/definitions/d"},"b":{"items":[{"enum":[1,"x"]}],"additionalItems":{"not":{"pattern":"^a[b-c]$"}}}},
"definitions":{"d":{"multipleOf":0.5,"minimum":-1e3}},"dependencies":{"a":["b"]},"if":true,"then":{}})";
  Document record;
  const std::string text = R"({"a":1.5,"b":[1,"abc",null]})";
  ASSERT_TRUE(record.parse(text, {}));
  size_t usable = 0;
  const auto attempt = [&](const std::string& one) {
    const auto compiled = compile_schema_text(one, "x");
    if (!compiled) {
      EXPECT_FALSE(compiled.status().message().empty());
      return;
    }
    ++usable;
    const auto scratch = (*compiled)->make_scratch();
    if (!(*compiled)->validate(record, *scratch)) {
      EXPECT_FALSE((*compiled)->explain(record, 5).empty());
    }
  };
  for (size_t i = 0; i <= schema.size(); ++i) attempt(schema.substr(0, i));
  for (size_t i = 0; i < schema.size(); ++i) {
    for (const char c : {'"', '{', '}', '[', '0', '#', '\\', ','}) {
      std::string changed = schema;
      changed[i] = c;
      attempt(changed);
    }
  }
  EXPECT_GT(usable, 100U);
}

TEST(Hostile, OneSchemaServesManyThreads) {
  const auto schema = compile_schema_text(
      R"({"properties":{"a":{"pattern":"^[a-z]+$"}},"uniqueItems":true,"enum":[{"a":"bc"},[1,2]]})",
      "x");
  ASSERT_TRUE(schema.is_ok());
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&schema] {
      const auto scratch = (*schema)->make_scratch();
      Document document;
      for (int i = 0; i < 500; ++i) {
        const std::string good = R"({"a":"b\u0063"})";
        ASSERT_TRUE(document.parse(good, {}));
        ASSERT_TRUE((*schema)->validate(document, *scratch));
        const std::string bad = R"({"a":"B"})";
        ASSERT_TRUE(document.parse(bad, {}));
        ASSERT_FALSE((*schema)->validate(document, *scratch));
        ASSERT_EQ((*schema)->explain(document, 9).size(), 2U);
      }
    });
  }
}

}  // namespace
}  // namespace sluice::testing
