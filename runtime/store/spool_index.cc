// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/spool_index.h"

#include <algorithm>

namespace sluice::store {
namespace {

Status contradiction(const RocksDb& db, const std::string& what) {
  return {Code::kCorrupt, db.options().dir.string() + ": " + what + "; stop the runtime and run `" +
                              db.options().repair +
                              "`, which makes the index anew from the records"};
}

}  // namespace

Result<SpoolIndex> SpoolIndex::load(RocksDb& db) {
  SpoolIndex index;
  SLUICE_RETURN_IF_ERROR(index.load_lanes(db));
  SLUICE_RETURN_IF_ERROR(index.load_entries(db));
  SLUICE_RETURN_IF_ERROR(index.count_damaged(db));
  return index;
}

Status SpoolIndex::load_lanes(RocksDb& db) {
  RocksCursor cursor = db.cursor();
  for (cursor.seek({&kLaneSpace, 1}); cursor.valid(); cursor.next()) {
    const auto number = spool_key_number(kLaneSpace, cursor.key());
    if (!number) break;
    auto name = decode_lane_name(cursor.value());
    if (!name || *number > UINT32_MAX) return contradiction(db, "the name of a lane is damaged");
    const auto lane = static_cast<uint32_t>(*number);
    numbers_.emplace(std::string(cursor.value()), lane);
    lanes_[lane] = {std::move(name->source), std::move(name->lane), 0, 0, 0, 0};
    next_lane_ = std::max(next_lane_, lane + 1);
  }
  return cursor.status();
}

Status SpoolIndex::load_entries(RocksDb& db) {
  RocksCursor cursor = db.cursor(/*sequential=*/true);
  for (cursor.seek({&kIndexSpace, 1}); cursor.valid(); cursor.next()) {
    const auto id = spool_key_number(kIndexSpace, cursor.key());
    if (!id) break;
    const auto entry = decode_spool_entry(cursor.value());
    if (!entry || !lanes_.contains(entry->lane)) {
      return contradiction(db, "the index of record " + std::to_string(*id) + " is damaged");
    }
    add(*entry);
    next_id_ = *id + 1;
  }
  return cursor.status();
}

Status SpoolIndex::count_damaged(RocksDb& db) {
  RocksCursor cursor = db.cursor();
  for (cursor.seek({&kDamagedSpace, 1}); cursor.valid(); cursor.next()) {
    const auto id = spool_key_number(kDamagedSpace, cursor.key());
    if (!id) break;
    ++damaged_;
    next_id_ = std::max(next_id_, *id + 1);
  }
  return cursor.status();
}

uint32_t SpoolIndex::lane_number(std::string_view source, std::string_view lane, bool& fresh) {
  const auto [at, made] = numbers_.try_emplace(encode_lane_name(source, lane), next_lane_);
  fresh = made;
  if (made) {
    lanes_[next_lane_] = {std::string(source), std::string(lane), 0, 0, 0, 0};
    ++next_lane_;
  }
  return at->second;
}

const SpoolLane* SpoolIndex::find(std::string_view source, std::string_view lane) const {
  const auto at = numbers_.find(encode_lane_name(source, lane));
  return at == numbers_.end() ? nullptr : find(at->second);
}

const SpoolLane* SpoolIndex::find(uint32_t number) const {
  const auto at = lanes_.find(number);
  return at == lanes_.end() ? nullptr : &at->second;
}

void SpoolIndex::add(const SpoolEntry& entry) {
  SpoolLane& lane = lanes_[entry.lane];
  if (lane.records == 0 || entry.position > lane.last_position ||
      (entry.position == lane.last_position && entry.part > lane.last_part)) {
    lane.last_position = entry.position;
    lane.last_part = entry.part;
  }
  ++lane.records;
  lane.bytes += entry.bytes;
  ++records_;
  bytes_ += entry.bytes;
}

void SpoolIndex::take(const SpoolEntry& entry) {
  const auto at = lanes_.find(entry.lane);
  SLUICE_CHECK(at != lanes_.end() && at->second.records > 0 && records_ > 0,
               "a spool gives out no more than it took in");
  --records_;
  bytes_ -= entry.bytes;
  at->second.bytes -= entry.bytes;
  if (--at->second.records > 0) return;
  numbers_.erase(encode_lane_name(at->second.source, at->second.lane));
  lanes_.erase(at);
}

uint64_t SpoolIndex::lane_count() const {
  return static_cast<uint64_t>(std::count_if(
      lanes_.begin(), lanes_.end(), [](const auto& lane) { return lane.second.records > 0; }));
}

std::vector<SpoolLane> SpoolIndex::lanes() const {
  std::vector<SpoolLane> out;
  for (const auto& [number, lane] : lanes_) {
    if (lane.records > 0) out.push_back(lane);
  }
  return out;
}

}  // namespace sluice::store
