// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

#include "runtime/base/clock.h"
#include "runtime/base/stop.h"

namespace sluice {
namespace {

TEST(ManualClock, MovesOnlyWhenMoved) {
  ManualClock clock;
  const auto begin = clock.now();
  const int64_t wall = clock.wall_us();
  EXPECT_EQ(clock.now(), begin);
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(clock.now() - begin, std::chrono::seconds(2));
  EXPECT_EQ(clock.wall_us() - wall, 2'000'000);
}

TEST(RealClock, DoesNotRunBackwards) {
  const Clock& clock = Clock::real();
  const auto first = clock.now();
  EXPECT_GE(clock.now(), first);
  EXPECT_GT(clock.wall_us(), 1'600'000'000'000'000);
}

bool readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  return ::poll(&one, 1, 0) == 1;
}

TEST(StopSource, ShowsARequestInItsThreeForms) {
  StopSource stop;
  EXPECT_FALSE(stop.requested());
  EXPECT_FALSE(readable(stop.fd()));
  EXPECT_FALSE(stop.wait_for(std::chrono::milliseconds(0)));
  stop.request();
  stop.request();
  EXPECT_TRUE(stop.requested());
  EXPECT_TRUE(readable(stop.fd()));
  EXPECT_TRUE(stop.wait_for(std::chrono::hours(1)));
}

TEST(StopSource, InterruptsAWait) {
  StopSource stop;
  bool stopped = false;
  {
    std::jthread waiter([&] { stopped = stop.wait_for(std::chrono::hours(1)); });
    stop.request();
  }
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace sluice
