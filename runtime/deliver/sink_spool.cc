// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/sink_spool.h"

#include <algorithm>

#include "runtime/base/fault.h"
#include "runtime/base/log.h"
#include "runtime/deliver/spooled_batch.h"

namespace sluice {
namespace {

constexpr uint32_t kFirstAtOnce = 16;
constexpr uint32_t kMostAtOnce = 4096;
constexpr uint64_t kBytesAtOnce = 1 << 20;
// Read and not settled; bounds the memory, since nothing else is charged for it.
constexpr uint32_t kMostBatchesOut = 8;
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr std::chrono::milliseconds kTryAgain{1000};

std::string_view spool_text(sluice_str from) { return {from.data, static_cast<size_t>(from.size)}; }

}  // namespace

// Its marks have no gaps, so it has to be written each record in its turn.
Status check_spool(bool keeps_marks) {
  if (!keeps_marks) return Status::ok();
  return invalid(
      "a sink that keeps marks writes each record in its turn and cannot have a spool; remove "
      "`spool`, or set the sink's `exactly_once: false` (also to empty one that holds records)");
}

SinkSpool::SinkSpool(std::unique_ptr<Spool> spool, Options options, SpoolDesk& desk,
                     const Clock& clock)
    : spool_(std::move(spool)),
      options_(std::move(options)),
      desk_(desk),
      clock_(clock),
      inside_(desk.source_count()),
      found_(options_.most_in_flight),
      at_once_(kFirstAtOnce) {
  if (options_.drain_rate) bucket_.emplace(*options_.drain_rate, 1, clock);
}

Status SinkSpool::recover() {
  for (const SpoolLane& lane : spool_->lanes()) {
    const uint32_t source = desk_.source_number(lane.source);
    inside_[source] += lane.records;
    desk_.recovered(source, lane.records);
  }
  std::map<std::pair<std::string_view, std::string_view>, std::optional<uint64_t>> marks;
  SLUICE_RETURN_IF_ERROR(spool_->each_place([&](const SpoolPlace& place) {
    last_found_ = place.id;
    const uint32_t source = desk_.source_number(place.source);
    auto mark = marks.find({place.source, place.lane});
    if (mark == marks.end()) {
      const auto settled = desk_.settled_before(source, place.lane);
      mark = marks.emplace(std::pair(place.source, place.lane), settled).first;
    }
    if (mark->second && place.position <= *mark->second) return;
    found_.add(source, place.lane, place.position, place.part, place.epoch);
  }));
  found_.seal();
  return Status::ok();
}

bool SinkSpool::found(const Delivery& delivery) {
  if (delivery.batch->redrive) return false;
  return found_.holds(
      delivery, [this](uint32_t source, uint32_t lane) { return desk_.lane_name(source, lane); });
}

Status SinkSpool::append(std::span<const Delivery> deliveries, std::vector<Left>* tickets) {
  std::vector<SpoolRecord> records(deliveries.size());
  std::deque<RecordNames> names;
  for (size_t i = 0; i < deliveries.size(); ++i) {
    const Delivery& delivery = deliveries[i];
    describe(delivery, records[i], names);
    records[i].counted =
        options_.obliged(*delivery.part) && delivery.batch->claim_for_spool(delivery.part->record);
  }
  Status status = spool_->append(records);
  for (size_t i = 0; i < deliveries.size(); ++i) {
    if (status) {
      ++inside_[deliveries[i].batch->source];
    } else if (records[i].counted) {
      deliveries[i].batch->disclaim(deliveries[i].part->record);
    }
  }
  if (!status) return status;
  more_ = true;
  if (tickets == nullptr) return status;
  uint64_t id = spool_->stats().last_id - deliveries.size();  // nobody else appends
  for (size_t i = 0; i < deliveries.size(); ++i) {
    tickets->push_back({++id, Outcome::kNone, records[i].counted, deliveries[i].batch->source,
                        std::string(records[i].lane), records[i].position});
  }
  return status;
}

void SinkSpool::describe(const Delivery& delivery, SpoolRecord& out,
                         std::deque<RecordNames>& keep) const {
  const sluice_record& record = delivery.record();
  const Part& part = *delivery.part;
  const RecordNames& names = keep.emplace_back(desk_.names(*delivery.batch, delivery.part->record));
  out.source = names.source;
  out.lane = names.lane;
  out.schema_version = names.schema_version;
  out.script_hash = names.script_hash;
  out.bundle_hash = names.bundle_hash;
  out.position = record.position;
  out.sinks = names.sinks;
  out.part = part.part;
  out.epoch = delivery.batch->again(part.record);
  out.flags = part.flags;
  out.raw_flags = record.flags;
  out.value = part.value;
  out.key = part.key;
  out.event_time_us = record.time_us;
  out.received_us = delivery.batch->received_us;
  out.raw = spool_text(record.value);
  out.raw_key = spool_text(record.key);
  for (uint32_t i = 0; i < record.header_count; ++i) {
    out.headers.push_back({spool_text(record.headers[i].key), spool_text(record.headers[i].value)});
  }
  out.attempts = delivery.tries();
}

bool SinkSpool::ready() const {
  if (!read_.empty()) return true;
  return more_ && batches_out_ < kMostBatchesOut && clock_.now() >= look_again_ && !empty();
}

std::optional<SinkSpool::Time> SinkSpool::ready_at() const {
  if (!read_.empty()) return clock_.now();
  if (empty()) return std::nullopt;
  // Nothing to be read; a record whose letter is under way may still want another try to leave.
  if (!more_) return clock_.now() + kTryAgain;
  if (batches_out_ >= kMostBatchesOut) return clock_.now() + kLookAgain;
  return look_again_;
}

BatchPtr SinkSpool::next() {
  if (read_.empty() && !read_more()) return nullptr;
  BatchPtr batch = std::move(read_.front());
  read_.pop_front();
  return batch;
}

bool SinkSpool::read_more() {
  uint32_t most = at_once_;
  if (bucket_) {
    most = bucket_->take(most);
    if (most == 0) {
      look_again_ = clock_.now() + bucket_->time_to_next();
      return false;
    }
  }
  {
    MutexLock lock(mutex_);
    for (const uint64_t id : gone_) done_.erase(id);
    gone_.clear();
  }
  auto items = std::make_shared<SpoolItems>();
  const Status status = spool_->peek(cursor_, most, kBytesAtOnce, *items);
  note_disk(status);
  if (bucket_) bucket_->give_back(most - static_cast<uint32_t>(items->size()));
  if (!status) {
    look_again_ = clock_.now() + kTryAgain;
    return false;
  }
  if (items->empty()) {
    more_ = false;
    return false;
  }
  batch_up(items);
  return !read_.empty();
}

// A batch of each source, of what was read.
void SinkSpool::batch_up(const std::shared_ptr<SpoolItems>& items) {
  std::map<uint32_t, std::unique_ptr<SpooledBatch>> by_source;
  std::map<uint32_t, std::pair<uint64_t, uint32_t>> last;  // place, by lane
  for (const SpoolItem& item : items->items()) {
    const uint32_t lane = lane_number(item.record);
    // A lane that was moved back is inside twice: in a write its places rise.
    const std::pair place(item.record.position, item.record.part);
    const auto [before, first] = last.try_emplace(lane, place);
    if (!first && place <= std::exchange(before->second, place)) break;
    cursor_ = item.id;
    {
      MutexLock lock(mutex_);
      if (done_.contains(item.id)) continue;
    }
    const uint32_t source = desk_.source_number(item.record.source);
    auto& made = by_source[source];
    if (!made) made = std::make_unique<SpooledBatch>(*this, items, source);
    made->add(item, lane);
  }
  for (auto& [source, made] : by_source) {
    read_.push_back(SpooledBatch::finish(std::move(made), pool_, options_.index));
  }
}

uint32_t SinkSpool::lane_number(const SpoolRecord& record) {
  const auto next = static_cast<uint32_t>(lane_numbers_.size());
  return lane_numbers_.try_emplace({std::string(record.source), std::string(record.lane)}, next)
      .first->second;
}

void SinkSpool::rewind() {
  read_.clear();
  cursor_ = 0;
  more_ = true;
  at_once_ = kFirstAtOnce;
}

void SinkSpool::speed_up() { at_once_ = std::min(2 * at_once_, kMostAtOnce); }

SinkSpool::Left SinkSpool::left(const SpoolItem& item, Outcome outcome) const {
  const SpoolRecord& record = item.record;
  const bool accounted = record.counted || item.id <= last_found_;
  return {item.id,
          outcome,
          accounted,
          desk_.source_number(record.source),
          std::string(record.lane),
          record.position};
}

void SinkSpool::settled(const Delivery& delivery, Outcome outcome) {
  const auto& origin = static_cast<const SpooledBatch&>(*delivery.batch->spooled);
  leaving_.push_back(left(origin.item(delivery.part->record), outcome));
}

void SinkSpool::retry_removals() {
  if (clock_.now() < remove_again_) return;
  remove_again_ = clock_.now() + kTryAgain;
  {
    MutexLock lock(mutex_);
    leaving_.insert(leaving_.end(), std::make_move_iterator(unremoved_.begin()),
                    std::make_move_iterator(unremoved_.end()));
    unremoved_.clear();
  }
  flush();
}

void SinkSpool::flush() {
  if (leaving_.empty()) return;
  SLUICE_FAULT("spool.drained.before_removal");
  leave(leaving_);
  leaving_.clear();
}

void SinkSpool::letter_posted(const Delivery& delivery) {
  const auto& origin = static_cast<const SpooledBatch&>(*delivery.batch->spooled);
  MutexLock lock(mutex_);
  done_.insert(origin.item(delivery.part->record).id);
}

void SinkSpool::letter_written(const SpoolItem& item) {
  std::vector<Left> one;
  one.push_back(left(item, Outcome::kDeadLettered));
  leave(one);
}

// Should the disk refuse, what was taken stays inside and is not read again while this process
// runs.
void SinkSpool::leave(std::vector<Left>& left) {
  std::vector<uint64_t> ids;
  ids.reserve(left.size());
  for (const Left& one : left) ids.push_back(one.id);
  const Status status = spool_->remove(ids);
  note_disk(status);
  MutexLock lock(mutex_);
  if (!status) {
    done_.insert(ids.begin(), ids.end());
    unremoved_.insert(unremoved_.end(), std::make_move_iterator(left.begin()),
                      std::make_move_iterator(left.end()));
    return;
  }
  for (const Left& one : left) {
    if (done_.contains(one.id)) gone_.push_back(one.id);
    --inside_[one.source];
    if (one.accounted) desk_.drained(one.source, one.lane, one.position, one.outcome);
  }
}

void SinkSpool::note_append(const Status& status) const {
  MutexLock lock(mutex_);
  // A line when it begins and when it ends.
  if (!status && append_trouble_.empty()) {
    log::error("spool.refused",
               "its records are held in memory, then the source stops: " + status.message(),
               {{"sink", options_.sink}});
  } else if (status && !append_trouble_.empty()) {
    log::info("spool.accepts", "the spool takes records again", {{"sink", options_.sink}});
  }
  append_trouble_ = status ? std::string() : status.message();
}

void SinkSpool::note_disk(const Status& status) const {
  MutexLock lock(mutex_);
  if (!status && disk_trouble_.empty()) {
    log::error("spool.failed", "what is inside stays there: " + status.message(),
               {{"sink", options_.sink}});
  } else if (status && !disk_trouble_.empty()) {
    log::info("spool.recovered", "the spool can be read and emptied again",
              {{"sink", options_.sink}});
  }
  disk_trouble_ = status ? std::string() : status.message();
}

std::string SinkSpool::trouble() const {
  MutexLock lock(mutex_);
  return append_trouble_.empty() ? disk_trouble_ : append_trouble_;
}

}  // namespace sluice
