// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "runtime/base/mutex.h"

namespace sluice {

// How many letters of one writer are posted and not durable yet. The writer posts, whoever stores
// letters tells when they are there. Thread-safe.
class LetterReceipt {
 public:
  void posted() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    ++open_;
  }
  void durable() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (--open_ == 0) changed_.notify_all();
  }
  // They will not be waited for any more: every wait() returns at once.
  void give_up() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    given_up_ = true;
    changed_.notify_all();
  }
  // False: given up before all were durable.
  bool wait() SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (open_ != 0 && !given_up_) changed_.wait(mutex_);
    return open_ == 0;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  size_t open_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool given_up_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
