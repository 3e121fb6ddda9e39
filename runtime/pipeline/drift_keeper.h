// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/config/config.h"
#include "runtime/schema/drift/ledger.h"
#include "runtime/store/drift_store.h"

namespace sluice {

// The drift ledgers of a process and their place on disk. Ledgers are made before the workers
// start and live as long as the keeper; save() is for one thread, the rest for any.
class DriftKeeper {
 public:
  DriftKeeper(DriftStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  // The ledger of a pipeline, as an earlier run left it; nullptr when the pipeline wants none.
  Result<drift::Ledger*> open(const PipelineConfig& config);

  // Writes what has changed, at most every kInterval unless `now` is set. What cannot be written is
  // kept for the next time; the first failure is logged.
  static constexpr std::chrono::milliseconds kInterval{2000};
  void save(bool now);

  // What the ledgers hold, worst first.
  [[nodiscard]] std::vector<DriftRow> rows(const DriftFilter& filter) const;

  struct Source {
    std::string pipeline;
    std::string source;
    drift::SourceCounts counts;
    uint64_t baseline = 0;  // records wanted for it
  };
  [[nodiscard]] std::vector<Source> sources() const;

 private:
  struct Kept {
    std::string pipeline;
    std::unique_ptr<drift::Ledger> ledger;
  };

  DriftStore& store_;
  const Clock& clock_;
  std::vector<Kept> kept_;
  std::chrono::steady_clock::time_point next_{};
  bool failing_ = false;
};

}  // namespace sluice
