// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>

#include "runtime/script/state.h"
#include "runtime/script/view.h"
#include "runtime/script/writer.h"

// The part of the writer that prints Lua tables. Access is raw: no code of the script runs here.
namespace sluice::script {

bool Writer::table(lua_State* L, uint32_t depth) {
  if (depth >= max_depth_ || lua_checkstack(L, 8) == 0) {
    return fail("the result contains itself, or is nested deeper than " +
                std::to_string(max_depth_) + " levels (limit depth)");
  }
  const bool sealed = push_sealed_content(L, -1);  // a constant of the script, see seal.h
  const int at = lua_gettop(L);
  const auto size = static_cast<int64_t>(lua_rawlen(L, at));
  const bool list = size > 0 || state_.is_array(L, at);
  const size_t first_key = keys_.size();
  bool written = table_keys(L, at, size, list);
  if (written) {
    written = list ? table_list(L, at, size, depth) : table_members(L, at, first_key, depth);
  }
  keys_.resize(first_key);
  lua_settop(L, sealed ? at - 1 : at);
  return written;
}

bool Writer::table_keys(lua_State* L, int at, int64_t size, bool list) {
  int64_t elements = 0;
  for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
    state_.guard.spend(20);
    if (lua_type(L, -2) == LUA_TSTRING) {
      size_t length = 0;
      const char* const key = lua_tolstring(L, -2, &length);
      if (list) {
        return fail("a Lua table with both a list and the member \"" + std::string(key, length) +
                    "\"; JSON has either");
      }
      keys_.emplace_back(key, length);
      continue;
    }
    if (lua_isinteger(L, -2) == 0) {
      return fail(std::string("a member name must be a string, found a ") + luaL_typename(L, -2));
    }
    const int64_t index = lua_tointeger(L, -2);
    if (!list || index < 1 || index > size) {
      return fail("a Lua table with the number " + std::to_string(index) +
                  " as a key; a list counts from 1 without holes (sluice.null fills one), members "
                  "have strings as names");
    }
    ++elements;
  }
  if (list && elements != size) {
    return fail("a list of " + std::to_string(size) + " with holes; sluice.null fills one");
  }
  return true;
}

bool Writer::table_list(lua_State* L, int at, int64_t size, uint32_t depth) {
  if (!put('[')) return false;
  for (int64_t i = 1; i <= size; ++i) {
    if (i > 1 && !put(',')) return false;
    lua_rawgeti(L, at, i);
    const bool written = lua_value(L, depth + 1);
    lua_settop(L, at);
    if (!written) return fail_at(std::to_string(i - 1));
  }
  return put(']');
}

bool Writer::table_members(lua_State* L, int at, size_t first_key, uint32_t depth) {
  const auto sorted_from = keys_.begin() + static_cast<std::ptrdiff_t>(first_key);
  std::sort(sorted_from, keys_.end());
  const size_t count = keys_.size() - first_key;
  state_.guard.spend(count * 100);
  if (!put('{')) return false;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view key = keys_[first_key + i];
    if (i > 0 && !put(',')) return false;
    if (!put_escaped(key)) return fail_below("/?");
    if (!put(':')) return false;
    lua_pushlstring(L, key.data(), key.size());
    lua_rawget(L, at);
    const bool written = lua_value(L, depth + 1);
    lua_settop(L, at);
    if (!written) return fail_at(key);
  }
  return put('}');
}

bool Writer::lua_value(lua_State* L, uint32_t depth) {
  switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
      return lua_toboolean(L, -1) != 0 ? put("true", 4) : put("false", 5);
    case LUA_TNUMBER:
      return lua_isinteger(L, -1) != 0 ? put_integer(lua_tointeger(L, -1))
                                       : put_float(lua_tonumber(L, -1));
    case LUA_TSTRING: {
      size_t size = 0;
      const char* const text = lua_tolstring(L, -1, &size);
      return put_escaped({text, size});
    }
    case LUA_TTABLE:
      return table(L, depth);
    case LUA_TLIGHTUSERDATA:
      return lua_proxy(L, depth);
    default:
      return fail(std::string("a ") + luaL_typename(L, -1) + " cannot be part of a record");
  }
}

bool Writer::lua_proxy(lua_State* L, uint32_t depth) {
  const uint64_t bits = proxy_bits(lua_touserdata(L, -1));
  if (bits == 0) return put("null", 4);
  if (proxy_generation(bits) != state_.generation) {
    const uint32_t place = proxy_generation(bits) - state_.first_generation;
    return fail(place < state_.batch_records
                    ? "a part of another record; put a copy there, made with sluice.deepcopy(...)"
                    : kStaleProxy);
  }
  if (proxy_node(bits) >= kFirstSpecial) {
    return fail("meta, or a verdict of sluice.reject or sluice.filter, cannot be part of a record");
  }
  deepened_ = true;
  return node(proxy_node(bits), depth);
}

}  // namespace sluice::script
