// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/store/dead_letter_store.h"
#include "runtime/triage/cause.h"

namespace sluice::triage {

// Letters that failed alike: same pipeline, reason, stage, sink, path and shape of the message.
struct LetterGroup {
  std::string id;  // letter_group(), as `--group` takes it
  std::string pipeline;
  std::string reason;
  std::string stage;
  std::string sink;
  std::string path;
  std::string shape;
  uint64_t letters = 0;
  double share = 0;  // of all letters that were looked at
  int64_t first_us = 0;
  int64_t last_us = 0;
  uint64_t last_hour = 0;  // failures
  uint64_t hour_before = 0;
  // Letters by source, schema version and bundle; of each the most frequent.
  std::map<std::string, uint64_t> sources;
  std::map<std::string, uint64_t> versions;
  std::map<std::string, uint64_t> bundles;
  std::string example;        // id of the newest letter
  std::vector<Cause> causes;  // the likeliest first; empty: nothing of ours changed just before
  std::string advice;         // what to do, in a sentence
  std::string next;           // the command that comes next

  // "new", "growing", "steady", "shrinking", "stopping" or "stopped": the last hour against the
  // hour before.
  [[nodiscard]] std::string_view trend() const;
};

struct Analysis {
  int64_t at_us = 0;
  uint64_t letters = 0;
  std::vector<LetterGroup> groups;  // most letters first
  uint64_t other_groups = 0;        // that are not among them
  uint64_t other_letters = 0;
};

// Groups the letters of a filter, at most `limit` groups in full. Reads the classes of the store,
// one letter a group, and nothing else; memory is bounded whatever there is. Times count back from
// now_us.
Result<Analysis> analyze(DeadLetterStore& store, const LetterFilter& filter,
                         const Evidence& evidence, size_t limit, int64_t now_us);

}  // namespace sluice::triage
