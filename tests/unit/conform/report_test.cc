// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sluice::conform {
namespace {

using testing::HasSubstr;
using testing::Not;

Report sample() {
  Report report;
  report.file = "a.so";
  report.results = {
      {{"S1", "one symbol", true}, "", Verdict::kPass, "", std::chrono::milliseconds(3)},
      {{"L1", "no leak", true}, "sink x", Verdict::kFail, "5 < 6 \"bytes\"", {}},
      {{"W3", "memory", true}, "sink x", Verdict::kSkip, "no fixture", {}}};
  return report;
}

TEST(ConformReport, TextShowsReasonsAndASummary) {
  const auto text = to_text(sample(), false);
  EXPECT_THAT(text, HasSubstr("  fail  L1  no leak\n            5 < 6 \"bytes\"\n"));
  EXPECT_THAT(text, HasSubstr("does not conform: 1 passed, 1 failed, 1 skipped"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(to_text(sample(), true), HasSubstr("\x1b[31mfail"));
}

TEST(ConformReport, JunitEscapesText) {
  const auto text = to_junit(sample());
  EXPECT_THAT(text, HasSubstr("tests=\"3\" failures=\"1\" skipped=\"1\""));
  EXPECT_THAT(text, HasSubstr("<failure message=\"5 &lt; 6 &quot;bytes&quot;\"/>"));
}

TEST(ConformReport, JsonHoldsEveryCheck) {
  const auto text = to_json(sample());
  EXPECT_THAT(text, HasSubstr(R"("conforms":false,"passed":1,"failed":1,"skipped":1)"));
  EXPECT_THAT(text, HasSubstr(R"("id":"L1","component":"sink x")"));
  EXPECT_THAT(text, HasSubstr(R"("reason":"5 < 6 \"bytes\"")"));
}

TEST(ConformReport, AFailureOfLevelShouldDoesNotRefuse) {
  Report report = sample();
  report.results[1].check.must = false;
  EXPECT_TRUE(report.conforms());
  EXPECT_THAT(to_text(report, false), HasSubstr("warn  L1"));
  report.results.clear();
  EXPECT_FALSE(report.conforms()) << "nothing was checked";
}

TEST(ConformReport, IdsAreUnique) {
  std::set<std::string> seen;
  for (const auto& check : list_checks()) EXPECT_TRUE(seen.insert(check.id).second) << check.id;
  EXPECT_EQ(seen.size(), 30U);
}

}  // namespace
}  // namespace sluice::conform
