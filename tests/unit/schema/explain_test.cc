// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/unit/schema/fixture.h"

namespace sluice::testing {
namespace {

constexpr FailureClass kDrift = FailureClass::kDrift;
constexpr FailureClass kValue = FailureClass::kValue;

struct Case {
  const char* schema;
  const char* record;
  SchemaFailure expected;  // the only failure
};

TEST(Explain, NamesPlaceKeywordExpectationAndClass) {
  const std::vector<Case> cases = {
      {R"({"properties":{"a":{"type":"integer"}}})",
       R"({"a":"12"})",
       {"/a", "/properties/a/type", "type", "expected integer, found string \"12\"", kDrift}},
      {R"({"properties":{"a/b~c":{"items":{"type":["string","null"]}}}})",
       R"({"a/b~c":[null,"x",{}]})",
       {"/a~1b~0c/2", "/properties/a~1b~0c/items/type", "type",
        "expected string or null, found an object of 0 members", kDrift}},
      {R"({"required":["id"]})",
       R"({"x":1})",
       {"", "/required", "required", "expected a member \"id\", found none", kDrift}},
      {R"({"properties":{"priority":true},"additionalProperties":false})",
       R"({"priorty":1})",
       {"/priorty", "/additionalProperties", "additionalProperties",
        "expected only members the schema names, found \"priorty\"; did you mean \"priority\"?",
        kDrift}},
      {R"({"additionalProperties":{"maximum":2}})",
       R"({"x":3})",
       {"/x", "/additionalProperties/maximum", "maximum", "expected at most 2, found number 3",
        kValue}},
      {R"({"propertyNames":{"pattern":"^[a-z]+$"}})",
       R"({"A":1})",
       {"", "/propertyNames", "propertyNames",
        "expected names of members to fit this schema, found \"A\"", kDrift}},
      {R"({"dependentRequired":{"a":["b"]}})",
       R"({"a":1})",
       {"", "/dependentRequired", "dependentRequired",
        "expected a member \"b\" beside \"a\", found none", kDrift}},
      {R"({"items":[true],"additionalItems":false})",
       "[1,2,3]",
       {"/1", "/additionalItems", "additionalItems", "expected at most 1 item, found 3", kDrift}},
      {R"({"minItems":2})",
       "[1]",
       {"", "/minItems", "minItems", "expected at least 2 items, found 1", kDrift}},
      {R"({"minimum":0})",
       "-1",
       {"", "/minimum", "minimum", "expected at least 0, found number -1", kValue}},
      {R"({"exclusiveMaximum":1.50})",
       "1.5",
       {"", "/exclusiveMaximum", "exclusiveMaximum", "expected less than 1.50, found number 1.5",
        kValue}},
      {R"({"multipleOf":5})",
       "7",
       {"", "/multipleOf", "multipleOf", "expected a multiple of 5, found number 7", kValue}},
      {R"({"minLength":3})",
       "\"ab\"",
       {"", "/minLength", "minLength", "expected at least 3 characters, found 2", kValue}},
      {R"({"pattern":"^evt_"})",
       "\"EVT\"",
       {"", "/pattern", "pattern", "expected text matching \"^evt_\", found string \"EVT\"",
        kValue}},
      {R"({"format":"uuid"})",
       "\"EVT\"",
       {"", "/format", "format", "expected format uuid, found string \"EVT\"", kValue}},
      {R"({"enum":["low","high",3]})",
       "\"urgent\"",
       {"", "/enum", "enum", "expected one of \"low\", \"high\", 3, found string \"urgent\"",
        kValue}},
      {R"({"const":true})", "false", {"", "/const", "const", "expected true, found false", kValue}},
      {R"({"uniqueItems":true})",
       "[1,2,2.0]",
       {"", "/uniqueItems", "uniqueItems",
        "expected items that all differ, found items 1 and 2 to be equal", kValue}},
      {R"({"contains":{"type":"null"}})",
       "[1]",
       {"", "/contains", "contains",
        "expected at least one item that fits this schema, found an array of 1 item", kValue}},
      {R"({"oneOf":[{"minimum":0},{"maximum":9}]})",
       "1",
       {"", "/oneOf", "oneOf",
        "expected to fit exactly one of 2 schemas, found that it fits 0 and 1", kValue}},
      {R"({"not":{"const":1}})",
       "1",
       {"", "/not", "not", "expected a value that does not fit this schema, found number 1",
        kValue}},
      {R"({"properties":{"a":false}})",
       R"({"a":null})",
       {"/a", "/properties/a", "false", "expected no value here (the schema is false), found null",
        kDrift}},
      {R"({"if":{"required":["a"]},"then":{"properties":{"b":{"type":"null"}}}})",
       R"({"a":1,"b":2})",
       {"/b", "/then/properties/b/type", "type", "expected null, found number 2", kDrift}},
      {R"({"items":{"$ref":"#/definitions/d"},"definitions":{"d":{"maximum":1}}})",
       "[0,5]",
       {"/1", "/definitions/d/maximum", "maximum", "expected at most 1, found number 5", kValue}},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.schema);
    Checker checker(one.schema);
    EXPECT_FALSE(checker.fits(one.record));
    const auto failures = checker.explain(one.record);
    ASSERT_EQ(failures.size(), 1U);
    EXPECT_EQ(failures[0].instance, one.expected.instance);
    EXPECT_EQ(failures[0].schema, one.expected.schema);
    EXPECT_EQ(failures[0].keyword, one.expected.keyword);
    EXPECT_EQ(failures[0].message, one.expected.message);
    EXPECT_EQ(failures[0].failure_class, one.expected.failure_class);
    EXPECT_EQ(failures[0].message.rfind(
                  "expected " + failures[0].expected + ", found " + failures[0].found, 0),
              0U);
  }
}

// `where keyword` of each failure; the message of the first.
std::vector<std::string> failures_of(const char* schema, const char* record, std::string* first) {
  std::vector<std::string> out;
  for (const SchemaFailure& failure : Checker(schema).explain(record)) {
    if (out.empty()) *first = failure.message;
    out.push_back(failure.instance + " " + failure.keyword);
  }
  return out;
}

TEST(Explain, TellsOfTheNearestChoiceAlone) {
  struct Choices {
    const char* schema;
    const char* record;
    std::vector<std::string> failures;
    const char* nearest;
  };
  const std::vector<Choices> cases = {
      {R"({"anyOf":[{"type":"string"},{"type":"null"}]})",
       "1",
       {" anyOf", " type"},
       "nearest is 0 (the first of those equally near), which fails at the root by type"},
      // A choice for another kind of value is far away, however few its failures.
      {R"({"anyOf":[{"type":"null"},{"required":["a"],"properties":{"b":{"type":"null"},
           "c":{"type":"null"}}}]})",
       R"({"b":1,"c":1})",
       {" anyOf", "/b type", "/c type", " required"},
       "nearest is 1 (it takes this kind of value), which fails at /b by type"},
      // So is one for another variant.
      {R"({"oneOf":[{"properties":{"kind":{"const":"card"},"number":true}},
           {"properties":{"kind":{"const":"iban"},"number":{"type":"string"},"bic":false}}]})",
       R"({"kind":"iban","number":1,"bic":2})",
       {" oneOf", "/number type", "/bic false"},
       "nearest is 1 (its fixed values match best), which fails at /number by type"},
      {R"({"anyOf":[{"required":["a","b"]},{"required":["a"]}]})",
       "{}",
       {" anyOf", " required"},
       "nearest is 1 (it has the fewest failures), which fails at the root by required"},
      {R"({"anyOf":[{"maxProperties":0},{"properties":{"a":{"items":{"minimum":3}}}}]})",
       R"({"a":[1]})",
       {" anyOf", "/a/0 minimum"},
       "nearest is 1 (its failures lie deepest), which fails at /a/0 by minimum"},
      {R"({"anyOf":[{"minimum":3}]})", "1", {" anyOf", " minimum"}, "nearest is 0, which fails"},
  };
  for (const Choices& one : cases) {
    SCOPED_TRACE(one.schema);
    std::string first;
    EXPECT_EQ(failures_of(one.schema, one.record, &first), one.failures);
    EXPECT_NE(first.find(one.nearest), std::string::npos) << first;
  }
}

TEST(Explain, ShowsNoValueOfAPlaceUnderTheNameOfAnother) {
  // Whoever masks a sensitive place by its pointer must not meet its value in another's message.
  Checker checker(R"({"anyOf":[{"properties":{"email":{"maxLength":3}}}]})");
  const auto failures = checker.explain(R"({"email":"joe@example.com"})");
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_EQ(failures[0].instance, "");
  EXPECT_EQ(failures[0].message.find("joe"), std::string::npos);
  EXPECT_EQ(failures[1].instance, "/email");
}

TEST(Explain, TakesItsClassFromTheNearestChoice) {
  const char* schema = R"({"anyOf":[{"type":"string"},{"minimum":2}]})";
  EXPECT_EQ(worst_class(Checker(schema).explain("1")), kValue);
  EXPECT_EQ(worst_class(Checker(R"({"anyOf":[{"type":"string"},{"type":"null"}]})").explain("1")),
            kDrift);
}

TEST(Explain, ListsEveryFailureUpToTheLimit) {
  Checker checker(R"({"required":["x","y"],"properties":{"a":{"type":"integer","minimum":3},
      "b":{"items":{"minLength":2,"pattern":"^z"}}}})");
  const char* record = R"({"a":1,"b":["q","zz"],"x":1})";
  std::vector<std::string> found;
  for (const SchemaFailure& failure : checker.explain(record)) {
    found.push_back(failure.instance + " " + failure.keyword);
  }
  EXPECT_EQ(found, (std::vector<std::string>{"/a minimum", "/b/0 minLength", "/b/0 pattern",
                                             " required"}));
  EXPECT_EQ(checker.explain(record, 2).size(), 2U);
  EXPECT_EQ(checker.explain(record, 0).size(), 1U);
}

TEST(Explain, CallsTheSetDriftIfOneFailureIs) {
  SchemaFailure drift;
  drift.failure_class = kDrift;
  SchemaFailure value;
  value.failure_class = kValue;
  EXPECT_EQ(worst_class({value, drift, value}), kDrift);
  EXPECT_EQ(worst_class({value}), kValue);
  EXPECT_EQ(worst_class({}), kValue);
}

TEST(Explain, ShortensWhatItQuotes) {
  Checker checker(R"({"type":"integer"})");
  const auto failures = checker.explain("\"" + std::string(100'000, 'x') + "\"");
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_LT(failures[0].message.size(), 200U);
}

TEST(Explain, IsNeverEmpty) {
  Checker checker("true");
  EXPECT_EQ(checker.explain("1").size(), 1U);
}

}  // namespace
}  // namespace sluice::testing
