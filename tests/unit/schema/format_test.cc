// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/formats.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::schema {
namespace {

struct Case {
  const char* format;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

TEST(Formats, TellGoodFromBad) {
  const std::string label63(63, 'a');
  const std::vector<Case> cases = {
      {"date-time",
       {"2018-02-07T01:26:13.840Z", "2000-02-29t23:59:59z", "1990-12-31T23:59:60Z",
        "1990-12-31T15:59:60.5-08:00", "2026-01-01T00:00:00+23:59"},
       {"", "2018-02-07", "2018-02-07 01:26:13Z", "2018-02-07T01:26:13", "1900-02-29T00:00:00Z",
        "2018-00-07T01:26:13Z", "2018-02-30T01:26:13Z", "2018-02-07T24:00:00Z",
        "2018-02-07T01:60:00Z", "2018-02-07T01:26:60Z", "2018-02-07T01:26:13.Z",
        "2018-02-07T01:26:13+24:00", "2018-02-07T01:26:13+0100", "2018-02-07T01:26:13ZZ",
        "+018-02-07T01:26:13Z", "1990-12-31T15:59:60Z"}},
      {"date",
       {"2024-02-29", "0000-01-01"},
       {"2023-02-29", "2024-2-29", "20240229", "2024-13-01", ""}},
      {"time",
       {"01:02:03Z", "23:59:60Z", "01:02:03.5+01:30"},
       {"01:02:03", "1:02:03Z", "25:00:00Z"}},
      {"uuid",
       {"123e4567-e89b-12d3-a456-426614174000", "ABCDEF00-0000-0000-0000-000000000000"},
       {"123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g", "",
        "123e4567-e89b-12d3-a456-4266141740000"}},
      {"ipv4",
       {"0.0.0.0", "255.255.255.255", "1.2.3.4"},
       {"256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4 ", "", "1..2.3", "1.2.3.0x4"}},
      {"ipv6",
       {"::", "::1", "1::", "2001:db8::8:800:200c:417a", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4", "1::2:3:4:5:6:7"},
       {"", ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::", "1:",
        ":1", "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0", "1:2:3:4:5:6:7:8::"}},
      {"hostname",
       {"localhost", "a.b-c.example", label63 + ".x", "1.2"},
       {"", ".", "a..b", "-a", "a-", "a.-b", "a_b", label63 + "a", "a.", "\xC3\xA9.example",
        std::string(254, 'a')}},
      {"email",
       {"joe@example.com", "a.b+c@x.y", "\"joe bloggs\"@example.com", "x@[127.0.0.1]",
        "x@[IPv6:::1]", "te~st@e.co"},
       {"", "joe", "@x.y", "joe@", ".a@x.y", "a.@x.y", "a..b@x.y", "a b@x.y", "a@b c", "a@-x.y",
        std::string(65, 'a') + "@x.y", "\"a@x.y"}},
      {"uri",
       {"http://example.com/a?b=c#d", "urn:isbn:1", "mailto:a@b.c", "http://[::1]:80/",
        "a:", "ftp://u:p@h:21/x", "tel:+1-816-555-1212"},
       {"", "/relative", "http//x", "http://a b/", "http://[::1/", "http://x/%zz", "1http://x",
        "http://x/\xC3\xA9", "http://x/<y>", "http://x:port/", "a:#b#c", "http://x/[y]"}},
      {"uri-reference",
       {"", "/a/b", "#f", "a/b?c", "//host/x", "http://x"},
       {"a b", "1:b", "%z", "\\x"}},
      {"json-pointer", {"", "/a/~0~1/0", "/"}, {"a", "/~", "/~2"}},
      {"duration",
       {"P4DT12H30M5S", "P1Y", "P1M", "PT1M", "PT1H5S", "P2W", "PT0S"},
       {"", "P", "PT", "P1", "P1DT", "PT1D", "P2S", "P1D2H", "P2D1Y", "P1Y2W", "P1D1D", "p1D",
        "P-1D", "P1.5D"}},
      {"relative-json-pointer",
       {"0", "1/a", "0#", "120/foo/bar", "0+1/a", "2-1"},
       {"", "/a", "-1/a", "+1/a", "01/a", "0##", "1a", "0+0", "1/~2"}},
      {"iri",
       {"http://\xC6\x92\xC3\xB8.example/?\xE2\x88\x82#\xCF\x80", "http://x/?\xEE\x80\x80"},
       {"\xC3\xA9", "http://x/\xEE\x80\x80", "http://x/\xEF\xB7\x90", "http://x/ y"}},
      {"iri-reference", {"\xC3\xA9", "#\xC3\xA9", "//\xC3\xA9/x"}, {"\\\xC3\xA9", "a b"}},
      {"uri-template",
       {"", "/a{b}", "{+x,y:3}{?z*}", "x{a.b_c,%41}", "%41"},
       {"{", "}", "{}", "{a", "{a,}", "{a:0}", "{a:12345}", "{.}", "{a..b}", "a b", "%4", "{^a}"}},
      {"idn-email",
       {"\xEC\x8B\xA4@\xEC\x8B\xA4.test", "a@b.c", "\"\xC3\xA9\"@b.c", "a@tp--x.m"},
       {"\xC3\xA9", "@\xC3\xA9", "\xC3\xA9@-x"}},
      {"idn-hostname",
       {"example.test", "m\xC3\xBCnchen.example", "xn--mnchen-3ya.example", "l\xC2\xB7l",
        "\xE3\x83\xBB\xE3\x81\x81", "\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8D\xE0\xA4\xB7"},
       {"", "a..b", "xn--", "xn--X", "xn--abc-", "ab--c", "-a", "a_b",
        std::string("\xCC\x80") + "a", "l\xC2\xB7", "\xE3\x83\xBB", "\xE2\x80\x8D\xE0\xA4\xB7",
        "\xD9\xA0\xDB\xB0", std::string(64, 'a'), "\xC3\xBC" + std::string(58, 'a')}},
      {"regex",
       {"^a+$", "", "(?=a)(?!b)(?<=c)(?<!d)e\\1", "(?<n>a)\\k<n>", "[a-z\\d-]", "[^]]", "a{2,3}?",
        "\\u{1F600}\\p{L}\\cJ\\x41", "x{,5}", "]}", "(a)*", "[\\b]", "a|", "\\/"},
       {"(", ")", "[a", "*a", "a**", "(?a)", "(?<1>a)", "\\Z", "\\u12", "a{3,2}", "a\\", "\\c1",
        "[z-a]", "(?P<n>a)", "^*", "{2}"}},
  };
  for (const Case& one : cases) {
    const FormatCheck check = find_format(one.format);
    ASSERT_NE(check, nullptr) << one.format;
    for (const std::string& text : one.good) {
      EXPECT_TRUE(check(text)) << one.format << " refuses " << text;
    }
    for (const std::string& text : one.bad) {
      EXPECT_FALSE(check(text)) << one.format << " takes " << text;
    }
    check(std::string(1'000'000, ':'));  // linear, so it comes back
  }
}

TEST(Formats, UnknownOnesHaveNoCheck) { EXPECT_EQ(find_format("color"), nullptr); }

}  // namespace
}  // namespace sluice::schema
