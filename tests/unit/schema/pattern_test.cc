// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/pattern.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::schema {
namespace {

TEST(Pattern, MeansWhatEcma262Says) {
  struct Case {
    const char* pattern;
    std::vector<std::string> found;
    std::vector<std::string> not_found;
  };
  const std::vector<Case> cases = {
      {"b", {"abc"}, {"ac"}},
      {"^a$", {"a"}, {"a\n", "ba", "ab"}},
      {"^.$", {"x", "\xC3\xA9", "\xF0\x9F\x98\x80"}, {"\n", "\r", "\xE2\x80\xA8", "", "xy"}},
      {"^\\d+$", {"123"}, {"\xD9\xA1", ""}},
      {"^\\w$", {"_", "a"}, {"\xC3\xA9"}},
      {"^\\s$", {" ", "\v", "\xC2\xA0", "\xEF\xBB\xBF", "\xE2\x80\xA8"}, {"a"}},
      {"^\\S$", {"a", "\xC3\xA9"}, {" ", "\v", "\xC2\xA0"}},
      {"^[\\s\\d]$", {"\xC2\xA0", "1"}, {"a"}},
      {"^[^\\s]$", {"a"}, {"\xC2\xA0"}},
      {"^[\\S]$", {"a"}, {"\v"}},
      {"^\\u00e9\\x41$",
       {"\xC3\xA9"
        "A"},
       {"eA"}},
      {"^\\ud83d\\ude00$", {"\xF0\x9F\x98\x80"}, {"x"}},
      {"^\\u{1F600}$", {"\xF0\x9F\x98\x80"}, {}},
      {"^a\\/b\\-c\\_d$", {"a/b-c_d"}, {}},
      {"^\\cJ$", {"\n"}, {"J"}},
      {"^\\0$", {std::string(1, '\0')}, {"0"}},
      {"^[^]$", {"\n", "x"}, {""}},
      {"[]", {}, {"", "x"}},
      {"^[[:a]$", {"[", ":", "a"}, {"b"}},
      {"^[a\\]b]$", {"]", "a"}, {"\\"}},
      {"^]$", {"]"}, {}},
      {"^[\\b]$", {"\b"}, {"b"}},
      {"\\bfoo\\b", {"a foo b"}, {"food"}},
      {"^(?<year>[0-9]{4})$", {"2026"}, {"26"}},
      {"^(?:ab)+(c|d)$", {"ababd"}, {"abab"}},
      {"^\\p{Lu}\\P{L}$", {"A1", "\xC3\x89-"}, {"a1"}},
      {"^\\p{Letter}\\p{digit}[^\\p{Uppercase_Letter}]$",
       {"\xC3\xA9"
        "1a"},
       {"11a", "a1A"}},
      {"^\\p{Script=Greek}+$", {"\xCE\xB1"}, {"a"}},
      {"^a{2,3}?$", {"aa", "aaa"}, {"a"}},
      {"^x{,5}$", {"x{,5}"}, {"x"}},
      {"^$", {""}, {"\n"}},
  };
  for (const Case& one : cases) {
    auto pattern = compile_pattern(one.pattern);
    ASSERT_TRUE(pattern.is_ok()) << one.pattern << ": " << pattern.status().message();
    for (const std::string& text : one.found) {
      EXPECT_TRUE((*pattern)->found_in(text)) << one.pattern << " in " << text;
    }
    for (const std::string& text : one.not_found) {
      EXPECT_FALSE((*pattern)->found_in(text)) << one.pattern << " in " << text;
    }
  }
}

TEST(Pattern, RefusesWhatRe2CannotDoOrOnlyRe2Knows) {
  struct Case {
    const char* pattern;
    const char* reason;
  };
  for (const Case& one : std::initializer_list<Case>{{"(?=a)", "look-around '(?='"},
                                                     {"(?!a)", "look-around '(?!'"},
                                                     {"(?<=a)b", "look-around '(?<='"},
                                                     {"(?<!a)b", "look-around '(?<!'"},
                                                     {"(a)\\1", "back reference"},
                                                     {"\\k<n>", "'\\k' is not an escape"},
                                                     {"(?i)a", "is not a group of ECMA-262"},
                                                     {"(?P<n>a)", "is not a group of ECMA-262"},
                                                     {"(?<a)(b>c)", "has no name"},
                                                     {"(?<1>a)", "has no name"},
                                                     {"a$+", "no regular expression of ECMA-262"},
                                                     {"^*a", "no regular expression of ECMA-262"},
                                                     {"\\Aa", "'\\A' is not an escape"},
                                                     {"a\\z", "'\\z' is not an escape"},
                                                     {"\\Qa.b\\E", "'\\Q' is not an escape"},
                                                     {"\\C", "'\\C' is not an escape"},
                                                     {"[a", "'[' is never closed"},
                                                     {"(a", "missing )"},
                                                     {"a)", "unexpected )"},
                                                     {"*a", "no argument for repetition"},
                                                     {"a\\", "lone '\\'"},
                                                     {"\\u12", "four hexadecimal digits"},
                                                     {"\\ud800", "surrogate"},
                                                     {"\\xg0", "two hexadecimal digits"},
                                                     {"\\pL", "in braces"},
                                                     {"\\p{Nonsense}", "invalid character class"},
                                                     {"a{1001}", "repetition size"},
                                                     {"((a{100}){100}){100}", "repetition size"},
                                                     {"[z-a]", "range"}}) {
    const auto pattern = compile_pattern(one.pattern);
    ASSERT_FALSE(pattern.is_ok()) << one.pattern;
    EXPECT_NE(pattern.status().message().find(one.reason), std::string::npos)
        << one.pattern << ": " << pattern.status().message();
  }
  EXPECT_FALSE(compile_pattern(std::string(100'000, 'a')).is_ok());
}

TEST(Pattern, TakesLongTextThatOverflowsBacktrackers) {
  const auto pattern = compile_pattern("^(a|b)*$");
  ASSERT_TRUE(pattern.is_ok());
  std::string text(50'000, 'a');
  EXPECT_TRUE((*pattern)->found_in(text));
  text += 'c';
  EXPECT_FALSE((*pattern)->found_in(text));
  const auto nested = compile_pattern("^(([a-z])+.)+[A-Z]([a-z])+$");
  ASSERT_TRUE(nested.is_ok());
  EXPECT_FALSE((*nested)->found_in(std::string(50'000, 'a')));
}

}  // namespace
}  // namespace sluice::schema
