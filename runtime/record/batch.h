// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/base/sha256.h"
#include "runtime/record/arena.h"

namespace sluice {

// What finally became of a record, in rising precedence: over the parts of a record and the sinks
// they go to, the highest counts.
// kDeferred: it waits in a retry topic, from which it is received again.
enum class Outcome : uint8_t {
  kNone,
  kFiltered,
  kDuplicate,
  kCommitted,
  kDeferred,
  kShed,
  kDeadLettered
};
inline constexpr size_t kOutcomes = 7;
std::string_view outcome_name(Outcome outcome);

// One record on its way to sinks: what came out of validation and script. Text lies in the batch's
// arena or in the source's memory; both live as long as the batch.
struct Part {
  static constexpr uint16_t kAllSinks = UINT16_MAX;
  std::string_view value;  // data() == nullptr: absent (a tombstone)
  std::string_view key;    // data() == nullptr: absent
  uint32_t record = 0;     // index of the source record in its batch
  uint32_t part = 0;       // number among the parts of that record
  uint32_t flags = 0;      // SLUICE_RECORDF_*
  uint16_t sink = kAllSinks;
};

// Where records are held between intake and settlement.
enum class Place : uint8_t { kQueue, kWorker, kDelivery, kSpool };
inline constexpr size_t kPlaces = 4;

class Batch;
struct Bundle;        // of the pipeline; opaque here
struct RedriveBatch;  // likewise
class SchemaIds;      // of the schema module; likewise

// Told when a batch has nothing left to wait for. Calls come on any thread.
class SettlementListener {
 public:
  virtual ~SettlementListener() = default;
  // Every obligation of this segment is met; outcomes of its records are final.
  virtual void segment_settled(std::shared_ptr<Batch> batch, uint32_t segment) = 0;
  // The last reference goes; memory of the source is released right after. Records that are not
  // settled are lost to the account.
  virtual void batch_gone(const Batch& batch) = 0;
};

// Of a batch that was read back from a sink's spool: what its records are called. Its records are
// settled one by one through it, and its obligations mean nothing.
class SpoolOrigin {
 public:
  struct Names {
    std::string_view source;
    std::string_view lane;
    std::string_view schema_version;
    std::string_view script_hash;
    std::string_view bundle_hash;
    std::string_view sinks;  // all that the record goes to, a comma between them
    uint32_t tries = 0;      // before it was spooled
    int64_t received_us = 0;
  };
  virtual ~SpoolOrigin() = default;
  [[nodiscard]] virtual Names names(uint32_t record) const = 0;
  // The record's dead letter is durable. Any thread.
  virtual void letter_written(uint32_t record) = 0;
};

// Memory of a batch that is used again by later ones.
struct BatchBuffers {
  Arena arena;
  std::vector<Part> parts;
  std::vector<std::atomic<uint8_t>> outcomes;
  std::vector<uint16_t> schema_versions;
  std::vector<Sha256Digest> keys;  // by record; `keyed` says which has one
  std::vector<uint8_t> keyed;
  std::vector<uint64_t> skips;  // a row of bits a part, one a sink; empty: no part is skipped
};

class BatchBufferPool {
 public:
  std::unique_ptr<BatchBuffers> take() SLUICE_EXCLUDES(mutex_);
  void give_back(std::unique_ptr<BatchBuffers> buffers) SLUICE_EXCLUDES(mutex_);

 private:
  static constexpr size_t kKeep = 8;
  Mutex mutex_;
  std::vector<std::unique_ptr<BatchBuffers>> free_ SLUICE_GUARDED_BY(mutex_);
};

// The records of one poll, from intake until every sink has answered: the unit that moves between
// threads. One thread owns it at a time until the worker is done with it (publish()); afterwards
// parts and records are read-only and obligations are counted atomically.
//
// A segment is the run of this batch's records of one lane. Its obligations are: one while the
// worker has it, one for each part and required sink, one for each dead letter that is not durable
// yet. At zero the segment is settled.
class Batch : public std::enable_shared_from_this<Batch> {
 public:
  struct Segment {
    uint32_t lane = 0;
    uint32_t count = 0;   // records
    uint64_t ticket = 0;  // place in the lane's order, given by its lane table
    uint64_t first_position = 0;
    uint64_t last_position = 0;
    // Everything up to here was settled before: records at or below it come again. Given by the
    // lane table; nullopt: the segment begins above what is settled.
    std::optional<uint64_t> settled_to;
    int64_t highest_time_us = 0;
    // Records up to again_to come again on purpose: what is known of them from before this epoch
    // does not count. 0: none do. Given by the lane table.
    uint32_t again_epoch = 0;
    uint64_t again_to = 0;
    // Set once its lane is not this process's any more; shared with the lane's other segments.
    // Given by the lane table; nullptr: it cannot be taken away.
    std::shared_ptr<const std::atomic<bool>> lane_left = nullptr;
    bool published = false;
    std::atomic<uint32_t> pending{1};

    // Is what nobody has begun with to be dropped? Once true it stays so. Any thread.
    [[nodiscard]] bool left() const {
      return lane_left != nullptr && lane_left->load(std::memory_order_acquire);
    }
  };

  // Takes over `raw` (released in the destructor).
  Batch(sluice_batch raw, BatchBufferPool& pool, SettlementListener& listener);
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  uint64_t sequence = 0;                 // order within the source
  uint32_t source = 0;                   // index of the source in its pipeline
  int64_t received_us = 0;               // wall clock at intake
  std::shared_ptr<const Bundle> bundle;  // what its records are read with, from intake to the end
  // During a rollout: what the records of some keys are read with, those whose key_hash() is below.
  std::shared_ptr<const Bundle> candidate;
  uint64_t candidate_below = 0;
  // What a schema registry says of the ids in front of its records; nullptr: none was asked.
  std::shared_ptr<const SchemaIds> schema_ids;
  // Its records are dead letters that are tried again; nullptr: a source gave them.
  std::shared_ptr<RedriveBatch> redrive;
  SpoolOrigin* spooled = nullptr;  // owned with the records; nullptr: not from a spool
  // Whose memory the records are in: it lives until they are released. May be null.
  std::shared_ptr<const void> producer;
  uint64_t charged_bytes = 0;  // what this batch holds of the pipeline's byte budget

  [[nodiscard]] uint32_t count() const { return raw_.count; }
  [[nodiscard]] const sluice_record& record(uint32_t i) const {
    return *reinterpret_cast<const sluice_record*>(reinterpret_cast<const char*>(raw_.records) +
                                                   static_cast<size_t>(i) * raw_.stride);
  }
  // Of the record's key, or of its bytes if it has none. The same in every process.
  [[nodiscard]] uint64_t key_hash(uint32_t record) const;
  [[nodiscard]] bool takes_candidate(uint32_t record) const {
    return candidate != nullptr && key_hash(record) < candidate_below;
  }
  [[nodiscard]] const Bundle& bundle_of(uint32_t record) const {
    return takes_candidate(record) ? *candidate : *bundle;
  }
  [[nodiscard]] uint64_t value_bytes() const { return value_bytes_; }

  std::deque<Segment>& segments() { return segments_; }
  [[nodiscard]] uint32_t segment_of(uint32_t record) const {
    return segment_of_.empty() ? 0 : segment_of_[record];
  }
  // The epoch of a record that comes again on purpose; 0: it does not.
  [[nodiscard]] uint32_t again(uint32_t record_index) const {
    const Segment& segment = segments_[segment_of(record_index)];
    const bool comes =
        segment.again_epoch != 0 && record(record_index).position <= segment.again_to;
    return comes ? segment.again_epoch : 0;
  }
  // Did lanes of this batch go? See Segment::left().
  [[nodiscard]] bool any_left() const;
  [[nodiscard]] bool all_left() const;
  [[nodiscard]] bool left(uint32_t record) const { return segments_[segment_of(record)].left(); }

  Arena& arena() { return buffers_->arena; }
  std::vector<Part>& parts() { return buffers_->parts; }
  [[nodiscard]] const std::vector<Part>& parts() const { return buffers_->parts; }

  // Which version of its lineage a record came with: its place in the lineage plus one, 0 when none
  // was found. The worker sets them, after keep_schema_versions(); without that all are 0.
  void keep_schema_versions() { buffers_->schema_versions.assign(raw_.count, 0); }
  void set_schema_version(uint32_t record, uint16_t version) {
    buffers_->schema_versions[record] = version;
  }
  [[nodiscard]] uint16_t schema_version(uint32_t record) const {
    return record < buffers_->schema_versions.size() ? buffers_->schema_versions[record] : 0;
  }

  // What makes a record the same as another, for idempotency. The worker sets them, after
  // keep_keys(); without that no record has one.
  void keep_keys();
  [[nodiscard]] bool keeps_keys() const { return !buffers_->keyed.empty(); }
  void set_key(uint32_t record, const Sha256Digest& key) {
    buffers_->keys[record] = key;
    buffers_->keyed[record] = 1;
  }
  void drop_key(uint32_t record) {
    if (keeps_keys()) buffers_->keyed[record] = 0;
  }
  [[nodiscard]] const Sha256Digest* key(uint32_t record) const {
    return keeps_keys() && buffers_->keyed[record] != 0 ? &buffers_->keys[record] : nullptr;
  }

  // Sinks that have a part already and must not be given it again. Kept only by a batch that may
  // hold repeated records: keep_skips() once all parts are there, then skip(), both before anybody
  // else sees the batch.
  void keep_skips(uint32_t sinks);
  void skip(size_t part, uint32_t sink) {
    buffers_->skips[part * skip_words_ + sink / 64] |= uint64_t{1} << (sink % 64);
  }
  [[nodiscard]] bool keeps_skips() const { return skip_words_ != 0; }
  [[nodiscard]] bool skips(size_t part, uint32_t sink) const {
    return skip_words_ != 0 &&
           ((buffers_->skips[part * skip_words_ + sink / 64] >> (sink % 64)) & 1U) != 0;
  }
  // Place of a part of this batch in parts().
  [[nodiscard]] uint32_t index_of(const Part& part) const {
    return static_cast<uint32_t>(&part - buffers_->parts.data());
  }

  // Raises the record's outcome to at least `outcome`. Any thread.
  void note(uint32_t record, Outcome outcome);
  [[nodiscard]] Outcome outcome(uint32_t record) const {
    return static_cast<Outcome>(buffers_->outcomes[record].load(std::memory_order_relaxed) &
                                ~kFlags);
  }
  // Something of the record was dropped: whoever has its lane now will have to deliver it. Any
  // thread; before the obligation is met.
  void give_back(uint32_t record) {
    buffers_->outcomes[record].fetch_or(kGivenBack, std::memory_order_relaxed);
  }
  [[nodiscard]] bool given_back(uint32_t record) const {
    return (buffers_->outcomes[record].load(std::memory_order_relaxed) & kGivenBack) != 0;
  }
  // A sink's spool is to hold the record's place in the account. True for the first that asks. Any
  // thread; before the sink's obligation is met.
  bool claim_for_spool(uint32_t record) {
    return (buffers_->outcomes[record].fetch_or(kInSpool, std::memory_order_relaxed) & kInSpool) ==
           0;
  }
  void disclaim(uint32_t record) {
    buffers_->outcomes[record].fetch_and(static_cast<uint8_t>(~kInSpool),
                                         std::memory_order_relaxed);
  }
  [[nodiscard]] bool in_spool(uint32_t record) const {
    return (buffers_->outcomes[record].load(std::memory_order_relaxed) & kInSpool) != 0;
  }

  // Adds obligations to the record's segment. Only while the worker still holds its own.
  void oblige(uint32_t record, uint32_t n) {
    segments_[segment_of(record)].pending.fetch_add(n, std::memory_order_relaxed);
  }
  // Meets `n` obligations of a segment. Any thread.
  void meet(uint32_t segment, uint32_t n);
  // The worker is done: meets the obligation every segment began with.
  void publish();
  // The same, for one segment ahead of the others.
  void publish(uint32_t segment);

  // For the account: where the batch is held, and how many of its records are settled (the ledger's
  // thread raises it).
  Place place = Place::kQueue;
  uint32_t settled_records = 0;
  // Which records became dead letters and why, in the order of their letters; of the ledger's
  // thread. Reasons are the runtime's codes.
  std::vector<std::pair<uint32_t, std::string>> dead_lettered;

 private:
  // Beside the outcome.
  static constexpr uint8_t kInSpool = 0x80;
  static constexpr uint8_t kGivenBack = 0x40;
  static constexpr uint8_t kFlags = kInSpool | kGivenBack;

  void build_segments();

  sluice_batch raw_;
  BatchBufferPool& pool_;
  SettlementListener& listener_;
  std::unique_ptr<BatchBuffers> buffers_;
  std::deque<Segment> segments_;      // a deque: atomics do not move
  std::vector<uint32_t> segment_of_;  // by record; empty when there is one segment
  uint64_t value_bytes_ = 0;
  uint32_t skip_words_ = 0;  // of a part's row; 0: none are kept
};

using BatchPtr = std::shared_ptr<Batch>;

}  // namespace sluice
