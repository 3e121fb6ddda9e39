// SPDX-License-Identifier: Apache-2.0
#include "runtime/flow/admission_share.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

using std::chrono::milliseconds;

class AdmissionShareTest : public ::testing::Test {
 protected:
  // As a source that always has records, with so many polls of so many milliseconds; what came.
  uint64_t run(int polls, milliseconds each, uint32_t offered, double keep) {
    uint64_t came = 0;
    for (int i = 0; i < polls; ++i) {
      now_ += each;
      const uint32_t allowed = std::min(offered, share_.allow(offered, keep, now_));
      if (allowed != 0) share_.taken(allowed, now_);
      came += allowed;
    }
    return came;
  }
  AdmissionShare share_;
  AdmissionShare::Time now_{};
};

TEST_F(AdmissionShareTest, LetsAllInAndRemembersThePace) {
  EXPECT_EQ(run(600, milliseconds(100), 50, 1), 30'000U);
  EXPECT_NEAR(share_.pace(), 500, 25);
}

TEST_F(AdmissionShareTest, LetsItsShareOfThePaceIn) {
  run(300, milliseconds(100), 100, 1);
  // 1,000 a second before; a tenth of it for a minute, however much is offered.
  EXPECT_NEAR(static_cast<double>(run(600, milliseconds(100), 2'000, 0.1)), 6'000, 400);
  EXPECT_EQ(run(10, milliseconds(100), 100, 1), 1'000U);
  // What was held back has not become the pace.
  EXPECT_NEAR(share_.pace(), 1'000, 60);
}

TEST_F(AdmissionShareTest, KnowsThePaceSoonAfterTheStart) {
  run(20, milliseconds(100), 100, 1);
  EXPECT_NEAR(static_cast<double>(run(100, milliseconds(100), 2'000, 0.5)), 5'000, 500);
}

TEST_F(AdmissionShareTest, LearnsFirstWhenItBeginsHeldBack) {
  const uint64_t came = run(600, milliseconds(100), 100, 0.1);
  EXPECT_GE(came, 1'000U) << "its first second";
  EXPECT_LE(came, 9'000U);
}

TEST_F(AdmissionShareTest, AShareOfNothingIsNothing) {
  run(300, milliseconds(100), 100, 1);
  EXPECT_EQ(run(600, milliseconds(100), 100, 0), 0U);
  AdmissionShare fresh;
  EXPECT_EQ(fresh.allow(100, 0, now_), 0U) << "not even to learn the pace";
}

TEST_F(AdmissionShareTest, OneThatWasIdleStillGivesAFew) {
  run(1, milliseconds(100), 1, 1);
  now_ += std::chrono::hours(10);
  EXPECT_NEAR(static_cast<double>(run(600, milliseconds(100), 100, 0.1)), 60, 10);
}

TEST_F(AdmissionShareTest, DoesNotSaveUpForLater) {
  run(300, milliseconds(100), 100, 1);
  share_.allow(0, 0.1, now_);
  now_ += std::chrono::hours(1);
  EXPECT_LE(share_.allow(1'000'000, 0.1, now_), 110U) << "a second's worth";
}

}  // namespace
}  // namespace sluice
