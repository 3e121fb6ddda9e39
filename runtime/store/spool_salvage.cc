// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/store/rocks.h"
#include "runtime/store/spool_check.h"
#include "runtime/store/spool_files.h"
#include "runtime/store/spool_index.h"
#include "runtime/store/spool_walk.h"

namespace sluice {

namespace fs = std::filesystem;
using store::RocksBatch;
using store::RocksDb;

namespace {

constexpr uint64_t kWriteAtOnce = 1 << 20;
// In the new database until it is done: ids of records that fail their check.
constexpr char kFailedSpace = 'd';
// What the old database is repaired under; the original stays as it was found.
constexpr const char* kRepairedDatabase = "records.repaired";

// A file of JSON lines, made when the first line comes.
class LineFile {
 public:
  explicit LineFile(fs::path path) : path_(std::move(path)) {}

  Status add(std::string_view line) {
    text_.append(line).push_back('\n');
    return text_.size() < kWriteAtOnce ? Status::ok() : write();
  }
  Status finish() {
    if (text_.empty() && !file_) return Status::ok();
    SLUICE_RETURN_IF_ERROR(write());
    return ::fsync(file_.get()) == 0 ? Status::ok() : failed();
  }

 private:
  Status write() {
    if (!file_) {
      file_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      if (!file_) return failed();
    }
    std::string_view left = text_;
    while (!left.empty()) {
      const ssize_t n = ::write(file_.get(), left.data(), left.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return failed();
      left.remove_prefix(static_cast<size_t>(n));
    }
    text_.clear();
    return Status::ok();
  }
  [[nodiscard]] Status failed() const {
    const int error = errno;
    const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return {full ? Code::kExhausted : Code::kUnavailable,
            path_.string() + ": writing: " + errno_text(error) +
                "; free space on the disk and run it again, nothing was changed yet"};
  }

  fs::path path_;
  UniqueFd file_;
  std::string text_;
};

std::string place_json(uint64_t id, std::string_view source, std::string_view lane,
                       uint64_t position, uint32_t part) {
  std::string out = "{\"id\":" + std::to_string(id) + ",\"source\":";
  append_json_string(out, source);
  out += ",\"lane\":";
  append_json_string(out, lane);
  out += ",\"position\":" + std::to_string(position) + ",\"part\":" + std::to_string(part);
  return out;  // without the closing brace
}

Status disk_failed(const fs::path& path, std::string_view doing, const std::error_code& error) {
  const bool full = error == std::errc::no_space_on_device;
  return {full ? Code::kExhausted : Code::kUnavailable,
          path.string() + ": " + std::string(doing) + ": " + error.message() +
              "; free space on the disk, make the state folder writable and run it again"};
}

class Salvager {
 public:
  Salvager(const fs::path& state_dir, std::string_view sink, const Clock& clock)
      : sink_(sink),
        clock_(clock),
        options_(store::spool_options(state_dir, sink)),
        folder_(options_.dir.parent_path()),
        aside_(place_aside()),
        failed_(aside_ / "damaged.jsonl"),
        lost_(aside_ / "lost.jsonl") {}

  Result<SpoolSalvage> run() {
    SLUICE_RETURN_IF_ERROR(begin());
    SLUICE_RETURN_IF_ERROR(gather(options_.dir));
    if (incomplete_) {
      // With its list of files made anew more may be readable, or the rest of the files at all.
      SLUICE_RETURN_IF_ERROR(repair_copy());
      SLUICE_RETURN_IF_ERROR(gather(folder_ / kRepairedDatabase));
    }
    SLUICE_RETURN_IF_ERROR(write_out());
    SLUICE_RETURN_IF_ERROR(finish_new());
    SLUICE_RETURN_IF_ERROR(swap());
    return out_;
  }

 private:
  [[nodiscard]] fs::path place_aside() const {
    std::string name = format_time_us(clock_.wall_us());
    for (char& c : name) {
      if (c == ':') c = '-';
    }
    const fs::path base = folder_ / "damaged" / name;
    fs::path path = base;
    std::error_code ignored;
    for (int n = 2; fs::exists(path, ignored); ++n) {
      path = base;
      path += "-" + std::to_string(n);
    }
    return path;
  }

  Status begin() {
    std::error_code error;
    fs::create_directories(aside_, error);
    if (error) return disk_failed(aside_, "creating", error);
    fs::permissions(folder_ / "damaged", fs::perms::owner_all, error);
    for (const char* left : {kBuilding, store::kSalvagedDatabase, kRepairedDatabase}) {
      fs::remove_all(folder_ / left, error);  // of a run that was stopped
      if (error) return disk_failed(folder_ / left, "removing", error);
    }
    store::RocksOptions made = options_;
    made.dir = folder_ / kBuilding;
    SLUICE_ASSIGN_OR_RETURN(new_, RocksDb::open(std::move(made)));
    batch_ = new_->batch();
    return store::check_spool_format(*new_, sink_);
  }

  Result<std::unique_ptr<RocksDb>> open_old(const fs::path& dir) {
    store::RocksOptions old = options_;
    old.dir = dir;
    old.read_only = true;
    old.skip_damage = true;
    return RocksDb::open(std::move(old));
  }

  // Takes over what can be read of this database and is not there yet.
  Status gather(const fs::path& dir) {
    auto old = open_old(dir);
    if (!old) {
      incomplete_ = true;
      const Code code = old.status().code();
      const bool answer = code == Code::kCorrupt || code == Code::kNotFound;
      return answer ? Status::ok() : std::move(old).status();
    }
    if (index_from_.empty()) index_from_ = dir;
    SLUICE_RETURN_IF_ERROR(
        walk(**old, store::kRecordSpace,
             [&](uint64_t id, std::string_view value) { return take_record(**old, id, value); }));
    SLUICE_RETURN_IF_ERROR(
        walk(**old, store::kDamagedSpace,
             [&](uint64_t id, std::string_view value) { return take_set_aside(id, value); }));
    return write_out();
  }

  template <typename Visit>
  Status walk(RocksDb& old, char space, const Visit& visit) {
    Status failure;
    const bool whole =
        store::walk_past_damage(old, space, [&](uint64_t id, std::string_view value) {
          failure = visit(id, value);
          return bool(failure);
        });
    incomplete_ |= !whole;
    return failure;
  }

  Result<bool> known(uint64_t id) {
    for (const char space : {store::kRecordSpace, kFailedSpace}) {
      SLUICE_ASSIGN_OR_RETURN(const auto found, new_->get(store::spool_key(space, id)));
      if (found) return true;
    }
    return false;
  }

  Status take_record(RocksDb& old, uint64_t id, std::string_view value) {
    SLUICE_ASSIGN_OR_RETURN(const bool there, known(id));
    if (there) return Status::ok();
    const auto found = old.get(store::spool_key(store::kIndexSpace, id));
    std::optional<store::SpoolEntry> entry;
    if (found && *found) entry = store::decode_spool_entry(**found);
    SpoolRecord record;
    texts_.clear();
    if (const Status good = store::decode_spool_record(id, value, texts_, record); !good) {
      return take_failing(old, id, entry, value, good.message());
    }
    store::SpoolEntry fresh;
    bool is_new = false;
    fresh.lane = index_.lane_number(record.source, record.lane, is_new);
    fresh.part = record.part;
    fresh.position = record.position;
    fresh.epoch = record.epoch;
    fresh.bytes = Spool::cost(record);
    fresh.spooled_us = entry ? entry->spooled_us : clock_.wall_us();
    if (is_new) {
      batch_.put(store::spool_key(store::kLaneSpace, fresh.lane),
                 store::encode_lane_name(record.source, record.lane));
    }
    batch_.put(store::spool_key(store::kRecordSpace, id), value);
    batch_.put(store::spool_key(store::kIndexSpace, id), store::encode_spool_entry(fresh));
    ++out_.saved;
    return write_when_large();
  }

  Status take_failing(RocksDb& old, uint64_t id, const std::optional<store::SpoolEntry>& entry,
                      std::string_view value, std::string why) {
    store::DamagedRecord bad;
    bad.id = id;
    if (entry) {
      const store::SpoolLaneName name = lane_name(old, entry->lane);
      bad.source = name.source;
      bad.lane = name.lane;
      bad.position = entry->position;
      bad.part = entry->part;
    }
    bad.found_us = clock_.wall_us();
    bad.why = std::move(why);
    bad.bytes = value;
    ++waiting_damaged_;
    return write_failing(bad);
  }

  Status take_set_aside(uint64_t id, std::string_view value) {
    SLUICE_ASSIGN_OR_RETURN(const bool there, known(id));
    if (there) return Status::ok();
    if (const auto bad = store::decode_damaged(id, value)) return write_failing(*bad);
    store::DamagedRecord unknown;
    unknown.id = id;
    unknown.why = "what was set aside cannot be read";
    unknown.bytes = value;
    return write_failing(unknown);
  }

  Status write_failing(const store::DamagedRecord& bad) {
    std::string line = place_json(bad.id, bad.source, bad.lane, bad.position, bad.part);
    line += ",\"found_at\":\"" + format_time_us(bad.found_us) + "\",\"why\":";
    append_json_string(line, bad.why);
    line += ",\"bytes_base64\":\"" + to_base64(bad.bytes) + "\"}";
    batch_.put(store::spool_key(kFailedSpace, bad.id), "");
    ++out_.damaged;
    SLUICE_RETURN_IF_ERROR(failed_.add(line));
    return write_when_large();
  }

  // What an index knows and no database gave.
  Status note_lost() {
    if (!index_from_.empty()) {
      SLUICE_ASSIGN_OR_RETURN(const auto old, open_old(index_from_));
      SLUICE_RETURN_IF_ERROR(
          walk(*old, store::kIndexSpace,
               [&](uint64_t id, std::string_view value) { return note_if_lost(*old, id, value); }));
    }
    named_ = out_.lost;
    // What no index knows either is known by number.
    SLUICE_ASSIGN_OR_RETURN(const auto mark, store::AcknowledgedMark::open(folder_, true));
    const uint64_t given = out_.saved + waiting_damaged_;
    if (mark.records() > given) out_.lost = std::max(out_.lost, mark.records() - given);
    return Status::ok();
  }

  Status note_if_lost(RocksDb& old, uint64_t id, std::string_view value) {
    SLUICE_ASSIGN_OR_RETURN(const bool there, known(id));
    if (there) return Status::ok();
    const auto entry = store::decode_spool_entry(value).value_or(store::SpoolEntry{});
    const store::SpoolLaneName name = lane_name(old, entry.lane);
    ++out_.lost;
    return lost_.add(place_json(id, name.source, name.lane, entry.position, entry.part) + "}");
  }

  store::SpoolLaneName lane_name(RocksDb& old, uint32_t number) {
    const auto found = old.get(store::spool_key(store::kLaneSpace, number));
    if (!found || !*found) return {};
    return store::decode_lane_name(**found).value_or(store::SpoolLaneName{});
  }

  Status write_when_large() { return batch_.bytes() < kWriteAtOnce ? Status::ok() : write_out(); }
  Status write_out() {
    if (batch_.empty()) return Status::ok();
    SLUICE_RETURN_IF_ERROR(new_->write(batch_, false));
    batch_.clear();
    return Status::ok();
  }

  // Tables never change, so a link to them will do; the rest is copied.
  Status repair_copy() {
    const fs::path copy = folder_ / kRepairedDatabase;
    std::error_code error;
    fs::create_directory(copy, error);
    for (fs::directory_iterator at(options_.dir, error), end; !error && at != end;
         at.increment(error)) {
      if (!at->is_regular_file(error)) continue;
      const fs::path to = copy / at->path().filename();
      if (at->path().extension() == ".sst") {
        fs::create_hard_link(at->path(), to, error);
      } else {
        fs::copy_file(at->path(), to, error);
      }
      if (error) break;
    }
    if (error) return disk_failed(copy, "copying", error);
    store::RocksOptions options = options_;
    options.dir = copy;
    const Status repaired = RocksDb::repair(options);
    // Then there is no more to be had than was read already.
    return repaired.code() == Code::kExhausted ? repaired : Status::ok();
  }

  Status finish_new() {
    SLUICE_RETURN_IF_ERROR(write_out());
    SLUICE_RETURN_IF_ERROR(note_lost());
    batch_.remove_range({&kFailedSpace, 1}, store::spool_space_end(kFailedSpace));
    SLUICE_RETURN_IF_ERROR(new_->write(batch_, true));
    SLUICE_RETURN_IF_ERROR(new_->flush());
    new_.reset();
    SLUICE_RETURN_IF_ERROR(failed_.finish());
    SLUICE_RETURN_IF_ERROR(lost_.finish());
    SLUICE_RETURN_IF_ERROR(write_file_atomic(
        aside_ / "salvage.json", "{\"saved\":" + std::to_string(out_.saved) +
                                     ",\"damaged\":" + std::to_string(out_.damaged) +
                                     ",\"lost\":" + std::to_string(out_.lost) +
                                     ",\"lost_named\":" + std::to_string(named_) + "}\n"));
    return store::sync_folder(aside_.parent_path());
  }

  // The new database is whole: from here on a crash leaves what finish_salvage() completes.
  Status swap() {
    std::error_code error;
    fs::remove_all(folder_ / kRepairedDatabase, error);
    fs::rename(folder_ / kBuilding, folder_ / store::kSalvagedDatabase, error);
    if (error) return disk_failed(folder_ / kBuilding, "renaming", error);
    SLUICE_RETURN_IF_ERROR(store::sync_folder(folder_));
    fs::rename(options_.dir, aside_ / store::kSpoolDatabase, error);
    if (error) return disk_failed(options_.dir, "setting it aside", error);
    SLUICE_RETURN_IF_ERROR(store::sync_folder(folder_));
    out_.changed = true;
    out_.to = aside_;
    return store::finish_salvage(folder_);
  }

  static constexpr const char* kBuilding = "records.building";

  const std::string sink_;
  const Clock& clock_;
  const store::RocksOptions options_;
  const fs::path folder_;
  const fs::path aside_;
  LineFile failed_;
  LineFile lost_;
  std::unique_ptr<RocksDb> new_;
  RocksBatch batch_;
  store::SpoolTexts texts_;
  store::SpoolIndex index_;       // for the numbers of lanes in the new database
  fs::path index_from_;           // the first database that could be opened
  uint64_t waiting_damaged_ = 0;  // failing records that were not set aside before
  uint64_t named_ = 0;            // lost ones of which lane and position are known
  bool incomplete_ = false;       // something could not be read
  SpoolSalvage out_;
};

}  // namespace

Result<SpoolSalvage> salvage_spool(const StateDir& state, std::string_view sink,
                                   const Clock& clock) {
  const fs::path folder = store::spool_folder(state.path(), sink);
  std::error_code ignored;  // then it does not exist
  if (fs::exists(folder, ignored)) SLUICE_RETURN_IF_ERROR(store::finish_salvage(folder));
  SLUICE_ASSIGN_OR_RETURN(const SpoolVerdict verdict, verify_spool(state.path(), sink));
  if (verdict.whole() && verdict.damaged == 0) {
    SpoolSalvage nothing;
    nothing.saved = verdict.records;
    return nothing;
  }
  return Salvager(state.path(), sink, clock).run();
}

}  // namespace sluice
