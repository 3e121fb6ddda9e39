// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/end_watch.h"

#include <gtest/gtest.h>

#include "runtime/base/stop.h"

namespace sluice::cli {
namespace {

constexpr std::chrono::milliseconds kSoon{20};
constexpr std::chrono::hours kNever{1};

TEST(EndWatch, LetsAProcessEndByItself) {
  EndWatch watch(kNever, 3);
  watch.phase("sources close");
  watch.phase("adapters are let go");
}

TEST(EndWatch, DoesNotWatchBeforeTheFirstPhase) {
  const EndWatch watch(std::chrono::milliseconds(0), 3);
  StopSource never;
  never.wait_for(kSoon);
}

TEST(EndWatchDeathTest, EndsAProcessThatDoesNotComeToItsEndAndSaysWhatHeldIt) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        EndWatch watch(kSoon, 3);
        watch.phase("sources close");
        StopSource never;
        never.wait_for(kNever);
      },
      testing::ExitedWithCode(3), "does not come to it while sources close");
}

}  // namespace
}  // namespace sluice::cli
