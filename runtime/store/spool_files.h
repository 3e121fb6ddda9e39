// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/base/status.h"
#include "runtime/base/unique_fd.h"
#include "runtime/store/rocks.h"
#include "runtime/store/spool_record.h"

// How a spool lies on disk; `docs/formats.md` has the same for readers. Shared by the spool itself
// and by the commands that look at one.
namespace sluice::store {

// `<state>/spool/<sink>` with what a file name does not take written as %XX; holds `records/` (the
// database), `acknowledged` and `damaged/`.
std::filesystem::path spool_folder(const std::filesystem::path& state_dir, std::string_view sink);
std::string spool_sink_of(const std::filesystem::path& folder);  // the other way
RocksOptions spool_options(const std::filesystem::path& state_dir, std::string_view sink);
// RocksDb::open(), where a database that is only of an older format is kInvalid, not damage.
Result<std::unique_ptr<RocksDb>> open_spool_database(const RocksOptions& options,
                                                     std::string_view sink);
// Makes the folders, durably.
Status make_spool_folder(const std::filesystem::path& folder);
Status sync_folder(const std::filesystem::path& folder);

// Salvage makes the new database under the second name; once that is whole, the old one is moved
// away and the new one takes its place. This does the last step where a crash kept it from being
// done. Harmless otherwise.
inline constexpr const char* kSpoolDatabase = "records";
inline constexpr const char* kSalvagedDatabase = "records.salvaged";
Status finish_salvage(const std::filesystem::path& folder);

// Keys: one letter and a number, big endian, so that their order is that of the numbers.
inline constexpr char kRecordSpace = 'r';   // id -> encode_spool_record()
inline constexpr char kIndexSpace = 'i';    // id -> SpoolEntry
inline constexpr char kLaneSpace = 'l';     // number of a lane -> its names
inline constexpr char kDamagedSpace = 'x';  // id -> damaged_value()
std::string spool_key(char space, uint64_t number);
std::optional<uint64_t> spool_key_number(char space, std::string_view key);
// Behind the last key of a space.
inline std::string spool_space_end(char space) {
  return std::string(1, static_cast<char>(space + 1));
}

// What is known of a record without reading it. The names of lanes stand in records too: this is
// what can be made anew from them.
struct SpoolEntry {
  uint32_t lane = 0;  // number of the lane in this spool
  uint32_t part = 0;
  uint64_t position = 0;
  uint64_t bytes = 0;  // counted for it
  int64_t spooled_us = 0;
  uint32_t epoch = 0;  // as in SpoolRecord
};
std::string encode_spool_entry(const SpoolEntry& entry);
std::optional<SpoolEntry> decode_spool_entry(std::string_view bytes);

struct SpoolLaneName {
  std::string source;
  std::string lane;
};
std::string encode_lane_name(std::string_view source, std::string_view lane);
std::optional<SpoolLaneName> decode_lane_name(std::string_view bytes);

// A record that was set aside: who it was, what is wrong, and its bytes as they were found.
struct DamagedRecord {
  uint64_t id = 0;
  std::string source;
  std::string lane;
  uint64_t position = 0;
  uint32_t part = 0;
  int64_t found_us = 0;
  std::string why;
  std::string bytes;
};
std::string encode_damaged(const DamagedRecord& record);
std::optional<DamagedRecord> decode_damaged(uint64_t id, std::string_view bytes);

// kInvalid: written by a newer program. Writes the number into a new database.
Status check_spool_format(RocksDb& db, std::string_view sink);

// How far appends were acknowledged and how many records were inside then, kept beside the database
// and written after its sync: a log that was cut off is told from one that simply ends, and what
// damaged files have lost can be counted.
class AcknowledgedMark {
 public:
  static Result<AcknowledgedMark> open(const std::filesystem::path& folder, bool read_only);
  [[nodiscard]] uint64_t sequence() const { return sequence_; }
  [[nodiscard]] uint64_t records() const { return records_; }
  // Not synced: it may lag behind after power loss, and never runs ahead.
  Status set(uint64_t sequence, uint64_t records);

 private:
  UniqueFd file_;
  std::filesystem::path path_;
  uint64_t sequence_ = 0;
  uint64_t records_ = 0;
};
// kCorrupt when the database ends before the mark.
Status check_acknowledged(const AcknowledgedMark& mark, const RocksDb& db);

}  // namespace sluice::store
