// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/pattern_steps.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "runtime/schema/pattern.h"

namespace sluice::schema {
namespace {

TEST(PatternSteps, KnowsSequencesFromEndToEnd) {
  for (const char* pattern : {"^evt_[0-9]+$", "^[A-Z]{3}-\\d{1,6}$", "^\\w*$", "^$", "^a?b?c{2,}$",
                              "^[a-zA-Z_][0-9]*$", "^\\d{4}-\\d{2}-\\d{2}T$", "^[-a]b\\.c$"}) {
    EXPECT_TRUE(PatternSteps::parse(pattern)) << pattern;
  }
}

TEST(PatternSteps, LeavesTheRestToTheWholeEngine) {
  for (const char* pattern : {"evt_[0-9]+$", "^evt", "^(ab)+$", "^a|b$", "^[^a]$", "^.$", "^\\s$",
                              "^a*?$", "^[0-9]*[0-9]$", "^a+a?b$", "^a?b?a$", "^\xC3\xA9$",
                              "^[\\u00e9]$", "^a{2}{3}$", "^\\bx$", "^a{100001}$"}) {
    EXPECT_FALSE(PatternSteps::parse(pattern)) << pattern;
  }
}

TEST(PatternSteps, DoNotJudgeTextOutsideAscii) {
  const auto steps = PatternSteps::parse("^a\\w*$");
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->match("ab"), PatternSteps::Answer::kYes);
  EXPECT_EQ(steps->match("a-"), PatternSteps::Answer::kNo);
  EXPECT_EQ(steps->match("a\xC3\xA9"), PatternSteps::Answer::kUnknown);
}

// A group around it keeps the pattern from being a sequence: then RE2 alone decides.
TEST(PatternSteps, AgreeWithRe2) {
  std::mt19937 random(13);
  const std::vector<std::string> atoms{"a", "b", "[ab]", "\\d", "[0-4]", "c", "-", "[b-d]", "\\w"};
  const std::vector<std::string> counts{"", "", "*", "+", "?", "{2}", "{1,3}", "{2,}"};
  const std::string alphabet = "aabbccd0019-_";
  int sequences = 0;
  for (int i = 0; i < 600; ++i) {
    std::string body;
    for (auto n = 1 + random() % 4; n > 0; --n) {
      body += atoms[random() % atoms.size()] + counts[random() % counts.size()];
    }
    const auto steps = PatternSteps::parse("^" + body + "$");
    if (!steps) continue;
    ++sequences;
    const auto whole = compile_pattern("^(?:" + body + ")$");
    ASSERT_TRUE(whole.is_ok()) << body;
    for (int k = 0; k < 100; ++k) {
      std::string text;
      for (auto n = random() % 7; n > 0; --n) text += alphabet[random() % alphabet.size()];
      EXPECT_EQ(steps->match(text) == PatternSteps::Answer::kYes, (*whole)->found_in(text))
          << "^" << body << "$ on " << text;
    }
  }
  EXPECT_GT(sequences, 200);
}

}  // namespace
}  // namespace sluice::schema
