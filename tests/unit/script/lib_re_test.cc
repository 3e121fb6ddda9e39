// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

class LibReTest : public ScriptTest {
 protected:
  // What an expression list gives, as text joined by ",".
  std::string value(const std::string& expression) {
    return transform(
        "local function show(...) local t = {} for i = 1, select('#', ...) do "
        "local v = select(i, ...) t[i] = type(v) == 'table' and sluice.json.encode(v) or "
        "tostring(v) end return table.concat(t, ',') end return sluice.array{show(" +
            expression + ")}",
        R"({"list":[]})");
  }
};

TEST_F(LibReTest, MatchGivesGroupsOrTheWhole) {
  EXPECT_EQ(value(R"~(sluice.re.match("2026-11-26", [[(\d+)-(\d+)]]))~"), R"(["2026,11"])");
  EXPECT_EQ(value(R"~(sluice.re.match("say cheese", "ch\\w+"))~"), R"(["cheese"])");
  EXPECT_EQ(value(R"~(sluice.re.match("abc", "x"))~"), R"(["nil"])");
  EXPECT_EQ(value(R"~(sluice.re.match("ac", "(a)(b)?(c)"))~"), R"(["a,nil,c"])");
  EXPECT_EQ(value(R"~(sluice.re.match("aXbX", "(.)X", 2))~"), R"(["b"])");
  EXPECT_EQ(value(R"~(sluice.re.match("aXbX", "(.)X", -2))~"), R"(["b"])");
  EXPECT_EQ(value(R"~(sluice.re.match("abc", "", 5))~"), R"(["nil"])");
  EXPECT_EQ(value(R"~(sluice.re.match("abc", "^b", 2))~"), R"(["nil"])");
  EXPECT_EQ(value(R"~(sluice.re.match("MiXed", "(?i)mixed"))~"), R"(["MiXed"])");
  EXPECT_EQ(value(R"~(sluice.re.match("größe", "gr.ße"))~"), R"(["größe"])");
  EXPECT_EQ(value(R"~(sluice.re.match(1234, "\\d{2}"))~"), R"(["12"])");
}

TEST_F(LibReTest, FindGivesPlacesAndGroups) {
  EXPECT_EQ(value(R"~(sluice.re.find("hello world", "o (w)"))~"), R"(["5,7,w"])");
  EXPECT_EQ(value(R"~(sluice.re.find("hello", "l+"))~"), R"(["3,4"])");
  EXPECT_EQ(value(R"~(sluice.re.find("hello", "$"))~"), R"(["6,5"])");
  EXPECT_EQ(value(R"~(sluice.re.find("hello", "z"))~"), R"(["nil"])");
}

TEST_F(LibReTest, TestAnswersWhetherItOccurs) {
  EXPECT_EQ(value(R"~(sluice.re.test("a1", "\\d"), sluice.re.test("ab", "\\d"))~"),
            R"(["true,false"])");
}

TEST_F(LibReTest, NamedGroupsBecomeATable) {
  EXPECT_EQ(value(R"~(sluice.re.groups("1010 Wien", "(?P<zip>\\d+) (?P<city>\\w+)(?P<x>x)?"))~"),
            R"(["{\"city\":\"Wien\",\"zip\":\"1010\"}"])");
  EXPECT_EQ(value(R"~(sluice.re.groups("-", "(?P<zip>\\d+)"))~"), R"(["nil"])");
  EXPECT_THAT(value(R"~(sluice.re.groups("-", "(\\d+)"))~"), HasSubstr("write (?P<name>...)"));
}

TEST_F(LibReTest, GmatchVisitsEveryMatch) {
  const auto all = [&](const std::string& arguments) {
    return transform("local t = sluice.array() for a, b in sluice.re.gmatch(" + arguments +
                         ") do t[#t + 1] = b and a .. ':' .. b or a end return t",
                     "{}");
  };
  EXPECT_EQ(all(R"~("k=v, x=y", "(\\w)=(\\w)")~"), R"(["k:v","x:y"])");
  EXPECT_EQ(all(R"~("baac", "a*")~"), R"(["","aa",""])");
  EXPECT_EQ(all(R"~("äö", "")~"), R"(["","",""])");
  EXPECT_EQ(all(R"~("", "x*")~"), R"([""])");
  EXPECT_EQ(all(R"~("abc", "^.")~"), R"(["a"])");
  EXPECT_EQ(all(R"~("aXbXc", "[^X]*")~"), R"(["a","b","c"])");
}

TEST_F(LibReTest, GsubReplacesByTextTableAndFunction) {
  EXPECT_EQ(value(R"~(sluice.re.gsub("a1b22", "\\d+", "<%0>"))~"), R"(["a<1>b<22>,2"])");
  EXPECT_EQ(value(R"~(sluice.re.gsub("John Smith", "(\\w+) (?P<last>\\w+)", "%{last}, %1 %%"))~"),
            R"(["Smith, John %,1"])");
  EXPECT_EQ(value(R"~(sluice.re.gsub("abc", "b", {b = "X"}))~"), R"(["aXc,1"])");
  EXPECT_EQ(
      value(R"~(sluice.re.gsub("abc", "(.)", function(c) if c == "b" then return 7 end end))~"),
      R"(["a7c,3"])");
  EXPECT_EQ(value(R"~(sluice.re.gsub("aaa", "a", "b", 2))~"), R"(["bba,2"])");
  EXPECT_EQ(value(R"~(sluice.re.gsub("ab", "", "-"))~"), R"(["-a-b-,3"])");
  EXPECT_EQ(value(R"~(sluice.re.gsub("ä", "", "-"))~"), R"(["-ä-,2"])");
  EXPECT_EQ(value(R"~(sluice.re.gsub("ac", "(a)(b)?", "%2%1"))~"), R"(["ac,1"])");
  EXPECT_EQ(value(R"~(sluice.re.gsub("ac", "a", 5))~"), R"(["5c,1"])");
  for (const char* bad : {"%", "%x", "%2", "%{none}", "%{", "%{}"}) {
    EXPECT_THAT(value(std::string("sluice.re.gsub('ac', '(a)', '") + bad + "')"),
                HasSubstr("sluice.re.gsub: "))
        << bad;
  }
  EXPECT_THAT(value("sluice.re.gsub('a', 'a', true)"),
              HasSubstr("expected a string, a table or a function as argument 3"));
  EXPECT_THAT(value("sluice.re.gsub('a', 'a', function() return {} end)"),
              HasSubstr("the replacement must be a string"));
}

TEST_F(LibReTest, SplitCutsAtMatches) {
  EXPECT_EQ(value(R"~(sluice.re.split("a, b ;c", "\\s*[,;]\\s*"))~"), R"(["[\"a\",\"b\",\"c\"]"])");
  EXPECT_EQ(value(R"~(sluice.re.split(",a,", ","))~"), R"(["[\"\",\"a\",\"\"]"])");
  EXPECT_EQ(value(R"~(sluice.re.split("a,b,c", ",", 2))~"), R"(["[\"a\",\"b,c\"]"])");
  EXPECT_EQ(value(R"~(sluice.re.split("abc", "x*"))~"), R"(["[\"abc\"]"])");
  EXPECT_EQ(value(R"~(sluice.re.split("", ","))~"), R"(["[\"\"]"])");
}

TEST_F(LibReTest, EscapedTextMeansItself) {
  EXPECT_EQ(value(R"~(sluice.re.test("a.b(c)", "^" .. sluice.re.escape("a.b(c)") .. "$"))~"),
            R"(["true"])");
}

TEST_F(LibReTest, ABadPatternIsNamed) {
  EXPECT_THAT(value("sluice.re.match('a', '(a')"),
              HasSubstr("sluice.re.match: the pattern \"(a\" is not valid: missing )"));
  EXPECT_THAT(value("sluice.re.test('a', 'a{2000}')"), HasSubstr("is not valid"));
  EXPECT_THAT(value("sluice.re.test('a', '(a)\\\\1')"), HasSubstr("is not valid"));
  EXPECT_THAT(value("sluice.re.test('a', '\\xff')"), HasSubstr("is not valid"));
  EXPECT_THAT(value("sluice.re.test('a', ('(a)'):rep(33))"), HasSubstr("more than 32"));
  EXPECT_THAT(value("sluice.re.test('a', ('a'):rep(5000))"), HasSubstr("at most 2048"));
  EXPECT_THAT(value("sluice.re.test('a', nil)"), HasSubstr("expected a string as argument 2"));
  EXPECT_THAT(value("sluice.re.test(r.none, 'a')"), HasSubstr("argument 1, found nil"));
}

TEST_F(LibReTest, HugePatternsAreRefused) {
  for (const char* pattern : {"((((a{100}){100}){100}){100})", "(\\\\pL{1000})",
                              "((x{30}){30}[\\\\pL\\\\pN]{1,500})", "(?i:[\\\\pL]{0,999})"}) {
    EXPECT_THAT(value(std::string("sluice.re.test('a', '") + pattern + "')"),
                HasSubstr("is not valid"))
        << pattern;
  }
  EXPECT_THAT(value("sluice.re.test('a', ('('):rep(1000) .. (')'):rep(1000))"),
              HasSubstr("TRANSFORM_ERROR"));
}

TEST_F(LibReTest, TextThatIsNotUtf8IsSearchedAllTheSame) {
  EXPECT_EQ(value("sluice.re.find('\\xff\\xfe12', '\\\\d+')"), R"(["3,4"])");
  EXPECT_EQ(value("#sluice.re.gsub('\\xff\\xfe', '', '-')"), R"(["5"])");
}

TEST_F(LibReTest, ATextTooLongForItsPatternIsRefusedBeforehand) {
  EXPECT_THAT(value("sluice.re.test(('a'):rep(20000000), '(a|b|c)*(d|e)*x')"),
              HasSubstr("is too long for the pattern"));
}

TEST_F(LibReTest, SearchesWithoutEndMeetTheTimeCap) {
  limits.cpu_us = 50'000;
  EXPECT_THAT(transform("local s = ('a'):rep(200000) "
                        "return {(sluice.re.gsub(s, 'a.*z|a', 'b'))}",
                        "{}"),
              HasSubstr("cpu_us"));
  EXPECT_THAT(
      transform("for i = 1, 1e9 do pcall(sluice.re.test, 'a', i .. '[\\\\pL]{20}(') end", "{}"),
      HasSubstr("(cpu_us)"));
}

TEST_F(LibReTest, MorePatternsThanTheCacheHolds) {
  EXPECT_EQ(transform(R"~(
      local n = 0
      for round = 1, 3 do
        for i = 1, 100 do if sluice.re.test("x" .. i, "^x" .. i .. "$") then n = n + 1 end end
      end
      local text = sluice.re.gsub("abc", "(.)", function(c)
        for i = 1, 100 do sluice.re.test(c, "y" .. i) end
        return c .. c
      end)
      return {n, text})~",
                      "{}"),
            R"([300,"aabbcc"])");
}

TEST_F(LibReTest, PatternsCountAgainstTheMemoryCap) {
  limits.memory_bytes = 1 << 20;
  EXPECT_THAT(value("sluice.re.test('a', 'a')"), HasSubstr("memory cap"));
  limits.memory_bytes = 2 << 20;
  limits.cpu_us = 10'000'000;
  EXPECT_EQ(transform(R"~(
      for i = 1, 300 do sluice.re.test("x", i .. "[\\pL]{2}") end
      return {"done"})~",
                      "{}"),
            R"(["done"])");
}

}  // namespace
}  // namespace sluice
