// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/pipeline/gate.h"
#include "runtime/record/document.h"

namespace sluice {

// One attempt to run another bundle, and what came of it. The outcome is one of
//   started            the process began with it
//   activated          it runs
//   unchanged          it ran before
//   failed             it does not load
//   refused_by_tests   tests of its scripts failed
//   refused_by_shadow  the shadow run showed more new rejects than are allowed
//   rolling_out        it runs for a share of the keys, and is judged later
//   rolled_out         it was judged good and runs for all
//   rolled_back        it was judged bad, or somebody asked for the one before
//   superseded         something else came before it was judged
struct BundleChange {
  int64_t at_us = 0;
  std::string pipeline;
  std::string outcome;
  std::string trigger;      // "start", "watch", "request", "signal", "rollout"
  std::string hash;         // of the bundle that runs now
  std::string previous;     // when another one ran before: its hash
  std::string candidate;    // of the bundle it is about, when that is not the one that runs
  std::string script;       // hash of the script of the bundle it is about
  int64_t authored_us = 0;  // when the youngest of that bundle's files was written; 0: not known
  std::vector<std::string> changed;   // files that differ, came or went
  std::vector<std::string> warnings;  // what does not keep it from running
  std::string error;                  // why it does not run, or does no longer
  std::optional<TestCounts> tests;
  std::string shadow;   // a JSON object: what the shadow run showed; empty: there was none
  std::string rollout;  // a JSON object: share, and records and rejects of both bundles

  [[nodiscard]] bool refused() const {
    return outcome == "failed" || outcome.starts_with("refused");
  }
  [[nodiscard]] bool changed_what_runs() const {
    return outcome == "started" || outcome == "activated" || outcome == "rolled_out" ||
           (outcome == "rolled_back" && !previous.empty());
  }
};

// Its members as JSON, without braces: what answers and /admin/transformers show. `with_pipeline`:
// also whose it is, and that it is an event of this kind, as in the audit log.
std::string change_members(const BundleChange& change, bool for_audit);
// One JSON object on one line, for the audit log.
std::string change_json(const BundleChange& change);
// Such a line; nothing for lines of other events.
std::optional<BundleChange> read_change(const std::string& line, Document& document);

// When the youngest of a bundle's files was written; 0 when none can be looked at.
int64_t authored_us(const Bundle& bundle);

}  // namespace sluice
