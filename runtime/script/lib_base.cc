// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "runtime/script/libraries.h"
#include "runtime/script/seal.h"
#include "runtime/script/state.h"

namespace sluice::script {
namespace {

constexpr char kLibraries = 0;  // its address is the registry key of loaded libraries

// A hit cap goes through every pcall: the state is lost.
int after_call(lua_State* L, int status, int first) {
  State& state = State::of(L);
  if (status != LUA_OK) state.guard.call_failed();
  if (state.guard.capped()) state.guard.raise_again();
  if (status != LUA_OK) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  lua_pushboolean(L, 1);
  lua_insert(L, first);
  return lua_gettop(L) - first + 1;
}

int base_pcall(lua_State* L) {
  luaL_checkany(L, 1);
  const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  return after_call(L, status, 1);
}

int base_xpcall(lua_State* L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_replace(L, 1);
  lua_replace(L, 2);  // handler, function, arguments
  const int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 1);
  return after_call(L, status, 2);
}

int base_tostring(lua_State* L) {
  luaL_checkany(L, 1);
  to_text(L, 1, nullptr);
  return 1;
}

int base_setmetatable(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const int kind = lua_type(L, 2);
  luaL_argexpected(L, kind == LUA_TNIL || kind == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) {
    raise_error(L, "cannot change a protected metatable");
  }
  if (kind == LUA_TTABLE) {
    lua_pushliteral(L, "__gc");
    lua_rawget(L, 2);
    // A finalizer would run at any time, also outside the caps.
    if (!lua_isnil(L, -1)) raise_error(L, "a metatable with __gc is not allowed");
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

int base_rawset(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  if (is_sealed(L, 1)) raise_error(L, "rawset: the table is read-only");
  lua_rawset(L, 1);
  return 1;
}

int base_rawget(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  lua_settop(L, 2);
  if (push_sealed_content(L, 1)) lua_replace(L, 1);
  lua_rawget(L, 1);
  return 1;
}

int base_rawlen(lua_State* L) {
  luaL_argexpected(L, lua_type(L, 1) == LUA_TTABLE || lua_type(L, 1) == LUA_TSTRING, 1,
                   "table or string");
  if (push_sealed_content(L, 1)) lua_replace(L, 1);
  lua_pushinteger(L, static_cast<lua_Integer>(lua_rawlen(L, 1)));
  return 1;
}

int base_next(lua_State* L) {
  if (lua_type(L, 1) == LUA_TLIGHTUSERDATA) return proxy_next(L);
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  if (push_sealed_content(L, 1)) lua_replace(L, 1);
  if (lua_next(L, 1) != 0) return 2;
  lua_pushnil(L);
  return 1;
}

int base_pairs(lua_State* L) {
  luaL_checkany(L, 1);
  if (lua_type(L, 1) == LUA_TLIGHTUSERDATA) {
    lua_pushcfunction(L, proxy_next);
  } else if (!is_sealed(L, 1) && luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 3);
    return 3;
  } else {
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushcfunction(L, base_next);
  }
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

int table_inext(lua_State* L) {
  const auto i = static_cast<lua_Integer>(static_cast<lua_Unsigned>(luaL_checkinteger(L, 2)) + 1);
  lua_pushinteger(L, i);
  return lua_geti(L, 1, i) == LUA_TNIL ? 1 : 2;
}

int base_ipairs(lua_State* L) {
  luaL_checkany(L, 1);
  const bool proxy = lua_type(L, 1) == LUA_TLIGHTUSERDATA;
  lua_pushcfunction(L, proxy ? proxy_inext : table_inext);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, 0);
  return 3;
}

// Runs a library's text once; later calls answer the same value.
void load_library(lua_State* L, State& state, const std::string& name) {
  std::string error;
  const std::string* const text = state.library(name, &error);
  if (text == nullptr) raise_error(L, error);
  const std::string chunk = "@" + name;
  if (luaL_loadbufferx(L, text->data(), text->size(), chunk.c_str(), "t") != LUA_OK) lua_error(L);
  lua_pushlstring(L, name.data(), name.size());
  lua_call(L, 1, 1);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
}

int base_require(lua_State* L) {
  State& state = State::of(L);
  size_t size = 0;
  const char* const text = luaL_checklstring(L, 1, &size);
  const std::string_view name(text, size);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kLibraries);
  lua_pushvalue(L, 1);
  lua_rawget(L, -2);
  if (lua_islightuserdata(L, -1)) {
    raise_error(L, "library '" + std::string(name) + "' requires itself");
  }
  if (!lua_isnil(L, -1)) return 1;
  lua_pop(L, 1);
  if (!state.loading) {
    raise_error(L,
                "require \"" + std::string(name) +
                    "\" while a record is processed; require libraries at the top of the script");
  }
  const int loaded = lua_gettop(L);
  lua_pushvalue(L, 1);
  lua_pushlightuserdata(L, nullptr);
  lua_rawset(L, loaded);
  load_library(L, state, std::string(name));
  lua_pushvalue(L, 1);
  lua_pushvalue(L, -2);
  lua_rawset(L, loaded);
  return 1;
}

void keep_only(lua_State* L, const luaL_Reg* own) {
  static constexpr std::array<std::string_view, 7> kNative = {
      "assert", "error", "getmetatable", "rawequal", "select", "tonumber", "type"};
  for (lua_pushnil(L); lua_next(L, -2) != 0;) {
    lua_pop(L, 1);
    const std::string_view name = lua_tostring(L, -1);
    if (std::find(kNative.begin(), kNative.end(), name) != kNative.end()) continue;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, -4);
  }
  luaL_setfuncs(L, own, 0);
}

}  // namespace

const char* to_text(lua_State* L, int at, size_t* size) {
  const int type = lua_type(L, at);
  if (type != LUA_TTABLE && type != LUA_TFUNCTION && type != LUA_TUSERDATA) {
    return luaL_tolstring(L, at, size);
  }
  if (luaL_getmetafield(L, at, "__tostring") != LUA_TNIL) {
    lua_pop(L, 1);
    return luaL_tolstring(L, at, size);
  }
  const int named = luaL_getmetafield(L, at, "__name");
  if (named == LUA_TSTRING) return lua_tolstring(L, -1, size);
  if (named != LUA_TNIL) lua_pop(L, 1);
  lua_pushstring(L, lua_typename(L, type));
  return lua_tolstring(L, -1, size);
}

void open_base(lua_State* L) {
  luaL_requiref(L, "_G", luaopen_base, 0);
  const luaL_Reg own[] = {
      {"pcall", base_pcall},     {"xpcall", base_xpcall},     {"setmetatable", base_setmetatable},
      {"rawset", base_rawset},   {"rawget", base_rawget},     {"rawlen", base_rawlen},
      {"next", base_next},       {"pairs", base_pairs},       {"ipairs", base_ipairs},
      {"require", base_require}, {"tostring", base_tostring}, {nullptr, nullptr}};
  keep_only(L, own);
  lua_pop(L, 1);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kLibraries);
}

// Loaded libraries are as read-only as globals.
void seal_libraries(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kLibraries);
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -1) == LUA_TTABLE) seal(L, -1);
  }
  lua_pop(L, 1);
}

}  // namespace sluice::script
