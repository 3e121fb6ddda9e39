// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <thread>

#include "runtime/base/stop.h"

namespace sluice::cli {

// Blocks SIGTERM and SIGINT for the whole process; before any thread starts. Ignores SIGPIPE.
void block_signals();

// Waits for them on a thread of its own: the first asks to drain, the second ends the process at
// once (128 + signal). Nothing is lost by either: what is not settled was not acknowledged.
class SignalWatcher {
 public:
  explicit SignalWatcher(StopSource& drain);
  ~SignalWatcher();

 private:
  void run();
  StopSource& drain_;
  StopSource end_;
  UniqueFd signals_;
  std::thread thread_;
};

}  // namespace sluice::cli
