// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/text.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

namespace sluice {
namespace {

using std::chrono::milliseconds;

TEST(Utf8, TakesWellFormedTextOnly) {
  for (const std::string good : {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
                                 "\xED\x9F\xBF", "\xEE\x80\x80", "\xF4\x8F\xBF\xBF", "\x7F"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const std::string bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xC3", "\xE2\x82", "\xF0\x9F\x98", "\xFF"}) {
    EXPECT_EQ(utf8_valid_prefix("ok" + bad), 2U);
  }
}

TEST(JsonString, EscapesAndReplaces) {
  std::string out;
  append_json_string(out, std::string("a\"\\\n\r\t\x01\0\xC3\xA9\xFF/", 12));
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\r\\t\\u0001\\u0000\xC3\xA9\xEF\xBF\xBD/\"");
}

TEST(Escaped, KeepsOneLine) {
  std::string out;
  append_escaped(out, "a\nb\x1b[31m\x7F\xC3\xA9");
  EXPECT_EQ(out, "a\\x0ab\\x1b[31m\\x7f\xC3\xA9");
}

TEST(Shorten, CutsBetweenCharacters) {
  EXPECT_EQ(shorten("abc", 3), "abc");
  EXPECT_EQ(shorten("abcd", 3), "abc...");
  EXPECT_EQ(shorten("a\xC3\xA9z", 2), "a...");
  EXPECT_EQ(shorten("\xF0\x9F\x98\x80", 1), "...");
}

TEST(Encodings, MatchTheirDefinitions) {
  EXPECT_EQ(to_hex(std::array<unsigned char, 3>{0x00, 0xAB, 0xFF}), "00abff");
  const std::vector<std::pair<const char*, const char*>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) EXPECT_EQ(to_base64(plain), encoded);
  EXPECT_EQ(to_base64("\xFF\xFE"), "//4=");
}

TEST(Duration, ReadsUnitsAndRefusesTheRest) {
  EXPECT_EQ(*parse_duration("200ms"), milliseconds(200));
  EXPECT_EQ(*parse_duration("30s"), milliseconds(30'000));
  EXPECT_EQ(*parse_duration("1.5m"), milliseconds(90'000));
  EXPECT_EQ(*parse_duration("7d"), milliseconds(7LL * 24 * 3600 * 1000));
  EXPECT_EQ(*parse_duration("0"), milliseconds(0));
  for (const char* bad : {"", "5", "-1s", "s", "1 s", "1sec", "nan", "infs", "1e30d", "0x1s"}) {
    EXPECT_FALSE(parse_duration(bad).is_ok()) << bad;
  }
  EXPECT_EQ(parse_duration("5").status().message(),
            "expected a duration such as 200ms, 30s, 5m, 2h or 7d, found '5'");
}

TEST(Duration, IsWrittenInTheLargestWholeUnit) {
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(120'000)), "2m");
  EXPECT_EQ(format_duration(milliseconds(7LL * 24 * 3600 * 1000)), "7d");
  EXPECT_EQ(format_duration(milliseconds(1)), "1ms");
  EXPECT_EQ(format_duration(milliseconds(0)), "0s");
}

TEST(Size, ReadsDecimalAndBinaryUnits) {
  EXPECT_EQ(*parse_size("4096"), 4096U);
  EXPECT_EQ(*parse_size("64MiB"), 64U << 20U);
  EXPECT_EQ(*parse_size("100kB"), 100'000U);
  EXPECT_EQ(*parse_size("2GiB"), 2ULL << 30U);
  EXPECT_EQ(*parse_size("0"), 0U);
  for (const char* bad : {"", "MiB", "-1", "1 MiB", "1mib", "1e40", "nan"}) {
    EXPECT_FALSE(parse_size(bad).is_ok()) << bad;
  }
}

TEST(Size, IsWrittenShort) {
  EXPECT_EQ(format_size(0), "0B");
  EXPECT_EQ(format_size(1023), "1023B");
  EXPECT_EQ(format_size(1536), "1.5KiB");
  EXPECT_EQ(format_size(64U << 20U), "64MiB");
}

TEST(Rate, IsPerSecond) {
  EXPECT_DOUBLE_EQ(*parse_rate("50000/s"), 50'000);
  EXPECT_DOUBLE_EQ(*parse_rate("120/m"), 2);
  for (const char* bad : {"", "5", "5/d", "/s", "-5/s"})
    EXPECT_FALSE(parse_rate(bad).is_ok()) << bad;
}

TEST(Time, IsIso8601InUtc) {
  EXPECT_EQ(format_time_us(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_time_us(1'517'966'773'840'000), "2018-02-07T01:26:13.840Z");
  EXPECT_EQ(format_time_us(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_FALSE(format_time_us(std::numeric_limits<int64_t>::max()).empty());
  EXPECT_FALSE(format_time_us(std::numeric_limits<int64_t>::min()).empty());
}

TEST(DidYouMean, FindsSlipsOfTheHandOnly) {
  const std::vector<std::string> words = {"sources", "sinks", "schema", "tenant"};
  EXPECT_EQ(did_you_mean("source", words), "sources");
  EXPECT_EQ(did_you_mean("shcema", words), "schema");
  EXPECT_EQ(did_you_mean("tenent", words), "tenant");
  EXPECT_EQ(did_you_mean("transform", words), std::nullopt);
  EXPECT_EQ(did_you_mean("", words), std::nullopt);
  EXPECT_EQ(did_you_mean(std::string(10'000, 's'), words), std::nullopt);
}

}  // namespace
}  // namespace sluice
