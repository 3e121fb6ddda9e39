// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <thread>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/base/stop.h"
#include "runtime/pipeline/store_hold.h"
#include "runtime/record/batch.h"
#include "runtime/store/dead_letter_store.h"

namespace sluice {

class LedgerClient;

// Removes or updates the letters of redriven records, on a thread of its own: each touches pages of
// its own all over the store, and what sources give meanwhile must not wait for that.
class RedriveSettler {
 public:
  RedriveSettler(FailureStore& letters, const Clock& clock);
  ~RedriveSettler();

  void start();
  // The segment's outcomes are final and what sinks have is marked, durably. Any thread.
  void post(LedgerClient& client, BatchPtr batch, uint32_t segment) SLUICE_EXCLUDES(mutex_);
  // Settles what was posted, then ends. With a failing store: gives up at once.
  void finish() SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] StoreHold::Status status() const { return hold_.status(); }
  [[nodiscard]] size_t backlog() const SLUICE_EXCLUDES(mutex_);

 private:
  struct Settled {
    LedgerClient* client = nullptr;
    BatchPtr batch;
    uint32_t segment = 0;
  };

  void run();
  std::vector<Settled> take() SLUICE_EXCLUDES(mutex_);

  FailureStore& letters_;
  const Clock& clock_;
  StoreHold hold_;
  std::thread thread_;
  StopSource stop_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<Settled> settled_ SLUICE_GUARDED_BY(mutex_);
  bool finishing_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
