// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/base/status.h"
#include "runtime/base/stop.h"
#include "runtime/deliver/retry.h"

namespace sluice {

// Makes things durable, and holds while that fails: tries again until it succeeds, and says so once
// when it begins and when it is over. One thread persists; any may ask, and end the holding.
class StoreHold {
 public:
  struct Status {
    bool healthy = true;
    std::string last_error;
    uint64_t commits = 0;
    uint64_t failed_commits = 0;
  };

  explicit StoreHold(const Clock& clock);

  // False: it failed once more after finish().
  bool persist(const std::function<sluice::Status()>& work) SLUICE_EXCLUDES(mutex_);
  // The process ends: what fails from now on is given up at once.
  void finish() SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] Status status() const SLUICE_EXCLUDES(mutex_);

 private:
  bool note(const sluice::Status& status) SLUICE_EXCLUDES(mutex_);

  Backoff retry_;  // of the thread that persists
  StopSource stop_;
  mutable Mutex mutex_;
  bool finishing_ SLUICE_GUARDED_BY(mutex_) = false;
  Status status_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
