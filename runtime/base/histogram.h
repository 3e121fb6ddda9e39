// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace sluice {

// Counts by upper bound, as Prometheus shows them (not cumulative here). Any thread may observe and
// read; a reader may see an observation's count before its sum.
class Histogram {
 public:
  struct Snapshot {
    std::vector<double> bounds;
    std::vector<uint64_t> counts;  // one more than bounds: the last is above all of them
    double sum = 0;
    uint64_t count = 0;
  };

  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds.begin(), bounds.end()), counts_(bounds.size() + 1) {}

  void observe(double value, uint64_t weight = 1) {
    size_t at = 0;
    while (at < bounds_.size() && value > bounds_[at]) ++at;
    counts_[at].fetch_add(weight, std::memory_order_relaxed);
    double seen = sum_.load(std::memory_order_relaxed);
    const double add = value * static_cast<double>(weight);
    while (!sum_.compare_exchange_weak(seen, seen + add, std::memory_order_relaxed)) {
    }
  }

  [[nodiscard]] Snapshot snapshot() const {
    Snapshot out{bounds_, {}, sum_.load(std::memory_order_relaxed), 0};
    for (const auto& count : counts_) {
      out.counts.push_back(count.load(std::memory_order_relaxed));
      out.count += out.counts.back();
    }
    return out;
  }

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

}  // namespace sluice
