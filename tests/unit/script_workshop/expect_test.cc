// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "tests/unit/script_workshop/fixture.h"

namespace sluice::workshop {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class Expect : public WorkshopTest {};

TEST_F(Expect, WhatHoldsPasses) {
  for (const char* const code : {
           "expect(1):to_equal(1.0)",
           "expect({a = {1, 2}}):to_equal({a = {1, 2}})",
           "expect(json '[]'):to_equal(sluice.array{})",
           "expect(json '{\"a\":null}'):to_equal({a = sluice.null})",
           "expect(json '12345678901234567890'):to_equal(json '12345678901234567890.0')",
           "expect(json '0.10'):to_equal(0.1)",
           "expect('a'):to_be('a')",
           "local t = {} expect(t):to_be(t)",
           "expect(nil):to_be_nil()",
           "expect('2026-01-02'):to_match('^%d+%-%d+')",
           "expect('hello'):to_contain('ell')",
           "expect({1, {a = 2}}):to_contain({a = 2})",
           "expect({a = 1, b = 2}):to_contain({b = 2})",
           "expect({a = 1}):to_contain('a')",
           "expect(function() error('no such thing') end):to_error('no such')",
           "expect(function() error('x') end):to_error()",
           "expect(1).never:to_equal(2)",
           "expect({1}).never:to_contain(2)",
           "expect(function() end).never:to_error()",
           "expect(0):to_be_truthy()",
       }) {
    EXPECT_EQ(body(code), "") << code;
  }
}

TEST_F(Expect, WhatDoesNotHoldFails) {
  for (const char* const code : {
           "expect(1):to_equal(2)",
           "expect(nil):to_equal({})",
           "expect('1'):to_equal(1)",
           "expect(json '{}'):to_equal(sluice.array{})",
           "expect(json '12345678901234567890'):to_equal(json '12345678901234567891')",
           "expect(json '12345678901234567890'):to_equal(12345678901234567890)",
           "expect({}):to_be({})",
           "expect(0):to_be_nil()",
           "expect(5):to_match('5')",
           "expect('a'):to_match('b')",
           "expect({1, 2}):to_contain(3)",
           "expect({a = 1}):to_contain({a = 2})",
           "expect(nil):to_contain('a')",
           "expect(function() end):to_error()",
           "expect(function() error('a') end):to_error('b')",
           "expect(1).never:to_equal(1)",
           "expect(1):to_eql(1)",
           "expect()",
           "expect(1).to_equal(1)",
       }) {
    EXPECT_THAT(body(code), StartsWith("t_test.lua:2: ")) << code;
  }
}

TEST_F(Expect, TheMessageShowsTheDifferenceByPointer) {
  EXPECT_EQ(body("expect({a = 1, b = {c = {}}, d = 'x'}):to_equal({a = 2, b = {c = "
                 "sluice.array{}}, e = 0.5})"),
            "t_test.lua:2: expected {\"a\":2,\"b\":{\"c\":[]},\"e\":0.5}\n"
            "  found    {\"a\":1,\"b\":{\"c\":{}},\"d\":\"x\"}\n"
            "  difference (- expected, + found):\n"
            "    /a\n      - 2\n      + 1\n"
            "    /b/c\n      - []\n      + {}\n"
            "      ({} in Lua is an object; an empty list is sluice.array{})\n"
            "    /e\n      - 0.5\n"
            "    /d\n      + \"x\"");
}

TEST_F(Expect, WhatIsNoJsonIsNamedByPointer) {
  EXPECT_THAT(body("expect({a = 1}):to_equal({a = 1})\nexpect({a = {f = tostring}}):to_equal({})"),
              HasSubstr("t_test.lua:3: to_equal: the value found: found at \"/a/f\" a function"));
  EXPECT_THAT(body("local t = {} t.t = t expect(t):to_equal({})"), HasSubstr("holds itself"));
  EXPECT_THAT(body("expect({[1] = 1, [3] = 3}):to_equal({})"), HasSubstr("a list with holes"));
  EXPECT_THAT(body("expect({0 / 0}):to_equal({1})"), HasSubstr("NaN"));
}

TEST_F(Expect, AnUnknownExpectationNamesThoseThereAre) {
  EXPECT_THAT(body("expect(1):to_eql(1)"),
              HasSubstr("there is no expectation \"to_eql\"; there are to_equal, to_be,"));
}

TEST_F(Expect, ExactNumbersDoNotCalculate) {
  EXPECT_EQ(body("expect(tostring(json '1.00000000000000000001')):to_equal("
                 "'1.00000000000000000001')"),
            "");
  EXPECT_THAT(body("local n = json '12345678901234567890' + 1"), HasSubstr("more digits"));
}

}  // namespace
}  // namespace sluice::workshop
