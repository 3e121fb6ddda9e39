// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

#include <chrono>
#include <functional>
#include <thread>

#include "plugins/common/fd.h"

namespace sluice::postgres_sink {

// A thread that looks after a call that outlives the host's wish to stop: libpqxx waits for the
// server's answer, however long it takes. Once stop was asked it lets the call go on for a while,
// then calls `cancel`, again and again, until it is destroyed.
class StopGuard {
 public:
  // `cancel` runs on the guard's thread and must not throw. Throws Transient when the system has no
  // descriptor or thread left. Without a stop descriptor of the host it does nothing.
  StopGuard(Context context, std::chrono::milliseconds patience, std::function<void()> cancel);
  // Ends the thread, at once unless it is in `cancel`.
  ~StopGuard();
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

 private:
  void watch();

  int stop_fd_;
  std::chrono::milliseconds patience_;
  std::function<void()> cancel_;
  common::Fd over_;  // readable once the guard is to end
  std::thread thread_;
};

}  // namespace sluice::postgres_sink
