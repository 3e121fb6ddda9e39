// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema/fixture.h"

// Large and odd schemas and records: what a colleague can write, and what an outsider can send.
namespace sluice::testing {
namespace {

constexpr int kMillion = 1'000'000;

std::string many(int count, const std::string& separator, const auto& make) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    if (i > 0) out += separator;
    out += make(i);
  }
  return out;
}

SchemaOptions modern() {
  SchemaOptions options;
  options.dialect = "2020-12";
  return options;
}

TEST(HostileRecords, NestedQuantifiersAgainstFiftyKilobytes) {
  const std::string text = "\"" + std::string(50'000, 'a') + "!\"";
  for (const char* pattern : {"^(a+)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "^(a|aa)+$", "(x+x+)+y",
                              "^(.*)*$", "^(\\\\w+\\\\s?)*$"}) {
    Checker checker(R"({"pattern":")" + std::string(pattern) + R"("})");
    const bool matches = std::string_view(pattern) == "^(.*)*$";
    EXPECT_EQ(checker.fits(text), matches) << pattern;
  }
  Checker names(
      R"({"patternProperties":{"^(a+)+$":false},"propertyNames":{"pattern":"^(a|aa)+!$"}})");
  EXPECT_TRUE(names.fits("{" + text + ":1}"));
}

TEST(HostileRecords, AMillionKeys) {
  const std::string text =
      "{" + many(kMillion, ",", [](int i) { return "\"k" + std::to_string(i) + "\":1"; }) + "}";
  Checker closed(R"({"properties":{"k1":true},"additionalProperties":false})");
  Document record;
  ASSERT_TRUE(closed.parse(text, record));
  EXPECT_FALSE(closed.fits(record));
  EXPECT_EQ(closed.explain(record, 10).size(), 10U);
  Checker open(R"({"patternProperties":{"^k[0-9]+$":{"type":"integer"}},"minProperties":1000000})");
  EXPECT_TRUE(open.fits(record));
  Checker unevaluated(R"({"allOf":[{"patternProperties":{"^k":true}}],
                          "anyOf":[{"properties":{"k5":{"const":2}}},{"required":["k999999"]}],
                          "unevaluatedProperties":false})",
                      modern());
  EXPECT_TRUE(unevaluated.fits(record));
}

TEST(HostileRecords, AMillionItems) {
  const std::string text = "[" + many(kMillion, ",", [](int i) { return std::to_string(i); }) + "]";
  Checker unique(R"({"uniqueItems":true,"items":{"minimum":0},"contains":{"const":999999}})");
  Document record;
  ASSERT_TRUE(unique.parse(text, record));
  EXPECT_TRUE(unique.fits(record));
  const std::string twin_text = text.substr(0, text.size() - 1) + ",5e5]";
  Document twin;
  ASSERT_TRUE(unique.parse(twin_text, twin));
  EXPECT_FALSE(unique.fits(twin));
  EXPECT_EQ(unique.explain(twin).front().found, "items 500000 and 1000000 to be equal");
  // A record is not refused for its size: the steps it may take grow with it.
  Checker thorough(R"({"items":{"allOf":[true,true,true,true,true,true,true,true]}})");
  EXPECT_TRUE(thorough.fits(record));
}

TEST(HostileRecords, AMillionFailuresAreNotAllListed) {
  const std::string record = "[" + many(kMillion, ",", [](int) { return "0"; }) + "]";
  Checker checker(R"({"items":{"minimum":1}})");
  EXPECT_EQ(checker.explain(record, 100).size(), 100U);
}

TEST(HostileRecords, AsDeepAsTheBoundThroughTheLongestWay) {
  // Each level goes through marks, members, choices and what depends on a member.
  Checker checker(R"({"dependentSchemas":{"a":{"anyOf":[{"oneOf":[{"properties":{"a":{"$ref":"#"}},
      "unevaluatedProperties":false}]}]}},"unevaluatedProperties":false})",
                  modern());
  const auto nested = [](int depth) {
    std::string record;
    for (int i = 0; i < depth; ++i) record += R"({"a":)";
    return record + "{}" + std::string(static_cast<size_t>(depth), '}');
  };
  EXPECT_TRUE(checker.fits(nested(200)));
  EXPECT_FALSE(checker.fits(nested(4000)));
  EXPECT_FALSE(checker.explain(nested(4000)).empty());
}

TEST(HostileSchemas, TenMegabytesOfMembers) {
  std::string schema = R"({"properties":{)";
  schema += many(110'000, ",", [](int i) {
    return "\"member_" + std::to_string(i) +
           R"(":{"type":["string","null"],"minLength":1,"maxLength":64,"description":"padding, padding"})";
  });
  schema += R"(},"required":["member_99999"],"additionalProperties":false})";
  ASSERT_GT(schema.size(), 10'000'000U);
  Checker checker(schema);
  EXPECT_TRUE(checker.fits(R"({"member_99999":"x","member_0":null})"));
  EXPECT_FALSE(checker.fits(R"({"member_99999":""})"));
  EXPECT_EQ(checker.explain(R"({"member_99999":""})").front().schema,
            "/properties/member_99999/minLength");
}

TEST(HostileSchemas, OneLongNameAboveManySchemas) {
  // A pointer is made for what is spoken of, not for each of a hundred thousand places.
  std::string schema = R"({"properties":{")" + std::string(4U << 20U, 'n') + R"(":{"properties":{)";
  schema += many(100'000, ",", [](int i) { return "\"" + std::to_string(i) + "\":true"; });
  Checker checker(schema + "}}}}");
  EXPECT_TRUE(checker.fits("{}"));
}

TEST(HostileSchemas, ManyValuesToChooseFrom) {
  Checker checker("{\"enum\":[" +
                  many(300'000, ",", [](int i) { return "\"v" + std::to_string(i) + "\""; }) +
                  "]}");
  EXPECT_TRUE(checker.fits("\"v299999\""));
  EXPECT_FALSE(checker.fits("\"v300000\""));
  EXPECT_LT(checker.explain("1").front().message.size(), 400U);
}

TEST(HostileSchemas, DeepAllOf) {
  std::string nested = "true";
  for (int i = 0; i < 120; ++i) nested = R"({"allOf":[)" + nested + "]}";
  EXPECT_TRUE(Checker(nested).fits("1"));
  for (int i = 0; i < 200; ++i) nested = R"({"allOf":[)" + nested + "]}";
  EXPECT_NE(refusal(nested).find("nested deeper than 256 levels"), std::string::npos);
  // By references it can be deeper than any stack: the record is refused, nothing falls over.
  constexpr int kLinks = 50'000;
  const auto link = [](int i) {
    return "\"d" + std::to_string(i) + R"(":{"allOf":[{"$ref":"#/definitions/d)" +
           std::to_string(i + 1) + "\"}]}";
  };
  Checker chain(R"({"$ref":"#/definitions/d0","definitions":{)" + many(kLinks, ",", link) + ",\"d" +
                std::to_string(kLinks) + R"(":true}})");
  EXPECT_FALSE(chain.fits("1"));
  EXPECT_NE(chain.explain("1").front().message.find("so it is refused"), std::string::npos);
}

TEST(HostileSchemas, CirclesOfReferences) {
  const auto link = [](int i) {
    return "\"d" + std::to_string(i) + R"(":{"$ref":"#/definitions/d)" +
           std::to_string((i + 1) % 10'000) + "\"}";
  };
  const std::string circle =
      R"({"items":{"$ref":"#/definitions/d7"},"definitions":{)" + many(10'000, ",", link) + "}}";
  EXPECT_NE(refusal(circle).find("leads in a circle"), std::string::npos);
  const auto in_place = [](int i) {
    return "\"d" + std::to_string(i) + R"(":{"anyOf":[{"$ref":"#/$defs/d)" +
           std::to_string((i + 1) % 10'000) + "\"},true]}";
  };
  EXPECT_NE(
      refusal("{\"$defs\":{" + many(10'000, ",", in_place) + "}}", modern()).find("without end"),
      std::string::npos);
  // Through what evaluation came by, which nobody can know beforehand: bounded all the same.
  Checker dynamic(R"({"$id":"https://x.test/a","$dynamicAnchor":"m","anyOf":[{"$ref":"b"}],"$defs":{
                      "b":{"$id":"b","$dynamicRef":"#m","$defs":{"c":{"$dynamicAnchor":"m"}}}}})",
                  modern());
  EXPECT_FALSE(dynamic.fits("1"));
  EXPECT_FALSE(dynamic.explain("1").empty());
}

TEST(HostileSchemas, NumbersBeyondAllMeasure) {
  Checker counts(R"({"minLength":99999999999999999999,"minItems":1e300,"minProperties":1e19})");
  EXPECT_FALSE(counts.fits("\"x\""));
  EXPECT_FALSE(counts.fits("[1]"));
  EXPECT_FALSE(counts.fits("{}"));
  EXPECT_TRUE(Checker(R"({"maxLength":1e300})").fits("\"x\""));
  Checker divisor(R"({"multipleOf":1e-300})");
  EXPECT_TRUE(divisor.fits("1e300"));
  EXPECT_TRUE(divisor.fits("123456789.123456789"));
  EXPECT_FALSE(divisor.fits("1e-301"));
  EXPECT_TRUE(Checker(R"({"multipleOf":1e-999999999999999999999})").fits("1"));
  EXPECT_FALSE(Checker(R"({"minimum":1e999999999})").fits("1" + std::string(100'000, '0')));
  const std::string digits(1'000'000, '7');
  EXPECT_TRUE(Checker(R"({"multipleOf":7})").fits(digits));
  EXPECT_TRUE(Checker("{\"const\":" + digits + "}").fits(digits + ".0"));
}

TEST(HostileSchemas, PatternsAreBoundedTogether) {
  const std::string schema =
      "{\"anyOf\":[" +
      many(3000, ",",
           [](int i) { return R"({"pattern":"[a-z]{900}[^b]{99})" + std::to_string(i) + "\"}"; }) +
      "]}";
  EXPECT_NE(refusal(schema).find("grow too large together"), std::string::npos);
  const std::string alike =
      "{\"anyOf\":[" + many(3000, ",", [](int) { return R"({"pattern":"[a-z]{900}"})"; }) + "]}";
  EXPECT_TRUE(Checker(alike).fits("1"));
}

TEST(HostileSchemas, ManyIdsAnchorsAndFragments) {
  const std::string schema = "{\"$id\":\"https://x.test/\",\"$defs\":{" +
                             many(20'000, ",",
                                  [](int i) {
                                    const std::string n = std::to_string(i);
                                    return "\"a" + n + "\":{\"$id\":\"r" + n +
                                           "\",\"$anchor\":\"x\",\"items\":{\"$ref\":\"r" +
                                           std::to_string((i + 1) % 20'000) + "#x\"}}";
                                  }) +
                             "},\"$ref\":\"r0\"}";
  EXPECT_TRUE(Checker(schema, modern()).fits("[[[[1]]]]"));
}

}  // namespace
}  // namespace sluice::testing
