// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/test_runner.h"

#include <gmock/gmock.h>

#include "tests/unit/script_workshop/fixture.h"

namespace sluice::workshop {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Runner : public WorkshopTest {};

TEST_F(Runner, TestsComeInTheOrderOfTheFile) {
  EXPECT_EQ(run("it('first', function() end)\n"
                "describe('a', function()\n"
                "  it('one', function() end)\n"
                "  describe('b', function() it('two', function() expect(1):to_equal(2) end) end)\n"
                "  it.skip('three', function() error('never') end)\n"
                "  it('four')\n"
                "  pending('five')\n"
                "end)\n"
                "describe.skip('c', function() it('six', function() end) end)"),
            "ok first\nok a > one\n"
            "FAIL a > b > two: t_test.lua:4: expected 2\n  found    1\n"
            "skip a > three\nskip a > four\nskip a > five\nskip c > six");
}

TEST_F(Runner, BeforeEachRunsFromTheOutside) {
  EXPECT_EQ(run("local log = ''\n"
                "before_each(function() log = log .. 'o' end)\n"
                "describe('a', function()\n"
                "  before_each(function() log = log .. 'i' end)\n"
                "  it('x', function() expect(log):to_equal('oi') end)\n"
                "end)\n"
                "it('y', function() expect(log):to_equal('oio') end)"),
            "ok a > x\nok y");
}

TEST_F(Runner, ALibraryThatCountsRunsInATestToo) {
  write("lib/tally.lua", "return function(n) sluice.count('seen', n) return n + 1 end");
  EXPECT_EQ(run("local tally = require 'lib.tally'\n"
                "it('x', function() expect(tally(2)):to_equal(3) end)"),
            "ok x");
}

TEST_F(Runner, TableDrivenTestsAreLoops) {
  EXPECT_EQ(run("for n = 1, 3 do it('n ' .. n, function() expect(n < 3):to_be(true) end) end"),
            "ok n 1\nok n 2\nFAIL n 3: t_test.lua:1: expected true\n  found    false");
}

TEST_F(Runner, TheScriptRunsOnRecords) {
  write("t.lua",
        "function transform(r, meta)\n"
        "  if r.bad then return sluice.reject('is_bad', 'it is: ' .. r.bad) end\n"
        "  if r.skip then return nil end\n"
        "  if r.why then return sluice.filter(r.why) end\n"
        "  if r.two then sluice.emit({n = 1}, {key = 'k', sink = 's'}) sluice.emit({n = 2}) return "
        "end\n"
        "  if r.crash then return r.a.b.c end\n"
        "  r.lane = meta.lane r.key = meta.key r.h = meta.headers.h r.time = meta.time\n"
        "  return r\n"
        "end");
  EXPECT_EQ(
      run("it('json', function()\n"
          "  local out = transform('{\"id\": 12345678901234567890, \"p\": 1.50}')\n"
          "  expect(out.record):to_equal(json '{\"p\":1.5,\"id\":12345678901234567890,"
          "\"lane\":\"0\",\"time\":0}')\n"
          "  expect(out.rejected):to_be_nil()\n  expect(out.filtered):to_be(false)\n"
          "end)\n"
          "it('meta', function()\n"
          "  local out = transform({}, {lane = 'p3', key = 'k', headers = {h = 'v'}, time = 5})\n"
          "  expect(out.record):to_equal({lane = 'p3', key = 'k', h = 'v', time = 5})\n"
          "end)\n"
          "it('reject', function()\n"
          "  expect(transform({bad = 'x'}).rejected):to_equal({code = 'is_bad', text = 'it is: "
          "x'})\n"
          "  expect.reject({bad = 'x'}, 'is_bad', '^it')\n"
          "  expect.reject(transform({bad = 'x'}))\n"
          "end)\n"
          "it('filter', function()\n"
          "  expect(transform({skip = true}).filtered):to_be(true)\n"
          "  expect(transform({why = 'old'}).filtered):to_equal('old')\n"
          "end)\n"
          "it('emit', function()\n"
          "  local out = transform({two = true})\n"
          "  expect(out.records):to_equal({{n = 1}, {n = 2}})\n"
          "  expect(out.record):to_be_nil()\n"
          "  expect(out.emitted):to_equal({{record = {n = 1}, key = 'k', sink = 's'}, {record = {n "
          "= 2}}})\n"
          "end)\n"
          "it('error', function() expect.reject({crash = 1}, 'TRANSFORM_ERROR', 't.lua:6') end)"),
      "ok json\nok meta\nok reject\nok filter\nok emit\nok error");
}

TEST_F(Runner, AScriptThatFailsUnseenFailsTheTest) {
  write("t.lua", "function transform(r) return r.a.b end");
  EXPECT_THAT(body("transform({})"),
              StartsWith("the script failed and the test did not look at it: t.lua:1: "));
  EXPECT_THAT(body("expect(transform({}).record.x):to_equal(1)"),
              HasSubstr("the script had failed before: t.lua:1: "));
}

TEST_F(Runner, ARejectionThatDoesNotComeFails) {
  EXPECT_EQ(body("expect.reject({a = 1}, 'x')"),
            "t_test.lua:2: expected a rejection with \"x\"\n  found    [{\"a\":1}]");
}

TEST_F(Runner, EndlessLoopsAreFailedTests) {
  limits.instructions = 200'000;
  EXPECT_THAT(run("it('a', function() while true do end end)\n"
                  "it('b', function() while true do pcall(function() while true do end end) end "
                  "end)\n"
                  "it('c', function() end)"),
              testing::AllOf(HasSubstr("FAIL a: t_test.lua:1: the script ran more than"),
                             HasSubstr("FAIL b: t_test.lua:2: the script ran more than"),
                             HasSubstr("ok c")));
  write("t.lua", "function transform(r) while true do end end");
  EXPECT_THAT(run("it('a', function() transform({}) end)\nit('b', function() end)"),
              testing::AllOf(HasSubstr("FAIL a: the script failed"), HasSubstr("ok b")));
}

TEST_F(Runner, EachTestHasTheCapsToItself) {
  limits.instructions = 300'000;
  EXPECT_EQ(run("for n = 1, 3 do it('n' .. n, function() for i = 1, 50000 do end end) end"),
            "ok n1\nok n2\nok n3");
}

TEST_F(Runner, AMemoryBombIsAFailedTest) {
  limits.memory_bytes = 8 << 20;
  EXPECT_THAT(run("it('a', function() local t = {} for i = 1, 1e9 do t[i] = {} end end)\n"
                  "it('b', function() end)"),
              testing::AllOf(HasSubstr("FAIL a: t_test.lua:1: the script needs more than"),
                             HasSubstr("ok b")));
}

TEST_F(Runner, TestsReachNothingOutside) {
  for (const char* const name : {"io", "os", "package", "debug", "load", "dofile", "loadfile",
                                 "collectgarbage", "coroutine", "print"}) {
    EXPECT_EQ(body("expect(" + std::string(name) + "):to_be_nil()"), "") << name;
  }
  EXPECT_THAT(body("sluice.emit({})"), HasSubstr("is for transformers"));
  EXPECT_THAT(body("sluice.reject('x')"), HasSubstr("is for transformers"));
}

TEST_F(Runner, GoldenFilesLieBesideTheTest) {
  write("in.json", R"({"a": [1, 12345678901234567890]})");
  write("golden/in.jsonl", "{\"a\":1}\n\n{\"a\":2}\n");
  EXPECT_EQ(body("expect(transform(golden('in.json')).record):to_equal(golden('in.json'))\n"
                 "expect(#golden('golden/in.jsonl')):to_equal(2)\n"
                 "expect(golden('golden/in.jsonl')[2].a):to_equal(2)"),
            "");
  EXPECT_THAT(body("golden('none.json')"), HasSubstr("No such file"));
  EXPECT_THAT(body("golden('../../../../etc/passwd')"), HasSubstr("golden: "));
  EXPECT_THAT(body("golden('/etc/passwd')"), HasSubstr("lies outside of"));
  std::filesystem::create_symlink("/etc/passwd", folder / "link.json");
  EXPECT_THAT(body("golden('link.json')"), HasSubstr("lies outside of"));
  write("bad.jsonl", "{}\n{\n");
  EXPECT_THAT(body("golden('bad.jsonl')"), HasSubstr("golden: bad.jsonl:2: "));
}

TEST_F(Runner, LibrariesAreThoseOfTheScript) {
  write("lib/money.lua", "return {cents = function(x) return x * 100 end}");
  write("t.lua",
        "local m = require 'lib.money'\nfunction transform(r) return {c = m.cents(r.x)} end");
  EXPECT_EQ(run("local m = require 'lib.money'\n"
                "it('a', function() expect(transform({x = 2}).record.c):to_equal(m.cents(2)) end)"),
            "ok a");
  write("orders/1_to_2.lua", "local m = require 'lib.money'\nfunction transform(r) return r end");
  write("orders/1_to_2_test.lua", "it('a', function() transform({}) end)");
  EXPECT_EQ(lines(run_tests(folder / "orders/1_to_2.lua", limits)), "ok a");
}

TEST_F(Runner, TablesAreThoseThatTheScriptLooksUp) {
  write("lookup/country.csv", "code,name\nde,Germany\n");
  write("t.lua",
        "local c = sluice.lookup('country')\nfunction transform(r) return {n = c[r.c].name} end");
  EXPECT_EQ(
      run("local c = sluice.lookup('country')\n"
          "it('a', function() expect(transform({c = 'de'}).record.n):to_equal(c.de.name) end)"),
      "ok a");
  EXPECT_THAT(run("local c = sluice.lookup('other')"), HasSubstr("looks up no table \"other\""));
}

TEST_F(Runner, FilesThatDoNotLoadAreErrors) {
  EXPECT_THAT(run("it('a', function() end"), StartsWith("error: t_test.lua:"));
  EXPECT_THAT(run("error('x')"), StartsWith("error: t_test.lua:1: x"));
  EXPECT_THAT(run("expect(1):to_equal(1)"), HasSubstr("call it inside it("));
  EXPECT_THAT(run("transform({})"), HasSubstr("call it inside it("));
  EXPECT_THAT(run("-- nothing"), HasSubstr("there is no test in it"));
  EXPECT_THAT(run("it('a', 5)"), HasSubstr("expected function() ... end, found number"));
  EXPECT_THAT(run("it('a', function() it('b', function() end) end)"), HasSubstr("it inside of it"));
  limits.instructions = 200'000;
  EXPECT_THAT(run("while true do end"), StartsWith("error: t_test.lua:1: the script ran more"));
  write("t.lua", "function trans() end");
  EXPECT_THAT(run("it('a', function() end)"), HasSubstr("expected a global function transform"));
}

TEST_F(Runner, AScriptWithoutTestsHasNoCases) {
  const TestReport none = report();
  EXPECT_TRUE(none.ok());
  EXPECT_TRUE(none.file.empty());
  EXPECT_TRUE(none.cases.empty());
  EXPECT_EQ(test_file_of("a/orders.lua"), "a/orders_test.lua");
}

TEST_F(Runner, OnlySomeTestsAreRunOnRequest) {
  options.only = "a > one";
  EXPECT_EQ(
      run("describe('a', function() it('one', function() end) it('two', function() end) end)"),
      "ok a > one");
}

TEST_F(Runner, UnknownFieldsOfMetaAndOutcomeAreRefused) {
  EXPECT_THAT(body("transform({}, {tennant = 'a'})"), HasSubstr("meta has no \"tennant\""));
  EXPECT_THAT(body("local x = transform({}).reject"), HasSubstr("an outcome has no \"reject\""));
  EXPECT_THAT(body("transform('{\"a\":')"), HasSubstr("the record is not JSON"));
  EXPECT_THAT(body("transform(5)"), HasSubstr("expected a record as a table or as JSON text"));
  EXPECT_THAT(body("expect(transform({})):to_equal({})"), HasSubstr("look at its record"));
}

TEST_F(Runner, AStateOfTheScriptIsNotSharedBetweenTests) {
  write("t.lua", "local n = 0 function transform(r) n = n + 1 return {n = n} end");
  EXPECT_EQ(run("for i = 1, 2 do it('n' .. i, function()\n"
                "  expect(transform({}).record.n):to_equal(1)\n"
                "  expect(transform({}).record.n):to_equal(2)\nend) end"),
            "ok n1\nok n2");
}

}  // namespace
}  // namespace sluice::workshop
