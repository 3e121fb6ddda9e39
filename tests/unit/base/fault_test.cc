// SPDX-License-Identifier: Apache-2.0
// Built with fault points, whatever the rest of the build has; each test in a process of its own,
// since the environment is read once.
#include "runtime/base/fault.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "runtime/base/file.h"

namespace sluice {
namespace {

Status step() {
  SLUICE_FAULT_STATUS("test.step");
  return Status::ok();
}

void arm(const char* plan) {
  ::setenv("SLUICE_FAULT", plan, 1);
  ::unsetenv("SLUICE_FAULT_TRACE");
}

TEST(FaultPoint, IsNothingWhereNothingIsArmed) {
  EXPECT_EXIT(
      {
        ::unsetenv("SLUICE_FAULT");
        ::_exit(step().is_ok() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(FaultPoint, KillsAtTheChosenPassing) {
  EXPECT_EXIT(
      {
        arm("test.step@3=kill");
        if (!step() || !step()) ::_exit(1);
        static_cast<void>(step());
        ::_exit(2);
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

TEST(FaultPoint, FailsForSoManyPassingsAndThenNoMore) {
  EXPECT_EXIT(
      {
        arm("test.step@2+2=enospc,test.step@5=eio");
        const bool first = step().is_ok();
        const Status second = step();
        const Status third = step();
        const bool fourth = step().is_ok();
        const Status fifth = step();
        ::_exit(first && second.code() == Code::kExhausted && third.code() == Code::kExhausted &&
                        fourth && fifth.code() == Code::kUnavailable
                    ? 0
                    : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST(FaultPoint, RefusesAPlanThatCouldNeverCome) {
  for (const char* plan : {"test.stop=kill", "test.step", "test.step=burn", "test.step@x=kill"}) {
    EXPECT_EXIT(
        {
          arm(plan);
          static_cast<void>(step());
        },
        ::testing::ExitedWithCode(2), "SLUICE_FAULT: ")
        << plan;
  }
}

TEST(FaultPoint, TellsOnceThatItWasPassed) {
  std::string name = ::testing::TempDir() + "/fault-trace-XXXXXX";
  const int fd = ::mkstemp(name.data());
  ASSERT_GE(fd, 0);
  ::close(fd);
  EXPECT_EXIT(
      {
        ::setenv("SLUICE_FAULT_TRACE", name.c_str(), 1);
        ::_exit(step() && step() ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
  EXPECT_EQ(*read_file(name, 100), "test.step\n");
  ::unlink(name.c_str());
}

}  // namespace
}  // namespace sluice
