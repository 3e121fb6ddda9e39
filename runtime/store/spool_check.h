// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/status.h"
#include "runtime/store/spool.h"
#include "runtime/store/state_dir.h"

// Looking at spools from outside: what the commands `sluice spool show, verify, salvage` do.
namespace sluice {

struct SpoolLook {
  SpoolStats stats;  // limit_bytes is not known here
  std::vector<SpoolLane> lanes;
  uint64_t set_aside = 0;  // folders of damaged files that salvage moved away
};

// What waits. Changes nothing and needs no lock: beside a running process it is the state of this
// moment. kNotFound: this sink has no spool.
Result<SpoolLook> look_into_spool(const std::filesystem::path& state_dir, std::string_view sink);

struct SpoolVerdict {
  static constexpr size_t kTold = 20;  // problems told in full

  uint64_t records = 0;  // that pass
  uint64_t bytes = 0;    // of all read
  uint64_t damaged = 0;  // set aside earlier: no new problem
  uint64_t problems = 0;
  std::vector<std::string> what;  // the first kTold of them
  [[nodiscard]] bool whole() const { return problems == 0; }
};

// Reads every file and record and compares checksums, and the index with the records. Changes
// nothing. Damage is an answer, not an error. kNotFound as above; kUnavailable: cannot be read now.
Result<SpoolVerdict> verify_spool(const std::filesystem::path& state_dir, std::string_view sink);

struct SpoolSalvage {
  uint64_t saved = 0;        // records that wait again
  uint64_t damaged = 0;      // records that were read but fail their check
  uint64_t lost = 0;         // records that were there and of which the files give nothing
  bool changed = false;      // false: it was whole, nothing was moved
  std::filesystem::path to;  // what was set aside lies here
};

// Sets what is broken aside (moved to `<spool>/damaged/<time>`, never deleted, with a list of what
// was lost, lane and position) and makes the spool anew of all that can be read. `state` is the
// lock: no other process has the folder. May be stopped and begun again at any moment. Needs as
// much free disk as the spool takes.
Result<SpoolSalvage> salvage_spool(const StateDir& state, std::string_view sink,
                                   const Clock& clock);

}  // namespace sluice
