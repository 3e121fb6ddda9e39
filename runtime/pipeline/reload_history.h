// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/pipeline/bundle_change.h"
#include "runtime/store/audit_log.h"

namespace sluice {

// What became of each pipeline's bundles, also of runs before this one as far as the audit log goes
// back. Thread-safe.
class ReloadHistory {
 public:
  static constexpr size_t kKept = 50;  // of each pipeline
  struct Pipeline {
    int64_t active_since_us = 0;       // of the bundle that runs
    std::deque<BundleChange> changes;  // oldest first

    // Hashes of the bundles that ran and were not taken back, each run after the other; the last
    // one is what runs.
    [[nodiscard]] std::vector<std::string> good() const;
  };

  // `audit` may be nullptr: nothing is kept on disk. Reads what it holds.
  explicit ReloadHistory(AuditLog* audit);

  // Notes a change, on disk too; a failure to write is logged and changes nothing else.
  void add(const BundleChange& change) SLUICE_EXCLUDES(mutex_) {
    note(change);
    write(change);
  }
  // The two halves: in memory, which is quick, and on disk.
  void note(const BundleChange& change) SLUICE_EXCLUDES(mutex_);
  void write(const BundleChange& change);
  [[nodiscard]] std::map<std::string, Pipeline> snapshot() const SLUICE_EXCLUDES(mutex_);

 private:
  void keep(const BundleChange& change) SLUICE_REQUIRES(mutex_);

  AuditLog* const audit_;
  mutable Mutex mutex_;
  std::map<std::string, Pipeline> pipelines_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
