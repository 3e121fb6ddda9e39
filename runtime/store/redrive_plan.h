// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/store/dead_letter.h"

namespace sluice {

// A redrive that was asked for: what was chosen, and what became of it so far. Kept with the
// letters, so that it can go on after a crash.
struct RedrivePlan {
  uint64_t id = 0;
  std::string pipeline;
  // "choosing", "running", "done", or "stopped": the process or an operator ended it before its end
  std::string state = "choosing";
  std::string who;      // asked for it
  std::string options;  // a JSON object: how it is to be done; the redriver's own
  int64_t created_us = 0;
  int64_t updated_us = 0;
  uint64_t chosen = 0;  // letters, from the beginning
  uint64_t left = 0;    // of them not settled yet
  uint64_t committed = 0;
  uint64_t duplicate = 0;
  uint64_t filtered = 0;
  uint64_t failed = 0;                      // again
  uint64_t gone = 0;                        // before their turn came: purged, or settled otherwise
  std::map<std::string, uint64_t> reasons;  // of those that failed
};

// What became of one letter of a plan.
struct RedrivenLetter {
  enum class Fate { kCommitted, kDuplicate, kFiltered, kFailed };
  uint64_t redrive = 0;
  uint64_t seq = 0;
  Fate fate = Fate::kCommitted;
  // kFailed: the letter as it is from now on, under its old id.
  std::optional<DeadLetter> letter;
  // Failures of the same record at other sinks or in other parts, with ids of their own.
  std::vector<DeadLetter> more;
};

}  // namespace sluice
