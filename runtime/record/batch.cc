// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/batch.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "runtime/base/check.h"

namespace sluice {

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone:
      return "none";
    case Outcome::kFiltered:
      return "filtered";
    case Outcome::kDuplicate:
      return "duplicate";
    case Outcome::kCommitted:
      return "committed";
    case Outcome::kDeferred:
      return "deferred";
    case Outcome::kShed:
      return "shed";
    case Outcome::kDeadLettered:
      return "dead_lettered";
  }
  return "unknown";
}

std::unique_ptr<BatchBuffers> BatchBufferPool::take() {
  {
    MutexLock lock(mutex_);
    if (!free_.empty()) {
      auto buffers = std::move(free_.back());
      free_.pop_back();
      return buffers;
    }
  }
  return std::make_unique<BatchBuffers>();
}

void BatchBufferPool::give_back(std::unique_ptr<BatchBuffers> buffers) {
  buffers->arena.reset();
  buffers->parts.clear();
  buffers->schema_versions.clear();
  buffers->keyed.clear();
  buffers->skips.clear();
  MutexLock lock(mutex_);
  if (free_.size() < kKeep) free_.push_back(std::move(buffers));
}

Batch::Batch(sluice_batch raw, BatchBufferPool& pool, SettlementListener& listener)
    : raw_(raw), pool_(pool), listener_(listener), buffers_(pool.take()) {
  if (buffers_->outcomes.size() < raw_.count) {
    buffers_->outcomes = std::vector<std::atomic<uint8_t>>(raw_.count);
  }
  for (uint32_t i = 0; i < raw_.count; ++i) {
    buffers_->outcomes[i].store(0, std::memory_order_relaxed);
    value_bytes_ += record(i).value.size;
  }
  build_segments();
}

// FNV-1a, and the mixing step of SplitMix64: the share below a bound has to be right for keys that
// differ in their last digits only.
uint64_t Batch::key_hash(uint32_t record_index) const {
  const sluice_record& of = record(record_index);
  const sluice_str& text = of.key.data != nullptr ? of.key : of.value;
  uint64_t hash = 0xCBF29CE484222325U;
  for (uint64_t i = 0; i < text.size; ++i) {
    hash = (hash ^ static_cast<unsigned char>(text.data[i])) * 0x100000001B3U;
  }
  hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9U;
  hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBU;
  return hash ^ (hash >> 31);
}

Batch::~Batch() {
  listener_.batch_gone(*this);
  if (raw_.release != nullptr) raw_.release(&raw_);
  pool_.give_back(std::move(buffers_));
}

void Batch::build_segments() {
  std::unordered_map<uint32_t, uint32_t> index_of_lane;  // only filled from the second lane on
  for (uint32_t i = 0; i < raw_.count; ++i) {
    const sluice_record& r = record(i);
    uint32_t index = 0;
    if (segments_.empty()) {
      segments_.emplace_back().lane = r.lane;
    } else if (segments_.size() > 1 || segments_.front().lane != r.lane) {
      if (index_of_lane.empty()) {
        index_of_lane.emplace(segments_.front().lane, 0);
        segment_of_.assign(raw_.count, 0);
      }
      const auto [at, added] =
          index_of_lane.emplace(r.lane, static_cast<uint32_t>(segments_.size()));
      if (added) segments_.emplace_back().lane = r.lane;
      index = at->second;
      segment_of_[i] = index;
    }
    Segment& segment = segments_[index];
    if (segment.count == 0) segment.first_position = r.position;
    ++segment.count;
    segment.last_position = r.position;
    segment.highest_time_us = std::max(segment.highest_time_us, r.time_us);
  }
}

void Batch::keep_keys() {
  buffers_->keyed.assign(raw_.count, 0);
  if (buffers_->keys.size() < raw_.count) buffers_->keys.resize(raw_.count);
}

void Batch::keep_skips(uint32_t sinks) {
  skip_words_ = (sinks + 63) / 64;
  buffers_->skips.assign(buffers_->parts.size() * skip_words_, 0);
}

void Batch::note(uint32_t record, Outcome outcome) {
  std::atomic<uint8_t>& slot = buffers_->outcomes[record];
  const auto value = static_cast<uint8_t>(outcome);
  uint8_t seen = slot.load(std::memory_order_relaxed);
  while ((seen & ~kFlags) < value &&
         !slot.compare_exchange_weak(seen, static_cast<uint8_t>((seen & kFlags) | value),
                                     std::memory_order_relaxed)) {
  }
}

void Batch::meet(uint32_t segment, uint32_t n) {
  // acq_rel: whoever meets the last one sees the outcomes noted by all others.
  const uint32_t before = segments_[segment].pending.fetch_sub(n, std::memory_order_acq_rel);
  SLUICE_CHECK(before >= n, "more obligations met than there were");
  if (before == n) listener_.segment_settled(shared_from_this(), segment);
}

void Batch::publish() {
  for (uint32_t i = 0; i < segments_.size(); ++i) publish(i);
}

void Batch::publish(uint32_t segment) {
  if (!std::exchange(segments_[segment].published, true)) meet(segment, 1);
}

bool Batch::any_left() const {
  return std::any_of(segments_.begin(), segments_.end(),
                     [](const Segment& segment) { return segment.left(); });
}

bool Batch::all_left() const {
  return std::all_of(segments_.begin(), segments_.end(),
                     [](const Segment& segment) { return segment.left(); });
}

}  // namespace sluice
