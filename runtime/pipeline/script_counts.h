// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "runtime/base/mutex.h"
#include "runtime/script/script.h"

namespace sluice {

// What the scripts of a pipeline counted by sluice.count(), over all workers and bundles of the
// run: a counter that its script no longer has keeps its value. Thread-safe; at most one lock a
// batch.
class ScriptCounts {
 public:
  static constexpr size_t kMost = 256;  // names of a run; later ones are added up as one
  static constexpr char kOthers[] = "_others";

  // Takes the counts over and sets them to 0. No lock when all are 0.
  void take(std::span<ScriptCount> counts) SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] std::map<std::string, uint64_t> snapshot() const SLUICE_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::map<std::string, uint64_t> counts_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
