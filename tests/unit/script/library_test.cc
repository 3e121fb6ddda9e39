// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <lua.hpp>

#include "runtime/script/time.h"
#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

class LibraryTest : public ScriptTest {
 protected:
  // What an expression list gives, as text joined by ",".
  static constexpr char kShow[] =
      "local function show(...) local t = {} for i = 1, select('#', ...) do "
      "t[i] = tostring((select(i, ...))) end return table.concat(t, ',') end\n";

  std::string here(const std::string& expression) {
    return transform(std::string(kShow) + "local ok, s = pcall(function() return show(" +
                         expression + ") end) return {ok and s or 'error'}",
                     "{}");
  }
  // The same in Lua as it comes.
  static std::string native(const std::string& expression) {
    lua_State* const L = luaL_newstate();
    luaL_openlibs(L);
    const std::string text = std::string(kShow) + "local ok, s = pcall(function() return show(" +
                             expression + ") end) return ok and s or 'error'";
    std::string result = "does not run";
    if (luaL_dostring(L, text.c_str()) == LUA_OK) result = lua_tostring(L, -1);
    lua_close(L);
    std::string json = "[";
    // Through a run, so that both are escaped alike.
    for (const char c : result) json += c;
    return json + "]";
  }
};

TEST_F(LibraryTest, PatternsMatchAsInLua) {
  const char* const texts[] = {"''",
                               "'a'",
                               "'hello world'",
                               "'  trim me  '",
                               "'key = value, k2=v2'",
                               "'THE (quick) fox'",
                               "'f(a(b)c)d(e)'",
                               "'2026-01-26T13:49:16'",
                               "'aaaaab'",
                               "'x^y$z.%'",
                               "'a,b,,c'",
                               "'[tag]'",
                               "'a-b-c'",
                               "'abcabc'"};
  const char* const patterns[] = {"''",
                                  "'a'",
                                  "'a*'",
                                  "'a+b'",
                                  "'a-b'",
                                  "'^%s*(.-)%s*$'",
                                  "'(%w+)'",
                                  "'%a+'",
                                  "'(%w+)%s*=%s*(%w+)'",
                                  "'%b()'",
                                  "'%f[%a]%a+'",
                                  "'()ll()'",
                                  "'[^,]*'",
                                  "'[a-c]+'",
                                  "'[%w_]+$'",
                                  "'^a'",
                                  "'%d%d%d%d%-(%d+)'",
                                  "'(a)(b)(c)%1%2%3'",
                                  "'%^y%$'",
                                  "'.'",
                                  "'.-'",
                                  "'[]]'",
                                  "'[^]]'",
                                  "'[a-]'",
                                  "'%'",
                                  "'['",
                                  "'[a'",
                                  "'(a'",
                                  "'a)'",
                                  "'%1'",
                                  "'%b'",
                                  "'%f'",
                                  "'x?y?z?'",
                                  "'%x+'",
                                  "'%S+'",
                                  "'^$'",
                                  "'$'",
                                  "'a$b'",
                                  "'()'",
                                  "'%u%l*'",
                                  "'[%a%-]+'",
                                  "'(.)(.)'"};
  int compared = 0;
  for (const char* text : texts) {
    for (const char* pattern : patterns) {
      const std::string call = std::string("(") + text + ", " + pattern;
      for (const std::string& expression :
           {"string.find" + call + ")", "string.match" + call + ", 2)",
            "string.find" + call + ", -3)", "string.gsub" + call + ", '<%0>')",
            "string.gsub" + call + ", '%%%1', 2)",
            "string.gsub" + call + ", {a = 'X', hello = false})",
            "string.gsub" + call + ", function(a, b) return b or (#a > 1 and a:upper()) end)",
            "(function() local t = {} for a, b in string.gmatch" + call +
                ") do t[#t + 1] = tostring(a) .. ':' .. tostring(b) end return table.unpack(t) "
                "end)()"}) {
        ASSERT_EQ(here(expression).substr(2, 1000), [&] {
          std::string n = native(expression);
          return n.substr(1, n.size() - 2) + "\"]";
        }()) << expression;
        ++compared;
      }
    }
  }
  EXPECT_EQ(compared, 14 * 42 * 8);
}

TEST_F(LibraryTest, RepIsAsInLua) {
  for (const char* expression :
       {"('ab'):rep(3)", "('ab'):rep(3, ',')", "('ab'):rep(0)", "('ab'):rep(-1)",
        "('ab'):rep(1, ',')", "(''):rep(5, '-')", "('x'):rep()"}) {
    const std::string n = native(expression);
    EXPECT_EQ(here(expression), "[\"" + n.substr(1, n.size() - 2) + "\"]") << expression;
  }
}

TEST_F(LibraryTest, TimesAreReadAndWritten) {
  EXPECT_EQ(transform("return {sluice.time.iso(r.ms), sluice.time.parse(r.t), sluice.time.iso(-1)}",
                      R"({"ms":1517966773840,"t":"2018-02-07T01:26:13.840Z"})"),
            R"(["2018-02-07T01:26:13.840Z",1517966773840,"1969-12-31T23:59:59.999Z"])");
  EXPECT_THAT(transform("return {sluice.time.iso(1e300)}", "{}"), HasSubstr("not a time"));
  EXPECT_THAT(transform("return {sluice.time.iso('x')}", "{}"),
              HasSubstr("expected a number of milliseconds"));
  EXPECT_THAT(transform("return {sluice.time.parse('yesterday')}", "{}"),
              HasSubstr("t.lua:2: sluice.time.parse: expected a time"));
  EXPECT_THAT(transform("return {sluice.time.parse(r.none)}", "{}"), HasSubstr("found \"nil\""));
}

TEST(TimeParse, KnowsRfc3339) {
  int64_t ms = 0;
  EXPECT_TRUE(script::parse_time_ms("1970-01-01T00:00:00Z", &ms));
  EXPECT_EQ(ms, 0);
  EXPECT_TRUE(script::parse_time_ms("1970-01-01 01:00:00.5+01:00", &ms));
  EXPECT_EQ(ms, 500);
  EXPECT_TRUE(script::parse_time_ms("2016-12-31t23:59:60z", &ms));
  EXPECT_EQ(ms, 1'483'228'800'000);
  EXPECT_TRUE(script::parse_time_ms("2024-02-29T00:00:00.123456789-00:30", &ms));
  EXPECT_EQ(ms, 1'709'166'600'123);
  for (const char* bad :
       {"", "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-01T24:00:00Z",
        "2023-01-01T00:60:00Z", "2023-01-01T00:00:61Z", "2023-01-01T00:00:00", "2023-01-01",
        "2023-01-01T00:00:00.Z", "2023-01-01T00:00:00Zx", "2023-01-01T00:00:00+1:00",
        "2023-01-01T00:00:00+24:00", "x023-01-01T00:00:00Z"}) {
    EXPECT_FALSE(script::parse_time_ms(bad, &ms)) << bad;
  }
}

}  // namespace
}  // namespace sluice
