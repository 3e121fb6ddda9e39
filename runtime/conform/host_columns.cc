// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/host_columns.h"

#include <utility>

namespace sluice::conform {

namespace {
// Large odd values are the kit's own, not what a pipeline would let through.
constexpr ParseLimits kLimits{64ULL << 20, 128};
}  // namespace

std::optional<std::string> HostColumns::declare(std::span<const sluice_column* const> columns) {
  if (plan_.has_value()) return "columns were declared twice";
  std::vector<ColumnPlan::Column> wanted;
  for (size_t i = 0; i < columns.size(); ++i) {
    const sluice_column* column = columns[i];
    const std::string which = "column " + std::to_string(i);
    if (column == nullptr) return which + " is NULL";
    if (!SLUICE_HAS(column, sluice_column, pointer)) {
      return which + " has struct_size " + std::to_string(column->struct_size) + ", expected " +
             std::to_string(sizeof(sluice_column));
    }
    if (column->form != SLUICE_COLUMN_AUTO && column->form != SLUICE_COLUMN_JSON) {
      return which + " has the unknown form " + std::to_string(column->form);
    }
    auto pointer = JsonPointer::parse({column->pointer.data, column->pointer.size});
    if (!pointer) return which + ": " + pointer.status().message();
    wanted.push_back({std::move(pointer).value(), column->form});
  }
  plan_.emplace(std::move(wanted));
  return std::nullopt;
}

const sluice_cell* HostColumns::cells(const sluice_batch& batch) {
  if (!plan_) return nullptr;
  const size_t width = plan_->width();
  blocks_.push_back(std::make_unique<GuardedBlock>(width * batch.count * sizeof(sluice_cell)));
  auto* out = reinterpret_cast<sluice_cell*>(blocks_.back()->data());
  if (!arena_) arena_ = std::make_unique<Arena>();
  documents_.resize(batch.count);
  const auto* at = reinterpret_cast<const char*>(batch.records);
  for (uint32_t i = 0; i < batch.count; ++i, at += batch.stride) {
    const auto* record = reinterpret_cast<const sluice_record*>(at);
    sluice_cell* row = out + static_cast<size_t>(i) * width;
    const bool parsed =
        record->value.data != nullptr &&
        static_cast<bool>(documents_[i].parse({record->value.data, record->value.size}, kLimits));
    if (parsed) {
      plan_->extract(documents_[i], *arena_, row);
    } else {
      plan_->extract_absent(row);
    }
  }
  return out;
}

void HostColumns::take_back(bool revoke) {
  for (auto& block : blocks_) {
    if (revoke) {
      block->revoke();
    } else {
      block->poison();
    }
  }
  arena_.reset();
  documents_.clear();
}

}  // namespace sluice::conform
