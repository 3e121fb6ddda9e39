// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/columns.h"

#include "runtime/record/compact.h"

namespace sluice {
namespace {

sluice_str text_of(std::string_view text) { return {text.data(), text.size()}; }

// The JSON text of a value on one line.
std::string_view json_of(const Document& document, NodeIndex node, Arena& arena) {
  const std::string_view json = document.json(node);
  return document.has_line_breaks() ? compact_json(json, arena) : json;
}

void fill_number(const Document& document, NodeIndex node, sluice_cell& cell) {
  cell.text = text_of(document.slice(node));
  if (document.int64(node, &cell.v.i64)) {
    cell.kind = SLUICE_CELL_I64;
  } else if (document.uint64(node, &cell.v.u64)) {
    cell.kind = SLUICE_CELL_U64;
  } else {
    cell.kind = SLUICE_CELL_F64;
    // Past the largest double this leaves an infinity; the exact digits stay in the text.
    static_cast<void>(document.number(node, &cell.v.f64));
  }
}

void fill(const Document& document, NodeIndex node, Arena& arena, sluice_cell& cell) {
  switch (document.kind(node)) {
    case JsonKind::kNull:
      cell.kind = SLUICE_CELL_NULL;
      return;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      cell.kind = SLUICE_CELL_BOOL;
      cell.v.u64 = document.kind(node) == JsonKind::kTrue ? 1 : 0;
      return;
    case JsonKind::kNumber:
      fill_number(document, node, cell);
      return;
    case JsonKind::kString:
      cell.kind = SLUICE_CELL_TEXT;
      cell.text = text_of(document.string(node, arena));
      return;
    case JsonKind::kArray:
    case JsonKind::kObject:
      cell.kind = SLUICE_CELL_JSON;
      cell.text = text_of(json_of(document, node, arena));
      return;
  }
}

}  // namespace

void ColumnPlan::extract(const Document& document, Arena& arena, sluice_cell* cells) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    sluice_cell& cell = cells[i];
    cell = sluice_cell{};
    const NodeIndex node = columns_[i].pointer.find(document);
    if (node == kNoNode) {
      cell.kind = SLUICE_CELL_ABSENT;
    } else if (columns_[i].form == SLUICE_COLUMN_JSON) {
      cell.kind = SLUICE_CELL_JSON;
      cell.text = text_of(json_of(document, node, arena));
    } else {
      fill(document, node, arena, cell);
    }
  }
}

void ColumnPlan::extract_absent(sluice_cell* cells) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    cells[i] = sluice_cell{};
    cells[i].kind = SLUICE_CELL_ABSENT;
  }
}

}  // namespace sluice
