// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <chrono>

#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class SandboxTest : public ScriptTest {
 protected:
  SandboxTest() {
    limits.cpu_us = 20'000;
    limits.memory_bytes = 4 << 20;
    limits.instructions = 2'000'000;
  }
};

TEST_F(SandboxTest, WhatReachesOutDoesNotExist) {
  for (const char* name : {"os", "io", "package", "debug", "coroutine", "load", "loadfile",
                           "dofile", "loadstring", "collectgarbage", "print", "_G", "warn",
                           "module", "string.dump", "math.random", "math.randomseed"}) {
    EXPECT_EQ(transform(std::string("return {x = ") + name + " == nil}", "{}"), R"({"x":true})")
        << name;
  }
  EXPECT_THAT(transform("return os.execute('true')", "{}"),
              HasSubstr("t.lua:2: attempt to index a nil value (global 'os')"));
}

TEST_F(SandboxTest, EverythingListedExists) {
  for (const char* name :
       {"assert",         "error",        "ipairs",       "next",         "pairs",
        "pcall",          "xpcall",       "select",       "tonumber",     "tostring",
        "type",           "rawequal",     "rawlen",       "rawget",       "rawset",
        "setmetatable",   "getmetatable", "require",      "string.find",  "string.format",
        "string.gmatch",  "string.pack",  "table.concat", "table.unpack", "table.pack",
        "math.floor",     "math.type",    "utf8.char",    "utf8.codes",   "sluice.emit",
        "sluice.time.iso"}) {
    EXPECT_EQ(transform(std::string("return {x = type(") + name + ")}", "{}"),
              R"({"x":"function"})")
        << name;
  }
}

TEST_F(SandboxTest, AnEndlessLoopIsStopped) {
  EXPECT_THAT(transform("while true do end", "{}"),
              StartsWith("TRANSFORM_ERROR: t.lua:2: the script"));
  EXPECT_THAT(transform("local function f() return f() end return f()", "{}"),
              HasSubstr("the script"));
  limits.cpu_us = 1'000'000;
  EXPECT_THAT(transform("while true do end", "{}"), HasSubstr("2000000 instructions"));
  limits.instructions = UINT64_MAX;
  limits.cpu_us = 5'000;
  EXPECT_THAT(transform("while true do end", "{}"), HasSubstr("processor time"));
  limits.wall_us = 5'000;
  limits.cpu_us = 1'000'000;
  EXPECT_THAT(transform("while true do end", "{}"),
              HasSubstr("cap of 5000 microseconds (wall_us)"));
}

TEST_F(SandboxTest, TheDefaultCapsStopAnEndlessLoop) {
  limits = ScriptLimits{};
  load("function transform(r)\n  while r.loop do end\n  return r\nend");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run("{}"), "{}");
    EXPECT_THAT(run(R"({"loop":true})"), StartsWith("TRANSFORM_ERROR: t.lua:2: the script "));
  }
  EXPECT_THAT(load_error("while true do end"), HasSubstr("t.lua:1: the script"));
}

TEST_F(SandboxTest, MemoryBombsAreStopped) {
  limits.cpu_us = 2'000'000;
  limits.instructions = 100'000'000;
  limits.wall_us = 20'000'000;
  for (const char* body : {
           "local t = {} while true do t[#t + 1] = {} end",
           "local s = 'x' while true do s = s .. s end",
           "return {x = ('x'):rep(1e9)}",
           "return {x = ('x'):rep(1e18)}",
           "return {x = ('xy'):rep(1e7, ',')}",
           "local s = ('x'):rep(1e5); return {x = s:gsub('x', s)}",
           ("local t = {} for i = 1, 1e5 do t[i] = ('x'):rep(100) .. i end return {x = "
            "table.concat(t)}"),
           "local s = ('x'):rep(1e6); return {x = string.format('%s%s%s%s%s', s, s, s, s, s)}",
           "r.l = r.l; for i = 1, 1e7 do r.l[i + 1] = i end",
           "local s = ('x'):rep(1e5) for i = 1, 1e7 do r.s = s .. i end",
           "local t = {} for i = 1, 1e7 do t[i] = i end",
       }) {
    EXPECT_THAT(transform(body, R"({"l":[0]})"), HasSubstr("memory cap of 4194304 bytes")) << body;
    EXPECT_EQ(run("{}").substr(0, 15), "TRANSFORM_ERROR") << body;
  }
}

TEST_F(SandboxTest, NativeLoopsAreBounded) {
  for (const char* body : {
           "return {x = ('a'):rep(30):find(('a?'):rep(30) .. ('a'):rep(30) .. 'b')}",
           "return {x = ('a'):rep(5000):match('.-.-.-.-.-.-b')}",
           "return {x = ('a'):rep(5000):gsub('.-.-.-.-b', '')}",
           "for w in ('a'):rep(9000):gmatch('.-.-.-.-b') do end",
           "return {x = ('('):rep(100000):match('%b()%b()')}",
           "table.move({}, 1, math.maxinteger - 1, 2)",
           "table.insert(setmetatable({}, {__len = function() return 1 << 60 end}), 1, 1)",
           "table.remove(setmetatable({}, {__len = function() return 1 << 60 end}), 1)",
           "table.concat(setmetatable({}, {__index = function() return '' end}), '', 1, 1 << 60)",
           ("table.sort(setmetatable({}, {__len = function() return (1 << 31) - 2 end}), "
            "function() return false end)"),
           ("local a, b = ('x'):rep(1e6), ('x'):rep(1e6) while true do if a ~= b then return end "
            "end"),
           "while true do utf8.len(('x'):rep(100000)) end",
       }) {
    const auto start = std::chrono::steady_clock::now();
    const std::string result = transform(body, "{}");
    const auto spent = std::chrono::steady_clock::now() - start;
    EXPECT_THAT(result, AllOf(StartsWith("TRANSFORM_ERROR: t.lua:2: the script"))) << body;
    EXPECT_LT(spent, std::chrono::seconds(10)) << body;
  }
  EXPECT_EQ(transform("return {x = (''):rep(1 << 60)}", "{}"), R"({"x":""})");
}

TEST_F(SandboxTest, DeepRecursionIsAnError) {
  limits.memory_bytes = 64 << 20;
  limits.cpu_us = 5'000'000;
  EXPECT_THAT(transform("local function f(n) return 1 + f(n + 1) end return {x = f(0)}", "{}"),
              HasSubstr("stack overflow"));
  EXPECT_THAT(
      transform("local function f(s) return (s:gsub('.', f)) end return {x = f('a')}", "{}"),
      HasSubstr("stack overflow"));
  EXPECT_THAT(
      transform(
          "local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end "
          "return {x = t.x}",
          "{}"),
      HasSubstr("stack overflow"));
  EXPECT_THAT(transform("return {x = ('('):rep(300):find(('('):rep(300))}", "{}"),
              HasSubstr("TRANSFORM_ERROR"));
  EXPECT_THAT(load_error("return " + std::string(5000, '(') + "1" + std::string(5000, ')')),
              HasSubstr("t.lua: C stack overflow"));
}

TEST_F(SandboxTest, ACapCannotBeCaught) {
  for (const char* body : {
           "pcall(function() while true do end end) return r",
           "while true do pcall(function() while true do end end) end",
           "xpcall(function() while true do end end, function() while true do end end) return r",
           "pcall(string.rep, 'x', 1e9) return r",
           "pcall(function() local t = {} while true do t[#t + 1] = {} end end) return r",
           "local ok = pcall(string.find, ('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(30)) return r",
           ("local x <close> = setmetatable({}, {__close = function() while true do end end}) "
            "while true do end"),
           "return setmetatable({}, {__index = function() while true do end end}).x",
           "table.sort({3, 2, 1}, function() while true do end end)",
           "('x'):gsub('.', function() while true do end end)",
           "tostring(setmetatable({}, {__tostring = function() while true do end end}))",
           "sluice.emit(r) while true do end",
           ("pcall(string.format, '%s%s%s', ('x'):rep(2e6), ('x'):rep(2e6), ('x'):rep(2e6)) return "
            "r"),
           "for i = 1, 1e7 do r['k' .. i] = i end",
       }) {
    EXPECT_THAT(transform(body, "{}"), AllOf(StartsWith("TRANSFORM_ERROR"), HasSubstr("cap")))
        << body;
  }
}

TEST_F(SandboxTest, OrdinaryErrorsCanBeCaught) {
  EXPECT_EQ(transform("local ok, e = pcall(error, 'x') return {ok = ok, e = e}", "{}"),
            R"({"e":"x","ok":false})");
  EXPECT_EQ(transform("return {pcall(select, 2, 'a', 'b')}", "{}"), R"([true,"b"])");
  EXPECT_EQ(
      transform(
          "return {xpcall(function(a) error(a, 0) end, function(e) return e .. '!' end, 'x')}",
          "{}"),
      R"([false,"x!"])");
  EXPECT_EQ(
      transform("local ok, e = pcall(function() return r.x.y end) return {e = e}", R"({"x":null})"),
      R"({"e":"t.lua:2: cannot read member 'y' of null; compare with sluice.null first"})");
}

TEST_F(SandboxTest, TheStateAfterACapIsFreshAndServesTheNextRecord) {
  load(
      "local n = 0\nfunction transform(r)\n  n = n + 1\n  while r.loop do end\n  r.n = n\n  return "
      "r\nend");
  EXPECT_EQ(run("{}"), R"({"n":1})");
  EXPECT_THAT(run(R"({"loop":true})"), StartsWith("TRANSFORM_ERROR: t.lua:4: the script"));
  EXPECT_EQ(run("{}"), R"({"n":1})");
}

TEST_F(SandboxTest, ARecordThatHitsACapIsTriedAgainInAFreshState) {
  // What earlier records left behind fills the state; the record itself is innocent.
  load(
      "local kept = {}\nfunction transform(r)\n  kept[#kept + 1] = ('x'):rep(1000000) .. #kept\n"
      "  return {n = #kept}\nend");
  EXPECT_EQ(run("{}"), R"({"n":1})");
  std::string last;
  for (int i = 0; i < 10; ++i) last = run("{}");
  EXPECT_THAT(last, StartsWith("{\"n\":"));
}

TEST_F(SandboxTest, GlobalsAreReadOnlyAfterLoading) {
  for (const char* body : {"x = 1",
                           "transform = nil",
                           "string = nil",
                           "CONFIG.a = 2",
                           "CONFIG.deep.b = 2",
                           "CONFIG.new = 1",
                           "string.upper = nil",
                           "table.x = 1",
                           "sluice.null = 1",
                           "sluice.time.x = 1",
                           "rawset(CONFIG, 'a', 2)",
                           "rawset(string, 'x', 2)",
                           "setmetatable(CONFIG, {})",
                           "table.insert(LIST, 4)",
                           "LIST[1] = 0",
                           "rawset(LIST, 1, 0)",
                           "table.remove(LIST)",
                           "table.sort(LIST, function(a, b) return a > b end)",
                           "getmetatable('').__index = {}",
                           "getmetatable(r).__index = nil",
                           "WITH_META.x = 1",
                           "table.move({9}, 1, 1, 1, LIST)"}) {
    load(std::string("CONFIG = {a = 1, deep = {b = 1}} LIST = {1, 2, 3}\n"
                     "WITH_META = setmetatable({}, {__call = function() return 5 end})\n"
                     "function transform(r)\n  local ok, e = pcall(function() ") +
         body +
         " end)\n"
         "  return {ok = ok, e = e, a = CONFIG.a, b = CONFIG.deep.b, l = LIST, up = ('x'):upper(), "
         "n = #LIST,"
         " c = WITH_META(), next = next(CONFIG.deep), u = {table.unpack(LIST)}}\nend");
    const std::string result = run("{}");
    EXPECT_THAT(result,
                HasSubstr(R"("l":[1,2,3],"n":3,"next":"b","ok":false,"u":[1,2,3],"up":"X"})"))
        << body;
    EXPECT_THAT(result, HasSubstr(R"("a":1,"b":1,"c":5)")) << body;
  }
}

TEST_F(SandboxTest, SealedTablesCanBeReadInEveryWay) {
  load(
      "T = {1, 2, x = {y = 3}}\n"
      "function transform(r)\n"
      "  local n, s = 0, 0\n"
      "  for k, v in pairs(T) do n = n + 1 end\n"
      "  for i, v in ipairs(T) do s = s + v end\n"
      "  return {n = n, s = s, len = #T, raw = rawlen(T), get = rawget(T, 1), y = T.x.y,"
      " c = table.concat(T, '-'), copy = sluice.deepcopy(T.x)}\nend");
  EXPECT_EQ(run("{}"), R"({"c":"1-2","copy":{"y":3},"get":1,"len":2,"n":3,"raw":2,"s":3,"y":3})");
}

TEST_F(SandboxTest, IteratorsDoNotHandOutTheHiddenTable) {
  EXPECT_EQ(
      transform(
          "local f, t = pairs(string); local ok = pcall(function() t.upper = 1 end);"
          "local ok2 = pcall(rawset, t, 'upper', 1) return {ok = ok, ok2 = ok2, u = ('a'):upper()}",
          "{}"),
      R"({"ok":false,"ok2":false,"u":"A"})");
}

TEST_F(SandboxTest, FinalizersAreRefused) {
  EXPECT_THAT(transform("setmetatable({}, {__gc = function() while true do end end})", "{}"),
              HasSubstr("t.lua:2: a metatable with __gc is not allowed"));
  EXPECT_EQ(
      transform(
          "local m = {} local t = setmetatable({}, m) m.__gc = function() while true do end end "
          "t = nil for i = 1, 1e4 do local x = {} end return r",
          "{}"),
      "{}");
}

TEST_F(SandboxTest, MetatablesOfTheViewAreProtected) {
  EXPECT_THAT(transform("return {m = getmetatable(r), s = getmetatable('')}", "{}"),
              HasSubstr(R"({"m":"sealed","s":"sealed"})"));
  EXPECT_THAT(transform("setmetatable(r, {})", "{}"), HasSubstr("table expected"));
  EXPECT_THAT(transform("setmetatable(sluice.array{}, {})", "{}"),
              HasSubstr("protected metatable"));
}

TEST_F(SandboxTest, BinaryChunksAreRefused) {
  EXPECT_THAT(load_error("\x1bLua"), HasSubstr("attempt to load a binary chunk"));
}

}  // namespace
}  // namespace sluice
