// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/config/config.h"
#include "runtime/pipeline/bundle.h"
#include "runtime/pipeline/record_sample.h"

namespace sluice {

// What a new bundle makes of records, beside what the one that runs makes of them. Nothing is
// delivered, counted or kept; lines that scripts log are logged.
struct ShadowReport {
  static constexpr size_t kMostDifferences = 5;

  uint64_t records = 0;
  uint64_t same = 0;            // both pass it, with equal results; or both drop it; or reject it
  uint64_t different = 0;       // neither rejects it, with other results
  uint64_t newly_rejected = 0;  // by the new one alone
  uint64_t newly_passing = 0;   // rejected by the old one alone
  uint64_t letters = 0;         // dead letters that were tried
  uint64_t cured = 0;           // that the new bundle does not reject
  std::vector<std::string>
      differences;  // some of them, each a JSON object; sensitive values hidden

  [[nodiscard]] std::string json() const;
  // Why the bundle is not to run with what the pipeline allows; empty: it may.
  [[nodiscard]] std::string refusal(const ShadowConfig& config) const;
};

struct ShadowInput {
  std::vector<std::shared_ptr<const RecordSample>> records;
  std::vector<std::shared_ptr<const RecordSample>> letters;
  std::shared_ptr<const SchemaIds> schema_ids = nullptr;  // where a registry is asked
};

// As long as reading all of it twice takes. An error: a bundle cannot be set up.
Result<ShadowReport> run_shadow(const PipelineConfig& config,
                                const std::shared_ptr<const Bundle>& running,
                                const std::shared_ptr<const Bundle>& candidate,
                                const ShadowInput& input);

// The newest letters of this pipeline that a changed script or schema may cure, by source.
std::vector<std::shared_ptr<const RecordSample>> curable_letters(const PipelineConfig& config,
                                                                 DeadLetterStore& store);

}  // namespace sluice
