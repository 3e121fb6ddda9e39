// SPDX-License-Identifier: Apache-2.0
#include <rocksdb/convenience.h>

#include <algorithm>
#include <cstdio>

#include "runtime/store/rocks_parts.h"
#include "runtime/store/rocks_setup.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// The number of a table or log, from its name.
uint64_t file_number(const fs::path& path) {
  const std::string stem = path.stem().string();
  const bool digits = !stem.empty() && std::all_of(stem.begin(), stem.end(), [](unsigned char c) {
    return c >= '0' && c <= '9';
  });
  return digits && stem.size() < 19 ? std::stoull(stem) : 0;
}

// A database that speaks of each part for keys apart in a table, which holds nothing.
Status make_seed(const RocksOptions& options, rocksdb::Options set) {
  set.create_missing_column_families = true;
  RocksParts seed;
  rocksdb::Status done = seed.open(options, set, /*read_only=*/false);
  for (size_t i = 0; i < options.apart.size() && done.ok(); ++i) {
    done = seed->Delete({}, seed.parts()[i + 1], std::string(1, options.apart[i]));
  }
  if (done.ok()) done = seed->Flush({}, seed.parts());
  if (done.ok()) done = seed.close();
  return done.ok() ? Status::ok() : rocks_error(options, done, "repairing");
}

// RocksDB's repair knows only parts that a table speaks of, and passes over what the log has of
// others: before the first table of a part was written that is all of it.
Status name_parts(const RocksOptions& options, const rocksdb::Options& set) {
  RocksOptions seed = options;
  seed.dir += ".seed";
  std::error_code error;
  fs::remove_all(seed.dir, error);
  if (!error) fs::create_directory(seed.dir, error);
  if (!error) SLUICE_RETURN_IF_ERROR(make_seed(seed, set));
  uint64_t last = 0;
  for (fs::directory_iterator at(options.dir, error), end; !error && at != end;
       at.increment(error)) {
    last = std::max(last, file_number(at->path()));
  }
  for (fs::directory_iterator at(seed.dir, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != ".sst") continue;
    char name[32];
    std::snprintf(name, sizeof name, "%06llu.sst", static_cast<unsigned long long>(++last));
    fs::rename(at->path(), options.dir / name, error);
    if (error) break;
  }
  std::error_code ignored;  // it is made anew the next time
  fs::remove_all(seed.dir, ignored);
  return error ? unavailable(seed.dir.string() + ": repairing: " + error.message() +
                             "; free space on the disk, make the folder writable and try again")
               : Status::ok();
}

}  // namespace

Status RocksDb::repair(const RocksOptions& options) {
  rocksdb::Options set = rocks_options(options);
  set.create_if_missing = true;
  set.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  if (!options.apart.empty()) SLUICE_RETURN_IF_ERROR(name_parts(options, set));
  const rocksdb::ColumnFamilyOptions each(set);
  const rocksdb::Status repaired =
      rocksdb::RepairDB(options.dir.string(), set, RocksParts::names(options, set), each);
  return repaired.ok() ? Status::ok() : rocks_error(options, repaired, "repairing");
}

}  // namespace sluice::store
