// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "plugins/sinks/postgres/options.h"
#include "plugins/sinks/postgres/table.h"

namespace sluice::postgres_sink {

// Every statement that writes rows. Rows of a batch first go by COPY into a table of the session,
// with their place in the batch ("ord"), in types that take whatever passed our own checks; one
// statement takes them on. What the table refuses is thus refused by that statement, which can be
// tried again on some of them.
struct Statements {
  std::string stage_table;    // makes the session's table
  std::string stage;          // its name
  std::string stage_columns;  // those of the rows, then ord
  std::string columns;        // of the table itself, for a COPY without a detour
  std::string write_head;     // the writing statement up to where a range may be put,
  std::string write_tail;     // and the rest
  std::string explain;        // upsert: what became of each row

  [[nodiscard]] std::string write() const { return write_head + write_tail; }
  [[nodiscard]] std::string write_range(size_t first, size_t last) const;
};

Statements statements_for(const TablePlan& plan);

// CREATE TABLE IF NOT EXISTS from the column list, the key as primary key.
std::string create_table_sql(const Options& options);

// ALTER TABLE that adds these columns, each nullable. Not empty, each with a type.
std::string add_columns_sql(const std::string& quoted_table,
                            const std::vector<const ColumnOption*>& columns);

}  // namespace sluice::postgres_sink
