// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/base/stop.h"
#include "runtime/deliver/letter_box.h"
#include "runtime/pipeline/redrive_settler.h"
#include "runtime/pipeline/store_hold.h"
#include "runtime/store/checkpoint_store.h"
#include "runtime/store/dead_letter_store.h"

namespace sluice {

// What the ledger needs of a pipeline. Calls come from the ledger's thread only, those about a
// batch of redriven letters (redriven(), account()) from the settler's.
class LedgerClient {
 public:
  struct Commit {
    CheckpointUpdate update;
    size_t source = 0;
    std::vector<sluice_mark> marks;
  };
  virtual ~LedgerClient() = default;
  virtual DeadLetter make_letter(const LetterRequest& request) = 0;
  // The letter is durable: note the outcome and meet the obligation.
  virtual void letter_written(const LetterRequest& request) = 0;
  // Sinks have these parts: makes durable what must be before the checkpoint is. On an error it is
  // called again with the same parts, or the run ends.
  virtual Status note_delivered(std::span<const DeliveredParts> /*parts*/) { return Status::ok(); }
  // The segment's outcomes are final. Of a batch of redriven letters: appends what became of them.
  virtual void redriven(Batch& batch, uint32_t segment, std::vector<RedrivenLetter>& out) {
    static_cast<void>(batch), static_cast<void>(segment), static_cast<void>(out);
  }
  // The segment's outcomes are final: account for them and settle its place in the lane.
  virtual void account(Batch& batch, uint32_t segment) = 0;
  // Appends what rose in each source since the last call.
  virtual void collect(std::vector<Commit>& commits) = 0;
  // The commit is durable: the source may be told.
  virtual void committed(const Commit& commit) = 0;
};

// The one thread that makes things durable, in the order that keeps promise 2: dead letters, then
// what sinks have (idempotency), then checkpoints, then the source's ack. It groups whatever has
// come in meanwhile into one transaction. When a store fails it holds: it tries again and nothing
// is acknowledged.
class Ledger {
 public:
  using Status = StoreHold::Status;

  Ledger(CheckpointStore& checkpoints, FailureStore& letters, const Clock& clock);
  ~Ledger();

  void start(std::vector<LedgerClient*> clients);
  // Any thread.
  void post_letter(LedgerClient& client, LetterRequest request) SLUICE_EXCLUDES(mutex_);
  void post_settled(LedgerClient& client, BatchPtr batch, uint32_t segment) SLUICE_EXCLUDES(mutex_);
  void post_delivered(LedgerClient& client, std::span<const DeliveredParts> parts)
      SLUICE_EXCLUDES(mutex_);
  // A source changed something (a lane is done, a cursor) that no settlement announces.
  void wake() SLUICE_EXCLUDES(mutex_);
  // Commits what has been posted, then ends. With a failing store: gives up at once, unacked.
  void finish() SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] Status status() const;
  // Letters posted and not durable yet.
  [[nodiscard]] size_t backlog() const SLUICE_EXCLUDES(mutex_);

 private:
  struct Letter {
    LedgerClient* client = nullptr;
    LetterRequest request;
  };
  struct Delivered {
    LedgerClient* client = nullptr;
    DeliveredParts parts;
  };
  struct Settled {
    LedgerClient* client = nullptr;
    BatchPtr batch;
    uint32_t segment = 0;
  };

  void run();
  bool wait_for_work() SLUICE_EXCLUDES(mutex_);
  bool write_letters() SLUICE_EXCLUDES(mutex_);
  std::vector<Settled> take_settled() SLUICE_EXCLUDES(mutex_);
  bool note_delivered() SLUICE_EXCLUDES(mutex_);
  bool commit() SLUICE_EXCLUDES(mutex_);

  CheckpointStore& checkpoints_;
  FailureStore& letters_;
  const Clock& clock_;
  StoreHold hold_;
  RedriveSettler settler_;
  std::vector<LedgerClient*> clients_;
  std::thread thread_;
  StopSource stop_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<Letter> new_letters_ SLUICE_GUARDED_BY(mutex_);
  std::vector<Delivered> new_delivered_ SLUICE_GUARDED_BY(mutex_);
  std::vector<Settled> new_settled_ SLUICE_GUARDED_BY(mutex_);
  bool woken_ SLUICE_GUARDED_BY(mutex_) = false;
  bool finishing_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
