// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <array>
#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/histogram.h"

namespace sluice {

// Values of the metrics a component declared. Names and help come from its descriptor, so what a
// plugin can show is bounded before it runs. Any thread.
class PluginMetrics {
 public:
  struct Sample {
    std::string name;
    std::string help;
    int32_t kind = SLUICE_METRIC_COUNTER;
    double value = 0;
    std::optional<Histogram::Snapshot> histogram;
  };

  explicit PluginMetrics(const sluice_component& component) : component_(component) {
    for (uint32_t i = 0; i < component.metric_count; ++i) slots_.emplace_back();
  }

  // An index that was not declared is ignored; counters never fall.
  void record(uint32_t index, double value) {
    if (index >= slots_.size()) return;
    Slot& slot = slots_[index];
    switch (component_.metrics[index]->kind) {
      case SLUICE_METRIC_GAUGE:
        slot.value.store(value, std::memory_order_relaxed);
        break;
      case SLUICE_METRIC_HISTOGRAM:
        slot.histogram.observe(value);
        break;
      default: {
        if (!(value > 0)) return;
        double seen = slot.value.load(std::memory_order_relaxed);
        while (!slot.value.compare_exchange_weak(seen, seen + value, std::memory_order_relaxed)) {
        }
      }
    }
  }

  [[nodiscard]] std::vector<Sample> snapshot() const {
    std::vector<Sample> out;
    for (uint32_t i = 0; i < slots_.size(); ++i) {
      const sluice_metric& metric = *component_.metrics[i];
      Sample sample{metric.name, metric.help, metric.kind, slots_[i].value.load(), std::nullopt};
      if (metric.kind == SLUICE_METRIC_HISTOGRAM) sample.histogram = slots_[i].histogram.snapshot();
      out.push_back(std::move(sample));
    }
    return out;
  }

 private:
  static constexpr std::array kBounds = {0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0};
  struct Slot {
    std::atomic<double> value{0};
    Histogram histogram{kBounds};
  };
  const sluice_component& component_;
  std::deque<Slot> slots_;
};

}  // namespace sluice
