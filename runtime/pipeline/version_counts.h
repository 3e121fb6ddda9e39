// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/schema/lineage/lineage.h"

namespace sluice {

// How many records came of which schema version, by source: what tells when an old version may be
// retired. Counts over all bundles of the run, so a version that is gone keeps its count.
// Thread-safe; one lock a batch.
class VersionCounts {
 public:
  struct Count {
    uint64_t records = 0;
    int64_t last_at_us = 0;  // when the last of them was received
  };
  struct Source {
    std::map<uint32_t, Count> versions;  // by number
    Count unknown;                       // no known version was found
  };

  explicit VersionCounts(size_t sources) : sources_(sources) {}

  // `seen`: records without a known version, then by place in the lineage.
  void add(uint32_t source, const Lineage& lineage, std::span<const uint64_t> seen, int64_t at_us)
      SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] std::vector<Source> snapshot() const SLUICE_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::vector<Source> sources_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
