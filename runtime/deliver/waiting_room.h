// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/deliver/delivery.h"

namespace sluice {

// Records of one sink that wait until they are tried again, in lines. With order by lane a line is
// a lane: its first record is due at some time, and whatever else comes of the lane joins behind
// it. Without order each record is a line of its own. The good path asks empty() and goes on.
//
// It keeps the batches of what waits, so what is inside is bounded by the pipeline's byte budget.
// Not thread-safe.
class WaitingRoom {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit WaitingRoom(SinkOrder order) : by_lane_(order == SinkOrder::kLane) {}

  [[nodiscard]] bool empty() const { return lines_.empty(); }
  [[nodiscard]] size_t records() const { return records_; }
  // Of them, those that are in no spool.
  [[nodiscard]] size_t fresh_records() const { return fresh_; }
  // Of the byte budget, what batches with waiting records hold.
  [[nodiscard]] uint64_t kept_bytes() const { return kept_bytes_; }
  // Must this record queue behind one of its lane?
  [[nodiscard]] bool holds(const Delivery& delivery) const {
    if (lines_.empty() || !by_lane_ || delivery.ahead) return false;
    const auto line = lines_.find(key_of(delivery));
    // One from before those that wait goes first.
    return line != lines_.end() &&
           !(delivery.place() < line->second.records.front().delivery.place());
  }

  // The record is due at `due`; its line is not tried before. Records of a lane come in their
  // order.
  void wait(const Delivery& delivery, Time due);
  // Joins the line that holds() it.
  void join(const Delivery& delivery);
  // A record that was sent ahead comes back: behind the first of its line again.
  void come_back(const Delivery& delivery, Time due);

  // When the next line is due; nothing when none waits.
  [[nodiscard]] std::optional<Time> next_due() const;
  // The source whose line is due first.
  [[nodiscard]] uint32_t first_source() const { return due_.begin()->second.source; }

  // Takes the source's lines that are due into `out` and their batches into `kept`; whole lines,
  // until there are so many records. `spent(delivery)` is asked of the first of each line: a spent
  // one stays while the next of its line goes ahead (marked so), if there is one.
  template <typename Spent>
  void take_due(uint32_t source, Time now, size_t most, const Spent& spent, Deliveries& out,
                KeptBatches& kept) {
    for (const Key& key : due_lines(source, now)) {
      if (out.size() >= most) return;
      auto line = lines_.find(key);
      std::vector<Waiting>& records = line->second.records;
      if (records.size() > 1 && spent(records.front().delivery)) {
        records[1].delivery.ahead = true;
        hand_out(line, 1, 2, out, kept);
      } else {
        hand_out(line, 0, records.size(), out, kept);
      }
    }
  }
  // Everything of one source, in the order of its lanes.
  void take_all(uint32_t source, Deliveries& out, KeptBatches& kept);
  // Everything of lanes that have left.
  void take_left(Deliveries& out, KeptBatches& kept);

 private:
  struct Key {
    uint32_t source = 0;
    uint32_t lane = 0;
    uint64_t position = 0;  // 0 with order by lane
    uint32_t part = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Waiting {
    BatchPtr batch;
    Delivery delivery;
  };
  struct Line {
    Time due{};
    std::vector<Waiting> records;
  };
  using Lines = std::map<Key, Line>;

  [[nodiscard]] Key key_of(const Delivery& delivery) const;
  [[nodiscard]] std::vector<Key> due_lines(uint32_t source, Time now) const;
  void put(Line& line, size_t at, const Delivery& delivery);
  void set_due(const Key& key, Line& line, Time due);
  void hand_out(Lines::iterator line, size_t from, size_t to, Deliveries& out, KeptBatches& kept);
  void pin(const Batch& batch);
  void unpin(const Batch& batch);

  const bool by_lane_;
  Lines lines_;
  std::set<std::pair<Time, Key>> due_;  // of each line, once
  size_t records_ = 0;
  size_t fresh_ = 0;
  std::unordered_map<const Batch*, uint32_t> pins_;  // how many of a batch's records wait
  uint64_t kept_bytes_ = 0;
};

}  // namespace sluice
