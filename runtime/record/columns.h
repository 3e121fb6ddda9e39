// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/record/pointer.h"

namespace sluice {

// The columns a sink declared through sluice.host.columns/1, ready to be read off records.
// Immutable once made, shared by threads.
class ColumnPlan {
 public:
  struct Column {
    JsonPointer pointer;
    uint32_t form = SLUICE_COLUMN_AUTO;
  };
  explicit ColumnPlan(std::vector<Column> columns) : columns_(std::move(columns)) {}

  [[nodiscard]] size_t width() const { return columns_.size(); }
  // Fills width() cells from a parsed record. Text is a slice of the document's text, or lies in
  // `arena` when it had to be decoded; both must outlive the cells.
  void extract(const Document& document, Arena& arena, sluice_cell* cells) const;
  // Every cell ABSENT: a record without a value.
  void extract_absent(sluice_cell* cells) const;

 private:
  std::vector<Column> columns_;
};

}  // namespace sluice
