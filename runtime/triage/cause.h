// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/store/drift_store.h"

namespace sluice::triage {

struct LetterGroup;

// Something that happened shortly before failures began, and may be why.
struct Cause {
  enum class Kind { kSchema, kScript, kBundle, kDrift, kSink };
  Kind kind = Kind::kBundle;
  int64_t at_us = 0;
  bool sure = false;               // all of the failures lie behind it, and none before
  std::string text;                // "orders.schema.json changed at 14:02 ..."
  std::vector<std::string> files;  // that changed
};
std::string_view cause_kind_name(Cause::Kind kind);

// A change of what a pipeline reads its records with, as the audit log has it.
struct BundleEvent {
  int64_t at_us = 0;
  std::string pipeline;
  std::string hash;      // of what runs from then on
  std::string previous;  // of what ran before; empty: not known
  std::vector<std::string> changed;
};

// What is known beside the letters.
struct Evidence {
  std::vector<BundleEvent> bundles;  // oldest first
  std::vector<DriftRow> drift;

  // The bundle that a pipeline runs with, or ran with last; nullptr: not known.
  [[nodiscard]] const BundleEvent* running(const std::string& pipeline) const;
};

// Reads the audit log, the kept bundles and the drift ledger of a state folder. What is not there,
// or cannot be read, is no evidence: never an error.
Evidence read_evidence(const std::filesystem::path& state_dir);

// What may have caused the failures of a group, the likeliest first.
std::vector<Cause> likely_causes(const LetterGroup& group, const Evidence& evidence);

}  // namespace sluice::triage
