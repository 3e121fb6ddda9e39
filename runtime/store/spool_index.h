// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/store/spool.h"
#include "runtime/store/spool_files.h"

namespace sluice::store {

// What a spool knows of its content without reading records: lanes and counts. Memory grows with
// the lanes that have something inside, not with records. One thread at a time.
class SpoolIndex {
 public:
  // From the index in the database; quick, since records are not read. kCorrupt: it contradicts
  // itself.
  static Result<SpoolIndex> load(RocksDb& db);

  // The number of this lane, made when it is new: then `fresh` is set and its name has to be
  // written with the records.
  uint32_t lane_number(std::string_view source, std::string_view lane, bool& fresh);
  [[nodiscard]] const SpoolLane* find(std::string_view source, std::string_view lane) const;
  [[nodiscard]] const SpoolLane* find(uint32_t number) const;

  void add(const SpoolEntry& entry);
  // Removes the lane with its last record.
  void take(const SpoolEntry& entry);
  void set_damaged(uint64_t count) { damaged_ = count; }

  [[nodiscard]] uint64_t records() const { return records_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  [[nodiscard]] uint64_t damaged() const { return damaged_; }
  [[nodiscard]] uint64_t next_id() const { return next_id_; }
  [[nodiscard]] uint64_t lane_count() const;
  [[nodiscard]] std::vector<SpoolLane> lanes() const;

 private:
  Status load_lanes(RocksDb& db);
  Status load_entries(RocksDb& db);
  Status count_damaged(RocksDb& db);

  std::unordered_map<std::string, uint32_t> numbers_;  // by encode_lane_name()
  std::unordered_map<uint32_t, SpoolLane> lanes_;
  uint32_t next_lane_ = 0;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
  uint64_t damaged_ = 0;
  uint64_t next_id_ = 1;  // above every id in the database
};

}  // namespace sluice::store
