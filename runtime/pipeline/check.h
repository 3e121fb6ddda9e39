// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/config/config.h"

namespace sluice {

// One thing that was looked at.
struct CheckItem {
  std::string what;  // "pipeline orders: sink pg"
  Status status;
  bool refused = false;  // not wrong to read or to reach: tests failed
  std::vector<std::string> warnings = {};
};

// Looks at everything a run would need, without state and without a record: plugins and their
// options, schemas, scripts with their tests; with `connect` also opens sources and sinks and asks
// schema registries. Reports every problem, not the first. Safe beside a running process.
std::vector<CheckItem> check_pipelines(const Config& config, const std::vector<std::string>& only,
                                       bool connect);

// Of all pipelines' dead_letters.keep.
Millis longest_keep(const Config& config);

}  // namespace sluice
