// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/sinks/sqlite/failure.h"

namespace sluice::sqlite_sink {

// What a column takes. Integers are 64-bit signed; kJson keeps any value as its JSON text; kAny
// stores whatever scalar comes.
enum class ColumnType { kAny, kInteger, kReal, kText, kJson, kBoolean };

// The word used in the configuration and in messages.
const char* type_word(ColumnType type);

struct ColumnOption {
  std::string name;
  std::string pointer;  // RFC 6901; "" is the whole record
  std::optional<ColumnType> type;
  bool null_allowed = true;
};

struct Options {
  std::string path;
  std::string table;
  std::vector<std::string> key;  // JSON Pointers
  std::optional<std::string> revision;
  std::vector<ColumnOption> columns;  // empty: the table's own columns
  bool create = false;
  bool exactly_once = true;  // the source's marks lie in the same database
  bool overwrite_equal = false;
  bool full_sync = true;
};

// Reads the configuration the host has checked against the schema; what a schema cannot say
// (a key that no column holds, two columns of one name) is checked here. Does no I/O.
Failure parse_options(std::string_view json, Options* out);

// SQLite compares identifiers without regard to ASCII case.
bool same_name(std::string_view a, std::string_view b);

}  // namespace sluice::sqlite_sink
