// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <charconv>
#include <string>

#include "runtime/base/text.h"
#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/lookup_table.h"
#include "runtime/script/state.h"

// sluice.lookup: tables of files. For Lua a table is a userdata that holds a pointer; the rows stay
// in C++, shared by all states, until a script asks for one.
namespace sluice::script {
namespace {

constexpr char kTables = 0;  // its address is the registry key of name -> userdata
constexpr char kMeta = 0;    // and this one's that of their metatable

const LookupTable& table_argument(lua_State* L) {
  const int arguments = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kMeta);
  const bool ours = lua_type(L, 1) == LUA_TUSERDATA && lua_getmetatable(L, 1) != 0 &&
                    lua_rawequal(L, -1, -2) != 0;
  if (!ours) {
    bad_argument(L, 1, "get", "a table of sluice.lookup (call it with a colon: t:get(key))");
  }
  lua_settop(L, arguments);
  return **static_cast<const LookupTable* const*>(lua_touserdata(L, 1));
}

// The row of the key at `at`; absent and null are no key of any row.
uint32_t row_argument(lua_State* L, const LookupTable& table, int at) {
  switch (lua_type(L, at)) {
    case LUA_TNIL:
    case LUA_TNONE:
      return LookupTable::kNoRow;
    case LUA_TSTRING:
      return table.find(bytes_at(L, at));
    case LUA_TNUMBER: {
      int whole = 0;
      const lua_Integer value = lua_tointegerx(L, at, &whole);
      if (whole == 0) return table.find({luaL_tolstring(L, at, nullptr)});
      char digits[24];
      return table.find(
          {digits,
           static_cast<size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits)});
    }
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(L, at) == nullptr) return LookupTable::kNoRow;
      [[fallthrough]];
    default:
      raise_error(L,
                  "sluice.lookup: a key must be a string or a number, found " + kind_text(L, at));
  }
}

int lookup_get(lua_State* L) {
  State& state = State::of(L);
  const LookupTable& table = table_argument(L);
  state.guard.spend(50);
  const uint32_t row = row_argument(L, table, 2);
  if (row == LookupTable::kNoRow) {
    lua_pushnil(L);
  } else if (lua_isnoneornil(L, 3)) {
    table.push_row(L, state, row);
  } else {
    table.push_column(L, state, row, text_argument(L, 3, "sluice.lookup"));
  }
  return 1;
}

// Upvalue: the method get, which a key of that name cannot hide.
int lookup_index(lua_State* L) {
  const LookupTable& table = table_argument(L);
  if (lua_type(L, 2) == LUA_TSTRING && bytes_at(L, 2) == "get") {
    lua_pushvalue(L, lua_upvalueindex(1));
    return 1;
  }
  State& state = State::of(L);
  state.guard.spend(50);
  const uint32_t row = row_argument(L, table, 2);
  if (row == LookupTable::kNoRow) {
    lua_pushnil(L);
  } else {
    table.push_row(L, state, row);
  }
  return 1;
}

int lookup_length(lua_State* L) {
  lua_pushinteger(L, table_argument(L).rows());
  return 1;
}

int lookup_new_index(lua_State* L) { raise_error(L, "a table of sluice.lookup is read-only"); }

// Upvalue: the row to go on with.
int lookup_next(lua_State* L) {
  const LookupTable& table = table_argument(L);
  const auto row = static_cast<uint32_t>(lua_tointeger(L, lua_upvalueindex(1)));
  if (row >= table.rows()) return 0;
  lua_pushinteger(L, static_cast<lua_Integer>(row) + 1);
  lua_replace(L, lua_upvalueindex(1));
  push_bytes(L, table.key(row));
  table.push_row(L, State::of(L), row);
  return 2;
}

int lookup_pairs(lua_State* L) {
  table_argument(L);
  lua_settop(L, 1);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, lookup_next, 1);
  lua_insert(L, 1);
  lua_pushnil(L);
  return 3;
}

int sluice_lookup(lua_State* L) {
  State& state = State::of(L);
  const std::string name(text_argument(L, 1, "sluice.lookup"));
  lua_settop(L, 1);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kTables);
  lua_pushvalue(L, 1);
  if (lua_rawget(L, 2) != LUA_TNIL) return 1;
  if (!state.loading) {
    raise_error(L, "sluice.lookup(\"" + shorten(name, 60) +
                       "\"): the script did not ask for this table while it loaded; put local t = "
                       "sluice.lookup(\"" +
                       shorten(name, 60) + "\") at its top");
  }
  std::string error;
  const LookupTable* const table = state.lookup(name, &error);
  if (table == nullptr) raise_error(L, error);
  auto* const held =
      static_cast<const LookupTable**>(lua_newuserdatauv(L, sizeof(const LookupTable*), 0));
  *held = table;  // lives as long as the script, and the state does not outlive that
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kMeta);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, 2);
  return 1;
}

}  // namespace

void add_lookup(lua_State* L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kTables);
  const luaL_Reg methods[] = {{"__len", lookup_length},
                              {"__newindex", lookup_new_index},
                              {"__pairs", lookup_pairs},
                              {nullptr, nullptr}};
  luaL_newlib(L, methods);
  lua_pushcfunction(L, lookup_get);
  lua_pushcclosure(L, lookup_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "table of sluice.lookup");
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "sealed");
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kMeta);
  lua_pushcfunction(L, sluice_lookup);
  lua_setfield(L, -2, "lookup");
}

}  // namespace sluice::script
