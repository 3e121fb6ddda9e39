// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/sinks/postgres/options.h"

namespace sluice::postgres_sink {

// A column as it will be written: the configuration and the table agreed upon it.
struct Column {
  std::string name;
  std::string pointer;
  ValueType type;
  bool not_null = false;
  std::string cast;               // "::jsonb" in the statement that writes; empty: none
  std::optional<uint32_t> scale;  // of a numeric(p,s): digits behind the point, no more are kept

  friend bool operator==(const Column&, const Column&) = default;
};

enum class Fit : uint8_t {
  kFits,
  kNullRefused,  // null or absent where a value is required
  kMismatch,     // another type, or a value the type cannot hold
};

// Appends what a cell gives to a column as one field of COPY's text format, `\N` for null; on a
// misfit what was appended means nothing. JSON null and an absent member both become NULL.
//   integer, bigint   whole numbers in range, however they are written (3, 3.0 up to 2^53)
//   numeric           numbers in their exact digits, also as a string
//   double            any finite number
//   text              strings, and numbers in their exact digits; no NUL, well-formed UTF-8
//   timestamptz       RFC 3339, with offset; date: YYYY-MM-DD; uuid: with hyphens
//   bytea             base64, as RFC 4648 has it
//   jsonb             any value
//   arrays            arrays of these, nulls among them, none within another
Fit append_field(const Column& column, const sluice_cell& cell, std::string* out);

// The whole number of a cell, when it is one of 64 bits.
std::optional<int64_t> whole_number(const sluice_cell& cell);

// "column mag expects double, found string "x" at /mag": for the dead letter. UTF-8, under 400
// bytes plus the names.
std::string describe_misfit(const Column& column, const sluice_cell& cell);

}  // namespace sluice::postgres_sink
