// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/script_counts.h"

#include <algorithm>

namespace sluice {

void ScriptCounts::take(std::span<ScriptCount> counts) {
  const auto counted = [](const ScriptCount& count) { return count.count != 0; };
  if (std::none_of(counts.begin(), counts.end(), counted)) return;
  MutexLock lock(mutex_);
  for (ScriptCount& count : counts) {
    if (count.count == 0) continue;
    auto at = counts_.find(count.name);
    if (at == counts_.end()) {
      at = counts_.try_emplace(counts_.size() < kMost ? count.name : std::string(kOthers)).first;
    }
    at->second += count.count;
    count.count = 0;
  }
}

std::map<std::string, uint64_t> ScriptCounts::snapshot() const {
  MutexLock lock(mutex_);
  return counts_;
}

}  // namespace sluice
