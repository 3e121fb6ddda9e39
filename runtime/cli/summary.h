// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "runtime/pipeline/snapshot.h"

namespace sluice::cli {

// The accounting table at the end of a run.
std::string summary_table(const RuntimeSnapshot& snapshot, double seconds);
// The same as one JSON object on a single line, with the fields that scripts rely on.
std::string summary_json(const RuntimeSnapshot& snapshot, double seconds);
// One line for a terminal while it runs: records, rate, lag, dead letters.
std::string progress_line(const RuntimeSnapshot& now, uint64_t records_per_second);
uint64_t total_settled(const RuntimeSnapshot& snapshot);
uint64_t total_rejected(const RuntimeSnapshot& snapshot);

}  // namespace sluice::cli
