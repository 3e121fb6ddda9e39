// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "runtime/deliver/plugin_metrics.h"
#include "runtime/plugin_host/instance.h"
#include "runtime/record/columns.h"
#include "runtime/record/document.h"

namespace sluice {

// The host side of a sink's extensions: columns are read off the rendered records when the sink
// asks, on its own driver thread. Reading them here rather than in the workers means that held and
// spooled records need no more memory than their text, and that a sink may declare other columns
// when it is opened again.
class SinkServices final : public HostServices {
 public:
  explicit SinkServices(const sluice_component& component) : metrics_(component) {}

  [[nodiscard]] const PluginMetrics& metrics() const { return metrics_; }

  sluice_rc columns_declare(std::span<const sluice_column* const> columns) override;
  sluice_rc columns_cells(const sluice_batch& batch, const sluice_cell** out) override;
  void metric(uint32_t index, double value) override { metrics_.record(index, value); }

  // Lanes are a source's affair; a sink that asks is told that its configuration is impossible.
  sluice_rc lane_open(std::string_view, uint32_t*, uint64_t*) override { return SLUICE_E_CONFIG; }
  sluice_rc lane_done(uint32_t) override { return SLUICE_E_CONFIG; }
  sluice_rc cursor_get(sluice_str*) override { return SLUICE_E_CONFIG; }
  sluice_rc cursor_set(std::string_view) override { return SLUICE_E_CONFIG; }
  sluice_rc lanes_assigned(std::span<const uint32_t>) override { return SLUICE_E_CONFIG; }
  sluice_rc lanes_revoked(std::span<const uint32_t>, uint32_t, sluice_mark*, uint32_t*) override {
    return SLUICE_E_CONFIG;
  }
  sluice_rc lanes_lost(std::span<const uint32_t>) override { return SLUICE_E_CONFIG; }

 private:
  PluginMetrics metrics_;
  std::unique_ptr<ColumnPlan> plan_;
  Document document_;
  Arena arena_;
  std::vector<sluice_cell> cells_;
};

}  // namespace sluice
