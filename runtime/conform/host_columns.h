// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/conform/guarded.h"
#include "runtime/record/arena.h"
#include "runtime/record/columns.h"
#include "runtime/record/document.h"

namespace sluice::conform {

// sluice.host.columns/1 for one sink instance: parses the records of a batch and hands out cells in
// guarded memory. Not thread-safe.
class HostColumns {
 public:
  // False with a reason when the declaration breaks the contract.
  std::optional<std::string> declare(std::span<const sluice_column* const> columns);
  [[nodiscard]] bool declared() const { return plan_.has_value(); }

  // Cells of `batch`; nullptr when nothing was declared. Records that are not JSON have ABSENT
  // cells: the runtime never delivers such, the kit does.
  const sluice_cell* cells(const sluice_batch& batch);
  // After the write: cells and decoded text become unreadable (`revoke`) or garbage.
  void take_back(bool revoke);

 private:
  std::optional<ColumnPlan> plan_;
  std::vector<std::unique_ptr<GuardedBlock>> blocks_;
  std::vector<Document> documents_;
  std::unique_ptr<Arena> arena_;
};

}  // namespace sluice::conform
