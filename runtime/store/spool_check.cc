// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/spool_check.h"

#include <algorithm>
#include <optional>
#include <tuple>

#include "runtime/store/rocks.h"
#include "runtime/store/spool_files.h"
#include "runtime/store/spool_index.h"

namespace sluice {

namespace fs = std::filesystem;
using store::RocksCursor;
using store::RocksDb;

namespace {

struct OpenedSpool {
  store::AcknowledgedMark mark;  // read first: the database goes on meanwhile
  std::unique_ptr<RocksDb> db;
};

// The process that writes it may remove a file between our listing and our opening; that looks
// like damage.
constexpr int kOpenTries = 5;

Result<OpenedSpool> open_to_read(const fs::path& state_dir, std::string_view sink) {
  const fs::path folder = store::spool_folder(state_dir, sink);
  std::error_code ignored;  // then the answer is the same
  if (!fs::exists(folder / "records", ignored)) {
    return not_found("the sink " + std::string(sink) + " has no spool in " + state_dir.string() +
                     "; one is made when a sink with `spool` set first needs it");
  }
  Status last;
  for (int i = 0; i < kOpenTries; ++i) {
    SLUICE_ASSIGN_OR_RETURN(auto mark, store::AcknowledgedMark::open(folder, true));
    store::RocksOptions options = store::spool_options(state_dir, sink);
    options.read_only = true;
    auto db = store::open_spool_database(options, sink);
    if (db) return OpenedSpool{std::move(mark), std::move(db).value()};
    last = db.status();
  }
  return last;
}

uint64_t folders_in(const fs::path& path) {
  uint64_t count = 0;
  std::error_code error;
  for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
    if (at->is_directory(error)) ++count;
  }
  return count;
}

class Verifier {
 public:
  Verifier(RocksDb& db, SpoolVerdict& out) : db_(db), out_(out) {}

  void problem(std::string what) {
    ++out_.problems;
    if (out_.what.size() < SpoolVerdict::kTold) out_.what.push_back(std::move(what));
  }
  void check(const Status& status) {
    if (!status) problem(status.message());
  }

  // Walks records and index side by side: each must have its other half.
  void compare() {
    RocksCursor records = db_.cursor(true);
    RocksCursor entries = db_.cursor(true);
    records.seek({&store::kRecordSpace, 1});
    entries.seek({&store::kIndexSpace, 1});
    for (;;) {
      const auto record = id_at(records, store::kRecordSpace);
      const auto entry = id_at(entries, store::kIndexSpace);
      // Behind a damaged place the halves cannot be compared; what it is was told then.
      if (!records.status() || !entries.status() || (!record && !entry)) break;
      if (!entry || (record && *record < *entry)) {
        problem("record " + std::to_string(*record) + " is not in the index");
        read(*record, records.value());
        records.next();
      } else if (!record || *entry < *record) {
        problem("record " + std::to_string(*entry) + " of the index is not there");
        entries.next();
      } else {
        read(*record, records.value());
        same_place(*entry, entries.value());
        records.next();
        entries.next();
      }
    }
    check(records.status());
    check(entries.status());
  }

 private:
  static std::optional<uint64_t> id_at(const RocksCursor& cursor, char space) {
    if (!cursor.valid()) return std::nullopt;
    return store::spool_key_number(space, cursor.key());
  }

  void read(uint64_t id, std::string_view value) {
    out_.bytes += value.size();
    texts_.clear();
    good_ = bool(store::decode_spool_record(id, value, texts_, record_));
    if (good_) {
      ++out_.records;
    } else {
      problem("record " + std::to_string(id) + " fails its check");
    }
  }

  void same_place(uint64_t id, std::string_view value) {
    const auto entry = store::decode_spool_entry(value);
    if (!entry) {
      problem("the index of record " + std::to_string(id) + " is damaged");
    } else if (good_ && (entry->position != record_.position || entry->part != record_.part)) {
      problem("record " + std::to_string(id) + " has position " + std::to_string(record_.position) +
              ", its index says " + std::to_string(entry->position));
    }
  }

  RocksDb& db_;
  SpoolVerdict& out_;
  store::SpoolTexts texts_;
  SpoolRecord record_;
  bool good_ = false;
};

}  // namespace

Result<SpoolLook> look_into_spool(const fs::path& state_dir, std::string_view sink) {
  SLUICE_ASSIGN_OR_RETURN(OpenedSpool spool, open_to_read(state_dir, sink));
  SLUICE_RETURN_IF_ERROR(store::check_spool_format(*spool.db, sink));
  SLUICE_RETURN_IF_ERROR(store::check_acknowledged(spool.mark, *spool.db));
  SLUICE_ASSIGN_OR_RETURN(const store::SpoolIndex index, store::SpoolIndex::load(*spool.db));
  SpoolLook out;
  out.stats.records = index.records();
  out.stats.bytes = index.bytes();
  out.stats.lanes = index.lane_count();
  out.stats.damaged = index.damaged();
  out.stats.found = index.records();
  out.stats.disk_bytes = spool.db->disk_bytes();
  out.lanes = index.lanes();
  std::sort(out.lanes.begin(), out.lanes.end(), [](const SpoolLane& a, const SpoolLane& b) {
    return std::tie(a.source, a.lane) < std::tie(b.source, b.lane);
  });
  RocksCursor front = spool.db->cursor();
  front.seek({&store::kIndexSpace, 1});
  if (front.valid() && store::spool_key_number(store::kIndexSpace, front.key())) {
    const auto entry = store::decode_spool_entry(front.value());
    if (entry) out.stats.oldest_us = entry->spooled_us;
  }
  out.set_aside = folders_in(store::spool_folder(state_dir, sink) / "damaged");
  return out;
}

Result<SpoolVerdict> verify_spool(const fs::path& state_dir, std::string_view sink) {
  SpoolVerdict out;
  auto spool = open_to_read(state_dir, sink);
  if (!spool && spool.status().code() != Code::kCorrupt) return std::move(spool).status();
  if (!spool) {
    out.problems = 1;
    out.what.push_back(spool.status().message());
    return out;
  }
  Verifier verifier(*spool->db, out);
  const Status format = store::check_spool_format(*spool->db, sink);
  if (format.code() == Code::kInvalid) return format;  // a newer form: nothing can be said of it
  verifier.check(format);
  verifier.check(store::check_acknowledged(spool->mark, *spool->db));
  verifier.check(spool->db->verify());
  const auto index = store::SpoolIndex::load(*spool->db);
  verifier.check(index.status());
  if (index) out.damaged = index->damaged();
  verifier.compare();
  return out;
}

}  // namespace sluice
