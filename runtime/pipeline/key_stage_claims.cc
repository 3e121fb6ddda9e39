// SPDX-License-Identifier: Apache-2.0
// The decisions of the key stage: which parts of which records go on to which sinks.
#include <algorithm>
#include <utility>

#include "runtime/pipeline/key_stage.h"
#include "runtime/pipeline/redrive_batch.h"

namespace sluice {

// A record that goes on by itself, as a batch of its own: it stands for one obligation of the batch
// it came with, and keeps that alive.
struct KeyStage::LateBatch final : Batch {
  LateBatch(BatchPtr from, uint32_t index, BatchBufferPool& pool, SettlementListener& listener)
      : Batch(one_record(*from, index), pool, listener),
        original(std::move(from)),
        original_record(index) {
    source = original->source;
    received_us = original->received_us;
    bundle = original->bundle;
    candidate = original->candidate;
    candidate_below = original->candidate_below;
    segments().front().lane_left = original->segments()[original->segment_of(index)].lane_left;
    keep_keys();
    set_key(0, *original->key(index));
    if (original->redrive) {
      // Takes what fails; the letter itself stays with the batch it came with.
      redrive = std::make_shared<RedriveBatch>();
      redrive->redrive = original->redrive->redrive;
      redrive->from = original->redrive->from;
    }
    if (const uint16_t version = original->schema_version(index); version != 0) {
      keep_schema_versions();
      set_schema_version(0, version);
    }
    for (const Part& part : original->parts()) {
      if (part.record != index) continue;
      parts().push_back(part);
      parts().back().record = 0;
    }
  }

  // The record stays where it is.
  static sluice_batch one_record(const Batch& from, uint32_t index) {
    sluice_batch raw{};
    raw.struct_size = sizeof raw;
    raw.stride = sizeof(sluice_record);
    raw.count = 1;
    raw.records = &from.record(index);
    return raw;
  }

  const BatchPtr original;
  const uint32_t original_record;
};

// False: the batch has to wait.
bool KeyStage::try_send(const BatchPtr& batch) {
  rows_.clear();
  keys_.clear();
  std::vector<Waiter> twins;
  list_records(batch, twins);
  if (!claim_rows()) return false;
  if (!twins.empty() && !batch->keeps_skips()) {
    batch->keep_skips(static_cast<uint32_t>(tags_.size()));
  }
  for (const uint32_t part : left_out_) {
    for (uint32_t sink = 0; sink < tags_.size(); ++sink) batch->skip(part, sink);
  }
  waiting_twins_ += twins.size();
  for (Waiter& twin : twins) {
    batch->oblige(twin.record, 1);
    twins_[*batch->key(twin.record)].push_back(std::move(twin));
  }
  apply_claims();
  host_.send(batch);
  return true;
}

// Rows of all records whose key is not on its way, and those whose is. Parts of a record are
// neighbours.
void KeyStage::list_records(const BatchPtr& batch, std::vector<Waiter>& twins) {
  uint32_t last = UINT32_MAX;
  bool taken = false;
  left_out_.clear();
  for (uint32_t i = 0; i < batch->parts().size(); ++i) {
    const uint32_t record = batch->parts()[i].record;
    const Sha256Digest* key = batch->key(record);
    if (key == nullptr || batch->segments()[batch->segment_of(record)].published) continue;
    if (record != last) {
      last = record;
      taken = in_flight_.find(*key) == nullptr;
      if (taken) {
        in_flight_.insert(*key, *batch, record);
      } else {
        twins.push_back({batch, record});
      }
    }
    if (taken) {
      list_part(*batch, i);
    } else {
      left_out_.push_back(i);
    }
  }
}

void KeyStage::list_part(Batch& batch, uint32_t index) {
  const Part& part = batch.parts()[index];
  for (uint32_t sink = 0; sink < tags_.size(); ++sink) {
    if (part.sink != Part::kAllSinks && part.sink != sink) continue;
    rows_.push_back({&batch, index, sink, host_.obliged(part, sink)});
    keys_.emplace_back(*batch.key(part.record), part.part, tags_[sink]);
  }
}

// False: nothing is claimed, and what was listed has to wait.
bool KeyStage::claim_rows() {
  claims_.assign(rows_.size(), Claim::kMine);
  if (rows_.empty()) return true;
  const sluice::Status claimed = store_.claim(keys_, claims_);
  note_store(claimed);
  if (!claimed) {
    if (!config_.idempotency.admit_when_away) {
      forget_rows();
      return false;
    }
    claims_.assign(rows_.size(), Claim::kMine);
  }
  if (std::find(claims_.begin(), claims_.end(), Claim::kForeign) == claims_.end()) return true;
  std::vector<IdempotencyRow> mine;
  for (size_t i = 0; i < keys_.size(); ++i) {
    if (claims_[i] == Claim::kMine) mine.push_back(keys_[i]);
  }
  note_store(store_.release(mine));
  forget_rows();
  return false;
}

void KeyStage::forget_rows() {
  for (const Row& row : rows_) {
    const uint32_t record = row.batch->parts()[row.part].record;
    InFlightKeys::Entry* entry = in_flight_.find(*row.batch->key(record));
    // Gone already with an earlier row of the same record.
    if (entry != nullptr && entry->batch == row.batch && entry->record == record) {
      in_flight_.erase(*entry);
    }
  }
}

// What a sink has is skipped; a record counts the answers it waits for.
void KeyStage::apply_claims() {
  for (size_t i = 0; i < rows_.size();) {
    Batch& batch = *rows_[i].batch;
    const uint32_t record = batch.parts()[rows_[i].part].record;
    uint32_t answers = 0;
    for (; i < rows_.size() && rows_[i].batch == &batch &&
           batch.parts()[rows_[i].part].record == record;
         ++i) {
      if (claims_[i] == Claim::kDone) {
        if (!batch.keeps_skips()) batch.keep_skips(static_cast<uint32_t>(tags_.size()));
        batch.skip(rows_[i].part, rows_[i].sink);
      } else if (rows_[i].obliged) {
        ++answers;
      }
    }
    InFlightKeys::Entry& entry = *in_flight_.find(*batch.key(record));
    entry.answers = answers;
    if (answers == 0) end_flight(entry);
  }
}

// Records whose first one has all its answers: duplicates where that was taken, else they go on.
// Of several with one key one goes at a time, the rest wait for it.
void KeyStage::try_twins() {
  while (!ready_.empty() && clock_.now() >= ready_not_before_) {
    std::vector<Waiter> now;
    now.swap(ready_);
    rows_.clear();
    keys_.clear();
    std::vector<std::shared_ptr<LateBatch>> late;
    std::vector<Waiter> unused;
    SettlementListener& self = *this;
    for (Waiter& waiter : now) {
      const Sha256Digest& key = *waiter.batch->key(waiter.record);
      if (in_flight_.find(key) != nullptr) {
        twins_[key].push_back(std::move(waiter));
        continue;
      }
      late.push_back(
          std::make_shared<LateBatch>(std::move(waiter.batch), waiter.record, late_buffers_, self));
      list_records(late.back(), unused);
    }
    if (!claim_rows()) {
      for (const auto& batch : late) ready_.push_back({batch->original, batch->original_record});
      // Those that waited for one of these have nothing to wait for now.
      for (const auto& batch : late) {
        const auto twins = twins_.find(*batch->key(0));
        if (twins == twins_.end()) continue;
        for (Waiter& twin : twins->second) ready_.push_back(std::move(twin));
        twins_.erase(twins);
      }
      ready_not_before_ = clock_.now() + ready_backoff_.fail();
      return;
    }
    ready_backoff_.succeed();
    waiting_twins_ -= late.size();
    apply_claims();
    for (const auto& batch : late) host_.send(batch);
  }
}

// A record that went on by itself has its outcome: it is that of the record in its own batch.
void KeyStage::segment_settled(std::shared_ptr<Batch> batch, uint32_t /*segment*/) {
  const auto& late = static_cast<const LateBatch&>(*batch);
  if (batch->given_back(0)) late.original->give_back(late.original_record);
  if (batch->in_spool(0)) late.original->claim_for_spool(late.original_record);
  if (late.redrive) {
    for (LetterRequest& failure : late.redrive->failures(0)) {
      failure.record = late.original_record;
      late.original->redrive->fail(std::move(failure));
    }
  }
  late.original->note(late.original_record, batch->outcome(0));
  late.original->meet(late.original->segment_of(late.original_record), 1);
}

}  // namespace sluice
