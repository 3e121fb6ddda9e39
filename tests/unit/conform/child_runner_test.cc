// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/child_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "runtime/base/stop.h"
#include "runtime/conform/outcome.h"

namespace sluice::conform {
namespace {

using testing::HasSubstr;
constexpr std::chrono::milliseconds kLimit(10'000);

TEST(ChildRunner, HandsTheAnswerAndThePayloadOver) {
  std::string payload;
  const auto status = run_in_child(
      [](ChildEnv& env) {
        env.payload = "more";
        return fail("because");
      },
      kLimit, &payload);
  EXPECT_EQ(status.message(), "because");
  EXPECT_EQ(payload, "more");
  EXPECT_TRUE(run_in_child([](ChildEnv&) { return Status::ok(); }, kLimit).is_ok());
  EXPECT_TRUE(is_skip(run_in_child([](ChildEnv&) { return skip("not here"); }, kLimit)));
}

TEST(ChildRunner, ACrashNamesTheSignalTheCallAndTheLastWords) {
  const auto status = run_in_child(
      [](ChildEnv& env) {
        env.phase("poll");
        std::fputs("oh no\n", stderr);
        std::abort();
        return Status::ok();
      },
      kLimit);
  EXPECT_THAT(status.message(), HasSubstr("signal 6"));
  EXPECT_THAT(status.message(), HasSubstr("in poll"));
  EXPECT_THAT(status.message(), HasSubstr("oh no"));
}

TEST(ChildRunner, AnExitInsideTheAdapterIsAFailure) {
  const auto status = run_in_child(
      [](ChildEnv& env) {
        env.phase("open");
        ::_exit(7);
        return Status::ok();
      },
      kLimit);
  EXPECT_THAT(status.message(), HasSubstr("exit code 7 in open"));
}

TEST(ChildRunner, AHangEndsAtTheLimit) {
  const auto status = run_in_child(
      [](ChildEnv& env) {
        env.phase("close");
        StopSource never;
        never.wait_for(std::chrono::minutes(5));
        return Status::ok();
      },
      std::chrono::milliseconds(50));
  EXPECT_THAT(status.message(), HasSubstr("not finished after 50ms: stuck in close"));
}

TEST(ChildRunner, AnEscapingExceptionIsAFailure) {
  const auto status =
      run_in_child([](ChildEnv&) -> Status { throw std::runtime_error("boom"); }, kLimit);
  EXPECT_THAT(status.message(), HasSubstr("exception escaped from the adapter: boom"));
}

TEST(ChildRunner, OutputIsCaughtAndStdinIsClosed) {
  const auto status = run_in_child(
      [](ChildEnv& env) {
        std::puts("to stdout");
        std::fputs("to stderr\n", stderr);
        char byte = 0;
        const bool closed = ::read(STDIN_FILENO, &byte, 1) < 0;
        return fail((closed ? "closed: " : "open: ") + env.printed());
      },
      kLimit);
  EXPECT_THAT(status.message(), HasSubstr("closed: "));
  EXPECT_THAT(status.message(), HasSubstr("to stdout"));
  EXPECT_THAT(status.message(), HasSubstr("to stderr"));
}

}  // namespace
}  // namespace sluice::conform
