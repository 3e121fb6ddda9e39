// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/sql.h"

#include <algorithm>
#include <vector>

namespace sluice::postgres_sink {
namespace {

constexpr const char* kStage = "pg_temp.sluice_rows";

void add(std::string* list, const char* separator, std::string_view item) {
  if (!list->empty()) list->append(separator);
  list->append(item);
}

std::string server_type(const ValueType& type) {
  if (type.element != ColumnType::kDouble) return type_word(type);
  return type.array ? "double precision[]" : "double precision";
}

// What the session's table has for a column: text where the server has yet to read it.
std::string stage_type(const Column& column) {
  if (column.type == ColumnType::kJsonb) return "text COLLATE \"C\"";
  const bool text = column.type.element == ColumnType::kText;
  return server_type(column.type) + (text ? " COLLATE \"C\"" : "");
}

std::string staged(const TablePlan& plan, size_t column) {
  return "c" + std::to_string(column) + plan.columns[column].cast;
}

std::string key_list(const TablePlan& plan) {
  std::string out;
  for (const size_t i : plan.key) add(&out, ", ", staged(plan, i));
  return out;
}

// The order of the rows of one key, the one that counts first.
std::string newest_first(const TablePlan& plan) {
  if (!plan.revision) return "ord DESC";
  return "c" + std::to_string(*plan.revision) + " DESC, ord" + (plan.skip_equal ? "" : " DESC");
}

void add_upsert(const TablePlan& plan, const std::string& names, const std::string& values,
                Statements* out) {
  const std::string keys = key_list(plan);
  std::string conflict;
  for (const size_t i : plan.key) add(&conflict, ", ", sql_name(plan.columns[i].name));
  std::string updates;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    if (std::find(plan.key.begin(), plan.key.end(), i) != plan.key.end()) continue;
    const std::string name = sql_name(plan.columns[i].name);
    add(&updates, ", ", name + " = excluded." + name);
  }
  if (updates.empty()) {
    // Nothing but the key: set to itself it counts as written, which with NOTHING it would not.
    const std::string name = sql_name(plan.columns[plan.key.front()].name);
    updates = name + " = excluded." + name;
  }
  // By key: writers that meet take the locks in the same order.
  out->write_head = "INSERT INTO " + plan.table + " AS sluice_row (" + names + ") SELECT " +
                    values + " FROM (SELECT DISTINCT ON (" + keys + ") * FROM " + kStage;
  out->write_tail = " ORDER BY " + keys + ", " + newest_first(plan) + ") AS chosen ON CONFLICT (" +
                    conflict + ") DO UPDATE SET " + updates;
  if (!plan.revision) return;
  const std::string revision = sql_name(plan.columns[*plan.revision].name);
  // A row without revision is from before the guard and yields to any.
  out->write_tail += " WHERE excluded." + revision + (plan.skip_equal ? " > " : " >= ") +
                     "sluice_row." + revision + " OR sluice_row." + revision + " IS NULL";
}

// For each row of the batch: is it the one of its key that counts, its revision, the highest of its
// key in the batch, the stored one, and whether this transaction wrote the stored row.
std::string explain_sql(const TablePlan& plan) {
  const std::string keys = key_list(plan);
  const std::string own = plan.revision ? "c" + std::to_string(*plan.revision) : "0";
  std::string sql =
      "SELECT r.ord, r.place = 1, r.own, r.highest, " +
      (plan.revision ? "t." + sql_name(plan.columns[*plan.revision].name) : std::string("NULL")) +
      ", coalesce(t.xmin = pg_current_xact_id()::xid, false) FROM (SELECT ord, " + own +
      "::bigint AS own, max(" + own + "::bigint) OVER (PARTITION BY " + keys +
      ") AS highest, row_number() OVER (PARTITION BY " + keys + " ORDER BY " + newest_first(plan) +
      ") AS place";
  std::string join;
  for (size_t i = 0; i < plan.key.size(); ++i) {
    const std::string name = "k" + std::to_string(i);
    sql.append(", ").append(staged(plan, plan.key[i])).append(" AS ").append(name);
    add(&join, " AND ", "t." + sql_name(plan.columns[plan.key[i]].name) + " = r." + name);
  }
  return sql + " FROM " + kStage + ") r LEFT JOIN " + plan.table + " t ON " + join;
}

}  // namespace

std::string Statements::write_range(size_t first, size_t last) const {
  return write_head + " WHERE ord BETWEEN " + std::to_string(first) + " AND " +
         std::to_string(last) + write_tail;
}

Statements statements_for(const TablePlan& plan) {
  Statements out;
  std::string values;
  std::string body;
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    const std::string name = "c" + std::to_string(i);
    add(&out.columns, ", ", sql_name(plan.columns[i].name));
    add(&values, ", ", staged(plan, i));
    add(&out.stage_columns, ", ", name);
    add(&body, ", ", name + " " + stage_type(plan.columns[i]));
  }
  out.stage = kStage;
  out.stage_columns += ", ord";
  out.stage_table = "CREATE TEMPORARY TABLE IF NOT EXISTS sluice_rows (" + body +
                    ", ord integer NOT NULL) ON COMMIT DELETE ROWS";
  if (plan.upsert()) {
    add_upsert(plan, out.columns, values, &out);
    out.explain = explain_sql(plan);
    return out;
  }
  out.write_head =
      "INSERT INTO " + plan.table + " (" + out.columns + ") SELECT " + values + " FROM " + kStage;
  out.write_tail = " ORDER BY ord";
  return out;
}

std::string create_table_sql(const Options& options) {
  std::string body;
  std::string key;
  for (const ColumnOption& column : options.columns) {
    add(&body, ", ",
        sql_name(column.name) + " " + server_type(column.type.value_or(ValueType{})) +
            (column.null_allowed ? "" : " NOT NULL"));
  }
  for (const std::string& pointer : options.key) {
    const ColumnOption* column = options.column_at(pointer);
    if (column != nullptr) add(&key, ", ", sql_name(column->name));
  }
  if (!key.empty()) body += ", PRIMARY KEY (" + key + ")";
  return "CREATE TABLE IF NOT EXISTS " + options.quoted_table() + " (" + body + ")";
}

std::string add_columns_sql(const std::string& quoted_table,
                            const std::vector<const ColumnOption*>& columns) {
  std::string added;
  for (const ColumnOption* column : columns) {
    add(&added, ", ",
        "ADD COLUMN " + sql_name(column->name) + " " +
            server_type(column->type.value_or(ValueType{})));
  }
  return "ALTER TABLE " + quoted_table + " " + added;
}

}  // namespace sluice::postgres_sink
