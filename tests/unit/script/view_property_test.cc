// SPDX-License-Identifier: Apache-2.0
// Every operation of the record's view against a model in plain C++, over random records and random
// sequences of operations. A failure names its walk: SLUICE_SEED=<it> runs that one alone.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/script/fixture.h"
#include "tests/unit/script/view_walk.h"

namespace sluice {
namespace {

using testing::ViewWalk;

uint64_t walks() {
  if (std::getenv("SLUICE_SOAK") != nullptr) return 100'000;
#if defined(NDEBUG)
  return 3000;
#else
  return 1000;
#endif
}

class ViewPropertyTest : public ScriptTest {
 protected:
  ViewPropertyTest() {
    limits.output_bytes = 64 << 20;
    limits.cpu_us = 10'000'000;
    limits.depth = 1000;
    limits.instructions = 100'000'000;
  }

  void expect_log(const ViewWalk& walk) {
    Document out;
    ASSERT_TRUE(out.parse(parts[0].value, ParseLimits{64 << 20, 128}));
    const NodeIndex list = out.find(Document::root(), "log");
    NodeIndex i = list + 1;
    for (size_t k = 0; k < walk.log().size(); ++k, i = out.next(i)) {
      ASSERT_LT(i, out.next(list)) << "the script read less than " << k + 1 << " values";
      ASSERT_TRUE(out.string_equals(i, walk.log()[k]))
          << "value " << k << ": read " << out.slice(i) << ", expected " << walk.log()[k];
    }
    ASSERT_EQ(i, out.next(list)) << "the script read more";
  }

  void expect_walk(uint64_t seed) {
    const ViewWalk walk(seed);
    SCOPED_TRACE("SLUICE_SEED=" + std::to_string(seed) + "\n" + walk.record() + "\n" +
                 walk.script());
    load(walk.script());
    if (HasFailure()) return;
    const std::string answer = run(walk.record());
    ASSERT_EQ(parts.size(), 2U) << answer;
    expect_log(walk);
    Document out;
    ASSERT_TRUE(out.parse(parts[1].value, ParseLimits{64 << 20, 1000})) << parts[1].value;
    ASSERT_EQ(testing::difference(walk.result(), out, Document::root()), "") << parts[1].value;
  }
};

TEST_F(ViewPropertyTest, EveryOperationDoesWhatTheModelDoes) {
  if (const char* const wanted = std::getenv("SLUICE_SEED")) {
    return expect_walk(std::strtoull(wanted, nullptr, 10));
  }
  for (uint64_t seed = 1; seed <= walks() && !HasFailure(); ++seed) expect_walk(seed);
}

}  // namespace
}  // namespace sluice
