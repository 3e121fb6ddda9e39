// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema/fixture.h"

// What 2020-12 says and draft-07 does not, and how a schema tells which of them it speaks.
namespace sluice::testing {
namespace {

const SchemaOptions kModern = [] {
  SchemaOptions options;
  options.dialect = "https://json-schema.org/draft/2020-12/schema";
  return options;
}();

void run(const std::vector<FitCase>& cases) { expect_fits(cases, kModern); }

TEST(Modern, ItemsByPositionAndTheRest) {
  run({
      {R"({"prefixItems":[{"type":"integer"},{"type":"string"}],"items":{"type":"null"}})",
       {"[]", "[1]", "[1,\"a\"]", "[1,\"a\",null,null]"},
       {"[\"a\"]", "[1,2]", "[1,\"a\",3]"}},
      {R"({"prefixItems":[true],"items":false})", {"[1]", "[]"}, {"[1,2]"}},
      {R"({"contains":{"type":"integer"},"minContains":2,"maxContains":3})",
       {"[1,2]", "[1,\"a\",2,3]"},
       {"[1]", "[]", "[1,2,3,4]"}},
      {R"({"contains":{"type":"integer"},"minContains":0})", {"[]", "[\"a\"]"}, {}},
      {R"({"minContains":5})", {"[]"}, {}},
  });
}

TEST(Modern, ReferencesHaveNeighbours) {
  run({
      {R"({"$ref":"#/$defs/a","maximum":5,"$defs":{"a":{"type":"integer"}}})",
       {"3"},
       {"\"x\"", "7"}},
      {R"({"items":{"$ref":"#here"},"$defs":{"a":{"$anchor":"here","minimum":1}}})",
       {"[1]"},
       {"[0]"}},
      {R"({"$id":"https://x.test/a/root","items":{"$ref":"../b/leaf#it"},"$defs":{
           "l":{"$id":"https://x.test/b/leaf","$defs":{"i":{"$anchor":"it","const":1}}}}})",
       {"[1]"},
       {"[2]"}},
  });
}

TEST(Modern, DynamicReferencesFollowTheWayEvaluationCame) {
  // A tree whose nodes are whatever the schema around it says.
  run({
      {R"({"$id":"https://x.test/strict","$dynamicAnchor":"node","$ref":"tree",
           "unevaluatedProperties":false,"$defs":{"t":{"$id":"tree","$dynamicAnchor":"node",
           "properties":{"v":true,"kids":{"items":{"$dynamicRef":"#node"}}}}}})",
       {R"({"v":1,"kids":[{"v":2,"kids":[]}]})"},
       {R"({"w":1})", R"({"v":1,"kids":[{"v":2,"kids":[{"w":1}]}]})"}},
      {R"({"$id":"https://x.test/strict","$ref":"tree","$defs":{"t":{"$id":"tree",
           "$dynamicAnchor":"node","properties":{"v":{"type":"integer"},
           "kids":{"items":{"$dynamicRef":"#node"}}}}}})",
       {R"({"kids":[{"v":2}]})"},
       {R"({"kids":[{"v":"2"}]})"}},
  });
}

TEST(Modern, UnevaluatedMembersAreThoseNobodySpokeOf) {
  run({
      {R"({"properties":{"a":true},"unevaluatedProperties":false})",
       {R"({"a":1})"},
       {R"({"b":1})"}},
      {R"({"allOf":[{"properties":{"a":true}},{"patternProperties":{"^b":true}}],
           "unevaluatedProperties":false})",
       {R"({"a":1,"b1":2})"},
       {R"({"a":1,"c":2})"}},
      {R"({"anyOf":[{"properties":{"a":{"type":"integer"}}},{"properties":{"b":true}}],
           "unevaluatedProperties":false})",
       {R"({"a":1,"b":2})", R"({"b":2})"},
       {R"({"a":"x","b":2})"}},
      {R"({"oneOf":[{"required":["a"],"properties":{"a":true}},
           {"required":["b"],"properties":{"b":true}}],"unevaluatedProperties":false})",
       {R"({"a":1})"},
       {R"({"a":1,"c":1})"}},
      {R"({"not":{"not":{"properties":{"a":true}}},"unevaluatedProperties":false})",
       {"{}"},
       {R"({"a":1})"}},
      {R"({"if":{"properties":{"k":{"const":1}},"required":["k"]},"then":{"properties":{"a":true}},
           "else":{"properties":{"k":true,"b":true}},"unevaluatedProperties":false})",
       {R"({"k":1,"a":1})", R"({"k":2,"b":1})"},
       {R"({"k":1,"b":1})", R"({"k":2,"a":1})"}},
      {R"({"dependentSchemas":{"a":{"properties":{"a":true,"b":true}}},
           "unevaluatedProperties":{"type":"null"}})",
       {R"({"a":1,"b":1})", R"({"b":null})"},
       {R"({"b":1})"}},
      {R"({"properties":{"a":{"properties":{"x":true},"unevaluatedProperties":false}},
           "unevaluatedProperties":false})",
       {R"({"a":{"x":1}})"},
       {R"({"a":{"y":1}})", R"({"x":1})"}},
      // A cousin's members do not count, a nested schema's do.
      {R"({"allOf":[{"properties":{"a":true}},{"unevaluatedProperties":false}]})",
       {"{}"},
       {R"({"a":1})"}},
      {R"({"allOf":[{"unevaluatedProperties":true}],"unevaluatedProperties":false})",
       {R"({"a":1})"},
       {}},
  });
}

TEST(Modern, UnevaluatedItemsAreThoseNobodySpokeOf) {
  run({
      {R"({"prefixItems":[true],"unevaluatedItems":false})", {"[1]", "[]"}, {"[1,2]"}},
      {R"({"allOf":[{"prefixItems":[true,true]}],"unevaluatedItems":{"type":"null"}})",
       {"[1,2,null]"},
       {"[1,2,3]"}},
      {R"({"contains":{"type":"string"},"unevaluatedItems":{"type":"integer"}})",
       {"[\"a\",1,\"b\"]"},
       {"[\"a\",null]", "[1]"}},
      {R"({"anyOf":[{"prefixItems":[{"const":1}]},{"items":{"const":2}}],"unevaluatedItems":false})",
       {"[1]", "[2,2]"},
       {"[1,2]"}},
  });
  // More children than one word of marks holds.
  std::string record = "{";
  for (int i = 0; i < 200; ++i) record += "\"a" + std::to_string(i) + "\":1,";
  Checker checker(
      R"({"anyOf":[{"patternProperties":{"^a1":true}},{"patternProperties":{"^a[^1]":true}}],
          "unevaluatedProperties":false})",
      kModern);
  EXPECT_FALSE(checker.fits(record + "\"a\":1}"));
  EXPECT_TRUE(checker.fits(record + "\"a1x\":1}"));
  EXPECT_EQ(checker.explain(record + "\"zz\":1}").front().instance, "/zz");
}

TEST(Modern, ExplainsWhatNobodySpokeOf) {
  Checker checker(R"({"allOf":[{"properties":{"a":{"type":"integer"}}}],
                      "unevaluatedProperties":false,"unevaluatedItems":false})",
                  kModern);
  auto failures = checker.explain(R"({"a":1,"b":2})");
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].instance, "/b");
  EXPECT_EQ(failures[0].schema, "/unevaluatedProperties");
  EXPECT_EQ(failures[0].failure_class, FailureClass::kDrift);
  EXPECT_EQ(failures[0].message,
            "expected only members that some part of the schema names, found \"b\"");
  // A member that some schema speaks of, and finds wrong, is not unknown besides.
  EXPECT_EQ(checker.explain(R"({"a":"x"})").size(), 1U);
  EXPECT_EQ(checker.explain("[7]").front().instance, "/0");
}

TEST(Modern, AssertsFormatsOnlyWhenAsked) {
  const char* schema = R"({"format":"ipv4"})";
  EXPECT_TRUE(Checker(schema, kModern).fits("\"x\""));
  SchemaOptions asserting = kModern;
  asserting.formats = SchemaOptions::Formats::kAssert;
  EXPECT_FALSE(Checker(schema, asserting).fits("\"x\""));
  SchemaOptions ignoring;
  ignoring.formats = SchemaOptions::Formats::kIgnore;
  EXPECT_TRUE(Checker(schema, ignoring).fits("\"x\""));
  EXPECT_FALSE(Checker(schema).fits("\"x\""));
}

TEST(Dialects, AreNamedByTheSchema) {
  for (const char* uri :
       {"http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-06/schema",
        "https://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2019-09/schema",
        "https://json-schema.org/draft/2020-12/schema#"}) {
    EXPECT_EQ(refusal(R"({"$schema":")" + std::string(uri) + R"("})"), "") << uri;
  }
  expect_fits({
      {R"({"$schema":"http://json-schema.org/draft-04/schema#","minimum":1,"exclusiveMinimum":true})",
       {"2"},
       {"1"}},
      {R"({"$schema":"https://json-schema.org/draft/2019-09/schema","items":[true],
           "additionalItems":false})",
       {"[1]"},
       {"[1,2]"}},
      {R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$defs":{"old":{
           "$schema":"http://json-schema.org/draft-07/schema#","$id":"https://x.test/old",
           "items":[{"type":"null"}]}},"$ref":"https://x.test/old"})",
       {"[null,1]"},
       {"[1]"}},
  });
  SchemaOptions unknown;
  unknown.dialect = "https://x.test/";
  EXPECT_NE(refusal("true", unknown).find("as the default dialect"), std::string::npos);
}

TEST(Dialects, RefuseWhatTheyWouldIgnore) {
  EXPECT_NE(refusal(R"({"prefixItems":[true]})").find("belongs to a later draft and draft-07"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"items":[true]})", kModern).find("stand under \"prefixItems\""),
            std::string::npos);
  EXPECT_NE(refusal(R"({"$id":"a#b"})", kModern).find("name this place with \"$anchor\""),
            std::string::npos);
  EXPECT_NE(refusal(R"({"$anchor":"1a"})", kModern).find("a letter first"), std::string::npos);
  EXPECT_NE(refusal(R"({"$ref":"#"})", kModern).find("leads in a circle"), std::string::npos);
  EXPECT_NE(refusal(R"({"$ref":"#","type":"null"})", kModern).find("without end"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"$dynamicRef":"#"})", kModern).find("without end"), std::string::npos);
}

TEST(Dialects, KnowTheirMetaschemas) {
  struct Case {
    const char* uri;
    const char* wrong;
  };
  for (const Case& one : std::initializer_list<Case>{
           {"http://json-schema.org/draft-04/schema", R"({"minimum":1,"exclusiveMinimum":2})"},
           {"http://json-schema.org/draft-06/schema", R"({"const":1,"type":"x"})"},
           {"http://json-schema.org/draft-07/schema", R"({"properties":{"a":{"minLength":-1}}})"},
           {"https://json-schema.org/draft/2019-09/schema", R"({"allOf":[{"not":{"type":3}}]})"},
           {"https://json-schema.org/draft/2020-12/schema",
            R"({"$defs":{"a":{"prefixItems":[{"minContains":-1}]}}})"}}) {
    SCOPED_TRACE(one.uri);
    Checker checker(R"({"$ref":")" + std::string(one.uri) + R"("})");
    EXPECT_TRUE(checker.fits(R"({"type":"object","properties":{"a":{"minLength":1}}})"));
    EXPECT_FALSE(checker.fits(one.wrong));
    const auto failures = checker.explain(one.wrong);
    EXPECT_NE(failures.front().schema.find("json-schema.org/draft"), std::string::npos)
        << failures.front().schema;
  }
}

}  // namespace
}  // namespace sluice::testing
