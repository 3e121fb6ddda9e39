// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/sqlite/sql.h"

#include <algorithm>
#include <vector>

namespace sluice::sqlite_sink {
namespace {

void add(std::string* list, const char* separator, std::string_view item) {
  if (!list->empty()) list->append(separator);
  list->append(item);
}

bool in_key(const TablePlan& plan, size_t column) {
  return std::find(plan.key.begin(), plan.key.end(), column) != plan.key.end();
}

const char* declared_type(ColumnType type) {
  switch (type) {
    case ColumnType::kAny:
      return "";
    case ColumnType::kInteger:
      return " INTEGER";  // not BIGINT: a single INTEGER key is the row id, one tree less
    case ColumnType::kReal:
      return " REAL";
    case ColumnType::kText:
    case ColumnType::kJson:
      return " TEXT";
    case ColumnType::kBoolean:
      return " BOOLEAN";
  }
  return "";
}

}  // namespace

std::string create_table_sql(const Options& options) {
  std::string body;
  std::string key;
  for (const ColumnOption& column : options.columns) {
    add(&body, ", ", sql_name(column.name));
    body += declared_type(column.type.value_or(ColumnType::kAny));
    if (!column.null_allowed) body += " NOT NULL";
  }
  for (const std::string& pointer : options.key) {
    const auto column =
        std::find_if(options.columns.begin(), options.columns.end(),
                     [&](const ColumnOption& option) { return option.pointer == pointer; });
    if (column != options.columns.end()) add(&key, ", ", sql_name(column->name));
  }
  std::string sql = "CREATE TABLE IF NOT EXISTS main." + sql_name(options.table);
  sql.append("(").append(body);
  if (!key.empty()) sql.append(", PRIMARY KEY(").append(key).append(")");
  return sql.append(")");
}

std::string write_sql(const Options& options, const TablePlan& plan) {
  std::string names;
  std::string marks;
  std::string key;
  std::string updates;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const std::string name = sql_name(plan.columns[i].name);
    add(&names, ",", name);
    add(&marks, ",?", std::to_string(i + 1));
    if (in_key(plan, i)) continue;
    add(&updates, ",", name);
    updates.append("=excluded.").append(name);
  }
  for (const size_t i : plan.key) add(&key, ",", sql_name(plan.columns[i].name));
  // ABORT undoes one row and keeps its neighbours, whatever the table's own conflict clauses say.
  std::string sql = "INSERT OR ABORT INTO main." + sql_name(options.table);
  sql.append(" AS \"sluice row\"(").append(names).append(") VALUES(?").append(marks).append(")");
  if (plan.key.empty()) return sql;
  if (updates.empty()) {
    // Nothing but the key: set to itself it counts as written, which with NOTHING it would not.
    const std::string name = sql_name(plan.columns[plan.key.front()].name);
    updates = name + "=excluded." + name;
  }
  sql.append(" ON CONFLICT(").append(key).append(") DO UPDATE SET ").append(updates);
  if (!plan.revision) return sql;
  const std::string revision = sql_name(plan.columns[*plan.revision].name);
  // A stored revision that is no number (a row from before the guard) yields to any revision.
  sql.append(" WHERE excluded.").append(revision).append(plan.skip_equal ? ">" : ">=");
  sql.append("\"sluice row\".").append(revision);
  sql.append(" OR typeof(\"sluice row\".").append(revision);
  return sql.append(") NOT IN('integer','real')");
}

std::string lookup_sql(const Options& options, const TablePlan& plan) {
  std::string sql = "SELECT " + sql_name(plan.columns[*plan.revision].name);
  sql.append(" FROM main.").append(sql_name(options.table)).append(" WHERE ");
  for (size_t i = 0; i < plan.key.size(); ++i) {
    sql.append(i == 0 ? "" : " AND ").append(sql_name(plan.columns[plan.key[i]].name));
    sql.append("=?").append(std::to_string(i + 1));
  }
  return sql;
}

}  // namespace sluice::sqlite_sink
