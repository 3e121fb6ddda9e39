// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/pattern.h"
#include "runtime/script/state.h"

// The string library. Functions that could run for ever or ask for any amount of memory inside one
// call are replaced by bounded ones; the rest is Lua's own.
namespace sluice::script {
namespace {

std::string_view check_text(lua_State* L, int at) {
  size_t size = 0;
  const char* const text = luaL_checklstring(L, at, &size);
  return {text, size};
}

// A start position from 1, negative counting from the end, as an offset.
size_t start_offset(lua_Integer position, size_t size) {
  if (position > 0) return static_cast<size_t>(position) - 1;
  if (position == 0) return 0;
  const size_t back = 0 - static_cast<size_t>(position);
  return back >= size ? 0 : size - back;
}

bool has_specials(std::string_view pattern) {
  return pattern.find_first_of("^$*+?.([%-") != std::string_view::npos;
}

int find_plain(lua_State* L, State& state, std::string_view text, std::string_view wanted,
               size_t from) {
  state.guard.spend(text.size() - from);
  size_t at = find_text(text.substr(from), wanted);
  if (at == std::string_view::npos) {
    lua_pushnil(L);
    return 1;
  }
  at += from;
  lua_pushinteger(L, static_cast<lua_Integer>(at) + 1);
  lua_pushinteger(L, static_cast<lua_Integer>(at) + static_cast<lua_Integer>(wanted.size()));
  return 2;
}

int find_or_match(lua_State* L, bool find) {
  State& state = State::of(L);
  const std::string_view text = check_text(L, 1);
  std::string_view pattern = check_text(L, 2);
  const size_t from = start_offset(luaL_optinteger(L, 3, 1), text.size());
  if (from > text.size()) {
    lua_pushnil(L);
    return 1;
  }
  if (find && (lua_toboolean(L, 4) != 0 || !has_specials(pattern))) {
    return find_plain(L, state, text, pattern, from);
  }
  const bool anchored = !pattern.empty() && pattern.front() == '^';
  if (anchored) pattern.remove_prefix(1);
  Pattern matcher(L, state.guard, text, pattern);
  const char* const end = text.data() + text.size();
  for (const char* at = text.data() + from;; ++at) {
    if (const char* const stop = matcher.match_at(at)) {
      if (!find) return matcher.push_captures(at, stop);
      lua_pushinteger(L, at - text.data() + 1);
      lua_pushinteger(L, stop - text.data());
      return matcher.push_captures(nullptr, nullptr) + 2;
    }
    if (anchored || at == end) break;
  }
  lua_pushnil(L);
  return 1;
}

int string_find(lua_State* L) { return find_or_match(L, true); }
int string_match(lua_State* L) { return find_or_match(L, false); }

// Upvalues: text, pattern, offset to go on from, end of the last match (-1: none).
int gmatch_step(lua_State* L) {
  State& state = State::of(L);
  const std::string_view text = check_text(L, lua_upvalueindex(1));
  const std::string_view pattern = check_text(L, lua_upvalueindex(2));
  const lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
  Pattern matcher(L, state.guard, text, pattern);
  for (lua_Integer at = lua_tointeger(L, lua_upvalueindex(3));
       at <= static_cast<lua_Integer>(text.size()); ++at) {
    const char* const start = text.data() + at;
    const char* const stop = matcher.match_at(start);
    if (stop == nullptr || stop - text.data() == last) continue;
    lua_pushinteger(L, stop - text.data());
    lua_pushvalue(L, -1);
    lua_replace(L, lua_upvalueindex(3));
    lua_replace(L, lua_upvalueindex(4));
    return matcher.push_captures(start, stop);
  }
  return 0;
}

int string_gmatch(lua_State* L) {
  const std::string_view text = check_text(L, 1);
  check_text(L, 2);
  size_t from = start_offset(luaL_optinteger(L, 3, 1), text.size());
  from = std::min(from, text.size() + 1);
  lua_settop(L, 2);
  lua_pushinteger(L, static_cast<lua_Integer>(from));
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, gmatch_step, 4);
  return 1;
}

void add_template(lua_State* L, luaL_Buffer* buffer, const Pattern& matcher, const char* start,
                  const char* stop) {
  size_t size = 0;
  const char* p = lua_tolstring(L, 3, &size);
  const char* const end = p + size;
  while (p < end) {
    const auto* escape =
        static_cast<const char*>(std::memchr(p, '%', static_cast<size_t>(end - p)));
    if (escape == nullptr) escape = end;
    luaL_addlstring(buffer, p, static_cast<size_t>(escape - p));
    if (escape == end) return;
    p = escape + 1;
    if (p == end) raise_error(L, "invalid use of '%' in replacement string");
    if (*p == '%') {
      luaL_addchar(buffer, '%');
    } else if (*p == '0') {
      luaL_addlstring(buffer, start, static_cast<size_t>(stop - start));
    } else if (*p >= '1' && *p <= '9') {
      matcher.push_capture(*p - '1', start, stop);
      luaL_tolstring(L, -1, nullptr);
      lua_remove(L, -2);
      luaL_addvalue(buffer);
    } else {
      raise_error(L, "invalid use of '%' in replacement string");
    }
    ++p;
  }
}

// Adds the replacement of one match; the third argument says how.
void add_replacement(lua_State* L, luaL_Buffer* buffer, const Pattern& matcher, const char* start,
                     const char* stop) {
  switch (lua_type(L, 3)) {
    case LUA_TFUNCTION: {
      lua_pushvalue(L, 3);
      const int arguments = matcher.push_captures(start, stop);
      lua_call(L, arguments, 1);
      break;
    }
    case LUA_TTABLE:
    case LUA_TLIGHTUSERDATA:
      matcher.push_capture(0, start, stop);
      lua_gettable(L, 3);
      break;
    default:
      return add_template(L, buffer, matcher, start, stop);
  }
  if (lua_toboolean(L, -1) == 0) {
    lua_pop(L, 1);
    luaL_addlstring(buffer, start, static_cast<size_t>(stop - start));
    return;
  }
  if (lua_isstring(L, -1) == 0) {
    raise_error(L, std::string("invalid replacement value (a ") + luaL_typename(L, -1) + ")");
  }
  luaL_addvalue(buffer);
}

int string_gsub(lua_State* L) {
  State& state = State::of(L);
  const std::string_view text = check_text(L, 1);
  std::string_view pattern = check_text(L, 2);
  const int kind = lua_type(L, 3);
  luaL_argexpected(L,
                   kind == LUA_TSTRING || kind == LUA_TNUMBER || kind == LUA_TTABLE ||
                       kind == LUA_TFUNCTION || kind == LUA_TLIGHTUSERDATA,
                   3, "string/function/table");
  const bool anchored = !pattern.empty() && pattern.front() == '^';
  if (anchored) pattern.remove_prefix(1);
  const lua_Integer most = luaL_optinteger(L, 4, static_cast<lua_Integer>(text.size()) + 1);
  Pattern matcher(L, state.guard, text, pattern);
  const char* at = text.data();
  const char* const end = at + text.size();
  const char* last = nullptr;
  lua_Integer count = 0;
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  while (count < most) {
    const char* const stop = matcher.match_at(at);
    if (stop != nullptr && stop != last) {
      ++count;
      add_replacement(L, &buffer, matcher, at, stop);
      at = last = stop;
    } else if (at < end) {
      luaL_addchar(&buffer, *at);
      ++at;
    } else {
      break;
    }
    if (anchored) break;
  }
  luaL_addlstring(&buffer, at, static_cast<size_t>(end - at));
  luaL_pushresult(&buffer);
  lua_pushinteger(L, count);
  return 2;
}

int string_rep(lua_State* L) {
  State& state = State::of(L);
  const std::string_view text = check_text(L, 1);
  const lua_Integer times = luaL_checkinteger(L, 2);
  size_t separator_size = 0;
  const char* const separator = luaL_optlstring(L, 3, "", &separator_size);
  if (times <= 0 || text.size() + separator_size == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  const size_t unit = text.size() + separator_size;
  const auto n = static_cast<size_t>(times);
  if (n > state.guard.limits().memory_bytes / unit + 1) state.guard.raise(Cap::kMemory);
  const size_t total = n * unit - separator_size;
  state.guard.expect(total);
  luaL_Buffer buffer;
  char* const to = luaL_buffinitsize(L, &buffer, total);
  state.guard.spend(total / 4);
  size_t done = std::min(total, unit);
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  if (done > text.size()) std::memcpy(to + text.size(), separator, separator_size);
  while (done < total) {  // what is there doubles
    const size_t more = std::min(done, total - done);
    std::memcpy(to + done, to, more);
    done += more;
  }
  luaL_pushresultsize(&buffer, total);
  return 1;
}

// Upvalue: Lua's own. Tables and functions for %s become text without their addresses; %p is
// refused.
int string_format(lua_State* L) {
  const std::string_view format = check_text(L, 1);
  const int arguments = lua_gettop(L);
  int argument = 1;
  for (size_t i = format.find('%'); i < format.size(); i = format.find('%', i + 1)) {
    i = format.find_first_not_of("-+ #0123456789.", i + 1);
    if (i >= format.size()) break;  // Lua has a message for it
    if (format[i] == '%') continue;
    ++argument;
    if (format[i] == 'p') raise_error(L, "string.format: %p would give an address");
    if (format[i] != 's' || argument > arguments) continue;
    if (lua_type(L, argument) != LUA_TTABLE && lua_type(L, argument) != LUA_TFUNCTION) continue;
    to_text(L, argument, nullptr);
    lua_replace(L, argument);
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, arguments, 1);
  return 1;
}

}  // namespace

void open_string(lua_State* L) {
  luaL_requiref(L, "string", luaopen_string, 1);
  lua_getfield(L, -1, "format");
  lua_pushcclosure(L, string_format, 1);
  lua_setfield(L, -2, "format");
  const luaL_Reg own[] = {{"find", string_find}, {"match", string_match}, {"gmatch", string_gmatch},
                          {"gsub", string_gsub}, {"rep", string_rep},     {nullptr, nullptr}};
  luaL_setfuncs(L, own, 0);
  lua_pushnil(L);
  lua_setfield(L, -2, "dump");
  lua_pop(L, 1);
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushliteral(L, "sealed");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
}

}  // namespace sluice::script
