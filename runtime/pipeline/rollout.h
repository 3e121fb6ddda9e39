// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/base/mutex.h"
#include "runtime/pipeline/activation.h"

namespace sluice {

// A new bundle that runs for a share of the keys while the old one runs for the rest. Batches carry
// it beside their activation; workers add up what both refused. Thread-safe.
class Rollout {
 public:
  static constexpr uint64_t kRecords = 1000;  // of the new bundle, before it is judged

  struct Side {
    uint64_t records = 0;
    uint64_t rejected = 0;  // by schema, lift, script or output schema
  };
  struct Counts {
    Side running;
    Side candidate;
  };
  // `enough` is called once, on a worker's thread, when there are enough records to judge by.
  Rollout(std::shared_ptr<Activation> activation, double share, std::function<void()> enough);

  [[nodiscard]] const std::shared_ptr<Activation>& activation() const { return activation_; }
  [[nodiscard]] double share() const { return share_; }
  // Keys whose hash is below this take the new bundle.
  [[nodiscard]] uint64_t below() const { return below_; }

  // One lock a batch.
  void add(const Counts& counts) SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] Counts counts() const SLUICE_EXCLUDES(mutex_);
  // A JSON object: share, and records and rejects of both.
  [[nodiscard]] std::string json() const;

  [[nodiscard]] static bool enough(const Counts& counts) {
    return counts.candidate.records >= kRecords;
  }
  // Whether the new bundle refuses more than chance explains: its share of rejects is above the old
  // one's by 2.33 standard errors of the difference (of two shares, pooled), which a bundle that is
  // no worse passes in about 99 of 100 cases.
  [[nodiscard]] static bool worse(const Counts& counts);

 private:
  const std::shared_ptr<Activation> activation_;
  const double share_;
  const uint64_t below_;
  const std::function<void()> enough_;
  mutable Mutex mutex_;
  Counts counts_ SLUICE_GUARDED_BY(mutex_);
  bool told_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
