// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema/fixture.h"

namespace sluice::testing {
namespace {

void run(const std::vector<FitCase>& cases) { expect_fits(cases); }

TEST(Keywords, ConstrainTypes) {
  run({
      {R"({"type":"null"})", {"null"}, {"0", "false", "\"\"", "[]", "{}"}},
      {R"({"type":"boolean"})", {"true", "false"}, {"0", "null", "\"true\""}},
      {R"({"type":"number"})", {"0", "-1.5", "1e400", "1"}, {"\"1\"", "true", "null"}},
      {R"({"type":"string"})", {"\"\"", "\"x\""}, {"1", "null", "[]"}},
      {R"({"type":"array"})", {"[]", "[1]"}, {"{}", "\"\""}},
      {R"({"type":"object"})", {"{}", R"({"a":1})"}, {"[]", "null"}},
      {R"({"type":["integer","null"]})", {"1", "null", "2.0"}, {"1.5", "\"1\"", "false"}},
      {R"({})", {"1", "null", "{}"}, {}},
      {"true", {"1", "null", "{}"}, {}},
      {"false", {}, {"1", "null", "{}"}},
  });
}

TEST(Keywords, TakeWholeNumbersOfAnySizeAndSpellingAsIntegers) {
  run({{R"({"type":"integer"})",
        {"0", "-0", "1", "1.0", "1.50e1", "1e3", "-2.0", "9223372036854775808",
         "18446744073709551616", "123456789012345678901234567890", "1e400", "100e-2", "0.0",
         "0e-9"},
        {"0.5", "1.5", "1e-1", "12345678901234567890.5", "1e-400", "0.1e0"}}});
}

TEST(Keywords, CompareNumbersExactly) {
  run({
      {R"({"minimum":0})", {"0", "-0", "0.0", "1", "\"x\"", "1e-400"}, {"-1", "-1e-400", "-0.1"}},
      {R"({"maximum":9223372036854775807})",
       {"9223372036854775807", "9223372036854775806.9"},
       {"9223372036854775808", "9223372036854775807.1", "1e19"}},
      {R"({"minimum":9007199254740993})", {"9007199254740993"}, {"9007199254740992"}},
      {R"({"exclusiveMinimum":1.5})", {"1.6", "2"}, {"1.5", "1.50", "15e-1", "1"}},
      {R"({"exclusiveMaximum":-3})", {"-4", "-3.1"}, {"-3", "-3.0", "0"}},
      {R"({"maximum":1e400})", {"1e400", "1e399", "-1e999"}, {"1e401", "10e400"}},
      {R"({"multipleOf":2})", {"4", "0", "-6", "4.0", "1e400", "\"x\""}, {"3", "2.5", "-1"}},
      {R"({"multipleOf":0.01})", {"1.23", "0", "100", "123456789.01"}, {"1.234", "0.001"}},
      {R"({"multipleOf":1e-300})", {"1", "1e-300", "1e308", "0"}, {"1e-301", "15e-301"}},
      {R"({"multipleOf":1e300})", {"1e300", "3e301", "0"}, {"1", "1e299"}},
      {R"({"multipleOf":7})",
       {"777777777777777777777777777777", "7e100"},
       {"777777777777777777777777777778", "1e100"}},
  });
}

TEST(Keywords, ConstrainStrings) {
  run({
      {R"({"minLength":2})",
       {"\"ab\"", "\"\\u00e9\\u00e9\"", "1"},
       {"\"a\"", "\"\\u00e9\"", "\"\""}},
      {R"({"maxLength":2})",
       {"\"ab\"", "\"\xC3\xA9\xC3\xA9\"", "\"\\ud83d\\ude00x\""},
       {"\"abc\""}},
      {R"({"minLength":2,"maxLength":3})",
       {"\"\xF0\x9F\x98\x80\xF0\x9F\x98\x80\""},
       {"\"\xF0\x9F\x98\x80\"", "\"abcd\""}},
      {R"({"maxLength":2.0})", {"\"ab\""}, {"\"abc\""}},
      {R"({"pattern":"^evt_[0-9]+$"})", {"\"evt_1\"", "7"}, {"\"EVT-1\"", "\"evt_1\\n\"", "\"\""}},
      {R"({"pattern":"b"})", {"\"abc\"", "\"\\u0062\""}, {"\"ac\""}},
      {R"({"format":"date-time"})",
       {"\"2026-01-02T03:04:05Z\"", "5", "\"2026-01-02T03:04:05.123+02:00\""},
       {"\"2026-13-02T03:04:05Z\"", "\"yesterday\""}},
      {R"({"format":"no such format"})", {"\"anything\""}, {}},
  });
}

TEST(Keywords, ConstrainArrays) {
  run({
      {R"({"items":{"type":"integer"}})", {"[]", "[1,2]", "{}"}, {"[1,\"2\"]"}},
      {R"({"items":[{"type":"integer"},{"type":"string"}]})",
       {"[]", "[1]", "[1,\"a\"]", "[1,\"a\",null]"},
       {"[\"a\"]", "[1,2]"}},
      {R"({"items":[{"type":"integer"}],"additionalItems":false})", {"[]", "[1]"}, {"[1,2]"}},
      {R"({"items":[true],"additionalItems":{"type":"null"}})", {"[1]", "[1,null]"}, {"[1,2]"}},
      {R"({"items":{"type":"integer"},"additionalItems":false})", {"[1,2,3]"}, {"[null]"}},
      {R"({"additionalItems":false})", {"[1,2,3]"}, {}},
      {R"({"items":false})", {"[]"}, {"[1]"}},
      {R"({"minItems":1,"maxItems":2})", {"[1]", "[1,2]", "\"\""}, {"[]", "[1,2,3]"}},
      {R"({"contains":{"minimum":5}})", {"[1,5]", "\"x\""}, {"[1,2]", "[]"}},
      {R"({"uniqueItems":false})", {"[1,1]"}, {}},
  });
}

TEST(Keywords, FindEqualItemsHoweverTheyAreSpelled) {
  run({{R"({"uniqueItems":true})",
        {"[]", "[1]", "[1,2,\"1\",true,null,[1],{\"a\":1}]", "[{\"a\":1},{\"a\":2}]",
         "[[1,2],[2,1]]", "[0,false,\"\",null,[],{}]", "[{\"a\":1,\"b\":2},{\"a\":2,\"b\":1}]",
         "[\"a\",\"A\"]", "[[\"ab\"],[\"a\",\"b\"]]", "[1,-1]", "[1,10,100]"},
        {"[1,1]", "[1,1.0]", "[100,1e2]", "[\"a\",\"\\u0061\"]",
         "[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1.0}]", "[[1,[2]],[1,[2]]]", "[null,null]", "[0,-0]",
         "[{},{}]"}}});
}

TEST(Keywords, ConstrainObjects) {
  run({
      {R"({"required":["a","b"]})", {R"({"a":1,"b":2,"c":3})", "[]"}, {R"({"a":1})", "{}"}},
      {R"({"required":["\u00e9"]})", {R"({"\u00e9":1})", "{\"\xC3\xA9\":1}"}, {R"({"e":1})"}},
      {R"({"properties":{"a":{"type":"string"},"n":{"type":"null"}}})",
       {R"({"a":"x"})", "{}", R"({"b":1})", R"({"n":null,"a":""})"},
       {R"({"a":1})", R"({"\u0061":1})"}},
      {R"({"properties":{"a":true},"additionalProperties":false})",
       {"{}", R"({"a":1})"},
       {R"({"b":1})", R"({"a":1,"b":1})"}},
      {R"({"properties":{"a":true},"additionalProperties":{"type":"integer"}})",
       {R"({"a":"x","b":1})"},
       {R"({"b":"x"})"}},
      {R"({"properties":{"a":false}})", {R"({"b":1})"}, {R"({"a":1})"}},
      {R"({"patternProperties":{"^x_":{"type":"integer"}},"additionalProperties":false})",
       {R"({"x_a":1})"},
       {R"({"x_a":"1"})", R"({"y":1})"}},
      {R"({"properties":{"xa":{"minimum":5}},"patternProperties":{"^x":{"maximum":7}}})",
       {R"({"xa":6})", R"({"xb":1})"},
       {R"({"xa":4})", R"({"xa":8})", R"({"xb":9})"}},
      {R"({"propertyNames":{"maxLength":2}})", {R"({"ab":1})", "{}"}, {R"({"abc":1})"}},
      {R"({"minProperties":1,"maxProperties":2})",
       {R"({"a":1})"},
       {"{}", R"({"a":1,"b":2,"c":3})"}},
      {R"({"dependencies":{"a":["b"],"c":{"required":["d"]}}})",
       {"{}", R"({"a":1,"b":1})", R"({"c":1,"d":1})", "5"},
       {R"({"a":1})", R"({"c":1})"}},
      {R"({"dependentRequired":{"a":["b"]},"dependentSchemas":{"c":{"required":["d"]}}})",
       {R"({"a":1,"b":1})"},
       {R"({"a":1})", R"({"c":1})"}},
  });
}

TEST(Keywords, CompareWithGivenValues) {
  run({
      {R"({"enum":["low",1,null,{"a":[1,2]},12345678901234567890123]})",
       {"\"low\"", "\"l\\u006fw\"", "1", "1.0", "null", R"({"a":[1.0,2]})",
        "12345678901234567890123"},
       {"\"Low\"", "2", "false", R"({"a":[2,1]})", "12345678901234567890124", "\"1\""}},
      {R"({"enum":["a","b","c","d","e","f","g","h","i","j","k","l","m","n","o","p","q","r"]})",
       {"\"a\"", "\"r\"", "\"\\u0072\""},
       {"\"s\"", "1"}},
      {R"({"const":{"a":1}})", {R"({"a":1.0})"}, {R"({"a":1,"b":2})", "{}"}},
      {R"({"const":1,"enum":[1,2]})", {"1"}, {"2"}},
      {R"({"const":false})", {"false"}, {"0", "null"}},
  });
}

TEST(Keywords, CombineSchemas) {
  run({
      {R"({"allOf":[{"minimum":1},{"maximum":3}]})", {"2"}, {"0", "4"}},
      {R"({"anyOf":[{"type":"string"},{"minimum":3}]})", {"\"a\"", "3", "null"}, {"2"}},
      {R"({"oneOf":[{"multipleOf":2},{"multipleOf":3}]})", {"2", "3"}, {"6", "5"}},
      {R"({"not":{"type":"string"}})", {"1"}, {"\"a\""}},
      {R"({"if":{"minimum":10},"then":{"multipleOf":10},"else":{"maximum":5}})",
       {"20", "3"},
       {"15", "7"}},
      {R"({"if":{"minimum":10},"then":{"multipleOf":10}})", {"20", "7"}, {"15"}},
      {R"({"then":false,"else":false})", {"1"}, {}},
  });
}

TEST(Keywords, FollowReferences) {
  run({
      {R"({"$ref":"#/definitions/a","type":"string","definitions":{"a":{"type":"integer"}}})",
       {"1"},
       {"\"x\""}},
      {R"({"properties":{"next":{"$ref":"#"},"v":{"type":"integer"}},"required":["v"]})",
       {R"({"v":1,"next":{"v":2,"next":{"v":3}}})"},
       {R"({"v":1,"next":{"next":{"v":3}}})", R"({"v":1,"next":{"v":"2"}})"}},
      {R"({"items":{"$ref":"#/definitions/a~1b%25c"},"definitions":{"a/b%c":{"type":"null"}}})",
       {"[null]"},
       {"[1]"}},
      {R"({"items":{"$ref":"#pos"},"definitions":{"p":{"$id":"#pos","minimum":0}}})",
       {"[1]"},
       {"[-1]"}},
      {R"({"$id":"http://x.test/root.json","items":{"$ref":"item.json#/definitions/v"},
           "definitions":{"i":{"$id":"item.json","definitions":{"v":{"type":"integer"}}}}})",
       {"[1]"},
       {"[\"1\"]"}},
      {R"({"$id":"http://x.test/root.json","properties":{"a":{"$ref":"http://x.test/root.json#/definitions/i"}},
           "definitions":{"i":{"type":"integer"}}})",
       {R"({"a":1})"},
       {R"({"a":"1"})"}},
      {R"({"allOf":[{"$ref":"#/definitions/a"},{"$ref":"#/definitions/a"}],"definitions":{
           "a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/c"},"c":{"minimum":2}}})",
       {"2"},
       {"1"}},
      {R"({"properties":{"$ref":{"type":"integer"}}})", {R"({"$ref":1})"}, {R"({"$ref":"a"})"}},
  });
}

}  // namespace
}  // namespace sluice::testing
