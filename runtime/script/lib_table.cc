// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>

#include "runtime/script/libraries.h"
#include "runtime/script/seal.h"
#include "runtime/script/state.h"

// The table library, and the libraries taken over as they are. Lua's own functions loop over ranges
// that the caller (or a __len) chooses, without meeting the count hook: each is wrapped so that the
// range is charged before the work begins. The native function is the wrapper's upvalue.
namespace sluice::script {
namespace {

uint64_t range(lua_Integer first, lua_Integer last) {
  return last < first ? 0 : static_cast<uint64_t>(last) - static_cast<uint64_t>(first) + 1;
}

int call_native(lua_State* L) {
  const int arguments = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, arguments, LUA_MULTRET);
  return lua_gettop(L);
}

int table_insert(lua_State* L) {
  const lua_Integer size = luaL_len(L, 1);
  if (lua_gettop(L) >= 3) {
    State::of(L).guard.count(range(luaL_checkinteger(L, 2), size));
  }
  return call_native(L);
}

int table_remove(lua_State* L) {
  const lua_Integer size = luaL_len(L, 1);
  State::of(L).guard.count(range(luaL_optinteger(L, 2, size), size));
  return call_native(L);
}

int table_move(lua_State* L) {
  State::of(L).guard.count(range(luaL_checkinteger(L, 2), luaL_checkinteger(L, 3)));
  return call_native(L);
}

int table_concat(lua_State* L) {
  const lua_Integer first = luaL_optinteger(L, 3, 1);
  const lua_Integer last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
  State::of(L).guard.count(range(first, last));
  return call_native(L);
}

int table_sort(lua_State* L) {
  const auto size = static_cast<uint64_t>(std::max<lua_Integer>(luaL_len(L, 1), 0));
  uint64_t levels = 1;
  while (levels < 63 && size >> levels != 0) ++levels;
  State::of(L).guard.count(size >> 40 != 0 ? UINT64_MAX : size * levels);
  return call_native(L);
}

struct Wrapper {
  const char* name;
  lua_CFunction function;
};

// Replaces functions of the library table at the top by wrappers around them.
template <size_t N>
void wrap(lua_State* L, const Wrapper (&wrappers)[N]) {
  for (const Wrapper& wrapper : wrappers) {
    lua_getfield(L, -1, wrapper.name);
    lua_pushcclosure(L, wrapper.function, 1);
    lua_setfield(L, -2, wrapper.name);
  }
}

// Passes over the whole string in one instruction.
int utf8_whole(lua_State* L) {
  State::of(L).guard.spend(luaL_len(L, 1) > 0 ? static_cast<uint64_t>(luaL_len(L, 1)) : 1);
  return call_native(L);
}

void remove_fields(lua_State* L, std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    lua_pushnil(L);
    lua_setfield(L, -2, name);
  }
}

}  // namespace

void open_table(lua_State* L) {
  luaL_requiref(L, "table", luaopen_table, 1);
  wrap(L, {{"insert", table_insert},
           {"remove", table_remove},
           {"move", table_move},
           {"concat", table_concat},
           {"sort", table_sort}});
  lua_pop(L, 1);
}

void open_math(lua_State* L) {
  luaL_requiref(L, "math", luaopen_math, 1);
  remove_fields(L, {"random", "randomseed"});  // a record is to give the same result each time
  lua_pop(L, 1);
}

void open_utf8(lua_State* L) {
  luaL_requiref(L, "utf8", luaopen_utf8, 1);
  wrap(L, {{"len", utf8_whole}, {"offset", utf8_whole}});
  lua_pop(L, 1);
}

}  // namespace sluice::script
