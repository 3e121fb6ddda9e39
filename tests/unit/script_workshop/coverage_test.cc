// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/coverage.h"

#include <gmock/gmock.h>

#include "tests/unit/script_workshop/fixture.h"

namespace sluice::workshop {
namespace {

using ::testing::ElementsAre;

TEST(ExecutableLines, AreThoseOfAllFunctions) {
  const auto lines = executable_lines("t.lua",
                                      "-- a comment\n"              // 1
                                      "local x = 1\n"               // 2
                                      "\n"                          // 3
                                      "local function never()\n"    // 4
                                      "  return function(...)\n"    // 5
                                      "    return 2.5, ..., 'x'\n"  // 6
                                      "  end\n"                     // 7
                                      "end\n"                       // 8
                                      "function transform(r)\n"     // 9
                                      "  if r.a then\n"             // 10
                                      "    return nil\n"            // 11
                                      "  end\n"                     // 12
                                      "  return r\n"                // 13
                                      "end\n");
  ASSERT_TRUE(lines) << lines.status().message();
  EXPECT_THAT(*lines, ElementsAre(2, 6, 7, 8, 9, 10, 11, 13, 14));
}

TEST(ExecutableLines, AgreeWithLuaOnALongFunction) {
  std::string text = "function transform(r)\n";
  for (int i = 0; i < 500; ++i)
    text += i % 7 == 0 ? std::string(200, '\n') : "r.a = (r.a or 0) + 1\n";
  text += "return r end";
  const auto lines = executable_lines("t.lua", text);
  ASSERT_TRUE(lines) << lines.status().message();
  std::vector<int> expected{1};
  int line = 1;
  for (size_t at = 0; at < text.size(); ++line) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (text.compare(at, 2, "r.") == 0 || text.compare(at, 6, "return") == 0) {
      expected.push_back(line);
    }
    at = end + 1;
  }
  EXPECT_EQ(*lines, expected);
}

class Coverage : public WorkshopTest {};

TEST_F(Coverage, TellsWhichLinesDidNotRun) {
  write("lib/m.lua",
        "local M = {}\nfunction M.used()\n  return 1\nend\nfunction M.not_used()\n  return "
        "2\nend\nreturn M\n");
  write("t.lua",
        "local m = require 'lib.m'\n"
        "function transform(r)\n"
        "  if r.a then\n"
        "    return nil\n"
        "  end\n"
        "  r.b = m.used()\n"
        "  return r\n"
        "end\n");
  options.coverage = true;
  write("t_test.lua", "it('a', function() transform({}) end)");
  const TestReport result = report();
  EXPECT_EQ(lines(result), "ok a");
  ASSERT_EQ(result.coverage.size(), 2U);
  EXPECT_EQ(result.coverage[0].name, "t.lua");
  EXPECT_THAT(result.coverage[0].missed, ElementsAre(4));
  EXPECT_EQ(result.coverage[1].name, "lib.m");
  EXPECT_THAT(result.coverage[1].missed, ElementsAre(6));
}

}  // namespace
}  // namespace sluice::workshop
