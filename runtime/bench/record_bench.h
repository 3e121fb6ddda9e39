// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace sluice {

// What one stage costs, alone. Rates are records a second on one core.
struct BenchStage {
  std::string name;  // "parse", "validate", "transform", "serialize", "hash"
  double records_per_s = 0;
  double us_per_record = 0;
};

struct BenchReport {
  uint64_t records = 0;  // in the file
  uint64_t bytes = 0;
  uint64_t rejected = 0;  // records that a stage refused
  uint32_t rounds = 0;    // each figure is the median of these
  std::vector<BenchStage> stages;
  BenchStage path;              // all stages, record by record
  BenchStage path_unvalidated;  // the same without validation; equal to path without a schema
  BenchStage raw_parse;         // RapidJSON's in-situ DOM parse of the same records
  [[nodiscard]] double path_over_raw() const {
    return raw_parse.records_per_s > 0 ? path.records_per_s / raw_parse.records_per_s : 0;
  }
  [[nodiscard]] double path_unvalidated_over_raw() const {
    return raw_parse.records_per_s > 0 ? path_unvalidated.records_per_s / raw_parse.records_per_s
                                       : 0;
  }
};

struct BenchOptions {
  std::filesystem::path file;       // JSON Lines; at most the first 64 MiB are used
  std::filesystem::path schema;     // empty: no validation
  std::filesystem::path transform;  // empty: no script
  uint32_t rounds = 7;
};

// Measures on the calling thread. Every round measures everything once, so that a machine whose
// speed drifts does so under all of them alike. `progress` is told each finished round.
Result<BenchReport> bench_records(const BenchOptions& options,
                                  const std::function<void(uint32_t)>& progress);

}  // namespace sluice
