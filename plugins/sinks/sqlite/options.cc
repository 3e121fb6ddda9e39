// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/sqlite/options.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>
#include <utility>

namespace sluice::sqlite_sink {
namespace {

using Json = rapidjson::Value;

struct TypeWord {
  std::string_view word;
  ColumnType type;
};
constexpr TypeWord kTypeWords[] = {
    {"bigint", ColumnType::kInteger},  {"integer", ColumnType::kInteger},
    {"real", ColumnType::kReal},       {"double", ColumnType::kReal},
    {"text", ColumnType::kText},       {"json", ColumnType::kJson},
    {"boolean", ColumnType::kBoolean}, {"any", ColumnType::kAny},
};

std::string text_of(const Json& value) { return {value.GetString(), value.GetStringLength()}; }

Failure wrong(const std::string& where, const std::string& expected) {
  return Failure::config(where + ": expected " + expected);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// `where` names the option a message is about: "/columns/" and "mag".
std::string join(std::string where, std::string_view more) {
  where.append(more);
  return where;
}

Failure check_pointer(const std::string& where, const std::string& pointer) {
  if (!pointer.empty() && pointer.front() != '/') {
    return Failure::config(where + ": \"" + pointer + "\" is not a JSON Pointer; write \"/" +
                           pointer + "\"");
  }
  for (size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] != '~') continue;
    if (i + 1 == pointer.size() || (pointer[i + 1] != '0' && pointer[i + 1] != '1')) {
      std::string text = join(where, ": \"").append(pointer);
      return Failure::config(
          text.append("\" is not a JSON Pointer: write ~0 for \"~\" and ~1 for \"/\""));
    }
  }
  return {};
}

Failure check_identifier(const std::string& where, const std::string& name) {
  if (name.empty()) return wrong(where, "a name, found an empty string");
  if (name.find('\0') != std::string::npos) return wrong(where, "a name without NUL characters");
  return {};
}

Failure read_bool(const Json& config, const char* name, bool* out) {
  const auto found = config.FindMember(name);
  if (found == config.MemberEnd()) return {};
  if (!found->value.IsBool()) return wrong(std::string("/") + name, "true or false");
  *out = found->value.GetBool();
  return {};
}

// One of two words; the first is the default and means false.
Failure read_choice(const Json& config, const char* name, std::string_view no, std::string_view yes,
                    bool* out) {
  const auto found = config.FindMember(name);
  if (found == config.MemberEnd()) return {};
  const std::string text = found->value.IsString() ? text_of(found->value) : std::string();
  if (text != no && text != yes) {
    return wrong(std::string("/") + name, std::string(no).append(" or ").append(yes));
  }
  *out = text == yes;
  return {};
}

Failure read_text(const Json& config, const char* name, std::string* out) {
  const auto found = config.FindMember(name);
  if (found == config.MemberEnd() || !found->value.IsString()) {
    return wrong(std::string("/") + name, "a string");
  }
  *out = text_of(found->value);
  return {};
}

Failure read_column_object(const std::string& where, const Json& value, ColumnOption* out) {
  for (const auto& member : value.GetObject()) {
    const std::string name = text_of(member.name);
    const std::string text = member.value.IsString() ? text_of(member.value) : std::string();
    if (name == "from" && member.value.IsString()) {
      out->pointer = text;
    } else if (name == "type") {
      const auto* found = std::find_if(std::begin(kTypeWords), std::end(kTypeWords),
                                       [&](const TypeWord& w) { return w.word == text; });
      if (found == std::end(kTypeWords)) {
        return wrong(where + "/type",
                     "one of bigint, integer, real, double, text, json, boolean, any");
      }
      out->type = found->type;
    } else if (name == "null" && (text == "allow" || text == "reject")) {
      out->null_allowed = text == "allow";
    } else {
      return wrong(join(where, "/").append(name),
                   "from: a JSON Pointer, type: a type, or null: allow|reject");
    }
  }
  if (!value.HasMember("from")) return wrong(where, "a member \"from\" with a JSON Pointer");
  return {};
}

Failure read_columns(const Json& config, std::vector<ColumnOption>* out) {
  const auto found = config.FindMember("columns");
  if (found == config.MemberEnd()) return {};
  if (!found->value.IsObject()) return wrong("/columns", "a map from column name to JSON Pointer");
  for (const auto& member : found->value.GetObject()) {
    ColumnOption column;
    column.name = text_of(member.name);
    const std::string where = "/columns/" + column.name;
    if (Failure f = check_identifier("/columns", column.name)) return f;
    if (member.value.IsString()) {
      column.pointer = text_of(member.value);
    } else if (member.value.IsObject()) {
      if (Failure f = read_column_object(where, member.value, &column)) return f;
    } else {
      return wrong(where, "a JSON Pointer or {from, type, null}");
    }
    if (Failure f = check_pointer(where, column.pointer)) return f;
    // A whole record is an object; only its JSON text fits a cell.
    if (column.pointer.empty() && !column.type) column.type = ColumnType::kJson;
    for (const ColumnOption& other : *out) {
      if (same_name(other.name, column.name)) {
        return Failure::config(where + ": the column is given twice (as \"" + other.name +
                               "\"); SQLite does not tell upper from lower case in names");
      }
    }
    out->push_back(std::move(column));
  }
  return {};
}

Failure read_key(const Json& config, std::vector<std::string>* out) {
  const auto found = config.FindMember("key");
  if (found == config.MemberEnd()) return {};
  if (!found->value.IsArray()) return wrong("/key", "a list of JSON Pointers");
  for (const auto& item : found->value.GetArray()) {
    const std::string where = "/key/" + std::to_string(out->size());
    if (!item.IsString()) return wrong(where, "a JSON Pointer");
    std::string pointer = text_of(item);
    if (Failure f = check_pointer(where, pointer)) return f;
    if (std::find(out->begin(), out->end(), pointer) != out->end()) {
      return Failure::config(join(where, ": ").append(pointer).append(" is listed twice"));
    }
    out->push_back(std::move(pointer));
  }
  return {};
}

ColumnOption* column_at(Options& options, const std::string& pointer) {
  for (ColumnOption& column : options.columns) {
    if (column.pointer == pointer) return &column;
  }
  return nullptr;
}

Failure check_key_and_revision(Options* options) {
  if (options->revision && options->key.empty()) {
    return Failure::config("/revision: a revision guard compares rows of one key; set `key` too");
  }
  if (options->columns.empty()) {
    if (!options->create) return {};
    return Failure::config(
        "/create: a table can only be created from a column list; set `columns`, or create the "
        "table yourself and leave `create` out");
  }
  for (size_t i = 0; i < options->key.size(); ++i) {
    ColumnOption* column = column_at(*options, options->key[i]);
    if (column == nullptr) {
      return Failure::config("/key/" + std::to_string(i) + ": no column takes " + options->key[i] +
                             "; add it to `columns`");
    }
    column->null_allowed = false;
  }
  if (!options->revision) return {};
  ColumnOption* column = column_at(*options, *options->revision);
  if (column == nullptr) {
    return Failure::config("/revision: no column takes " + *options->revision +
                           "; add it to `columns`");
  }
  if (column->type.value_or(ColumnType::kInteger) != ColumnType::kInteger) {
    return Failure::config("/columns/" + column->name + "/type: a revision is a bigint, found " +
                           type_word(*column->type));
  }
  if (std::find(options->key.begin(), options->key.end(), *options->revision) !=
      options->key.end()) {
    return Failure::config("/revision: " + *options->revision +
                           " is also part of `key`; a revision tells rows of one key apart");
  }
  column->type = ColumnType::kInteger;
  return {};
}

Failure check_names(const Options& options) {
  if (options.path.empty() || options.path == ":memory:" ||
      options.path.find('\0') != std::string::npos) {
    return wrong("/path", "the path of a database file (a database in memory is not durable)");
  }
  if (Failure f = check_identifier("/table", options.table)) return f;
  constexpr std::string_view kReserved = "sqlite_";
  if (same_name(std::string_view(options.table).substr(0, kReserved.size()), kReserved)) {
    return Failure::config("/table: names beginning with sqlite_ belong to SQLite; choose another");
  }
  if (same_name(options.table, "sluice_marks")) {
    return Failure::config(
        "/table: sluice_marks is where the sink keeps its marks; choose another");
  }
  return {};
}

}  // namespace

const char* type_word(ColumnType type) {
  switch (type) {
    case ColumnType::kAny:
      return "any";
    case ColumnType::kInteger:
      return "bigint";
    case ColumnType::kReal:
      return "real";
    case ColumnType::kText:
      return "text";
    case ColumnType::kJson:
      return "json";
    case ColumnType::kBoolean:
      return "boolean";
  }
  return "any";
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

Failure parse_options(std::string_view json, Options* out) {
  rapidjson::Document config;
  config.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (config.HasParseError()) {
    return Failure::config(std::string("configuration is not JSON: ") +
                           rapidjson::GetParseError_En(config.GetParseError()) + " at byte " +
                           std::to_string(config.GetErrorOffset()));
  }
  if (!config.IsObject()) return Failure::config("configuration: expected an object");
  if (Failure f = read_text(config, "path", &out->path)) return f;
  if (Failure f = read_text(config, "table", &out->table)) return f;
  if (Failure f = check_names(*out)) return f;
  if (Failure f = read_key(config, &out->key)) return f;
  if (config.HasMember("revision")) {
    out->revision.emplace();
    if (Failure f = read_text(config, "revision", &*out->revision)) return f;
    if (Failure f = check_pointer("/revision", *out->revision)) return f;
  }
  if (Failure f = read_columns(config, &out->columns)) return f;
  if (Failure f = read_bool(config, "create", &out->create)) return f;
  if (Failure f = read_bool(config, "exactly_once", &out->exactly_once)) return f;
  if (Failure f = read_choice(config, "on_equal", "skip", "overwrite", &out->overwrite_equal)) {
    return f;
  }
  bool weak_sync = false;
  if (Failure f = read_choice(config, "synchronous", "full", "normal", &weak_sync)) return f;
  out->full_sync = !weak_sync;
  return check_key_and_revision(out);
}

}  // namespace sluice::sqlite_sink
