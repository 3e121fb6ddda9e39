// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ResultTest = ScriptTest;

TEST_F(ResultTest, NilFilters) {
  EXPECT_EQ(transform("return nil", "{}"), "filtered");
  EXPECT_EQ(transform("", "{}"), "filtered");
  EXPECT_EQ(transform("return sluice.filter('too old')", "{}"), "filtered: too old");
}

TEST_F(ResultTest, RejectGivesItsCodeAndText) {
  EXPECT_EQ(transform("return sluice.reject('negative', 'total is ' .. r.t)", R"({"t":-1})"),
            "REJECTED_BY_SCRIPT: negative: total is -1");
  EXPECT_EQ(transform("return sluice.reject('bad')", "{}"), "REJECTED_BY_SCRIPT: bad");
  EXPECT_THAT(transform("return sluice.reject()", "{}"), HasSubstr("TRANSFORM_ERROR: t.lua:2:"));
}

TEST_F(ResultTest, OtherValuesAreErrors) {
  for (const char* value : {"5", "'text'", "true", "false", "print", "sluice.null", "meta",
                            "function() end", "meta.headers"}) {
    const std::string result = transform(std::string("return ") + value, "{}");
    if (std::string(value) == "print") {
      EXPECT_EQ(result, "filtered");  // there is no print: nil
    } else {
      EXPECT_THAT(result, StartsWith("TRANSFORM_ERROR: t.lua: transform returned")) << value;
    }
  }
}

TEST_F(ResultTest, EmittedPartsAndTheReturnedRecordAreDelivered) {
  EXPECT_EQ(transform("sluice.emit({a=1}); r.n = 1; sluice.emit(r); r.n = 2 return r", "{}"),
            R"({"a":1}|{"n":1}|{"n":2})");
  EXPECT_EQ(transform("sluice.emit(r.l) return nil", R"({"l":[1]})"), "[1]");
  EXPECT_EQ(transform("sluice.emit(r) return sluice.filter('x')", "{}"), "{}");
}

TEST_F(ResultTest, EmitTakesKeyAndSink) {
  EXPECT_EQ(
      transform("sluice.emit(r, {key='k', sink='pg'}); sluice.emit(r, {key=''}) return r", "{}"),
      "{}|{}|{}");
  EXPECT_TRUE(parts[0].has_key);
  EXPECT_EQ(parts[0].key, "k");
  EXPECT_EQ(parts[0].sink, "pg");
  EXPECT_TRUE(parts[1].has_key);
  EXPECT_EQ(parts[1].key, "");
  EXPECT_FALSE(parts[2].has_key);
  EXPECT_EQ(parts[2].sink, "");
  EXPECT_THAT(transform("sluice.emit(r, {kye='k'})", "{}"), HasSubstr("unknown option 'kye'"));
  EXPECT_THAT(transform("sluice.emit(r, {key=1})", "{}"), HasSubstr("'key' must be a string"));
  EXPECT_THAT(transform("sluice.emit(5)", "{}"), HasSubstr("t.lua:2: expected a record"));
  EXPECT_THAT(transform("sluice.emit(sluice.null)", "{}"), HasSubstr("found sluice.null"));
}

TEST_F(ResultTest, AnErrorAfterEmitDeliversNothing) {
  EXPECT_THAT(transform("sluice.emit(r) error('late')", "{}"), HasSubstr("t.lua:2: late"));
  EXPECT_EQ(transform("sluice.emit(r) return sluice.reject('r')", "{}"), "REJECTED_BY_SCRIPT: r");
  EXPECT_THAT(transform("sluice.emit(r) return 7", "{}"), HasSubstr("returned a number"));
}

TEST_F(ResultTest, ErrorsNameFileAndLine) {
  EXPECT_EQ(transform("local x = nil\nreturn x.y", "{}"),
            "TRANSFORM_ERROR: t.lua:3: attempt to index a nil value (local 'x')");
  EXPECT_THAT(transform("error({})", "{}"), HasSubstr("call error() with a string"));
  EXPECT_THAT(transform("return r.a + 1", R"({"a":{}})"), HasSubstr("t.lua:2: attempt to perform"));
}

TEST_F(ResultTest, ValuesThatAreNotJsonAreErrorsWithTheirPointer) {
  const struct {
    const char* body;
    const char* error;
  } cases[] = {
      {"return {a={b={0, 0/0}}}", "at /a/b/1: not a number (NaN)"},
      {"return {a=1/0}", "at /a: an infinite number"},
      {"return {a=print and 1 or transform}", "at /a: a function cannot"},
      {"return {f=function() end}", "at /f: a function cannot"},
      {"return {a='\\xff'}", "at /a: a string that is not valid UTF-8"},
      {"return {['\\xff']=1}", "a string that is not valid UTF-8"},
      {"return {1, 2, x=3}", "both a list and the member \"x\""},
      {"return {1, nil, 3}", "holes"},
      {"return {[1.5]=1}", "a member name must be a string, found a number"},
      {"return {[true]=1}", "a member name must be a string, found a boolean"},
      {"return {[0]=1}", "the number 0 as a key"},
      {"local t = {}; t.t = t; return t", "the result contains itself"},
      {"r.self = r return r", "the result contains itself"},
      {"r.a.up = r return r", "the result contains itself"},
      {"r.x = 0/0 return r", "t.lua:2: cannot set /x: JSON has no infinite"},
      {"r.a.x = 1/0 return r", "t.lua:2: cannot set /a/x: JSON has no infinite"},
      {"r.x = '\\xff' return r", "t.lua:2: cannot set /x: the string is not valid UTF-8"},
      {"r['\\xff'] = 1 return r", "not valid UTF-8"},
      {"r.x = transform return r", "t.lua:2: cannot set /x: a function cannot"},
      {"r.a['b/c'] = {d={0/0}} return r", "at /a/b~1c/d/0: not a number"},
      {"r.l[2].z = {0/0} return r", "at /l/1/z/0: not a number"},
  };
  for (const auto& c : cases) {
    const std::string result = transform(c.body, R"({"a":{},"l":[1,{}]})");
    EXPECT_THAT(result, StartsWith("TRANSFORM_ERROR: ")) << c.body;
    EXPECT_THAT(result, HasSubstr(c.error)) << c.body;
  }
}

TEST_F(ResultTest, NestingOfTheResultIsLimited) {
  limits.depth = 5;
  EXPECT_EQ(transform("return {{{{{1}}}}}", "{}"), "[[[[[1]]]]]");
  EXPECT_THAT(transform("return {{{{{{1}}}}}}", "{}"), HasSubstr("nested deeper than 5 levels"));
  EXPECT_THAT(transform("r.a.b = r.c return r", R"({"a":{},"c":[[[[1]]]]})"),
              HasSubstr("nested deeper than 5 levels"));
  EXPECT_EQ(transform("r.a = r.c return r", R"({"a":{},"c":[[[[1]]]]})"),
            R"({"a":[[[[1]]]],"c":[[[[1]]]]})");
}

TEST_F(ResultTest, OutputIsLimited) {
  limits.output_bytes = 100;
  EXPECT_EQ(transform("return {s = ('x'):rep(92)}", "{}").size(), 100U);
  EXPECT_THAT(transform("return {s = ('x'):rep(93)}", "{}"), HasSubstr("larger than 100 bytes"));
  EXPECT_THAT(transform("for i = 1, 9 do sluice.emit({s = 'xxxxx'}) end", "{}"),
              HasSubstr("output_bytes"));
  // Each level doubles: refused by size long before it is printed out.
  EXPECT_THAT(transform("local t = {1}; for i = 1, 100 do t = {t, t} end return t", "{}"),
              HasSubstr("output_bytes"));
}

TEST_F(ResultTest, EmittedRecordsAreLimited) {
  limits.emitted = 3;
  EXPECT_EQ(transform("for i = 1, 3 do sluice.emit({}) end", "{}"), "{}|{}|{}");
  EXPECT_THAT(transform("for i = 1, 4 do sluice.emit({}) end", "{}"),
              HasSubstr("more than 3 records"));
}

TEST_F(ResultTest, LogLinesAreLimitedAndDoNotFail) {
  limits.log_lines = 2;
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(transform("for i = 1, 50 do sluice.log('line', i, r) end return r", "{}"), "{}");
  const std::string lines = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, HasSubstr("line 2 object at"));
  EXPECT_EQ(lines.find("line 3"), std::string::npos);
  EXPECT_THAT(lines, HasSubstr("script.log_capped"));
}

TEST_F(ResultTest, ATableFromTheGlobalsCanBeReturned) {
  load(
      "DEFAULTS = {tags = {'a', 'b'}, none = sluice.array{}}\n"
      "function transform(r) r.d = DEFAULTS; r.n = #DEFAULTS.tags return r end");
  EXPECT_EQ(run("{}"), R"({"d":{"none":[],"tags":["a","b"]},"n":2})");
}

}  // namespace
}  // namespace sluice
