// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/common/rows.h"

namespace sluice::postgres_sink {

// What a column takes. kJsonb keeps any value as its JSON text.
enum class ColumnType {
  kText,
  kInteger,
  kBigint,
  kNumeric,
  kDouble,
  kBoolean,
  kTimestamptz,
  kDate,
  kUuid,
  kBytea,
  kJsonb
};

// One of these, or an array of it with one dimension.
struct ValueType {
  ColumnType element = ColumnType::kText;
  bool array = false;

  friend bool operator==(const ValueType&, const ValueType&) = default;
  friend bool operator==(const ValueType& type, ColumnType plain) {
    return !type.array && type.element == plain;
  }
};

// The word used in the configuration and in messages: "bigint", "text[]".
std::string type_word(const ValueType& type);

struct ColumnOption {
  std::string name;
  std::string pointer;  // RFC 6901; "" is the whole record
  std::optional<ValueType> type;
  bool null_allowed = true;
};

enum class Mode { kUpsert, kInsert, kAppend };

struct Options {
  std::string dsn;     // empty: libpq's environment (PGHOST and so on)
  std::string schema;  // empty: the first of the search path
  std::string table;
  std::vector<std::string> key;  // JSON Pointers
  std::optional<std::string> revision;
  std::vector<ColumnOption> columns;  // empty: the table's own columns
  Mode mode = Mode::kAppend;
  bool create = false;
  bool evolve = false;       // a column that the table misses is added to it
  bool exactly_once = true;  // the source's marks lie in the same database
  bool overwrite_equal = false;
  std::chrono::milliseconds statement_timeout{30000};
  std::chrono::milliseconds lock_timeout{10000};

  // `"schema"."table"`, quoted.
  [[nodiscard]] std::string quoted_table() const;
  // A table beside it.
  [[nodiscard]] std::string quoted_sibling(std::string_view name) const;
  [[nodiscard]] const ColumnOption* column_at(std::string_view pointer) const;
};

// Reads the configuration the host has checked against the schema; what a schema cannot say (a key
// that no column holds) is checked here. Does no I/O. Throws BadConfig.
Options parse_options(std::string_view json);

using rows::sql_name;

}  // namespace sluice::postgres_sink
