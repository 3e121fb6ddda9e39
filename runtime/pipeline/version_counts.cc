// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/version_counts.h"

#include <algorithm>

namespace sluice {

void VersionCounts::add(uint32_t source, const Lineage& lineage, std::span<const uint64_t> seen,
                        int64_t at_us) {
  const auto note = [at_us](Count& count, uint64_t records) {
    count.records += records;
    count.last_at_us = std::max(count.last_at_us, at_us);
  };
  MutexLock lock(mutex_);
  Source& counts = sources_[source];
  if (seen[0] != 0) note(counts.unknown, seen[0]);
  for (size_t i = 1; i < seen.size(); ++i) {
    // Kept at nothing too, so that a version nobody uses shows.
    Count& count = counts.versions[lineage.versions()[i - 1].number];
    if (seen[i] != 0) note(count, seen[i]);
  }
}

std::vector<VersionCounts::Source> VersionCounts::snapshot() const {
  MutexLock lock(mutex_);
  return sources_;
}

}  // namespace sluice
