// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "runtime/script/time.h"
#include "runtime/script/time_format.h"
#include "tests/unit/script/fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

class LibTimeTest : public ScriptTest {
 protected:
  std::string value(const std::string& expression) {
    return transform("local t = sluice.time return {" + expression + "}", "{}");
  }
};

TEST_F(LibTimeTest, FormatsByDirectives) {
  EXPECT_EQ(value("t.format(1517966773840, '%Y-%m-%dT%H:%M:%S.%L%z')"),
            R"(["2018-02-07T01:26:13.840+0000"])");
  EXPECT_EQ(value("t.format(1517966773840, '%F %T', '+05:30')"), R"(["2018-02-07 06:56:13"])");
  EXPECT_EQ(value("t.format(1517966773840, '%a %A %b %B %e %y %j %I %p %u %G-W%V %s %%')"),
            R"(["Wed Wednesday Feb February  7 18 038 01 AM 3 2018-W06 1517966773 %"])");
  EXPECT_EQ(value("t.format(-1, '%F %T.%L %s', '-01:00')"), R"(["1969-12-31 22:59:59.999 -1"])");
  EXPECT_EQ(value("t.format(t.parse('2021-01-03T00:00:00Z'), '%G-W%V-%u')"), R"(["2020-W53-7"])");
  EXPECT_EQ(value("t.format(t.parse('2024-12-30T12:00:00Z'), '%G-W%V-%u %I%p')"),
            R"(["2025-W01-1 12PM"])");
  EXPECT_EQ(value("t.format(0, '')"), R"([""])");
  EXPECT_THAT(value("t.format(0, '%Q')"), HasSubstr("sluice.time.format: unknown directive %Q"));
  EXPECT_THAT(value("t.format(0, 'x%')"), HasSubstr("unknown directive %"));
  EXPECT_THAT(value("t.format(0, ('x'):rep(300))"), HasSubstr("more than 256 bytes"));
  EXPECT_THAT(value("t.format(0, '%F', 'Europe/Vienna')"), HasSubstr("names of time zones"));
  EXPECT_THAT(value("t.format(0/0, '%F')"), HasSubstr("not a time"));
  EXPECT_THAT(value("t.format('x', '%F')"), HasSubstr("expected a number of milliseconds"));
  EXPECT_THAT(value("t.format(253402300799999, '%F', '+01:00')"), HasSubstr("leaves the years"));
}

TEST_F(LibTimeTest, ReadsByDirectives) {
  EXPECT_EQ(value("t.iso(t.parse('07/02/2018 01:26', '%d/%m/%Y %H:%M'))"),
            R"(["2018-02-07T01:26:00.000Z"])");
  EXPECT_EQ(value("t.iso(t.parse('7.2.18 1:26:05 pm', '%d.%m.%y %I:%M:%S %p'))"),
            R"(["2018-02-07T13:26:05.000Z"])");
  EXPECT_EQ(value("t.iso(t.parse('12 AM', '%I %p')), t.iso(t.parse('12 PM', '%I %p'))"),
            R"(["1970-01-01T00:00:00.000Z","1970-01-01T12:00:00.000Z"])");
  EXPECT_EQ(value("t.iso(t.parse('Feb 7, 2018 +0530', '%b %d, %Y %z')), "
                  "t.iso(t.parse('september 30 2018', '%B %e %Y', '-01:00'))"),
            R"(["2018-02-06T18:30:00.000Z","2018-09-30T01:00:00.000Z"])");
  EXPECT_EQ(value("t.iso(t.parse('2018-02-07 01:26:13,123456 Z', '%F %T,%L %z'))"),
            R"(["2018-02-07T01:26:13.123Z"])");
  EXPECT_THAT(value("t.parse('2018-02-30', '%F')"), HasSubstr("there is no such time"));
  EXPECT_THAT(value("t.parse('2018/02', '%Y-%m')"),
              HasSubstr("is not written as \"%Y-%m\": expected '-' at byte 5"));
  EXPECT_THAT(value("t.parse('2018 x', '%Y')"), HasSubstr("expected the end at byte 5"));
  EXPECT_THAT(value("t.parse('20', '%Y')"), HasSubstr("expected %Y at byte 3"));
  EXPECT_THAT(value("t.parse('1', '%j')"), HasSubstr("%j cannot be read"));
  EXPECT_THAT(value("t.parse('0 pm', '%I %p')"), HasSubstr("expected %I"));
  EXPECT_THAT(value("t.parse(nil, '%Y')"), HasSubstr("expected a string as argument 1, found nil"));
}

TEST_F(LibTimeTest, WhatWasFormattedIsReadAgain) {
  constexpr char kFormat[] = "%Y-%m-%d %H:%M:%S.%L %z";
  for (int64_t ms = script::kFirstMs + 90'000'000; ms < script::kLastMs - 90'000'000;
       ms += 7'777'777'777'777 / 3) {
    for (const int offset : {0, 90, -720, 1439}) {
      std::string text;
      std::string error;
      int64_t again = 0;
      ASSERT_TRUE(script::format_time(ms, offset, kFormat, &text, &error));
      ASSERT_TRUE(script::parse_time(text, kFormat, 5, &again, &error)) << text << ": " << error;
      ASSERT_EQ(again, ms) << text;
    }
  }
}

TEST_F(LibTimeTest, FloorsToUnits) {
  const char* const at = "t.parse('2018-02-07T01:26:13.840Z')";
  const auto floored = [&](const std::string& rest) {
    return value(std::string("t.iso(t.floor(") + at + ", " + rest + "))");
  };
  EXPECT_EQ(floored("'second'"), R"(["2018-02-07T01:26:13.000Z"])");
  EXPECT_EQ(floored("'minute'"), R"(["2018-02-07T01:26:00.000Z"])");
  EXPECT_EQ(floored("'hour'"), R"(["2018-02-07T01:00:00.000Z"])");
  EXPECT_EQ(floored("'day'"), R"(["2018-02-07T00:00:00.000Z"])");
  EXPECT_EQ(floored("'week'"), R"(["2018-02-05T00:00:00.000Z"])");
  EXPECT_EQ(floored("'month'"), R"(["2018-02-01T00:00:00.000Z"])");
  EXPECT_EQ(floored("'year'"), R"(["2018-01-01T00:00:00.000Z"])");
  EXPECT_EQ(floored("'day', '-02:00'"), R"(["2018-02-06T02:00:00.000Z"])");
  EXPECT_EQ(value("t.floor(-1, 'day'), t.floor(-1, 'second')"), "[-86400000,-1000]");
  EXPECT_THAT(floored("'fortnight'"), HasSubstr("expected \"millisecond\", \"second\""));
}

TEST_F(LibTimeTest, AddsByTheCalendar) {
  const auto added = [&](const std::string& from, const std::string& rest) {
    return value("t.iso(t.add(t.parse('" + from + "T10:00:00Z'), " + rest + "))");
  };
  EXPECT_EQ(added("2024-01-31", "1, 'month'"), R"(["2024-02-29T10:00:00.000Z"])");
  EXPECT_EQ(added("2024-02-29", "-1, 'year'"), R"(["2023-02-28T10:00:00.000Z"])");
  EXPECT_EQ(added("2024-01-15", "-2, 'month'"), R"(["2023-11-15T10:00:00.000Z"])");
  EXPECT_EQ(added("2024-01-15", "2, 'week'"), R"(["2024-01-29T10:00:00.000Z"])");
  EXPECT_EQ(added("2024-01-15", "-1, 'day'"), R"(["2024-01-14T10:00:00.000Z"])");
  EXPECT_EQ(added("2024-01-15", "90, 'minute'"), R"(["2024-01-15T11:30:00.000Z"])");
  EXPECT_THAT(added("2024-01-15", "math.maxinteger, 'week'"), HasSubstr("leaves the years"));
  EXPECT_THAT(added("2024-01-15", "math.mininteger, 'year'"), HasSubstr("leaves the years"));
  EXPECT_THAT(added("2024-01-15", "100000, 'year'"), HasSubstr("leaves the years"));
  EXPECT_THAT(added("2024-01-15", "0.5, 'year'"), HasSubstr("expected a whole number"));
}

}  // namespace
}  // namespace sluice
