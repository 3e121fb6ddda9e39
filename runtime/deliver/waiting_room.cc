// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/waiting_room.h"

#include <algorithm>
#include <iterator>

namespace sluice {

WaitingRoom::Key WaitingRoom::key_of(const Delivery& delivery) const {
  const sluice_record& record = delivery.record();
  if (by_lane_) return {delivery.batch->source, record.lane, 0, 0};
  return {delivery.batch->source, record.lane, record.position, delivery.part->part};
}

void WaitingRoom::wait(const Delivery& delivery, Time due) {
  const Key key = key_of(delivery);
  Line& line = lines_[key];
  // Usually at its end; in front if others of its lane, tried in the same write, came first.
  const auto behind = [](const Delivery& one, const Waiting& other) {
    return one.place() < other.delivery.place();
  };
  const auto at = std::upper_bound(line.records.begin(), line.records.end(), delivery, behind);
  put(line, static_cast<size_t>(at - line.records.begin()), delivery);
  set_due(key, line, std::max(line.due, due));
}

void WaitingRoom::join(const Delivery& delivery) {
  Line& line = lines_.find(key_of(delivery))->second;
  put(line, line.records.size(), delivery);
}

void WaitingRoom::come_back(const Delivery& delivery, Time due) {
  const Key key = key_of(delivery);
  Line& line = lines_[key];
  put(line, std::min<size_t>(1, line.records.size()), delivery);
  set_due(key, line, std::max(line.due, due));
}

std::optional<WaitingRoom::Time> WaitingRoom::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

// In the order of lanes and positions, not of their times: what comes out rises in them.
std::vector<WaitingRoom::Key> WaitingRoom::due_lines(uint32_t source, Time now) const {
  std::vector<Key> keys;
  for (auto at = due_.begin(); at != due_.end() && at->first <= now; ++at) {
    if (at->second.source == source) keys.push_back(at->second);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

void WaitingRoom::take_all(uint32_t source, Deliveries& out, KeptBatches& kept) {
  auto line = lines_.lower_bound(Key{source, 0, 0, 0});
  while (line != lines_.end() && line->first.source == source) {
    const auto next = std::next(line);
    hand_out(line, 0, line->second.records.size(), out, kept);
    line = next;
  }
}

void WaitingRoom::take_left(Deliveries& out, KeptBatches& kept) {
  for (auto line = lines_.begin(); line != lines_.end();) {
    const auto next = std::next(line);
    const auto of_left = [](const Waiting& waiting) { return waiting.delivery.left(); };
    // A line is of one lane, and what has left stays so.
    if (of_left(line->second.records.front())) {
      hand_out(line, 0, line->second.records.size(), out, kept);
    }
    line = next;
  }
}

void WaitingRoom::put(Line& line, size_t at, const Delivery& delivery) {
  Waiting waiting{delivery.batch->shared_from_this(), delivery};
  waiting.delivery.ahead = false;
  line.records.insert(line.records.begin() + static_cast<ptrdiff_t>(at), std::move(waiting));
  ++records_;
  if (delivery.batch->spooled == nullptr) ++fresh_;
  pin(*delivery.batch);
}

void WaitingRoom::set_due(const Key& key, Line& line, Time due) {
  due_.erase({line.due, key});
  line.due = due;
  due_.emplace(due, key);
}

void WaitingRoom::hand_out(Lines::iterator line, size_t from, size_t to, Deliveries& out,
                           KeptBatches& kept) {
  std::vector<Waiting>& records = line->second.records;
  for (size_t i = from; i < to; ++i) {
    out.push_back(records[i].delivery);
    if (records[i].batch->spooled == nullptr) --fresh_;
    unpin(*records[i].batch);
    kept.keep(std::move(records[i].batch));
  }
  records_ -= to - from;
  records.erase(records.begin() + static_cast<ptrdiff_t>(from),
                records.begin() + static_cast<ptrdiff_t>(to));
  if (!records.empty()) return;
  due_.erase({line->second.due, line->first});
  lines_.erase(line);
}

void WaitingRoom::pin(const Batch& batch) {
  if (pins_[&batch]++ == 0) kept_bytes_ += batch.charged_bytes;
}

void WaitingRoom::unpin(const Batch& batch) {
  const auto at = pins_.find(&batch);
  if (--at->second != 0) return;
  kept_bytes_ -= batch.charged_bytes;
  pins_.erase(at);
}

}  // namespace sluice
