// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/config/config.h"
#include "runtime/deliver/letter_box.h"
#include "runtime/deliver/retry.h"
#include "runtime/pipeline/in_flight_keys.h"
#include "runtime/record/batch.h"
#include "runtime/store/idempotency_store.h"

namespace sluice {

// Where records with an idempotency key pass between order and delivery, of one pipeline: what a
// sink has already it is not given again, and a record whose key is on its way waits for that one.
//
// Batches of a source come and go on in order. For each the store is asked about all its keys at
// once. While the store is away, or another node is delivering one of them, the batch and what
// comes after it of its source wait (holding no claims, so that nodes cannot wait for each other).
// A record whose twin is on its way within this process is left out of its batch: once every sink
// has answered for the first, it is a duplicate where that one was taken, and where it was refused
// it goes on by itself, as a batch of its own, behind what has passed meanwhile.
//
// One thread does all of it, so nothing here is locked but the mailbox.
class KeyStage final : private SettlementListener {
 public:
  // What the stage needs of its pipeline; calls come on the stage's thread.
  class Host {
   public:
    virtual ~Host() = default;
    // Must a record wait for this sink's answer to this part?
    [[nodiscard]] virtual bool obliged(const Part& part, uint32_t sink) const = 0;
    // Counts obligations for the parts that are not skipped, gives the batch to the sinks and
    // publishes it.
    virtual void send(const BatchPtr& batch) = 0;
  };
  struct Status {
    uint64_t waiting_batches = 0;  // for the store, or for another node
    uint64_t waiting_twins = 0;    // for the first of their key
    bool away = false;             // the store does not answer
    std::string last_error;
  };

  // All of them must outlive the stage.
  KeyStage(const PipelineConfig& config, IdempotencyStore& store, Host& host, const Clock& clock);
  ~KeyStage() override;

  void start();
  // What waits stays unsettled.
  void stop();

  // Takes over a batch that is not published; batches of a source in order. Any thread.
  void submit(BatchPtr batch) SLUICE_EXCLUDES(mutex_);
  // The ledger's side. Marks as done what sinks have; on an error (the store is away, and the
  // pipeline holds) it is to be called again before anything is checkpointed.
  sluice::Status mark_done(std::span<const DeliveredParts> parts) SLUICE_EXCLUDES(mutex_);
  // A sink refused a part for good, and its letter is durable.
  void refused(const LetterRequest& letter) SLUICE_EXCLUDES(mutex_);

  // The sink will not be given this part.
  void given_back(const BatchPtr& batch, const Part& part, uint16_t sink) SLUICE_EXCLUDES(mutex_);
  // Lanes have left this process: what waits here of them is dropped.
  void lanes_left() SLUICE_EXCLUDES(mutex_);

  [[nodiscard]] Status status() const SLUICE_EXCLUDES(mutex_);

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  // A record that was left out of its batch.
  struct Waiter {
    BatchPtr batch;
    uint32_t record = 0;
  };
  // One (part, sink) of what is being decided.
  struct Row {
    Batch* batch = nullptr;
    uint32_t part = 0;
    uint32_t sink = 0;
    bool obliged = false;
  };
  struct Refused {
    BatchPtr batch;
    uint32_t record = 0;
    uint32_t part = 0;
    std::string sink;
    bool awaited = true;  // the record waits for this sink's answer
  };
  struct Source {
    explicit Source(uint64_t seed);
    std::deque<BatchPtr> waiting;
    Backoff backoff;
    TimePoint not_before{};
  };
  struct LateBatch;

  void run();
  [[nodiscard]] TimePoint next_time() const;
  void settle_answers();
  void count_answer(Batch& batch, uint32_t record);
  void refuse(const Refused& letter);
  void end_flight(InFlightKeys::Entry& entry);
  void work(Source& source);

  // key_stage_leaving.cc
  void drop_left();
  bool drop_left(Batch& batch);
  bool drop_left(const Waiter& waiter);

  // key_stage_claims.cc
  bool try_send(const BatchPtr& batch);
  void list_records(const BatchPtr& batch, std::vector<Waiter>& twins);
  void list_part(Batch& batch, uint32_t part);
  bool claim_rows();
  void forget_rows();
  void apply_claims();
  void try_twins();
  void note_store(const sluice::Status& status);

  // SettlementListener, of records that go on by themselves.
  void segment_settled(std::shared_ptr<Batch> batch, uint32_t segment) override;
  void batch_gone(const Batch&) override {}

  const PipelineConfig& config_;
  IdempotencyStore& store_;
  Host& host_;
  const Clock& clock_;
  std::vector<SinkTag> tags_;  // by sink
  BatchBufferPool late_buffers_;
  std::thread thread_;

  // Of the stage's thread alone.
  InFlightKeys in_flight_;
  std::map<uint32_t, Source> sources_;
  std::map<Sha256Digest, std::deque<Waiter>> twins_;  // behind one that is in flight
  std::vector<Waiter> ready_;                         // their first one has got all its answers
  Backoff ready_backoff_;
  TimePoint ready_not_before_{};
  TimePoint renew_at_{};
  uint64_t waiting_twins_ = 0;      // in twins_ and ready_
  std::vector<uint32_t> left_out_;  // parts of twins, of the batch being decided
  std::vector<Row> rows_;
  std::vector<IdempotencyRow> keys_;  // of rows_
  std::vector<Claim> claims_;         // of rows_
  bool away_noted_ = false;

  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<BatchPtr> new_batches_ SLUICE_GUARDED_BY(mutex_);
  std::vector<DeliveredParts> new_done_ SLUICE_GUARDED_BY(mutex_);
  std::vector<Refused> new_refused_ SLUICE_GUARDED_BY(mutex_);
  bool lanes_left_ SLUICE_GUARDED_BY(mutex_) = false;
  bool stopping_ SLUICE_GUARDED_BY(mutex_) = false;
  Status status_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
