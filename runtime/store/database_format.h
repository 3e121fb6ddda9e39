// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "runtime/base/status.h"
#include "runtime/store/sqlite.h"

namespace sluice::store {

// A kind of SQLite file of ours and its history.
struct DatabaseFormat {
  std::string_view file;   // "checkpoints.db"
  int32_t application_id;  // PRAGMA application_id: tells our files from other databases
  // steps[n] is SQL that takes format n to n + 1; steps[0] creates the tables. The number of steps
  // is the format this program knows (PRAGMA user_version).
  std::span<const char* const> steps;
  std::string_view loss;  // see DatabaseName
  // Functions that the steps may call; not there afterwards.
  std::span<const TextFunction> functions = {};
};

// Opens `<dir>/<format.file>` (0600, write-ahead log, every commit synced), after checking that it
// is whole (small files page by page, large ones their header), ours and of a format this program
// knows. Absent: created, unless read_only (kNotFound). Older: copied to `<file>.v<n>.bak`, then
// migrated in one transaction; read_only: kInvalid. Newer: kInvalid. Damaged: kCorrupt with advice.
Result<Database> open_database(const std::filesystem::path& dir, const DatabaseFormat& format,
                               bool read_only);

}  // namespace sluice::store
