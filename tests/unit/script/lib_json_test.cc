// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

class LibJsonTest : public ScriptTest {
 protected:
  // The JSON text in r.t, decoded and returned as the record's member v.
  std::string decoded(const std::string& json) {
    std::string quoted = "\"";
    for (const char c : json) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    return transform("return {v = sluice.json.decode(r.t)}", "{\"t\":" + quoted + "\"}");
  }
};

TEST_F(LibJsonTest, TextComesBackAsItWas) {
  for (const char* json :
       {"{}", "[]", "null", "true", "false", "0", "-1", "9223372036854775807",
        "-9223372036854775808", "1.5", "\"\"", "\"a\\\"b\"", "[[],{},[[1]],null]",
        R"({"a":{"b":[1,2,{"c":[]}]},"d":""})", "[0.1,1e+300]"}) {
    EXPECT_EQ(decoded(json), std::string("{\"v\":") + json + "}");
  }
}

TEST_F(LibJsonTest, DecodedValuesArePlainLua) {
  EXPECT_EQ(transform(R"(
      local v = sluice.json.decode('{"id":9007199254740993,"none":null,"list":[]}')
      v.id = v.id + 1
      v.list[1] = "x"
      v.new = {math.type(v.id), tostring(v.none == sluice.null), type(v)}
      return v)",
                      "{}"),
            R"({"id":9007199254740994,"list":["x"],"new":["integer","true","table"],"none":null})");
}

TEST_F(LibJsonTest, BrokenTextIsAnErrorThatSaysWhere) {
  EXPECT_THAT(decoded("{\"a\":}"), HasSubstr("t.lua:2: sluice.json.decode: "));
  EXPECT_THAT(decoded("{\"a\":}"), HasSubstr("(at byte 5 of 6)"));
  EXPECT_THAT(decoded("[1,]"), HasSubstr("TRANSFORM_ERROR"));
  EXPECT_THAT(decoded(""), HasSubstr("TRANSFORM_ERROR"));
  EXPECT_THAT(decoded("{\"a\":1,\"a\":2}"), HasSubstr("TRANSFORM_ERROR"));
  EXPECT_THAT(transform("return {sluice.json.decode('\"\\xff\"')}", "{}"),
              HasSubstr("TRANSFORM_ERROR"));
  EXPECT_THAT(transform("return {sluice.json.decode(r.none)}", "{}"),
              HasSubstr("expected a string as argument 1, found nil"));
  EXPECT_THAT(transform("return {sluice.json.decode(r)}", "{}"), HasSubstr("a part of the record"));
  EXPECT_EQ(transform("return {ok = (pcall(sluice.json.decode, '['))}", "{}"), R"({"ok":false})");
}

TEST_F(LibJsonTest, DeepTextIsRefusedNotFollowed) {
  EXPECT_THAT(transform("return {sluice.json.decode(('['):rep(100000))}", "{}"),
              HasSubstr("sluice.json.decode: "));
  EXPECT_THAT(transform("return {v = sluice.json.decode(('['):rep(100) .. (']'):rep(100))}", "{}"),
              HasSubstr("[[[["));
}

TEST_F(LibJsonTest, LargeTextMeetsTheMemoryCap) {
  limits.memory_bytes = 8 << 20;
  EXPECT_THAT(transform("return {#sluice.json.decode('[' .. ('1,'):rep(262000) .. '1]')}", "{}"),
              HasSubstr("memory cap"));
  EXPECT_THAT(transform("return {#sluice.json.decode('[' .. ('1,'):rep(400000) .. '1]')}", "{}"),
              HasSubstr("sluice.json.decode: "));
}

TEST_F(LibJsonTest, EncodesPartsOfTheRecordTablesAndScalars) {
  EXPECT_EQ(transform(R"(
      r.b.x = 2
      return {sluice.json.encode(r), sluice.json.encode(r.b), sluice.json.encode({z = 1, a = r.b.l}),
              sluice.json.encode("a\"\n"), sluice.json.encode(3.0), sluice.json.encode(-7),
              sluice.json.encode(true), sluice.json.encode(sluice.null),
              sluice.json.encode(sluice.array()), sluice.json.encode({})})",
                      R"({"a": 1.50,"b":{"l":[1, 2]}})"),
            R"(["{\"a\": 1.50,\"b\":{\"l\":[1, 2],\"x\":2}}","{\"l\":[1, 2],\"x\":2}",)"
            R"("{\"a\":[1, 2],\"z\":1}","\"a\\\"\\n\"","3.0","-7","true","null","[]","{}"])");
}

TEST_F(LibJsonTest, IndentsOverSeveralLines) {
  EXPECT_EQ(
      transform("return {t = sluice.json.encode(r, {indent = 2})}",
                R"({"a":[1, {}],"e": [ ],"s":"x: {,}\" y"})"),
      R"({"t":"{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"e\": [],\n  \"s\": \"x: {,}\\\" y\"\n}"})");
  EXPECT_EQ(transform("return {sluice.json.encode({1}, {indent = 0})}", "{}"), R"(["[1]"])");
  EXPECT_THAT(transform("return {sluice.json.encode(r, {indent = 11})}", "{}"),
              HasSubstr("'indent' must be a whole number from 0 to 10"));
  EXPECT_THAT(transform("return {sluice.json.encode(r, {ident = 1})}", "{}"),
              HasSubstr("unknown option 'ident'"));
}

TEST_F(LibJsonTest, WhatJsonLacksIsAnErrorWithItsPlace) {
  EXPECT_THAT(transform("return {sluice.json.encode({a = {0/0}})}", "{}"),
              HasSubstr("sluice.json.encode: at /a/0: not a number (NaN)"));
  EXPECT_THAT(transform("return {sluice.json.encode(1/0)}", "{}"), HasSubstr("infinite"));
  EXPECT_THAT(transform("return {sluice.json.encode({a = print or type})}", "{}"),
              HasSubstr("at /a: a function"));
  EXPECT_THAT(transform("return {sluice.json.encode({[1.5] = 1})}", "{}"),
              HasSubstr("a member name must be a string"));
  EXPECT_THAT(transform("return {sluice.json.encode('\\xff')}", "{}"),
              HasSubstr("not valid UTF-8"));
  EXPECT_THAT(transform("return {sluice.json.encode(nil)}", "{}"), HasSubstr("found nil"));
  EXPECT_THAT(transform("return {sluice.json.encode(meta)}", "{}"),
              HasSubstr("meta, or a verdict"));
  EXPECT_THAT(transform("local t = {} t.t = t return {sluice.json.encode(t)}", "{}"),
              HasSubstr("contains itself"));
}

TEST_F(LibJsonTest, AnEncodeInTheMiddleOfAResultLeavesItAlone) {
  EXPECT_EQ(transform("sluice.emit({a = sluice.json.encode(r)}) r.n = sluice.json.encode({r.n}) "
                      "return r",
                      R"({"n":1})"),
            R"({"a":"{\"n\":1}"}|{"n":"[1]"})");
}

TEST_F(LibJsonTest, HugeResultsMeetTheirLimits) {
  EXPECT_THAT(transform("return {sluice.json.encode(('x'):rep(2000000))}", "{}"),
              HasSubstr("limit output_bytes"));
  // Half a million lines, each with a thousand spaces in front.
  EXPECT_THAT(transform("local t = ('['):rep(100) .. ('1,'):rep(250000) .. '1' .. (']'):rep(100) "
                        "return {#sluice.json.encode(sluice.json.decode(t), {indent = 10})}",
                        "{}"),
              HasSubstr("its"));
}

TEST_F(LibJsonTest, WorksWhileTheScriptLoads) {
  load(R"(local config = sluice.json.decode('{"rate":[1,2]}')
          local text = sluice.json.encode(config)
          function init() text = sluice.json.encode({config}) .. text end
          function transform(r) return {text = text, rate = config.rate} end)");
  EXPECT_EQ(run("{}"), R"({"rate":[1,2],"text":"[{\"rate\":[1,2]}]{\"rate\":[1,2]}"})");
}

TEST_F(LibJsonTest, EmittingWhileTheScriptLoadsIsRefused) {
  EXPECT_THAT(load_error("sluice.emit({}) function transform(r) return r end"),
              HasSubstr("t.lua:1: sluice.emit while the script loads"));
  EXPECT_THAT(load_error("function init() sluice.emit({}) end function transform(r) return r end"),
              HasSubstr("sluice.emit while the script loads"));
}

}  // namespace
}  // namespace sluice
