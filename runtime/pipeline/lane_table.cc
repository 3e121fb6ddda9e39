// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/lane_table.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/text.h"

namespace sluice {

void LaneTable::restore(const SourceCheckpoint& checkpoint) {
  MutexLock lock(mutex_);
  stored_.clear();
  cursors_.clear();
  for (const LaneMark& lane : checkpoint.lanes) stored_[lane.lane] = lane.position;
  take_epoch(checkpoint);
  cursor_ = checkpoint.cursor;
  highest_time_us_ = checkpoint.highest_event_time_us;
}

sluice_rc LaneTable::open(std::string_view name, uint32_t* id, uint64_t* resume) {
  if (name.empty() || name.size() > 4096 || !is_utf8(name)) return SLUICE_E_CONFIG;
  MutexLock lock(mutex_);
  const std::string key(name);
  const auto [at, added] = ids_.emplace(key, next_id_);
  if (added) {
    Lane& lane = lanes_[next_id_++];
    lane.name = key;
    if (const auto stored = stored_.find(key); stored != stored_.end()) {
      lane.mark = lane.durable = stored->second;
      stored_.erase(stored);
    }
  }
  Lane& lane = lanes_[at->second];
  lane.done = false;
  *id = at->second;
  if (!lane.mark && !lane.given) return SLUICE_IDLE;
  *resume = std::max(lane.mark.value_or(0), lane.given.value_or(0));
  return SLUICE_OK;
}

void LaneTable::begin_anew() {
  MutexLock lock(mutex_);
  for (auto& [id, lane] : lanes_) lane.given = lane.last_enrolled;
}

bool LaneTable::begun(uint32_t id) const {
  MutexLock lock(mutex_);
  const auto at = lanes_.find(id);
  return at != lanes_.end() && at->second.last_enrolled.has_value();
}

sluice_rc LaneTable::done(uint32_t id) {
  MutexLock lock(mutex_);
  const auto at = lanes_.find(id);
  if (at == lanes_.end()) return SLUICE_E_CONFIG;
  at->second.done = true;
  // Even if nothing rises any more, the next advance has to look at it.
  if (!at->second.rose) rose_.push_back(id);
  at->second.rose = true;
  return SLUICE_OK;
}

void LaneTable::assigned(std::span<const uint32_t> ids, const SourceCheckpoint& stored) {
  std::unordered_map<std::string_view, uint64_t> marks;
  for (const LaneMark& lane : stored.lanes) marks.emplace(lane.lane, lane.position);
  MutexLock lock(mutex_);
  take_epoch(stored);
  for (const uint32_t id : ids) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end()) continue;
    Lane& lane = at->second;
    const auto found = marks.find(lane.name);
    const auto mark = found == marks.end() ? std::nullopt : std::optional(found->second);
    if (!lane.last_enrolled) {
      lane.mark = lane.durable = mark;
    } else if (mark) {
      lane.mark = std::max(lane.mark.value_or(0), *mark);
    }
    lane.last_enrolled.reset();
    lane.given.reset();
  }
}

void LaneTable::take_epoch(const SourceCheckpoint& checkpoint) {
  epoch_ = checkpoint.epoch;
  again_.clear();
  for (const LaneAgain& again : checkpoint.again) again_[again.lane] = again;
}

const LaneAgain* LaneTable::find_again(const std::string& name) const {
  if (again_.empty()) return nullptr;
  auto at = again_.find(name);
  if (at == again_.end()) at = again_.find(std::string());
  return at == again_.end() ? nullptr : &at->second;
}

std::optional<LaneAgain> LaneTable::again(const std::string& name) const {
  MutexLock lock(mutex_);
  const LaneAgain* again = find_again(name);
  return again == nullptr ? std::nullopt : std::optional(*again);
}

uint32_t LaneTable::epoch() const {
  MutexLock lock(mutex_);
  return epoch_;
}

void LaneTable::go_on_at(uint32_t id, uint64_t next) {
  MutexLock lock(mutex_);
  const auto at = lanes_.find(id);
  if (at == lanes_.end() || at->second.last_enrolled || next == 0) return;
  at->second.mark = std::max(at->second.mark.value_or(0), next - 1);
  at->second.durable = at->second.mark;
}

void LaneTable::leave(std::span<const uint32_t> ids) {
  MutexLock lock(mutex_);
  for (const uint32_t id : ids) {
    if (const auto at = lanes_.find(id); at != lanes_.end()) *at->second.left = true;
  }
}

void LaneTable::end(std::span<const uint32_t> ids) {
  MutexLock lock(mutex_);
  for (const uint32_t id : ids) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end() || at->second.ended) continue;
    Lane& lane = at->second;
    *lane.left = true;
    lane.ended = true;
    ids_.erase(lane.name);
    stored_.erase(lane.name);
    if (lane.durable) stored_[lane.name] = *lane.durable;
    if (lane.pending.empty()) lanes_.erase(at);
  }
  settled_.notify_all();
}

bool LaneTable::gone(uint32_t id) const {
  MutexLock lock(mutex_);
  const auto at = lanes_.find(id);
  return at == lanes_.end() || *at->second.left;
}

std::optional<std::string> LaneTable::cursor() const {
  MutexLock lock(mutex_);
  return cursors_.empty() ? cursor_ : cursors_.back().blob;
}

void LaneTable::set_cursor(std::string_view blob) {
  MutexLock lock(mutex_);
  // One that nothing was enrolled since is replaced: only the last would count.
  if (!cursors_.empty() && cursors_.back().before_ticket == next_ticket_) {
    cursors_.back().blob = std::string(blob);
  } else {
    cursors_.push_back({next_ticket_, std::string(blob)});
  }
}

std::optional<std::string> LaneTable::enroll(Batch& batch) {
  MutexLock lock(mutex_);
  for (const Batch::Segment& segment : batch.segments()) {
    if (!lanes_.contains(segment.lane)) {
      return "lane " + std::to_string(segment.lane) + " was never opened";
    }
  }
  for (uint32_t i = 0; i < batch.count(); ++i) {
    const sluice_record& record = batch.record(i);
    Lane& lane = lanes_[record.lane];
    if (lane.last_enrolled && record.position <= *lane.last_enrolled) {
      return "position " + std::to_string(record.position) + " of lane " + lane.name +
             " does not rise above " + std::to_string(*lane.last_enrolled);
    }
    lane.last_enrolled = record.position;
  }
  for (Batch::Segment& segment : batch.segments()) {
    segment.ticket = next_ticket_++;
    Lane& lane = lanes_[segment.lane];
    if (lane.mark && segment.first_position <= *lane.mark) segment.settled_to = lane.mark;
    segment.lane_left = lane.left;
    if (const LaneAgain* again = find_again(lane.name)) {
      segment.again_epoch = again->epoch;
      segment.again_to = again->until;
    }
    lane.pending.push_back({segment.ticket, segment.last_position, false, false});
    out_tickets_.emplace(segment.ticket, true);
  }
  return std::nullopt;
}

void LaneTable::settle(const Batch::Segment& segment) {
  settle(segment, segment.last_position, false);
}

void LaneTable::settle_up_to(const Batch::Segment& segment, std::optional<uint64_t> position) {
  settle(segment, position, true);
}

void LaneTable::settle(const Batch::Segment& segment, std::optional<uint64_t> position, bool cut) {
  MutexLock lock(mutex_);
  const auto found = lanes_.find(segment.lane);
  SLUICE_CHECK(found != lanes_.end(), "a segment of a lane that is not there was settled");
  Lane& lane = found->second;
  const auto at = std::lower_bound(
      lane.pending.begin(), lane.pending.end(), segment.ticket,
      [](const Pending& pending, uint64_t ticket) { return pending.ticket < ticket; });
  SLUICE_CHECK(at != lane.pending.end() && at->ticket == segment.ticket && !at->settled,
               "a segment was settled twice");
  *at = {segment.ticket, position, true, cut};
  out_tickets_.erase(segment.ticket);
  if (!cut) highest_time_us_ = std::max(highest_time_us_, segment.highest_time_us);
  while (!lane.pending.empty() && lane.pending.front().settled) {
    const Pending first = lane.pending.front();
    lane.pending.pop_front();
    if (!lane.cut && !lane.ended && first.last_position) {
      // A lane may begin below its mark, for a sink that lags behind; a mark never falls.
      lane.mark = std::max(lane.mark.value_or(0), *first.last_position);
      if (!lane.rose) rose_.push_back(segment.lane);
      lane.rose = true;
    }
    lane.cut = lane.cut || first.cut;
  }
  if (lane.ended && lane.pending.empty()) lanes_.erase(found);
  settled_.notify_all();
}

LaneTable::Advance LaneTable::take_advance() {
  MutexLock lock(mutex_);
  Advance advance;
  for (const uint32_t id : rose_) {
    const auto at = lanes_.find(id);
    if (at == lanes_.end()) continue;
    Lane& lane = at->second;
    lane.rose = false;
    if (lane.ended) continue;
    if (lane.mark) {
      advance.marks.push_back({id, 0, *lane.mark});
      if (!lane.done) advance.update.set.push_back({lane.name, *lane.mark});
    }
    if (!lane.done) continue;
    if (!lane.pending.empty()) {
      // Not whole yet: its mark still counts after a crash.
      if (lane.mark) advance.update.set.push_back({lane.name, *lane.mark});
      continue;
    }
    advance.update.forget.push_back(lane.name);
    ids_.erase(lane.name);
    lanes_.erase(at);
  }
  rose_.clear();
  const uint64_t oldest_out = out_tickets_.empty() ? next_ticket_ : out_tickets_.begin()->first;
  while (!cursors_.empty() && cursors_.front().before_ticket <= oldest_out) {
    cursor_ = std::move(cursors_.front().blob);
    advance.update.cursor = cursor_;
    cursors_.pop_front();
  }
  advance.update.highest_event_time_us = highest_time_us_;
  return advance;
}

bool LaneTable::out(uint32_t id) const {
  const auto at = lanes_.find(id);
  return at != lanes_.end() && !at->second.pending.empty();
}

// The mark is settled and not stored yet.
bool LaneTable::undurable(uint32_t id) const {
  const auto at = lanes_.find(id);
  return at != lanes_.end() && at->second.mark && at->second.durable != at->second.mark;
}

void LaneTable::committed(std::span<const sluice_mark> marks) {
  MutexLock lock(mutex_);
  for (const sluice_mark& mark : marks) {
    if (const auto at = lanes_.find(mark.lane); at != lanes_.end()) {
      at->second.durable = mark.position;
    }
  }
  settled_.notify_all();
}

std::vector<uint32_t> LaneTable::ids() const {
  MutexLock lock(mutex_);
  std::vector<uint32_t> out;
  for (const auto& [id, lane] : lanes_) {
    if (!lane.ended) out.push_back(id);
  }
  return out;
}

bool LaneTable::idle() const {
  MutexLock lock(mutex_);
  return out_tickets_.empty();
}

bool LaneTable::wait_settled(std::span<const uint32_t> ids,
                             std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  for (const uint32_t id : ids) {
    while (out(id)) {
      if (!settled_.wait_until(mutex_, deadline) && out(id)) return false;
    }
  }
  return true;
}

std::vector<sluice_mark> LaneTable::durable_marks(std::span<const uint32_t> ids,
                                                  std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  for (const uint32_t id : ids) {
    while (undurable(id) && settled_.wait_until(mutex_, deadline)) {
    }
  }
  std::vector<sluice_mark> marks;
  for (const uint32_t id : ids) {
    const auto at = lanes_.find(id);
    if (at != lanes_.end() && at->second.durable) marks.push_back({id, 0, *at->second.durable});
  }
  return marks;
}

std::vector<sluice_mark> LaneTable::marks_of(std::span<const uint32_t> ids) const {
  MutexLock lock(mutex_);
  std::vector<sluice_mark> marks;
  for (const uint32_t id : ids) {
    const auto at = lanes_.find(id);
    if (at != lanes_.end() && at->second.mark) marks.push_back({id, 0, *at->second.mark});
  }
  return marks;
}

std::optional<uint64_t> LaneTable::restored(std::string_view name) const {
  MutexLock lock(mutex_);
  const auto found = stored_.find(std::string(name));
  if (found == stored_.end()) return std::nullopt;
  return found->second;
}

std::string LaneTable::name_of(uint32_t id) const {
  MutexLock lock(mutex_);
  const auto at = lanes_.find(id);
  return at == lanes_.end() ? std::string() : at->second.name;
}

}  // namespace sluice
