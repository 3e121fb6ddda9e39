// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/library_parts.h"

#include <algorithm>
#include <cstring>

#include "runtime/script/library_state.h"
#include "runtime/script/state.h"

namespace sluice::script {
namespace {

using Open = LibraryState::OpenContainer;

void push_json_scalar(lua_State* L, LibraryState& kit, const Document& document, NodeIndex node) {
  switch (document.kind(node)) {
    case JsonKind::kString:
      kit.strings.reset();
      push_bytes(L, document.string(node, kit.strings));
      return;
    case JsonKind::kNumber: {
      int64_t integer = 0;
      double number = 0;
      if (document.int64(node, &integer)) {
        lua_pushinteger(L, integer);
      } else {
        static_cast<void>(document.number(node, &number));  // too large is infinite
        lua_pushnumber(L, number);
      }
      return;
    }
    case JsonKind::kTrue:
    case JsonKind::kFalse:
      lua_pushboolean(L, document.kind(node) == JsonKind::kTrue ? 1 : 0);
      return;
    case JsonKind::kNull:
    case JsonKind::kArray:
    case JsonKind::kObject:
      lua_pushlightuserdata(L, nullptr);
      return;
  }
}

void open_json_container(lua_State* L, LibraryState& kit, const Document& document,
                         NodeIndex node) {
  const bool object = document.kind(node) == JsonKind::kObject;
  const auto count = static_cast<int>(document.count(node));
  luaL_checkstack(L, 8, "the text is nested too deep");
  lua_createtable(L, object ? 0 : count, object ? count : 0);
  if (!object) mark_array(L, -1);
  kit.open.push_back(Open{node + 1, document.next(node), 0, object});
}

// The value at the top goes into the container below it.
void store_json(lua_State* L, Open& container) {
  if (container.object) {
    lua_rawset(L, -3);
  } else {
    lua_rawseti(L, -2, ++container.index);
  }
}

}  // namespace

size_t find_text(std::string_view text, std::string_view wanted) {
  if (wanted.empty()) return 0;
  const auto* const at =
      static_cast<const char*>(memmem(text.data(), text.size(), wanted.data(), wanted.size()));
  return at == nullptr ? std::string_view::npos : static_cast<size_t>(at - text.data());
}

std::string kind_text(lua_State* L, int at) {
  switch (lua_type(L, at)) {
    case LUA_TNONE:
      return "nothing";
    case LUA_TNIL:
      return "nil";
    case LUA_TLIGHTUSERDATA:
      return lua_touserdata(L, at) == nullptr ? "null" : "a part of the record, meta or a verdict";
    case LUA_TNUMBER:
      return "the number " + std::string(luaL_tolstring(L, at, nullptr));
    default:
      return std::string("a ") + luaL_typename(L, at);
  }
}

void bad_argument(lua_State* L, int at, const char* function, const char* expected) {
  raise_error(L, std::string(function) + ": expected " + expected + " as argument " +
                     std::to_string(at) + ", found " + kind_text(L, at));
}

std::string_view text_argument(lua_State* L, int at, const char* function) {
  if (lua_isstring(L, at) == 0) bad_argument(L, at, function, "a string");
  return bytes_at(L, at);
}

int64_t integer_argument(lua_State* L, int at, const char* function) {
  int whole = 0;
  const lua_Integer value = lua_type(L, at) == LUA_TNUMBER ? lua_tointegerx(L, at, &whole) : 0;
  if (whole == 0) bad_argument(L, at, function, "a whole number");
  return value;
}

int64_t integer_argument(lua_State* L, int at, const char* function, int64_t low, int64_t high) {
  const int64_t value = integer_argument(L, at, function);
  if (value < low || value > high) {
    bad_argument(
        L, at, function,
        ("a whole number from " + std::to_string(low) + " to " + std::to_string(high)).c_str());
  }
  return value;
}

void require_record(lua_State* L, const char* function) {
  if (!State::of(L).loading) return;
  raise_error(L, std::string(function) +
                     " while the script loads: it is about the record that is processed; call it "
                     "in transform()");
}

bool check_options_table(lua_State* L, int at, const char* function,
                         std::initializer_list<std::string_view> known) {
  if (lua_isnoneornil(L, at)) return false;
  if (lua_type(L, at) != LUA_TTABLE) bad_argument(L, at, function, "a table of options");
  const bool sealed = push_sealed_content(L, at);
  if (sealed) lua_replace(L, at);
  for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
    const std::string_view key = lua_type(L, -2) == LUA_TSTRING ? bytes_at(L, -2) : "?";
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string names;
    for (const std::string_view name : known) names += " '" + std::string(name) + "'";
    raise_error(L, std::string(function) + ": unknown option '" + std::string(key.substr(0, 60)) +
                       "'; there is" + names);
  }
  return true;
}

void mark_array(lua_State* L, int at) {
  at = lua_absindex(L, at);
  lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).array_metatable_ref);
  lua_setmetatable(L, at);
}

// Without recursion: how deep a text is nested is up to its sender.
void push_json(lua_State* L, State& state, const Document& document, NodeIndex node) {
  LibraryState& kit = *state.kit;
  kit.open.clear();
  luaL_checkstack(L, 8, "too many values");
  if (document.kind(node) < JsonKind::kArray) return push_json_scalar(L, kit, document, node);
  open_json_container(L, kit, document, node);
  while (!kit.open.empty()) {
    Open& top = kit.open.back();
    if (top.at == top.end) {
      kit.open.pop_back();
      if (!kit.open.empty()) store_json(L, kit.open.back());
      continue;
    }
    state.guard.spend(40);
    if (top.object) {
      push_json_scalar(L, kit, document, top.at);
      ++top.at;  // from the name to its value
    }
    const NodeIndex value = top.at;
    top.at = document.next(value);
    if (document.kind(value) >= JsonKind::kArray) {
      open_json_container(L, kit, document, value);
    } else {
      push_json_scalar(L, kit, document, value);
      store_json(L, top);
    }
  }
}

}  // namespace sluice::script
