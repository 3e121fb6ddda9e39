// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/meta.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/script/state.h"

namespace sluice::script {
namespace {

void push_text(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

struct Field {
  std::string_view name;
  void (*push)(lua_State*, State&);
};

constexpr std::array kFields{
    Field{"tenant", [](lua_State* L, State& s) { push_text(L, s.meta->tenant); }},
    Field{"pipeline", [](lua_State* L, State& s) { push_text(L, s.meta->pipeline); }},
    Field{"source", [](lua_State* L, State& s) { push_text(L, s.meta->source); }},
    Field{"lane", [](lua_State* L, State& s) { push_text(L, s.meta->lane); }},
    Field{"position",
          [](lua_State* L, State& s) {
            lua_pushinteger(L, static_cast<lua_Integer>(s.meta->position));
          }},
    Field{"key",
          [](lua_State* L, State& s) {
            if (s.meta->has_key) {
              push_text(L, s.meta->key);
            } else {
              lua_pushnil(L);
            }
          }},
    Field{"headers",
          [](lua_State* L, State& s) {
            lua_pushlightuserdata(L, make_proxy(s.generation, kHeadersProxy));
          }},
    Field{"time", [](lua_State* L, State& s) { lua_pushinteger(L, s.meta->time_us / 1000); }},
    Field{"schema_version", [](lua_State* L, State& s) { push_text(L, s.meta->schema_version); }},
};

// The index of the first header with this key, or header_count.
uint32_t find_header(State& state, std::string_view key) {
  const RecordMeta& meta = *state.meta;
  state.guard.spend(meta.header_count);
  uint32_t i = 0;
  while (i < meta.header_count && meta.headers[i].key != key) ++i;
  return i;
}

int next_header(lua_State* L, State& state, uint32_t from) {
  const RecordMeta& meta = *state.meta;
  // A key that occurred before was visited then.
  while (from < meta.header_count && find_header(state, meta.headers[from].key) != from) ++from;
  if (from >= meta.header_count) {
    lua_pushnil(L);
    return 1;
  }
  push_text(L, meta.headers[from].key);
  push_text(L, meta.headers[from].value);
  return 2;
}

int next_field(lua_State* L, State& state, size_t from) {
  for (; from < kFields.size(); ++from) {
    push_text(L, kFields[from].name);
    kFields[from].push(L, state);
    if (!lua_isnil(L, -1)) return 2;
    lua_pop(L, 2);
  }
  lua_pushnil(L);
  return 1;
}

size_t find_field(std::string_view key) {
  return static_cast<size_t>(
      std::find_if(kFields.begin(), kFields.end(), [&](const Field& f) { return f.name == key; }) -
      kFields.begin());
}

}  // namespace

int meta_index(lua_State* L, State& state, uint32_t proxy) {
  if (lua_type(L, 2) != LUA_TSTRING) {
    lua_pushnil(L);
    return 1;
  }
  size_t size = 0;
  const char* const text = lua_tolstring(L, 2, &size);
  const std::string_view key(text, size);
  if (proxy == kHeadersProxy) {
    const uint32_t i = find_header(state, key);
    if (i == state.meta->header_count) {
      lua_pushnil(L);
    } else {
      push_text(L, state.meta->headers[i].value);
    }
    return 1;
  }
  const size_t field = find_field(key);
  if (field == kFields.size()) {
    lua_pushnil(L);
  } else {
    kFields[field].push(L, state);
  }
  return 1;
}

int meta_next(lua_State* L, State& state, uint32_t proxy) {
  if (lua_isnoneornil(L, 2)) {
    return proxy == kHeadersProxy ? next_header(L, state, 0) : next_field(L, state, 0);
  }
  size_t size = 0;
  const char* const text = luaL_checklstring(L, 2, &size);
  const std::string_view key(text, size);
  if (proxy == kHeadersProxy) return next_header(L, state, find_header(state, key) + 1);
  return next_field(L, state, find_field(key) + 1);
}

}  // namespace sluice::script
