// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/sqlite/table.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "plugins/sinks/sqlite/sql.h"

namespace sluice::sqlite_sink {
namespace {

// What a declared type means to SQLite, with the words people use on top of its five affinities.
enum class Declared { kInteger, kReal, kText, kJson, kBoolean, kNumeric, kAny };

struct TableColumn {
  std::string name;
  std::string type;
  Declared declared = Declared::kAny;
  bool not_null = false;
  bool has_default = false;
  bool primary = false;
  bool generated = false;
};

bool contains(const std::string& text, std::string_view word) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [&](char a, char b) { return upper(a) == b; }) != text.end();
}

// In the order of SQLite's own rules for affinity.
Declared classify(const std::string& type) {
  if (contains(type, "INT")) return Declared::kInteger;
  if (contains(type, "CHAR") || contains(type, "CLOB") || contains(type, "TEXT")) {
    return Declared::kText;
  }
  if (type.empty() || contains(type, "BLOB") || contains(type, "ANY")) return Declared::kAny;
  if (contains(type, "REAL") || contains(type, "FLOA") || contains(type, "DOUB")) {
    return Declared::kReal;
  }
  if (contains(type, "JSON")) return Declared::kJson;
  if (contains(type, "BOOL")) return Declared::kBoolean;
  if (contains(type, "DATE") || contains(type, "TIME")) return Declared::kAny;
  return Declared::kNumeric;
}

ColumnType default_type(Declared declared) {
  switch (declared) {
    case Declared::kInteger:
      return ColumnType::kInteger;
    case Declared::kReal:
      return ColumnType::kReal;
    case Declared::kText:
      return ColumnType::kText;
    case Declared::kJson:
      return ColumnType::kJson;
    case Declared::kBoolean:
      return ColumnType::kBoolean;
    case Declared::kNumeric:
    case Declared::kAny:
      return ColumnType::kAny;
  }
  return ColumnType::kAny;
}

// False where SQLite would silently change what is written.
bool agrees(ColumnType wanted, Declared declared) {
  if (wanted == ColumnType::kAny || declared == Declared::kAny) return true;
  switch (wanted) {
    case ColumnType::kInteger:
      return declared == Declared::kInteger || declared == Declared::kBoolean ||
             declared == Declared::kNumeric;
    case ColumnType::kBoolean:
      return declared == Declared::kInteger || declared == Declared::kBoolean;
    case ColumnType::kReal:
      return declared == Declared::kReal || declared == Declared::kNumeric;
    case ColumnType::kText:
      return declared == Declared::kText;
    case ColumnType::kJson:
      return declared == Declared::kText || declared == Declared::kJson;
    case ColumnType::kAny:
      return true;
  }
  return false;
}

std::string column_text(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(statement, column))};
}

Failure bind_name(Database& database, sqlite3_stmt* statement, const std::string& table) {
  const int code =
      sqlite3_bind_text(statement, 1, table.data(), static_cast<int>(table.size()), SQLITE_STATIC);
  return code == SQLITE_OK ? Failure::none() : database.failure(code, "read the tables of");
}

// "table", "view", "virtual"; empty when there is none of that name.
Failure read_kind(Database& database, const std::string& table, std::string* kind) {
  Statement statement;
  if (Failure f = database.prepare("SELECT type FROM pragma_table_list(?1) WHERE schema='main'",
                                   "read the tables of", &statement)) {
    return f;
  }
  if (Failure f = bind_name(database, statement.get(), table)) return f;
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW) *kind = column_text(statement.get(), 0);
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    return database.failure(code, "read the tables of");
  return {};
}

Failure read_columns(Database& database, const std::string& table, std::vector<TableColumn>* out) {
  Statement statement;
  if (Failure f = database.prepare("SELECT name,type,\"notnull\",dflt_value IS NOT NULL,pk,hidden "
                                   "FROM pragma_table_xinfo(?1) ORDER BY cid",
                                   "read the columns of", &statement)) {
    return f;
  }
  if (Failure f = bind_name(database, statement.get(), table)) return f;
  int code = sqlite3_step(statement.get());
  for (; code == SQLITE_ROW; code = sqlite3_step(statement.get())) {
    TableColumn column;
    column.name = column_text(statement.get(), 0);
    column.type = column_text(statement.get(), 1);
    column.declared = classify(column.type);
    column.not_null = sqlite3_column_int(statement.get(), 2) != 0;
    column.has_default = sqlite3_column_int(statement.get(), 3) != 0;
    column.primary = sqlite3_column_int(statement.get(), 4) != 0;
    column.generated = sqlite3_column_int(statement.get(), 5) != 0;
    out->push_back(std::move(column));
  }
  return code == SQLITE_DONE ? Failure::none() : database.failure(code, "read the columns of");
}

Failure read_table(Database& database, const Options& options, std::vector<TableColumn>* out) {
  std::string kind;
  if (Failure f = read_kind(database, options.table, &kind)) return f;
  const std::string name = "table " + sql_name(options.table) + " of " + options.path;
  if (kind.empty()) {
    return Failure::config(name +
                           " does not exist; create it, or set `create: true` with `columns`");
  }
  if (kind != "table") {
    return Failure::config(name + " is a " + kind + "; rows are written to plain tables only");
  }
  return read_columns(database, options.table, out);
}

std::string pointer_to(const std::string& name) {
  std::string out = "/";
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// Without a column list, the members of a record go to the columns of the same name.
std::vector<ColumnOption> own_columns(const std::vector<TableColumn>& table,
                                      const Options& options) {
  std::vector<ColumnOption> columns;
  for (const TableColumn& column : table) {
    if (column.generated) continue;
    ColumnOption option;
    option.name = column.name;
    option.pointer = pointer_to(column.name);
    if (options.revision == option.pointer) option.type = ColumnType::kInteger;
    option.null_allowed =
        std::find(options.key.begin(), options.key.end(), option.pointer) == options.key.end();
    columns.push_back(std::move(option));
  }
  return columns;
}

const TableColumn* find_column(const std::vector<TableColumn>& table, const std::string& name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const TableColumn& c) { return same_name(c.name, name); });
  return found == table.end() ? nullptr : &*found;
}

std::string names_of(const std::vector<TableColumn>& table) {
  std::string out;
  for (const TableColumn& column : table) {
    if (!out.empty()) out += ", ";
    out += column.name;
  }
  return out;
}

// The differences between what the configuration wants and what the table is, one sentence each.
std::vector<std::string> differences(const std::vector<ColumnOption>& wanted,
                                     const std::vector<TableColumn>& table) {
  std::vector<std::string> out;
  for (const ColumnOption& option : wanted) {
    const TableColumn* column = find_column(table, option.name);
    if (column == nullptr) {
      out.push_back("column " + option.name + " is missing (the table has " + names_of(table) +
                    ")");
    } else if (column->generated) {
      out.push_back("column " + option.name + " is generated by the table and cannot be written");
    } else if (option.type && !agrees(*option.type, column->declared)) {
      out.push_back("column " + option.name + " is " + column->type + " in the table, " +
                    type_word(*option.type) + " in the configuration");
    }
  }
  for (const TableColumn& column : table) {
    const bool filled = std::any_of(wanted.begin(), wanted.end(), [&](const ColumnOption& option) {
      return same_name(option.name, column.name);
    });
    if (!filled && column.not_null && !column.has_default && !column.generated) {
      out.push_back("column " + column.name + " is NOT NULL and has no default, yet `columns` " +
                    "gives it nothing");
    }
  }
  return out;
}

Failure join_differences(const Options& options, const std::vector<std::string>& list) {
  if (list.empty()) return {};
  std::string text = "table " + sql_name(options.table) + " of " + options.path +
                     " does not fit the configuration: ";
  for (size_t i = 0; i < list.size(); ++i) text.append(i == 0 ? "" : "; ").append(list[i]);
  return Failure::config(text + ". Change the table or `columns`");
}

std::optional<size_t> column_of(const std::vector<Column>& columns, const std::string& pointer) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].pointer == pointer) return i;
  }
  return std::nullopt;
}

Failure place_key(const Options& options, TablePlan* plan) {
  for (const std::string& pointer : options.key) {
    const auto column = column_of(plan->columns, pointer);
    if (!column) {
      return Failure::config("/key: no column of table " + sql_name(options.table) + " takes " +
                             pointer + "; add it to `columns`");
    }
    plan->columns[*column].not_null = true;
    plan->key.push_back(*column);
  }
  if (!options.revision) return {};
  plan->revision = column_of(plan->columns, *options.revision);
  if (plan->revision) return {};
  return Failure::config("/revision: no column of table " + sql_name(options.table) + " takes " +
                         *options.revision + "; add it to `columns`");
}

}  // namespace

Failure plan_table(Database& database, const Options& options, TablePlan* out) {
  std::vector<TableColumn> table;
  if (Failure f = read_table(database, options, &table)) return f;
  const std::vector<ColumnOption> wanted =
      options.columns.empty() ? own_columns(table, options) : options.columns;
  if (Failure f = join_differences(options, differences(wanted, table))) return f;
  for (const ColumnOption& option : wanted) {
    const TableColumn* column = find_column(table, option.name);
    out->columns.push_back({option.name, option.pointer,
                            option.type.value_or(default_type(column->declared)),
                            !option.null_allowed || column->not_null});
  }
  if (Failure f = place_key(options, out)) return f;
  out->skip_equal = !options.overwrite_equal;
  out->write_sql = write_sql(options, *out);
  if (out->revision) out->lookup_sql = lookup_sql(options, *out);
  return {};
}

}  // namespace sluice::sqlite_sink
