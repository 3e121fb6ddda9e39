// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/deliver/delivery.h"
#include "runtime/deliver/found_places.h"
#include "runtime/deliver/spool_desk.h"
#include "runtime/flow/token_bucket.h"
#include "runtime/store/spool.h"

namespace sluice {

// kInvalid, with what to change, where a sink cannot have a spool.
Status check_spool(bool keeps_marks);

// What a sink cannot take goes to its spool on disk, and comes back from there as batches like any
// other, in the order it went in. A record leaves the spool once the sink has taken it or its dead
// letter is durable.
//
// Of one thread, the driver's, but for what is tagged [any].
class SinkSpool {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Options {
    std::string sink;
    uint16_t index = 0;                        // of the sink in its pipeline
    std::optional<double> drain_rate;          // records a second
    uint64_t most_in_flight = 1 << 20;         // records between an append and its checkpoint
    std::function<bool(const Part&)> obliged;  // as SinkDriver::obliged()
  };

  // `desk` and `clock` outlive it.
  SinkSpool(std::unique_ptr<Spool> spool, Options options, SpoolDesk& desk, const Clock& clock);

  // What is inside already is told to the desk, and remembered should its source give it again.
  // Before all else, once checkpoints are read.
  Status recover();

  // Must a record of this source go behind what is inside?
  [[nodiscard]] bool holds(uint32_t source) const {
    return source < inside_.size() && inside_[source] != 0;
  }
  // [any]
  [[nodiscard]] bool empty() const { return spool_->stats().records == 0; }
  // Was this record inside when the spool was opened? After a crash between an append and its
  // acknowledgement it comes from its source again.
  [[nodiscard]] bool found(const Delivery& delivery);
  // A record that leaves: what the account has to know of it.
  struct Left {
    uint64_t id = 0;
    Outcome outcome = Outcome::kNone;
    bool accounted = false;  // stood in the account as held here
    uint32_t source = 0;
    std::string lane;
    uint64_t position = 0;
  };
  // Makes them durable: one fsync. On an error none is inside. None may be of the spool itself.
  // `tickets`: for each of them what settled() takes, should it leave without being read.
  Status append(std::span<const Delivery> deliveries, std::vector<Left>* tickets = nullptr);
  // How appending went, once it is known that no smaller piece fits: for health and log.
  void note_append(const Status& status) const SLUICE_EXCLUDES(mutex_);

  // May a batch be read now?
  [[nodiscard]] bool ready() const;
  // When to ask again; nothing: it is empty.
  [[nodiscard]] std::optional<Time> ready_at() const;
  // The next records as a batch of one source, or nullptr. Its parts are for this sink.
  BatchPtr next();
  // The sink fails: what was read and is not settled will be read again, few at a time at first.
  void rewind();
  // It takes what it is given: more at a time.
  void speed_up();

  // The sink has taken a record of such a batch; flush() lets it leave.
  void settled(const Delivery& delivery, Outcome outcome);
  void settled(Left ticket) { leaving_.push_back(std::move(ticket)); }
  void flush() SLUICE_EXCLUDES(mutex_);
  // What a disk would not let go of is tried again once it is time.
  void retry_removals() SLUICE_EXCLUDES(mutex_);
  // Its letter is posted: it is not read again, and leaves once the letter is durable.
  void letter_posted(const Delivery& delivery) SLUICE_EXCLUDES(mutex_);

  [[nodiscard]] SpoolStats stats() const { return spool_->stats(); }  // [any]
  // Why it cannot be read or written now; empty: it can.                [any]
  [[nodiscard]] std::string trouble() const SLUICE_EXCLUDES(mutex_);

 private:
  friend class SpooledBatch;
  Left left(const SpoolItem& item, Outcome outcome) const;
  void leave(std::vector<Left>& left) SLUICE_EXCLUDES(mutex_);         // [any]
  void letter_written(const SpoolItem& item) SLUICE_EXCLUDES(mutex_);  // [any]
  void describe(const Delivery& delivery, SpoolRecord& out, std::deque<RecordNames>& keep) const;
  bool read_more() SLUICE_EXCLUDES(mutex_);
  void batch_up(const std::shared_ptr<SpoolItems>& items) SLUICE_EXCLUDES(mutex_);
  void note_disk(const Status& status) const SLUICE_EXCLUDES(mutex_);
  uint32_t lane_number(const SpoolRecord& record);

  const std::unique_ptr<Spool> spool_;
  const Options options_;
  SpoolDesk& desk_;
  const Clock& clock_;
  std::optional<TokenBucket> bucket_;
  BatchBufferPool pool_;
  std::vector<std::atomic<uint64_t>> inside_;  // records, by source
  std::atomic<uint32_t> batches_out_{0};

  FoundPlaces found_;
  uint64_t last_found_ = 0;  // ids up to here were found inside
  uint64_t cursor_ = 0;      // the last id read
  bool more_ = true;         // may be behind it
  uint32_t at_once_;
  Time look_again_{};
  Time remove_again_{};
  std::deque<BatchPtr> read_;  // and not handed out
  std::vector<Left> leaving_;
  // Numbers of lanes for the sink; they mean nothing beyond this run.
  std::map<std::pair<std::string, std::string>, uint32_t> lane_numbers_;

  mutable Mutex mutex_;
  std::set<uint64_t> done_ SLUICE_GUARDED_BY(mutex_);  // and still inside: not to be read again
  // Of done_, what has left: forgotten before the next read, since a read under way may have seen
  // it.
  std::vector<uint64_t> gone_ SLUICE_GUARDED_BY(mutex_);
  std::vector<Left> unremoved_ SLUICE_GUARDED_BY(mutex_);  // the disk refused; tried again
  mutable std::string append_trouble_ SLUICE_GUARDED_BY(mutex_);
  mutable std::string disk_trouble_ SLUICE_GUARDED_BY(mutex_);  // of reading and removing
};

}  // namespace sluice
