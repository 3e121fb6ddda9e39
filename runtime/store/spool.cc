// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/spool.h"

#include <algorithm>
#include <map>

#include "runtime/base/fault.h"
#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/store/durable_spool.h"

namespace sluice {

namespace fs = std::filesystem;
using store::SpoolEntry;

namespace {

// What the index and the keys of a record take, counted with it.
constexpr uint64_t kEntryCost = 64;

std::string record_key(uint64_t id) { return store::spool_key(store::kRecordSpace, id); }
std::string index_key(uint64_t id) { return store::spool_key(store::kIndexSpace, id); }

}  // namespace

uint64_t Spool::cost(const SpoolRecord& record) {
  return store::spool_record_size(record) + kEntryCost;
}

Status DurableSpool::open() {
  MutexLock io(io_);
  SLUICE_RETURN_IF_ERROR(open_files());
  MutexLock lock(mutex_);
  found_ = index_.records();
  return Status::ok();
}

Status DurableSpool::append(std::span<const SpoolRecord> records) {
  if (records.empty()) return Status::ok();
  MutexLock io(io_);
  SLUICE_RETURN_IF_ERROR(make_ready());
  uint64_t asked = 0;
  for (const SpoolRecord& record : records) asked += cost(record);
  SLUICE_RETURN_IF_ERROR(check_room(asked));
  fill(records);
  SLUICE_FAULT_STATUS("spool.append.before_write");
  if (const Status written = db_->write(batch_, true); !written) {
    unsure_until_ = next_id_ + records.size();
    return failed(written);
  }
  SLUICE_FAULT("spool.append.after_write");
  MutexLock lock(mutex_);
  if (index_.records() == 0) front_ = {next_id_, entries_.front().spooled_us};
  for (const SpoolEntry& entry : entries_) index_.add(entry);
  next_id_ += records.size();
  last_id_ = next_id_ - 1;
  set_mark(db_->last_sequence(), index_.records());
  return Status::ok();
}

// What it speaks of is durable whatever becomes of it; a mark that lags only sees less.
void DurableSpool::set_mark(uint64_t sequence, uint64_t records) {
  const Status marked = mark_->set(sequence, records);
  if (!marked) log::warn("spool.mark", marked.message(), {{"sink", options_.sink}});
}

Status DurableSpool::check_room(uint64_t asked) const {
  MutexLock lock(mutex_);
  if (index_.bytes() + asked <= options_.limit_bytes) return Status::ok();
  return {Code::kExhausted,
          "the spool of " + options_.sink + " is full: it holds " + format_size(index_.bytes()) +
              " of " + format_size(options_.limit_bytes) + ", " + format_size(asked) +
              " more do not fit; the sink has to take some, or raise `spool` of the sink"};
}

// The records as one batch, their entries in entries_.
void DurableSpool::fill(std::span<const SpoolRecord> records) {
  batch_.clear();
  entries_.clear();
  const int64_t now = options_.clock->wall_us();
  uint64_t id = next_id_;
  const SpoolRecord* before = nullptr;  // records of a lane come in runs
  for (const SpoolRecord& record : records) {
    SpoolEntry entry{0, record.part, record.position, 0, now, record.epoch};
    if (before != nullptr && before->lane == record.lane && before->source == record.source) {
      entry.lane = entries_.back().lane;
    } else {
      entry.lane = number_of(record);
    }
    before = &record;
    store::encode_spool_record(id, record, scratch_);
    entry.bytes = scratch_.size() + kEntryCost;  // cost(record), without working it out again
    batch_.put(record_key(id), scratch_);
    entries_.push_back(entry);
    ++id;
  }
  // Behind each other, not in turn: neighbours are inserted quicker.
  id = next_id_;
  for (const SpoolEntry& entry : entries_) {
    batch_.put(index_key(id++), store::encode_spool_entry(entry));
  }
}

uint32_t DurableSpool::number_of(const SpoolRecord& record) {
  bool fresh = false;
  MutexLock lock(mutex_);
  const uint32_t number = index_.lane_number(record.source, record.lane, fresh);
  if (fresh) {
    batch_.put(store::spool_key(store::kLaneSpace, number),
               store::encode_lane_name(record.source, record.lane));
  }
  return number;
}

Status DurableSpool::peek(uint64_t after, size_t records, uint64_t bytes, SpoolItems& out) {
  MutexLock io(io_);
  SLUICE_RETURN_IF_ERROR(make_ready());
  for (;;) {
    const uint64_t front = front_id();
    Damaged damaged;
    SLUICE_RETURN_IF_ERROR(read_from(std::max(after + 1, front), records, bytes, out, damaged));
    if (!damaged.empty()) SLUICE_RETURN_IF_ERROR(set_aside(damaged));
    if (!out.empty() || records == 0) return Status::ok();
    if (!damaged.empty()) continue;  // there may be good ones behind them
    MutexLock lock(mutex_);
    if (after < front && index_.records() > 0) {
      return contradiction("records its index speaks of are not there");
    }
    return Status::ok();
  }
}

// All bytes go into one text, and are decoded when it moves no more.
Status DurableSpool::read_from(uint64_t id, size_t records, uint64_t bytes, SpoolItems& out,
                               Damaged& damaged) {
  out.items_.clear();
  out.text_.clear();
  out.texts_.clear();
  std::vector<std::pair<uint64_t, size_t>> read;  // id and end in the text
  store::RocksCursor cursor = db_->cursor();
  for (cursor.seek(record_key(id)); cursor.valid() && read.size() < records; cursor.next()) {
    const auto number = store::spool_key_number(store::kRecordSpace, cursor.key());
    if (!number) break;
    const std::string_view value = cursor.value();
    if (!read.empty() && out.text_.size() + value.size() > bytes) break;
    out.text_ += value;
    read.emplace_back(*number, out.text_.size());
  }
  // What was read comes first; a damaged file is told by the next call.
  if (read.empty()) return cursor.status();
  size_t at = 0;
  for (const auto& [number, end] : read) {
    const std::string_view value = std::string_view(out.text_).substr(at, end - at);
    at = end;
    SpoolItem item;
    item.id = number;
    if (const Status good = store::decode_spool_record(number, value, out.texts_, item.record);
        good) {
      out.items_.push_back(std::move(item));
    } else {
      store::DamagedRecord& bad = damaged.emplace_back();
      bad.id = number;
      bad.why = good.message();
      bad.bytes = value;
    }
  }
  return Status::ok();
}

Status DurableSpool::each_place(const std::function<void(const SpoolPlace&)>& tell) {
  MutexLock io(io_);
  SLUICE_RETURN_IF_ERROR(make_ready());
  store::RocksCursor cursor = db_->cursor(/*sequential=*/true);
  MutexLock lock(mutex_);
  for (cursor.seek({&store::kIndexSpace, 1}); cursor.valid(); cursor.next()) {
    const auto id = store::spool_key_number(store::kIndexSpace, cursor.key());
    if (!id) break;
    const auto entry = store::decode_spool_entry(cursor.value());
    const SpoolLane* lane = entry ? index_.find(entry->lane) : nullptr;
    if (lane == nullptr) {
      return contradiction("the index of record " + std::to_string(*id) + " is damaged");
    }
    tell({*id, lane->source, lane->lane, entry->position, entry->part, entry->epoch});
  }
  return cursor.status();
}

Status DurableSpool::remove(std::span<const uint64_t> ids, bool sync) {
  if (ids.empty()) return Status::ok();
  MutexLock io(io_);
  SLUICE_RETURN_IF_ERROR(make_ready());
  SLUICE_ASSIGN_OR_RETURN(const Found found, find(ids));
  batch_.clear();
  return found.empty() ? Status::ok() : take(found, sync);
}

// Entries of those ids that are there, ids rising.
Result<DurableSpool::Found> DurableSpool::find(std::span<const uint64_t> ids) {
  std::vector<uint64_t> sorted(ids.begin(), ids.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<std::string> keys;
  keys.reserve(sorted.size());
  for (const uint64_t id : sorted) keys.push_back(index_key(id));
  const std::vector<std::string_view> names(keys.begin(), keys.end());
  SLUICE_RETURN_IF_ERROR(db_->get_many(names, values_, /*sorted=*/true));
  Found found;
  found.reserve(sorted.size());
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (!values_[i]) continue;
    const auto entry = store::decode_spool_entry(*values_[i]);
    if (!entry) {
      return contradiction("the index of record " + std::to_string(sorted[i]) + " is damaged");
    }
    found.emplace_back(sorted[i], *entry);
  }
  return found;
}

// Takes these out, together with what batch_ holds already.
Status DurableSpool::take(const Found& found, bool sync) {
  std::map<uint32_t, uint64_t> by_lane;
  for (const auto& [id, entry] : found) {
    batch_.remove(record_key(id));
    ++by_lane[entry.lane];
    removed_bytes_ += entry.bytes;
  }
  for (const auto& [id, entry] : found) batch_.remove(index_key(id));
  {
    MutexLock lock(mutex_);
    for (const auto& [number, count] : by_lane) {
      const SpoolLane* lane = index_.find(number);
      if (lane != nullptr && lane->records <= count) {
        batch_.remove(store::spool_key(store::kLaneSpace, number));
      }
    }
  }
  SLUICE_FAULT_STATUS("spool.remove.before_write");
  if (const Status written = db_->write(batch_, sync); !written) return failed(written);
  SLUICE_FAULT("spool.remove.after_write");
  {
    MutexLock lock(mutex_);
    for (const auto& [id, entry] : found) index_.take(entry);
    set_mark(mark_->sequence(), index_.records());
  }
  if (found.front().first <= front_id()) SLUICE_RETURN_IF_ERROR(find_front());
  return give_space_back();
}

SpoolStats DurableSpool::stats() const {
  MutexLock lock(mutex_);
  SpoolStats out;
  out.records = index_.records();
  out.bytes = index_.bytes();
  out.limit_bytes = options_.limit_bytes;
  out.lanes = index_.lane_count();
  out.damaged = index_.damaged();
  out.oldest_us = index_.records() == 0 ? 0 : front_.spooled_us;
  out.disk_bytes = disk_bytes_;
  out.found = found_;
  out.last_id = last_id_;
  return out;
}

std::vector<SpoolLane> DurableSpool::lanes() const {
  MutexLock lock(mutex_);
  return index_.lanes();
}

SpoolLane DurableSpool::lane(std::string_view source, std::string_view lane) const {
  MutexLock lock(mutex_);
  const SpoolLane* found = index_.find(source, lane);
  if (found != nullptr && found->records > 0) return *found;
  return {std::string(source), std::string(lane), 0, 0, 0, 0};
}

Result<std::unique_ptr<Spool>> open_spool(const SpoolOptions& options) {
  auto spool = std::make_unique<DurableSpool>(options);
  Status opened = spool->open();
  if (!opened) return std::move(opened).with_context("the spool of " + options.sink);
  return std::unique_ptr<Spool>(std::move(spool));
}

std::vector<std::string> spools_in(const fs::path& state_dir) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator at(state_dir / "spool", error), end; !error && at != end;
       at.increment(error)) {
    if (fs::exists(at->path() / "records", error)) out.push_back(store::spool_sink_of(at->path()));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace sluice
