// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace sluice::script {

class Guard;

// Wakes guards whose call has used some milliseconds of processor time, by a signal to their
// thread. With it a short call runs without Lua's count hook, which costs a tenth of the record
// path: Lua leaves its fast path for every instruction while any hook is set.
//
// Lua allows lua_sethook in a signal handler; the handler does nothing else. One timer a thread,
// made on first use and gone with the thread.
class Ticker {
 public:
  static constexpr int kPeriodMs = 5;

  // Processor time that this thread has used.
  static int64_t thread_cpu_us();
  // True if ticks arrive in this process, tried once: else guards must count from the start.
  static bool works();
  // Calls guard->tick() every kPeriodMs of this thread's processor time until unwatch(). False: no
  // timer could be made for this thread.
  static bool watch(Guard* guard);
  static void unwatch();
};

}  // namespace sluice::script
