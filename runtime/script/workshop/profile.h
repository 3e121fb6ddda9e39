// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/script/script.h"

namespace sluice::workshop {

struct ProfileOptions {
  double seconds = 2;   // for the speed; counting and memory take about half of that once more
  uint64_t rounds = 0;  // passes over the records instead of a time
  size_t hot_lines = 10;
};

struct HotLine {
  std::string file;  // "orders.lua", "lib.money"; "" for time in a library function called by none
  int line = 0;
  double share = 0;  // of all instructions
};

// What a script costs on given records, on one core. Times are of the script with the writing of
// its result; parsing the record is apart.
struct Profile {
  uint64_t records = 0;  // run for the speed
  double seconds = 0;
  double records_per_s = 0;
  double parse_ns = 0;  // a record
  double script_ns = 0;
  uint64_t rejected = 0;  // in one pass, as the others below
  uint64_t filtered = 0;
  uint64_t parts = 0;
  double instructions = 0;   // a record, of the Lua machine
  double memory_bytes = 0;   // a record, taken from the allocator and left to the collector
  double collector_ns = 0;   // a record, that the collector needs to take that back
  uint64_t state_bytes = 0;  // what a state holds with nothing left to collect
  std::vector<HotLine> hot;  // the hottest first
};

// Runs the records (JSON texts; each must parse) through the script again and again. Errors: a
// record that does not parse, by its number from 1.
Result<Profile> profile(const std::shared_ptr<const Script>& script,
                        const std::vector<std::string>& records, const ProfileOptions& options);

}  // namespace sluice::workshop
