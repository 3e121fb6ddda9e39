// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <thread>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"

namespace sluice::cli {

// Sees to it that a process which was told to end does end: an adapter, or a library below it, that
// never comes back from its close would hold it for ever. By then everything that is settled is
// durable, so that ending without it loses nothing; it says what was waited for. Thread-safe.
class EndWatch {
 public:
  // `limit`: for each phase. `exit_code`: of a process that was ended by it.
  EndWatch(std::chrono::milliseconds limit, int exit_code);
  ~EndWatch();
  EndWatch(const EndWatch&) = delete;
  EndWatch& operator=(const EndWatch&) = delete;

  // From now on this is waited for, as "the sinks close". The first call begins the watch.
  void phase(std::string_view what) SLUICE_EXCLUDES(mutex_);

 private:
  void run() SLUICE_EXCLUDES(mutex_);

  const std::chrono::milliseconds limit_;
  const int exit_code_;
  Mutex mutex_;
  CondVar changed_;
  std::string phase_ SLUICE_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point deadline_ SLUICE_GUARDED_BY(mutex_);
  bool ended_ SLUICE_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace sluice::cli
