// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/sqlite/value.h"

#include <cmath>
#include <cstdio>

#include "plugins/common/rows.h"

namespace sluice::sqlite_sink {
namespace {

// Up to here every whole number is exact in a double.
constexpr double kExactWhole = 9007199254740992.0;

std::string_view view(sluice_str s) {
  return s.data == nullptr ? std::string_view() : std::string_view(s.data, s.size);
}

Fit integer(int64_t number, Value* out) {
  out->kind = Value::Kind::kInteger;
  out->integer = number;
  return Fit::kFits;
}

Fit real(double number, Value* out) {
  if (!std::isfinite(number)) return Fit::kMismatch;
  out->kind = Value::Kind::kReal;
  out->real = number;
  return Fit::kFits;
}

Fit text(const sluice_cell& cell, Value* out) {
  out->kind = Value::Kind::kText;
  // An empty string has no bytes to point at, yet is no NULL.
  out->text = cell.text.data == nullptr ? std::string_view("") : view(cell.text);
  return Fit::kFits;
}

Fit to_integer(const sluice_cell& cell, Value* out) {
  if (cell.kind == SLUICE_CELL_I64) return integer(cell.v.i64, out);
  if (cell.kind != SLUICE_CELL_F64) return Fit::kMismatch;
  const double number = cell.v.f64;
  if (!(std::fabs(number) <= kExactWhole) || number != std::trunc(number)) return Fit::kMismatch;
  return integer(static_cast<int64_t>(number), out);
}

Fit to_real(const sluice_cell& cell, Value* out) {
  switch (cell.kind) {
    case SLUICE_CELL_I64:
      return real(static_cast<double>(cell.v.i64), out);
    case SLUICE_CELL_U64:
      return real(static_cast<double>(cell.v.u64), out);
    case SLUICE_CELL_F64:
      return real(cell.v.f64, out);
    default:
      return Fit::kMismatch;
  }
}

Fit to_text(const sluice_cell& cell, Value* out) {
  switch (cell.kind) {
    case SLUICE_CELL_I64:
    case SLUICE_CELL_U64:
    case SLUICE_CELL_F64:
    case SLUICE_CELL_TEXT:
      return text(cell, out);
    default:
      return Fit::kMismatch;
  }
}

Fit to_any(const sluice_cell& cell, Value* out) {
  switch (cell.kind) {
    case SLUICE_CELL_BOOL:
      return integer(cell.v.u64 != 0 ? 1 : 0, out);
    case SLUICE_CELL_I64:
      return integer(cell.v.i64, out);
    case SLUICE_CELL_F64:
      // Past the range of a double the digits are kept as text rather than an infinity.
      return std::isfinite(cell.v.f64) ? real(cell.v.f64, out) : text(cell, out);
    default:
      return text(cell, out);
  }
}

bool is_null(const Column& column, const sluice_cell& cell) {
  if (cell.kind == SLUICE_CELL_NULL || cell.kind == SLUICE_CELL_ABSENT) return true;
  return column.type == ColumnType::kJson && cell.kind == SLUICE_CELL_JSON &&
         view(cell.text) == "null";
}

// At most `limit` bytes, never cutting a character, control characters spelt out.
std::string shown(std::string_view raw, size_t limit) {
  size_t end = raw.size();
  if (end > limit) {
    end = limit;
    while (end > 0 && (static_cast<unsigned char>(raw[end]) & 0xC0U) == 0x80U) --end;
  }
  std::string out;
  for (const char c : raw.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out.push_back(c);
      continue;
    }
    char spelt[8];
    std::snprintf(spelt, sizeof spelt, "\\u%04x", static_cast<unsigned>(byte));
    out += spelt;
  }
  if (end < raw.size()) out += "...";
  return out;
}

std::string found(const sluice_cell& cell) {
  constexpr size_t kShown = 48;
  return rows::describe_cell(cell, shown(view(cell.text), kShown));
}

const char* cure(const Column& column, const sluice_cell& cell) {
  if (column.type == ColumnType::kInteger && cell.kind == SLUICE_CELL_U64) {
    return " (past 64 signed bits; a text column keeps all digits)";
  }
  if (column.type == ColumnType::kText &&
      (cell.kind == SLUICE_CELL_JSON || cell.kind == SLUICE_CELL_BOOL)) {
    return " (a json column takes any value)";
  }
  return "";
}

}  // namespace

Fit convert(const Column& column, const sluice_cell& cell, Value* out) {
  *out = Value{};
  if (is_null(column, cell)) return column.not_null ? Fit::kNullRefused : Fit::kFits;
  switch (column.type) {
    case ColumnType::kInteger:
      return to_integer(cell, out);
    case ColumnType::kReal:
      return to_real(cell, out);
    case ColumnType::kText:
      return to_text(cell, out);
    case ColumnType::kBoolean:
      return cell.kind == SLUICE_CELL_BOOL ? integer(cell.v.u64 != 0 ? 1 : 0, out) : Fit::kMismatch;
    case ColumnType::kJson:
      return text(cell, out);
    case ColumnType::kAny:
      return to_any(cell, out);
  }
  return Fit::kMismatch;
}

std::string describe_misfit(const Column& column, const sluice_cell& cell) {
  return "column " + shown(column.name, 64) + " expects " + type_word(column.type) +
         (column.not_null ? " and no null" : "") + ", found " + found(cell) + " at " +
         (column.pointer.empty() ? std::string("the whole record") : shown(column.pointer, 128)) +
         cure(column, cell);
}

}  // namespace sluice::sqlite_sink
