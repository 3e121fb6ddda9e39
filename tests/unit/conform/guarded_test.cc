// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/guarded.h"

#include <gtest/gtest.h>

#include "runtime/conform/child_runner.h"
#include "runtime/conform/outcome.h"

namespace sluice::conform {
namespace {

constexpr std::chrono::milliseconds kLimit(10'000);

bool crashes(const std::function<void()>& body) {
  return !run_in_child(
              [&](ChildEnv&) {
                body();
                return Status::ok();
              },
              kLimit)
              .is_ok();
}

TEST(GuardedBlock, HoldsItsContentUntilPoisoned) {
  GuardedBlock block(std::string_view("abc"));
  EXPECT_EQ(std::string_view(block.data(), block.size()), "abc");
  block.poison();
  EXPECT_EQ(static_cast<unsigned char>(block.data()[1]), 0xDD);
}

TEST(GuardedBlock, OneByteBehindIsACrash) {
  const GuardedBlock block(std::string_view("abc"));
  EXPECT_FALSE(crashes([&] { (void)*static_cast<volatile char*>(block.data() + 2); }));
  EXPECT_TRUE(crashes([&] { (void)*static_cast<volatile char*>(block.data() + 3); }));
}

TEST(GuardedBlock, RevokedMemoryIsACrash) {
  GuardedBlock block(size_t{100});
  block.revoke();
  EXPECT_TRUE(crashes([&] { (void)*static_cast<volatile char*>(block.data()); }));
}

}  // namespace
}  // namespace sluice::conform
