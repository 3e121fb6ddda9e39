// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/stop_signal.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "tests/unit/plugins_common/fake_host.h"

namespace sluice::common {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(StopSignal, WaitsItsTimeWhenNobodyStops) {
  const fakes::FakeHost host;
  StopSignal signal{Context(host.get())};
  signal.open();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(signal.wait(milliseconds(20)));
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(20));
}

TEST(StopSignal, EndsAWaitFromAnotherThread) {
  const fakes::FakeHost host;
  StopSignal signal{Context(host.get())};
  signal.open();
  std::jthread other([&] { signal.stop(); });
  EXPECT_TRUE(signal.wait(seconds(30)));
  EXPECT_TRUE(signal.stopped());
}

TEST(StopSignal, EndsAWaitWhenTheHostStops) {
  fakes::FakeHost host;
  StopSignal signal{Context(host.get())};
  signal.open();
  std::jthread other([&] { host.stop(); });
  EXPECT_TRUE(signal.wait(seconds(30)));
}

TEST(StopSignal, RemembersAStopBeforeOpen) {
  const fakes::FakeHost host;
  StopSignal signal{Context(host.get())};
  signal.stop();
  signal.stop();
  signal.open();
  EXPECT_TRUE(signal.wait(seconds(30)));
}

}  // namespace
}  // namespace sluice::common
