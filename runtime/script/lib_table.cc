// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>

#include "runtime/script/libraries.h"
#include "runtime/script/seal.h"
#include "runtime/script/state.h"

// The table library, and the libraries taken over as they are. Lua's own functions loop over ranges
// that the caller (or a __len) chooses, without meeting the count hook: each is replaced by one
// that charges the range before the work begins, and the time while it is done. The native function
// is the upvalue.
namespace sluice::script {
namespace {

constexpr uint64_t kStepsOfElement = 20;

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

// t[to] = t[from] of the tables at these places.
void move_one(lua_State* L, Guard& guard, int from_table, lua_Integer from, int to_table,
              lua_Integer to) {
  guard.spend(kStepsOfElement);
  lua_geti(L, from_table, from);
  lua_seti(L, to_table, to);
}

int table_insert(lua_State* L) {
  const lua_Integer size = luaL_len(L, 1);
  if (lua_gettop(L) != 3) return call_native(L);
  const lua_Integer position = luaL_checkinteger(L, 2);
  luaL_argcheck(L, position >= 1 && position - 1 <= size && size < LUA_MAXINTEGER, 2,
                "position out of bounds");
  Guard& guard = State::of(L).guard;
  guard.count(range(position, size));
  for (lua_Integer i = size; i >= position; --i) move_one(L, guard, 1, i, 1, i + 1);
  lua_seti(L, 1, position);
  return 0;
}

int table_remove(lua_State* L) {
  const lua_Integer size = luaL_len(L, 1);
  const lua_Integer position = luaL_optinteger(L, 2, size);
  if (size == 0 && position == 0 && lua_islightuserdata(L, 1)) {  // the view has no element 0
    lua_pushnil(L);
    return 1;
  }
  if (position < 1 || position >= size) return call_native(L);  // moves nothing
  Guard& guard = State::of(L).guard;
  guard.count(range(position, size));
  lua_geti(L, 1, position);
  for (lua_Integer i = position; i < size; ++i) move_one(L, guard, 1, i + 1, 1, i);
  lua_pushnil(L);
  lua_seti(L, 1, size);
  return 1;
}

int table_move(lua_State* L) {
  const lua_Integer first = luaL_checkinteger(L, 2);
  const lua_Integer last = luaL_checkinteger(L, 3);
  const lua_Integer to = luaL_checkinteger(L, 4);
  const int target = lua_isnoneornil(L, 5) ? 1 : 5;
  Guard& guard = State::of(L).guard;
  guard.count(range(first, last));
  if (last < first || (first <= 0 && last >= LUA_MAXINTEGER + first)) return call_native(L);
  const lua_Integer more = last - first;
  if (to > LUA_MAXINTEGER - more) return call_native(L);  // which says so
  if (to > last || to <= first || (target != 1 && lua_compare(L, 1, target, LUA_OPEQ) == 0)) {
    for (lua_Integer i = 0; i <= more; ++i) move_one(L, guard, 1, first + i, target, to + i);
  } else {
    for (lua_Integer i = more; i >= 0; --i) move_one(L, guard, 1, first + i, target, to + i);
  }
  lua_pushvalue(L, target);
  return 1;
}

int table_concat(lua_State* L) {
  const lua_Integer first = luaL_optinteger(L, 3, 1);
  const lua_Integer last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : luaL_checkinteger(L, 4);
  size_t separator_size = 0;
  const char* const separator = luaL_optlstring(L, 2, "", &separator_size);
  Guard& guard = State::of(L).guard;
  guard.count(range(first, last));
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  for (lua_Integer i = first; i <= last; ++i) {
    guard.spend(kStepsOfElement);
    if (lua_geti(L, 1, i); lua_isstring(L, -1) == 0) {
      return luaL_error(L, "invalid value (at index %I) in table for 'concat'", i);
    }
    luaL_addvalue(&buffer);
    if (i == last) break;  // which may be the largest integer
    luaL_addlstring(&buffer, separator, separator_size);
  }
  luaL_pushresult(&buffer);
  return 1;
}

// The comparison of table.sort where the script gives none. Lua's own would compare long strings
// all through one call.
int less(lua_State* L) {
  if (lua_type(L, 1) == LUA_TSTRING && lua_type(L, 2) == LUA_TSTRING) {
    State::of(L).guard.spend(std::min(lua_rawlen(L, 1), lua_rawlen(L, 2)) + 1);
  }
  lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
  return 1;
}

int table_sort(lua_State* L) {
  const auto size = static_cast<uint64_t>(std::max<lua_Integer>(luaL_len(L, 1), 0));
  uint64_t levels = 1;
  while (levels < 63 && size >> levels != 0) ++levels;
  State::of(L).guard.count(size >> 40 != 0 ? UINT64_MAX : size * levels);
  if (lua_isnoneornil(L, 2)) {
    lua_settop(L, 1);
    lua_pushcfunction(L, less);
  }
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
