// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

#include "runtime/base/mutex.h"
#include "runtime/record/batch.h"

namespace sluice {

// Batches of one source leave the workers in any order and go on in the order of intake. Bounded by
// the pipeline's byte budget, which every batch inside is charged to. Thread-safe.
class OrderBuffer {
 public:
  // Takes a processed batch; calls `next(batch)` for each one whose turn has come, in order, never
  // two at a time.
  template <typename Next>
  void complete(BatchPtr batch, Next&& next) SLUICE_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    waiting_.emplace(batch->sequence, std::move(batch));
    while (!waiting_.empty() && waiting_.begin()->first == expected_) {
      BatchPtr ready = std::move(waiting_.begin()->second);
      waiting_.erase(waiting_.begin());
      ++expected_;
      next(std::move(ready));
    }
  }

 private:
  Mutex mutex_;
  std::map<uint64_t, BatchPtr> waiting_ SLUICE_GUARDED_BY(mutex_);
  uint64_t expected_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
