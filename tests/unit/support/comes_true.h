// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/base/clock.h"
#include "runtime/base/stop.h"

namespace sluice::test {

// Looks again and again at a state nothing announces; false after some thirty seconds. The answer
// is that of the look that said so: the state may be gone with the next.
template <typename Condition>
bool comes_true(const Condition& condition) {
  StopSource never;
  for (int i = 0; i < 30'000; ++i) {
    if (condition()) return true;
    never.wait_for(Millis(1));
  }
  return false;
}

}  // namespace sluice::test
