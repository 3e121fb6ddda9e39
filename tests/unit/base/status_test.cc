// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/status.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

namespace sluice {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return invalid("expected an even number, found " + std::to_string(n));
  return n / 2;
}

Result<int> quarter(int n) {
  SLUICE_ASSIGN_OR_RETURN(const int once, half(n));
  SLUICE_ASSIGN_OR_RETURN(const int twice, half(once));
  return twice;
}

Status only_even(int n) {
  SLUICE_RETURN_IF_ERROR(half(n).status());
  return Status::ok();
}

TEST(Status, IsOkByDefault) {
  const Status status;
  EXPECT_TRUE(status.is_ok());
  EXPECT_EQ(status.code(), Code::kOk);
  EXPECT_EQ(status.message(), "");
}

TEST(Status, PutsContextInFrontOfAnErrorOnly) {
  EXPECT_EQ(invalid("no such key").with_context("orders.yaml").message(),
            "orders.yaml: no such key");
  EXPECT_EQ(Status(Code::kCorrupt, "x").with_context("y").code(), Code::kCorrupt);
  EXPECT_TRUE(Status::ok().with_context("orders.yaml").is_ok());
  EXPECT_EQ(Status::ok().with_context("orders.yaml").message(), "");
}

TEST(Status, NamesEveryCode) {
  for (const Code code :
       {Code::kOk, Code::kInvalid, Code::kNotFound, Code::kUnavailable, Code::kExists,
        Code::kExhausted, Code::kCorrupt, Code::kCancelled, Code::kInternal}) {
    EXPECT_FALSE(code_name(code).empty());
  }
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*half(4), 2);
  EXPECT_EQ(half(3).status().message(), "expected an even number, found 3");
  EXPECT_FALSE(half(3).is_ok());
}

TEST(Result, MacrosPassTheFirstErrorOn) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).status().message(), "expected an even number, found 3");
  EXPECT_TRUE(only_even(2).is_ok());
  EXPECT_EQ(only_even(1).code(), Code::kInvalid);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const std::unique_ptr<int> out = *std::move(result);
  EXPECT_EQ(*out, 5);
}

TEST(ResultDeathTest, StopsWhenTheValueOfAnErrorIsTaken) {
  const Result<int> result = half(3);
  EXPECT_DEATH(static_cast<void>(result.value()), "expected an even number, found 3");
}

TEST(ResultDeathTest, StopsWhenAnErrorIsMadeOfOk) {
  EXPECT_DEATH(static_cast<void>(Result<int>(Status::ok())), "a Result without a value");
}

}  // namespace
}  // namespace sluice
