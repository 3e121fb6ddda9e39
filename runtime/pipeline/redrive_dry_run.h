// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/stop.h"
#include "runtime/config/config.h"
#include "runtime/pipeline/bundle.h"
#include "runtime/pipeline/redrive_request.h"

namespace sluice {

// What a redrive would come to, as far as schema and script decide it: sinks are not asked.
struct DryRunReport {
  uint64_t letters = 0;
  uint64_t pass = 0;                            // would be offered to sinks
  uint64_t filtered = 0;                        // the script drops them
  uint64_t duplicate = 0;                       // all sinks they go to have them already
  std::map<std::string, uint64_t> reasons;      // would fail
  std::map<std::string, std::string> examples;  // by reason: a letter's id and what would be said

  // {dry_run: true, letters, outcomes: {pass, filtered, duplicate, <CODE>...}, examples}
  [[nodiscard]] std::string json() const;
};

// A pipeline and what its records are read with now.
struct DryRunPipeline {
  const PipelineConfig* config = nullptr;
  std::shared_ptr<const Bundle> bundle;
  std::shared_ptr<const SchemaIds> schema_ids = nullptr;  // where a registry is asked
};

// Reads the chosen letters with these bundles. Nothing is delivered, counted or kept; what scripts
// log is logged. As long as reading takes; kCancelled when stop was asked.
Result<DryRunReport> dry_run_redrive(const std::vector<DryRunPipeline>& pipelines,
                                     DeadLetterStore& store, const RedriveRequest& request,
                                     int64_t now_us, const StopSource& stop);

}  // namespace sluice
