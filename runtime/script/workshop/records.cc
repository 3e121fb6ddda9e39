// SPDX-License-Identifier: Apache-2.0
// transform, golden and json: records on their way into a test and through the script.
#include <algorithm>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/script/workshop/lua_json.h"
#include "runtime/script/workshop/test_file.h"

namespace sluice::workshop {
namespace {

namespace fs = std::filesystem;
using script::raise_error;

constexpr char kOutcomeKey = 0;  // its address is the registry key of the outcomes' metatable
constexpr uint64_t kLargestGolden = 16ULL << 20;
constexpr ParseLimits kJsonLimits{kLargestJson, kDeepestJson};

// The record at `at`: JSON text as it is, or a table.
std::string record_text(lua_State* L, int at) {
  if (lua_type(L, at) == LUA_TSTRING) {
    size_t size = 0;
    const char* const data = lua_tolstring(L, at, &size);
    return {data, size};
  }
  if (lua_type(L, at) != LUA_TTABLE) {
    raise_error(L, std::string("transform: expected a record as a table or as JSON text, found ") +
                       (lua_isnoneornil(L, at) ? "nothing" : luaL_typename(L, at)));
  }
  return lua_to_json(L, at, "transform: the record cannot be written as JSON");
}

std::string_view kept_text(lua_State* L, TestFile& file, int at, const char* name) {
  if (lua_type(L, at) != LUA_TSTRING) {
    raise_error(L, std::string("transform: meta.") + name + " must be text, found a " +
                       luaL_typename(L, at));
  }
  size_t size = 0;
  const char* const data = lua_tolstring(L, at, &size);
  return file.texts.copy({data, size});
}

int64_t whole_number(lua_State* L, int at, const char* name) {
  int fits = 0;
  const lua_Integer value = lua_tointegerx(L, at, &fits);
  if (fits == 0) {
    raise_error(L, std::string("transform: meta.") + name + " must be a whole number, found a " +
                       luaL_typename(L, at));
  }
  return value;
}

void read_headers(lua_State* L, TestFile& file, int at) {
  if (lua_type(L, at) != LUA_TTABLE) {
    raise_error(
        L, std::string("transform: meta.headers must be a table, found a ") + luaL_typename(L, at));
  }
  for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
    const int value = lua_gettop(L);
    const std::string_view key = kept_text(L, file, value - 1, "headers: a name");
    file.headers.push_back({key, kept_text(L, file, value, "headers: a value")});
  }
  std::sort(file.headers.begin(), file.headers.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
}

void read_meta_field(lua_State* L, TestFile& file, std::string_view name, RecordMeta* meta) {
  const int at = lua_gettop(L);
  struct Text {
    std::string_view name;
    std::string_view RecordMeta::*member;
  };
  static constexpr Text kTexts[] = {{"tenant", &RecordMeta::tenant},
                                    {"pipeline", &RecordMeta::pipeline},
                                    {"source", &RecordMeta::source},
                                    {"lane", &RecordMeta::lane},
                                    {"schema_version", &RecordMeta::schema_version},
                                    {"key", &RecordMeta::key}};
  for (const Text& text : kTexts) {
    if (name != text.name) continue;
    meta->*text.member = kept_text(L, file, at, text.name.data());
    meta->has_key = meta->has_key || name == "key";
    return;
  }
  if (name == "position") {
    meta->position = static_cast<uint64_t>(whole_number(L, at, "position"));
  } else if (name == "time") {
    constexpr int64_t kMost = INT64_MAX / 1000;
    meta->time_us = std::clamp(whole_number(L, at, "time"), -kMost, kMost) * 1000;
  } else if (name == "headers") {
    read_headers(L, file, at);
  } else {
    raise_error(L, "transform: meta has no \"" + shorten(name, 60) +
                       "\"; there are tenant, pipeline, source, lane, position, key, headers, "
                       "time (milliseconds) and schema_version");
  }
}

RecordMeta read_meta(lua_State* L, TestFile& file, int at) {
  RecordMeta meta;
  meta.tenant = "test";
  meta.pipeline = "test";
  meta.source = "test";
  meta.lane = "0";
  file.headers.clear();
  file.texts.reset();
  if (!lua_isnoneornil(L, at)) {
    if (lua_type(L, at) != LUA_TTABLE) {
      raise_error(
          L, std::string("transform: expected meta as a table, found a ") + luaL_typename(L, at));
    }
    for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
      const bool named = lua_type(L, -2) == LUA_TSTRING;
      read_meta_field(L, file, named ? lua_tostring(L, -2) : "?", &meta);
    }
  }
  meta.headers = file.headers.data();
  meta.header_count = static_cast<uint32_t>(file.headers.size());
  return meta;
}

int transform(lua_State* L) {
  TestFile& file = TestFile::of(L);
  lua_settop(L, 2);
  const RecordMeta meta = read_meta(L, file, 2);
  file.transform(L, record_text(L, 1), meta);
  return 1;
}

void push_document(lua_State* L, std::string_view text, const std::string& where) {
  Document document;
  const ParseResult parsed = document.parse(text, kJsonLimits);
  if (!parsed) {
    raise_error(L, where + ": " + parsed.message + " at byte " + std::to_string(parsed.offset));
  }
  push_json(L, document, Document::root());
}

int json(lua_State* L) {
  size_t size = 0;
  const char* const text = luaL_checklstring(L, 1, &size);
  push_document(L, {text, size}, "json");
  return 1;
}

// The path of a file at or below the test's folder, links followed.
fs::path golden_path(lua_State* L, const TestFile& file, const std::string& name) {
  const fs::path folder = file.path().has_parent_path() ? file.path().parent_path() : ".";
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  fs::path real = error ? fs::path() : fs::canonical(root / name, error);
  if (error) raise_error(L, "golden: " + (folder / name).string() + ": " + error.message());
  const auto [end, unused] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (end != root.end() || fs::path(name).is_absolute()) {
    raise_error(L, "golden: " + name + " lies outside of " + folder.string() +
                       "; put the file beside the test or in a folder below it");
  }
  return real;
}

// A list of the records of a JSON Lines file.
void push_lines(lua_State* L, std::string_view text, const std::string& name) {
  lua_newtable(L);
  lua_rawgeti(L, LUA_REGISTRYINDEX, script::State::of(L).array_metatable_ref);
  lua_setmetatable(L, -2);
  lua_Integer count = 0;
  for (uint64_t line = 1; !text.empty(); ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    push_document(L, one, "golden: " + name + ":" + std::to_string(line));
    lua_rawseti(L, -2, ++count);
  }
}

int golden(lua_State* L) {
  TestFile& file = TestFile::of(L);
  const std::string name = luaL_checkstring(L, 1);
  const fs::path path = golden_path(L, file, name);
  const auto text = read_file(path, kLargestGolden);
  if (!text) raise_error(L, "golden: " + text.status().message());
  script::State::of(L).guard.spend(text->size());
  if (name.ends_with(".jsonl") || name.ends_with(".ndjson")) {
    push_lines(L, *text, name);
  } else {
    push_document(L, *text, "golden: " + name);
  }
  return 1;
}

// outcome.rejected is given on demand, so that it is known whether a test looked.
int outcome_index(lua_State* L) {
  lua_settop(L, 2);
  if (lua_type(L, 2) == LUA_TSTRING && std::string_view(lua_tostring(L, 2)) == "rejected") {
    TestFile::of(L).unseen_error.clear();
    lua_getiuservalue(L, 1, 2);
    return 1;
  }
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  if (!lua_isnil(L, -1)) return 1;
  const std::string_view name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?";
  if (name == "record" || name == "records" || name == "filtered" || name == "emitted") return 1;
  raise_error(L, "an outcome has no \"" + shorten(name, 60) +
                     "\"; there are record, records, rejected, filtered and emitted");
}

int outcome_text(lua_State* L) {
  lua_getiuservalue(L, 1, 2);
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "code");
    lua_getfield(L, -2, "text");
    lua_pushfstring(L, "rejected: %s: %s", lua_tostring(L, -2), lua_tostring(L, -1));
    return 1;
  }
  lua_getiuservalue(L, 1, 1);
  lua_getfield(L, -1, "records");
  const std::string text = describe_value(L, -1);
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

void set_text(lua_State* L, const char* name, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, name);
}

}  // namespace

// A userdata with two user values: the table of what came out, and `rejected`.
void TestFile::push_outcome(lua_State* L, const ScriptResult& result) {
  lua_newuserdatauv(L, 1, 2);
  const int outcome = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kOutcomeKey);
  lua_setmetatable(L, outcome);
  lua_newtable(L);
  const int fields = lua_gettop(L);
  lua_newtable(L);  // records
  lua_rawgeti(L, LUA_REGISTRYINDEX, state_->array_metatable_ref);
  lua_setmetatable(L, -2);
  lua_newtable(L);  // emitted
  for (size_t i = 0; i < parts_.size(); ++i) {
    const ScriptPart& part = parts_[i];
    push_document(L, part.value, "transform: the script's result");
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -2);
    lua_setfield(L, -2, "record");
    if (part.has_key) set_text(L, "key", part.key);
    if (!part.sink.empty()) set_text(L, "sink", part.sink);
    lua_rawseti(L, fields + 2, static_cast<lua_Integer>(i) + 1);
    if (parts_.size() == 1) {
      lua_pushvalue(L, -1);
      lua_setfield(L, fields, "record");
    }
    lua_rawseti(L, fields + 1, static_cast<lua_Integer>(i) + 1);
  }
  lua_setfield(L, fields, "emitted");
  lua_setfield(L, fields, "records");
  if (result.outcome == ScriptOutcome::kFiltered) {
    if (result.detail.empty()) {
      lua_pushboolean(L, 1);
    } else {
      lua_pushlstring(L, result.detail.data(), result.detail.size());
    }
  } else {
    lua_pushboolean(L, 0);
  }
  lua_setfield(L, fields, "filtered");
  lua_setiuservalue(L, outcome, 1);
  if (result.outcome != ScriptOutcome::kRejected) return;
  const Rejection rejection = rejection_of(result);
  lua_newtable(L);
  set_text(L, "code", rejection.code);
  set_text(L, "text", rejection.text);
  lua_setiuservalue(L, outcome, 2);
  if (result.reason == "TRANSFORM_ERROR") unseen_error = result.detail;
}

Rejection rejection_of(const ScriptResult& result) {
  const std::string_view detail = result.detail;
  if (result.code_bytes == 0) return {result.reason, detail};
  const std::string_view code = detail.substr(0, result.code_bytes);
  const std::string_view rest = detail.substr(code.size());
  return {code, rest.substr(std::min<size_t>(2, rest.size()))};
}

bool is_outcome(lua_State* L, int at) {
  if (lua_type(L, at) != LUA_TUSERDATA || lua_getmetatable(L, at) == 0) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kOutcomeKey);
  const bool ours = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return ours;
}

void transform_value(lua_State* L, TestFile& file, int at) {
  const RecordMeta meta = read_meta(L, file, lua_gettop(L) + 1);
  file.transform(L, record_text(L, at), meta);
}

void open_records(lua_State* L, TestFile* file) {
  const luaL_Reg functions[] = {
      {"transform", transform}, {"golden", golden}, {"json", json}, {nullptr, nullptr}};
  for (const luaL_Reg* f = functions; f->name != nullptr; ++f) {
    lua_pushlightuserdata(L, file);
    lua_pushcclosure(L, f->func, 1);
    lua_setglobal(L, f->name);
  }
  lua_newtable(L);
  lua_pushlightuserdata(L, file);
  lua_pushcclosure(L, outcome_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, outcome_text);
  lua_setfield(L, -2, "__tostring");
  lua_pushliteral(L, "sealed");
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kOutcomeKey);
}

}  // namespace sluice::workshop
