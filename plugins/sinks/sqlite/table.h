// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/sinks/sqlite/database.h"
#include "plugins/sinks/sqlite/options.h"
#include "plugins/sinks/sqlite/value.h"

namespace sluice::sqlite_sink {

// How rows get into the table: columns in the order of the statement's parameters.
struct TablePlan {
  std::vector<Column> columns;
  std::vector<size_t> key;         // indices into columns
  std::optional<size_t> revision;  // index into columns
  bool skip_equal = true;          // an equal revision is a duplicate, not written again
  std::string write_sql;           // one row; parameters 1..columns
  std::string lookup_sql;          // stored revision of a key; parameters 1..key. Guard only
};

// Reads the table, compares it with the configuration and plans the writing. A table that is
// missing or differs is E_CONFIG with every difference, not just the first.
Failure plan_table(Database& database, const Options& options, TablePlan* out);

}  // namespace sluice::sqlite_sink
