// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/options.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice::postgres_sink {
namespace {

// PostgreSQL cuts longer names without a word, and two columns could become one.
constexpr size_t kLongestName = 63;

constexpr std::array<std::pair<std::string_view, ColumnType>, 11> kTypeWords = {
    {{"text", ColumnType::kText},
     {"integer", ColumnType::kInteger},
     {"bigint", ColumnType::kBigint},
     {"numeric", ColumnType::kNumeric},
     {"double", ColumnType::kDouble},
     {"boolean", ColumnType::kBoolean},
     {"timestamptz", ColumnType::kTimestamptz},
     {"date", ColumnType::kDate},
     {"uuid", ColumnType::kUuid},
     {"bytea", ColumnType::kBytea},
     {"jsonb", ColumnType::kJsonb}}};

void check_pointer(const std::string& where, const std::string& pointer) {
  if (!pointer.empty() && pointer.front() != '/') {
    throw BadConfig(where + ": \"" + pointer + "\" is not a JSON Pointer; write \"/" + pointer +
                    "\"");
  }
  for (size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] != '~') continue;
    if (i + 1 < pointer.size() && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) continue;
    throw BadConfig(where + ": \"" + pointer +
                    "\" is not a JSON Pointer: write ~0 for \"~\" and ~1 for \"/\"");
  }
}

void check_name(const std::string& where, const std::string& name) {
  if (name.empty()) throw BadConfig(where + ": expected a name, found an empty string");
  if (name.find('\0') != std::string::npos) {
    throw BadConfig(where + ": a name cannot hold NUL characters");
  }
  if (name.size() > kLongestName) {
    throw BadConfig(where + ": the name has " + std::to_string(name.size()) +
                    " bytes; PostgreSQL keeps " + std::to_string(kLongestName));
  }
}

ValueType read_type(const std::string& where, const std::string& word) {
  std::string_view plain = word;
  const bool array = plain.ends_with("[]");
  if (array) plain.remove_suffix(2);
  const auto* found = std::find_if(kTypeWords.begin(), kTypeWords.end(),
                                   [&](const auto& known) { return known.first == plain; });
  if (found == kTypeWords.end()) {
    throw BadConfig(where +
                    ": expected one of text, integer, bigint, numeric, double, boolean, "
                    "timestamptz, date, uuid, bytea, jsonb, or text[] and so on, found " +
                    word);
  }
  if (array && found->second == ColumnType::kJsonb) {
    throw BadConfig(where + ": there is no jsonb[] here; a jsonb column takes arrays as well");
  }
  return {found->second, array};
}

ColumnOption read_column(const Config& config, const std::string& name) {
  const std::string where = Config::at("/columns", name);
  ColumnOption column;
  column.name = name;
  check_name("/columns", name);
  if (config.is_string(where)) {
    column.pointer = config.string(where);
  } else if (config.is_object(where)) {
    column.pointer = config.string(where + "/from");
    if (config.has(where + "/type")) {
      column.type = read_type(where + "/type", config.string(where + "/type"));
    }
    column.null_allowed = config.string(where + "/null", "allow") != "reject";
  } else {
    throw BadConfig(where + ": expected a JSON Pointer or {from, type, null}");
  }
  check_pointer(where, column.pointer);
  // A whole record is an object; only its JSON text fits a column.
  if (column.pointer.empty() && !column.type) column.type = ValueType{ColumnType::kJsonb};
  return column;
}

void read_table_name(const Config& config, Options* out) {
  const std::string name = config.string("/table");
  const size_t dot = name.find('.');
  if (dot != std::string::npos) out->schema = name.substr(0, dot);
  out->table = dot == std::string::npos ? name : name.substr(dot + 1);
  if (dot != std::string::npos) check_name("/table", out->schema);
  check_name("/table", out->table);
  if (out->table == "sluice_marks") {
    throw BadConfig("/table: sluice_marks is where the sink keeps its marks; choose another");
  }
}

Mode read_mode(const Config& config, bool has_key) {
  const std::string word = config.string("/mode", has_key ? "upsert" : "append");
  if (word == "insert") return Mode::kInsert;
  if (word == "append") return Mode::kAppend;
  if (word != "upsert") throw BadConfig("/mode: expected upsert, insert or append, found " + word);
  if (!has_key) throw BadConfig("/mode: upsert needs `key`, the pointers that identify a row");
  return Mode::kUpsert;
}

bool read_evolve(const Config& config) {
  const std::string word = config.string("/evolve", "none");
  if (word == "none") return false;
  if (word != "additive") throw BadConfig("/evolve: expected none or additive, found " + word);
  if (config.keys("/columns").empty()) {
    throw BadConfig(
        "/evolve: columns can only be added from a column list; set `columns`, or leave `evolve` "
        "out");
  }
  return true;
}

ColumnOption& need_column(Options* options, const std::string& pointer, const std::string& where) {
  for (ColumnOption& column : options->columns) {
    if (column.pointer == pointer) return column;
  }
  throw BadConfig(where + ": no column takes " + pointer + "; add it to `columns`");
}

void check_revision(Options* options) {
  if (!options->revision) return;
  if (options->mode != Mode::kUpsert) {
    throw BadConfig(
        "/revision: a revision guard compares rows of one key; set `key` too, and mode upsert");
  }
  const std::string& pointer = *options->revision;
  if (std::find(options->key.begin(), options->key.end(), pointer) != options->key.end()) {
    throw BadConfig("/revision: " + pointer +
                    " is also part of `key`; a revision tells rows of one key apart");
  }
  if (options->columns.empty()) return;
  ColumnOption& column = need_column(options, pointer, "/revision");
  const ValueType type = column.type.value_or(ValueType{ColumnType::kBigint});
  if (type != ColumnType::kBigint && type != ColumnType::kInteger) {
    throw BadConfig("/columns/" + column.name + "/type: a revision is a bigint or integer, found " +
                    type_word(type));
  }
  if (options->create) column.type = type;
}

void check_columns(Options* options) {
  if (options->columns.empty()) {
    if (!options->create) return;
    throw BadConfig(
        "/create: a table can only be created from a column list; set `columns`, or create the "
        "table yourself and leave `create` out");
  }
  for (size_t i = 0; i < options->key.size(); ++i) {
    const std::string where = "/key/" + std::to_string(i);
    need_column(options, options->key[i], where).null_allowed = false;
  }
  if (!options->create) return;
  for (const ColumnOption& column : options->columns) {
    if (column.type) continue;
    throw BadConfig("/columns/" + column.name + ": with `create` a column needs a type: {from: \"" +
                    column.pointer + "\", type: text}");
  }
}

std::chrono::milliseconds read_limit(const Config& config, const char* pointer,
                                     std::chrono::milliseconds fallback) {
  const auto value = config.duration(pointer, fallback);
  if (value < std::chrono::milliseconds(1) || value > std::chrono::hours(24)) {
    throw BadConfig(std::string(pointer) + ": expected 1ms to 24h");
  }
  return value;
}

}  // namespace

std::string type_word(const ValueType& type) {
  const auto* found = std::find_if(kTypeWords.begin(), kTypeWords.end(),
                                   [&](const auto& known) { return known.second == type.element; });
  return std::string(found->first) + (type.array ? "[]" : "");
}

std::string Options::quoted_table() const { return quoted_sibling(table); }

std::string Options::quoted_sibling(std::string_view name) const {
  return schema.empty() ? sql_name(name) : sql_name(schema) + "." + sql_name(name);
}

const ColumnOption* Options::column_at(std::string_view pointer) const {
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const ColumnOption& c) { return c.pointer == pointer; });
  return found == columns.end() ? nullptr : &*found;
}

Options parse_options(std::string_view json) {
  const Config config(json);
  Options out;
  out.dsn = config.string("/dsn", "");
  read_table_name(config, &out);
  out.key = config.strings("/key");
  for (size_t i = 0; i < out.key.size(); ++i) {
    const std::string where = "/key/" + std::to_string(i);
    check_pointer(where, out.key[i]);
    if (std::count(out.key.begin(), out.key.end(), out.key[i]) > 1) {
      throw BadConfig(where + ": " + out.key[i] + " is listed twice");
    }
  }
  out.mode = read_mode(config, !out.key.empty());
  if (config.has("/revision")) {
    out.revision = config.string("/revision");
    check_pointer("/revision", *out.revision);
  }
  for (const std::string& name : config.keys("/columns")) {
    out.columns.push_back(read_column(config, name));
  }
  out.create = config.boolean("/create", false);
  out.evolve = read_evolve(config);
  out.exactly_once = config.boolean("/exactly_once", true);
  out.overwrite_equal = config.string("/on_equal", "skip") == "overwrite";
  out.statement_timeout = read_limit(config, "/statement_timeout", out.statement_timeout);
  out.lock_timeout = read_limit(config, "/lock_timeout", out.lock_timeout);
  check_revision(&out);
  check_columns(&out);
  return out;
}

}  // namespace sluice::postgres_sink
