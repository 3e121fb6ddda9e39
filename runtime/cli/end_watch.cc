// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/end_watch.h"

#include <cstdlib>

#include "runtime/base/log.h"

namespace sluice::cli {

EndWatch::EndWatch(std::chrono::milliseconds limit, int exit_code)
    : limit_(limit), exit_code_(exit_code), thread_(&EndWatch::run, this) {}

EndWatch::~EndWatch() {
  {
    MutexLock lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void EndWatch::phase(std::string_view what) {
  MutexLock lock(mutex_);
  phase_ = what;
  deadline_ = std::chrono::steady_clock::now() + limit_;
  changed_.notify_all();
}

void EndWatch::run() {
  MutexLock lock(mutex_);
  while (!ended_) {
    if (phase_.empty()) {
      changed_.wait(mutex_);
      continue;
    }
    if (changed_.wait_until(mutex_, deadline_) || ended_) continue;
    if (std::chrono::steady_clock::now() < deadline_) continue;
    log::error("runtime.stuck",
               "the process was told to end and does not come to it while " + phase_ +
                   ": it ends without; what is settled is durable, the rest comes again with the "
                   "next run");
    // Not exit(): whatever hangs would be waited for once more.
    std::_Exit(exit_code_);
  }
}

}  // namespace sluice::cli
