// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/sink_services.h"

#include "runtime/base/log.h"

namespace sluice {
namespace {

// What is read here was parsed or written by the runtime under its own limits; these only keep
// arithmetic in range.
constexpr ParseLimits kRenderedLimits{.max_bytes = UINT32_MAX - 1, .max_depth = 4096};

}  // namespace

sluice_rc SinkServices::columns_declare(std::span<const sluice_column* const> columns) {
  std::vector<ColumnPlan::Column> plan;
  for (const sluice_column* column : columns) {
    const std::string_view text(column->pointer.data, column->pointer.size);
    auto pointer = JsonPointer::parse(text);
    if (!pointer) {
      log::error("sink.columns", pointer.status().message());
      return SLUICE_E_CONFIG;
    }
    plan.push_back({std::move(pointer).value(), column->form});
  }
  plan_ = std::make_unique<ColumnPlan>(std::move(plan));
  return SLUICE_OK;
}

sluice_rc SinkServices::columns_cells(const sluice_batch& batch, const sluice_cell** out) {
  if (!plan_) return SLUICE_E_CONFIG;
  arena_.reset();
  cells_.resize(static_cast<size_t>(batch.count) * plan_->width());
  const auto* at = reinterpret_cast<const char*>(batch.records);
  // Cells point into the text of the records, not into the document, so one document serves all.
  for (uint32_t i = 0; i < batch.count; ++i, at += batch.stride) {
    const auto& record = *reinterpret_cast<const sluice_record*>(at);
    sluice_cell* row = cells_.data() + static_cast<size_t>(i) * plan_->width();
    const std::string_view value(record.value.data, record.value.size);
    if (record.value.data != nullptr && document_.parse(value, kRenderedLimits)) {
      plan_->extract(document_, arena_, row);
    } else {
      plan_->extract_absent(row);
    }
  }
  *out = cells_.data();
  return SLUICE_OK;
}

}  // namespace sluice
