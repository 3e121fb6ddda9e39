// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/table.h"

#include <algorithm>
#include <array>
#include <pqxx/pqxx>
#include <utility>

#include "plugins/sinks/postgres/sql.h"

namespace sluice::postgres_sink {
namespace {

// A type of the server and what a column of it takes. `cast`: it is not what the rows come in.
struct ServerType {
  std::string_view name;
  ColumnType takes;
  const char* cast;
};
constexpr std::array kServerTypes = {
    ServerType{"text", ColumnType::kText, ""},
    ServerType{"varchar", ColumnType::kText, ""},
    ServerType{"bpchar", ColumnType::kText, "::bpchar"},
    ServerType{"int2", ColumnType::kInteger, ""},
    ServerType{"int4", ColumnType::kInteger, ""},
    ServerType{"int8", ColumnType::kBigint, ""},
    ServerType{"numeric", ColumnType::kNumeric, ""},
    ServerType{"float4", ColumnType::kDouble, ""},
    ServerType{"float8", ColumnType::kDouble, ""},
    ServerType{"bool", ColumnType::kBoolean, ""},
    ServerType{"timestamptz", ColumnType::kTimestamptz, ""},
    ServerType{"date", ColumnType::kDate, ""},
    ServerType{"uuid", ColumnType::kUuid, ""},
    ServerType{"bytea", ColumnType::kBytea, ""},
    ServerType{"jsonb", ColumnType::kJsonb, "::jsonb"},
    ServerType{"json", ColumnType::kJsonb, "::json"},
};

struct TableColumn {
  std::string name;
  std::string shown;  // "character varying(10)"
  std::string plain;  // the same without what is in brackets
  std::string base;   // "varchar"; of a domain the type below
  int modifier = -1;
  bool not_null = false;
  bool filled = false;      // by itself: default or identity
  bool unwritable = false;  // generated

  // The server names the type of an array after that of its elements.
  [[nodiscard]] bool is_array() const { return base.starts_with('_'); }
  // nullptr: it has no counterpart here. Of an array that of the elements.
  [[nodiscard]] const ServerType* known() const {
    const std::string_view element = std::string_view(base).substr(is_array() ? 1 : 0);
    const auto* found = std::find_if(kServerTypes.begin(), kServerTypes.end(),
                                     [&](const ServerType& type) { return type.name == element; });
    if (found == kServerTypes.end()) return nullptr;
    return is_array() && found->takes == ColumnType::kJsonb ? nullptr : found;
  }
  // What it takes unless the configuration says otherwise.
  [[nodiscard]] ValueType own_type() const {
    const ServerType* type = known();
    return type == nullptr ? ValueType{} : ValueType{type->takes, is_array()};
  }
};

// Text that the server itself turns into the column's type.
bool read_by_server(const ValueType& wanted, const TableColumn& column) {
  const ServerType* known = column.known();
  if (known == nullptr) {
    return wanted.element == ColumnType::kText && (!wanted.array || column.is_array());
  }
  return wanted == ColumnType::kText && (column.is_array() || known->takes == ColumnType::kBytea);
}

// False where the server would silently change what is written, or refuse it.
bool agrees(const ValueType& wanted, const TableColumn& column) {
  if (read_by_server(wanted, column)) return true;
  const ServerType* known = column.known();
  if (known == nullptr || wanted.array != column.is_array()) return false;
  if (known->takes == wanted.element) return true;
  switch (wanted.element) {
    case ColumnType::kInteger:
      return known->takes == ColumnType::kBigint || known->takes == ColumnType::kNumeric;
    case ColumnType::kBigint:
      return known->takes == ColumnType::kNumeric;
    case ColumnType::kJsonb:
      return known->takes == ColumnType::kText;
    default:
      return false;
  }
}

std::string cast_of(const ValueType& wanted, const TableColumn& column) {
  if (read_by_server(wanted, column)) return "::" + column.plain;
  const ServerType* known = column.known();
  const std::string cast = known->takes == wanted.element ? known->cast : "";
  return cast.empty() || !wanted.array ? cast : cast + "[]";
}

// Digits behind the point of a numeric(p,s).
std::optional<uint32_t> scale_of(const TableColumn& column) {
  if (!column.base.ends_with("numeric") || column.modifier < 4) return std::nullopt;
  const int scale = (((column.modifier - 4) & 0x7FF) ^ 1024) - 1024;
  return scale < 0 ? 0U : static_cast<uint32_t>(scale);
}

Column column_of(const ColumnOption& option, const TableColumn& column) {
  Column out{option.name, option.pointer, {}, false, {}, {}};
  out.type = option.type.value_or(column.own_type());
  out.not_null = !option.null_allowed || (column.not_null && !column.unwritable);
  out.cast = cast_of(out.type, column);
  if (out.type.element == ColumnType::kNumeric) out.scale = scale_of(column);
  return out;
}

Failure find_table(pqxx::transaction_base& transaction, const Options& options, std::string* oid) {
  const pqxx::result found = transaction.exec_params(
      "SELECT c.oid, c.relkind FROM pg_class c WHERE c.oid = to_regclass($1)",
      options.quoted_table());
  const std::string name = "table " + options.quoted_table();
  if (found.empty()) {
    return Failure::config(name +
                           " does not exist (upper and lower case count); create it, or set "
                           "`create: true` with `columns`");
  }
  const std::string kind = found[0][1].as<std::string>();
  if (kind != "r" && kind != "p") {
    return Failure::config(name + " is a view or a foreign table; rows are written to tables only");
  }
  *oid = found[0][0].as<std::string>();
  return {};
}

std::vector<TableColumn> read_columns(pqxx::transaction_base& transaction, const std::string& oid) {
  const pqxx::result rows = transaction.exec_params(
      "SELECT a.attname, format_type(a.atttypid, a.atttypmod), format_type(a.atttypid, NULL), "
      "coalesce(b.typname, t.typname), "
      "CASE WHEN a.atttypmod = -1 THEN t.typtypmod ELSE a.atttypmod END, "
      "a.attnotnull OR t.typnotnull, a.atthasdef OR a.attidentity <> '', "
      "a.attgenerated <> '' OR a.attidentity = 'a' "
      "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid "
      "LEFT JOIN pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd' "
      "WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
      oid);
  std::vector<TableColumn> out;
  for (const pqxx::row& row : rows) {
    TableColumn column;
    column.name = row[0].as<std::string>();
    column.shown = row[1].as<std::string>();
    column.plain = row[2].as<std::string>();
    column.base = row[3].as<std::string>();
    column.modifier = row[4].as<int>();
    column.not_null = row[5].as<bool>();
    column.filled = row[6].as<bool>();
    column.unwritable = row[7].as<bool>();
    out.push_back(std::move(column));
  }
  return out;
}

bool is_key(const Options& options, const ColumnOption& column) {
  return std::find(options.key.begin(), options.key.end(), column.pointer) != options.key.end();
}

// Without a column list, the members of a record go to the columns of the same name. What fills
// itself is left to the table unless it is a key.
std::vector<ColumnOption> own_columns(const std::vector<TableColumn>& table,
                                      const Options& options) {
  std::vector<ColumnOption> out;
  for (const TableColumn& column : table) {
    ColumnOption option;
    option.name = column.name;
    option.pointer = Config::at("", column.name);
    const bool key = is_key(options, option);
    option.null_allowed = !key;
    if (column.unwritable || (column.filled && !key)) continue;
    out.push_back(std::move(option));
  }
  return out;
}

const TableColumn* find_column(const std::vector<TableColumn>& table, const std::string& name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const TableColumn& column) { return column.name == name; });
  return found == table.end() ? nullptr : &*found;
}

std::string names_of(const std::vector<TableColumn>& table) {
  std::string out;
  for (const TableColumn& column : table) out += (out.empty() ? "" : ", ") + column.name;
  return out.empty() ? "no columns" : out;
}

std::string misfit_of(const Options& options, const ColumnOption& option,
                      const std::vector<TableColumn>& table) {
  const TableColumn* column = find_column(table, option.name);
  if (column == nullptr) {
    std::string out =
        "column " + option.name + " is missing (the table has " + names_of(table) + ")";
    if (options.evolve && !option.type) out += "; a column without type cannot be added";
    if (options.evolve && is_key(options, option)) out += "; a part of `key` cannot be added";
    return out;
  }
  if (column->unwritable) {
    return "column " + option.name + " is generated by the table and cannot be written";
  }
  if (!option.type && column->known() == nullptr) {
    return "column " + option.name + " is " + column->shown +
           ", which has no counterpart here: leave it out of `columns`, or say `type: text` to "
           "have "
           "the server read it from text";
  }
  if (option.type && !agrees(*option.type, *column)) {
    return "column " + option.name + " is " + column->shown + " in the table, " +
           type_word(*option.type) + " in the configuration";
  }
  return {};
}

// The differences between what the configuration wants and what the table is, one sentence each.
std::vector<std::string> differences(const Options& options,
                                     const std::vector<ColumnOption>& wanted,
                                     const std::vector<TableColumn>& table) {
  std::vector<std::string> out;
  for (const ColumnOption& option : wanted) {
    std::string misfit = misfit_of(options, option, table);
    if (!misfit.empty()) out.push_back(std::move(misfit));
  }
  for (const TableColumn& column : table) {
    const bool given = std::any_of(wanted.begin(), wanted.end(), [&](const ColumnOption& option) {
      return option.name == column.name;
    });
    if (!given && column.not_null && !column.filled && !column.unwritable) {
      out.push_back("column " + column.name +
                    " is NOT NULL and has no default, yet `columns` gives it nothing");
    }
  }
  return out;
}

Failure join_differences(const Options& options, const std::vector<std::string>& list) {
  if (list.empty()) return {};
  std::string text = "table " + options.quoted_table() + " does not fit the configuration: ";
  for (size_t i = 0; i < list.size(); ++i) text.append(i == 0 ? "" : "; ").append(list[i]);
  text += ". Change the table or `columns`";
  if (options.evolve) text += "; `evolve: additive` adds nullable columns and changes nothing else";
  return Failure::config(std::move(text));
}

// False where nothing was done: the table misses nothing, or differs in more than that.
bool add_columns(pqxx::transaction_base& transaction, const Options& options,
                 const std::vector<TableColumn>& table, std::string* added) {
  std::vector<const ColumnOption*> missing;
  for (const ColumnOption& option : options.columns) {
    if (find_column(table, option.name) != nullptr) continue;
    // A key would need an index that holds it, too.
    if (!option.type || is_key(options, option)) return false;
    missing.push_back(&option);
  }
  if (missing.empty() || differences(options, options.columns, table).size() != missing.size())
    return false;
  transaction.exec(add_columns_sql(options.quoted_table(), missing));
  if (added == nullptr) return true;
  for (const ColumnOption* option : missing) {
    added->append(added->empty() ? "" : ", ").append(option->name);
  }
  return true;
}

Failure find_pointer(const Options& options, const std::vector<Column>& columns,
                     const std::string& pointer, const char* option, size_t* out) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].pointer != pointer) continue;
    *out = i;
    return {};
  }
  return Failure::config(std::string(option) + ": no column of table " + options.quoted_table() +
                         " takes " + pointer + "; add it to `columns`");
}

Failure place_key(const Options& options, TablePlan* plan) {
  for (const std::string& pointer : options.key) {
    size_t at = 0;
    if (Failure f = find_pointer(options, plan->columns, pointer, "/key", &at)) return f;
    plan->columns[at].not_null = true;
    if (options.mode == Mode::kUpsert) plan->key.push_back(at);
  }
  if (!options.revision) return {};
  size_t at = 0;
  if (Failure f = find_pointer(options, plan->columns, *options.revision, "/revision", &at)) {
    return f;
  }
  const ValueType type = plan->columns[at].type;
  if (type != ColumnType::kBigint && type != ColumnType::kInteger) {
    return Failure::config("/revision: column " + plan->columns[at].name + " is " +
                           type_word(type) + "; a revision is a bigint or integer");
  }
  plan->revision = at;
  plan->columns[at].not_null = true;
  return {};
}

}  // namespace

std::string resolve_schema(pqxx::transaction_base& transaction, const Options& options) {
  if (!options.schema.empty()) return options.schema;
  const pqxx::result found = transaction.exec_params(
      "SELECT coalesce((SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = "
      "c.relnamespace WHERE c.oid = to_regclass($1)), current_schema(), 'public')",
      options.quoted_table());
  return found[0][0].as<std::string>();
}

Failure plan_table(pqxx::transaction_base& transaction, const Options& options, TablePlan* out,
                   std::string* added) {
  std::string oid;
  if (Failure f = find_table(transaction, options, &oid)) return f;
  std::vector<TableColumn> table = read_columns(transaction, oid);
  const std::vector<ColumnOption> wanted =
      options.columns.empty() ? own_columns(table, options) : options.columns;
  if (options.evolve && add_columns(transaction, options, table, added)) {
    table = read_columns(transaction, oid);
  }
  if (Failure f = join_differences(options, differences(options, wanted, table))) return f;
  if (wanted.empty()) {
    return Failure::config("table " + options.quoted_table() +
                           " has no column to write to; list them in `columns`");
  }
  out->table = options.quoted_table();
  for (const ColumnOption& option : wanted) {
    out->columns.push_back(column_of(option, *find_column(table, option.name)));
  }
  out->skip_equal = !options.overwrite_equal;
  return place_key(options, out);
}

}  // namespace sluice::postgres_sink
