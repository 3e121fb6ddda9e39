// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/sinks/postgres/failure.h"
#include "plugins/sinks/postgres/options.h"
#include "plugins/sinks/postgres/value.h"

namespace pqxx {
class transaction_base;
}

namespace sluice::postgres_sink {

// How rows get into the table.
struct TablePlan {
  std::string table;            // quoted, with its schema
  std::vector<Column> columns;  // in the order of the cells
  std::vector<size_t> key;      // indices into columns; of an upsert
  std::optional<size_t> revision;
  bool skip_equal = true;  // an equal revision is a duplicate, not written again
  [[nodiscard]] bool upsert() const { return !key.empty(); }
};

// Reads the catalogue, compares the table with the configuration and plans the writing. A table
// that is missing or differs is E_CONFIG with every difference, not just the first. With
// `options.evolve`, columns that the table misses are added in this transaction, provided that it
// differs in nothing else; `added`, if given, tells their names. Throws what libpqxx does.
Failure plan_table(pqxx::transaction_base& transaction, const Options& options, TablePlan* out,
                   std::string* added = nullptr);

// The schema the table of `options` is in, or would be made in.
std::string resolve_schema(pqxx::transaction_base& transaction, const Options& options);

}  // namespace sluice::postgres_sink
