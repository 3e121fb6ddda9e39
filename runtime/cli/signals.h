// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <thread>

#include "runtime/base/stop.h"

namespace sluice::cli {

// Blocks SIGTERM, SIGINT and SIGHUP for the whole process; before any thread starts. Ignores
// SIGPIPE.
void block_signals();

// Waits for them on a thread of its own. SIGHUP asks for a reload. Of the others the first asks to
// drain, the second ends the process at once (128 + signal). Nothing is lost by either: what is not
// settled was not acknowledged.
class SignalWatcher {
 public:
  explicit SignalWatcher(StopSource& drain);
  ~SignalWatcher();
  // An eventfd of this object: readable when a reload is asked for.
  [[nodiscard]] int reload_fd() const { return reload_.get(); }

 private:
  void run();
  StopSource& drain_;
  StopSource end_;
  UniqueFd signals_;
  UniqueFd reload_;
  std::thread thread_;
};

}  // namespace sluice::cli
