// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/seal.h"

#include <lua.hpp>

#include <string>

#include "runtime/script/state.h"

namespace sluice::script {
namespace {

constexpr char kSealKey = 0;  // its address is the key of the hidden table in a seal's metatable
constexpr int kDeepest = 100;

int refuse_write(lua_State* L) {
  const char* const key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  raise_error(L, "cannot set '" + std::string(key) +
                     "': globals, libraries and their tables are read-only once the script is "
                     "loaded; use a local variable, or set a member of the record");
}

int sealed_length(lua_State* L) {
  if (!push_sealed_content(L, 1)) return 0;
  lua_pushinteger(L, luaL_len(L, -1));
  return 1;
}

// __index of a sealed table whose own metatable had one; upvalues: the content, and that __index.
// It is handed the sealed table: who holds the content could change it.
int sealed_index(lua_State* L) {
  lua_settop(L, 2);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  if (lua_type(L, lua_upvalueindex(2)) == LUA_TFUNCTION) {
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_insert(L, 1);
    lua_settop(L, 3);
    lua_call(L, 2, 1);
    return 1;
  }
  lua_pushvalue(L, 2);
  lua_gettable(L, lua_upvalueindex(2));
  return 1;
}

// Takes what the script's metatable of `at` says over into `meta`: operators go on working.
void take_over(lua_State* L, int at, int hidden, int meta) {
  const bool array = State::of(L).is_array(L, at);
  if (lua_getmetatable(L, at) == 0) return;
  lua_pushliteral(L, "__gc");
  if (lua_rawget(L, meta + 1) != LUA_TNIL) {
    raise_error(L, "a global table whose metatable has __gc is not allowed");
  }
  lua_pop(L, 1);
  for (lua_pushnil(L); lua_next(L, meta + 1) != 0;) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, meta);
  }
  if (array) {
    lua_setmetatable(L, hidden);  // the mark belongs to the content
  } else {
    lua_pop(L, 1);
  }
}

void set_index(lua_State* L, int hidden, int meta) {
  lua_pushvalue(L, hidden);
  lua_pushliteral(L, "__index");
  if (lua_rawget(L, meta) == LUA_TNIL) {
    lua_pop(L, 1);
  } else {
    lua_pushcclosure(L, sealed_index, 2);
  }
  lua_setfield(L, meta, "__index");
}

void seal_deep(lua_State* L, int at, int depth) {
  if (depth > kDeepest) raise_error(L, "global tables are nested deeper than 100 levels");
  luaL_checkstack(L, 10, "too many global tables");
  if (is_sealed(L, at)) return;
  lua_createtable(L, 0, 16);
  const int hidden = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, at) != 0;) {
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, hidden);
  }
  for (lua_pushnil(L); lua_next(L, hidden) != 0;) {
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, at);
  }
  lua_newtable(L);
  const int meta = lua_gettop(L);
  take_over(L, at, hidden, meta);
  set_index(L, hidden, meta);
  lua_pushcfunction(L, refuse_write);
  lua_setfield(L, meta, "__newindex");
  lua_pushliteral(L, "__len");
  if (lua_rawget(L, meta) == LUA_TNIL) {
    lua_pushcfunction(L, sealed_length);
    lua_setfield(L, meta, "__len");
  }
  lua_settop(L, meta);
  lua_pushliteral(L, "sealed");
  lua_setfield(L, meta, "__metatable");
  lua_pushvalue(L, hidden);
  lua_rawsetp(L, meta, &kSealKey);
  lua_setmetatable(L, at);
  // Sealed before its values, so that a cycle ends here.
  for (lua_pushnil(L); lua_next(L, hidden) != 0; lua_pop(L, 1)) {
    const int value = lua_gettop(L);
    if (lua_type(L, value) == LUA_TTABLE) seal_deep(L, value, depth + 1);
    if (lua_type(L, value - 1) == LUA_TTABLE) seal_deep(L, value - 1, depth + 1);
  }
  lua_settop(L, hidden - 1);
}

}  // namespace

void seal(lua_State* L, int at) { seal_deep(L, lua_absindex(L, at), 0); }

bool is_sealed(lua_State* L, int at) {
  if (!push_sealed_content(L, at)) return false;
  lua_pop(L, 1);
  return true;
}

bool push_sealed_content(lua_State* L, int at) {
  if (lua_type(L, at) != LUA_TTABLE || lua_getmetatable(L, at) == 0) return false;
  lua_rawgetp(L, -1, &kSealKey);
  lua_remove(L, -2);
  if (lua_type(L, -1) == LUA_TTABLE) return true;
  lua_pop(L, 1);
  return false;
}

}  // namespace sluice::script
