// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "plugins/sinks/sqlite/options.h"

namespace sluice::sqlite_sink {

// A column as it will be written: the configuration and the table agreed upon it.
struct Column {
  std::string name;
  std::string pointer;
  ColumnType type = ColumnType::kAny;
  bool not_null = false;
};

// What goes into a row. Text is borrowed from the cell.
struct Value {
  enum class Kind : uint8_t { kNull, kInteger, kReal, kText };
  Kind kind = Kind::kNull;
  int64_t integer = 0;
  double real = 0;
  std::string_view text;

  // Equal as keys: same kind and same content.
  friend bool operator==(const Value&, const Value&) = default;
};

enum class Fit : uint8_t {
  kFits,
  kNullRefused,  // null or absent where a value is required
  kMismatch,     // another type, or a number the type cannot hold
};

// The value a cell gives to a column. JSON null and an absent member both become NULL. An integer
// column takes whole numbers of 64 bits however they are written (3, 3.0); a text column takes
// strings, and numbers in their exact digits.
Fit convert(const Column& column, const sluice_cell& cell, Value* out);

// "column mag expects real, found string "x" at /mag": for the dead letter. UTF-8, under 400 bytes
// plus the names.
std::string describe_misfit(const Column& column, const sluice_cell& cell);

}  // namespace sluice::sqlite_sink
