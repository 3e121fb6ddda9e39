// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plugins/common/rows.h"
#include "plugins/sinks/sqlite/options.h"
#include "plugins/sinks/sqlite/table.h"

namespace sluice::sqlite_sink {

using rows::sql_name;

// CREATE TABLE from the column list, the key as primary key.
std::string create_table_sql(const Options& options);

// Writes one row: insert, upsert, or upsert over an older revision only.
std::string write_sql(const Options& options, const TablePlan& plan);

// The stored revision of a key. Needs a plan with a revision.
std::string lookup_sql(const Options& options, const TablePlan& plan);

}  // namespace sluice::sqlite_sink
