// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <cmath>
#include <string>

#include "runtime/base/text.h"
#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/state.h"
#include "runtime/script/time.h"
#include "runtime/script/time_format.h"

// sluice.time: milliseconds since 1970-01-01 UTC, and their texts.
namespace sluice::script {
namespace {

constexpr size_t kLongestFormat = 256;

// A time in milliseconds, rounded down.
int64_t time_argument(lua_State* L, const char* function) {
  if (lua_isnumber(L, 1) == 0) bad_argument(L, 1, function, "a number of milliseconds");
  const lua_Number ms = lua_tonumber(L, 1);
  if (!(ms >= static_cast<lua_Number>(kFirstMs) && ms <= static_cast<lua_Number>(kLastMs))) {
    raise_error(L, std::string(function) + ": " + std::to_string(ms) +
                       " is not a time in milliseconds between the years 0000 and 9999");
  }
  return static_cast<int64_t>(std::floor(ms));
}

int offset_argument(lua_State* L, int at, const char* function) {
  if (lua_isnoneornil(L, at)) return 0;
  const std::string_view text = text_argument(L, at, function);
  const auto offset = parse_offset(text);
  if (!offset) {
    raise_error(L, std::string(function) + ": expected an offset such as \"+02:00\", found \"" +
                       shorten(text, 40) + "\"; names of time zones are not known here");
  }
  return *offset;
}

TimeUnit unit_argument(lua_State* L, int at, const char* function) {
  const std::string_view text = text_argument(L, at, function);
  const auto unit = time_unit(text);
  if (!unit) {
    raise_error(L, std::string(function) +
                       ": expected \"millisecond\", \"second\", \"minute\", \"hour\", \"day\", "
                       "\"week\", \"month\" or \"year\", found \"" +
                       shorten(text, 40) + "\"");
  }
  return *unit;
}

std::string_view format_argument(lua_State* L, const char* function) {
  const std::string_view format = text_argument(L, 2, function);
  if (format.size() > kLongestFormat) {
    raise_error(L, std::string(function) + ": a format of more than 256 bytes");
  }
  return format;
}

int time_now(lua_State* L) {
  require_record(L, "sluice.time.now");
  lua_pushinteger(L, State::of(L).meta->time_us / 1000);
  return 1;
}

int time_iso(lua_State* L) {
  push_bytes(L, format_time_us(time_argument(L, "sluice.time.iso") * 1000));
  return 1;
}

int time_format(lua_State* L) {
  constexpr char kName[] = "sluice.time.format";
  const int64_t ms = time_argument(L, kName);
  const std::string_view format = format_argument(L, kName);
  const int offset = offset_argument(L, 3, kName);
  if (ms + offset * 60'000LL < kFirstMs || ms + offset * 60'000LL > kLastMs) {
    raise_error(L,
                std::string(kName) + ": with this offset the time leaves the years 0000 to 9999");
  }
  std::string text;
  std::string error;
  if (!format_time(ms, offset, format, &text, &error)) {
    raise_error(L, std::string(kName) + ": " + error + " in \"" + shorten(format, 60) +
                       "\"; docs/transformer-library.md lists them");
  }
  State::of(L).guard.spend(text.size() * 20);
  push_bytes(L, text);
  return 1;
}

int time_parse(lua_State* L) {
  constexpr char kName[] = "sluice.time.parse";
  int64_t ms = 0;
  if (!lua_isnoneornil(L, 2)) {
    const std::string_view text = text_argument(L, 1, kName);
    const std::string_view format = format_argument(L, kName);
    std::string error;
    if (!parse_time(text, format, offset_argument(L, 3, kName), &ms, &error)) {
      raise_error(L, std::string(kName) + ": \"" + shorten(text, 60) + "\" is not written as \"" +
                         shorten(format, 60) + "\": " + error);
    }
  } else if (lua_type(L, 1) != LUA_TSTRING || !parse_time_ms(bytes_at(L, 1), &ms)) {
    to_text(L, 1, nullptr);
    raise_error(L, std::string(kName) +
                       ": expected a time such as \"2018-02-07T01:26:13.840Z\", found \"" +
                       shorten(bytes_at(L, -1), 60) + "\"");
  }
  lua_pushinteger(L, ms);
  return 1;
}

int time_floor(lua_State* L) {
  constexpr char kName[] = "sluice.time.floor";
  const int64_t ms = time_argument(L, kName);
  const TimeUnit unit = unit_argument(L, 2, kName);
  lua_pushinteger(L, floor_time(ms, unit, offset_argument(L, 3, kName)));
  return 1;
}

int time_add(lua_State* L) {
  constexpr char kName[] = "sluice.time.add";
  const int64_t ms = time_argument(L, kName);
  const int64_t n = integer_argument(L, 2, kName);
  const auto result = add_time(ms, n, unit_argument(L, 3, kName));
  if (!result) {
    raise_error(L, std::string(kName) + ": the result leaves the years 0000 to 9999");
  }
  lua_pushinteger(L, *result);
  return 1;
}

}  // namespace

void add_time(lua_State* L) {
  const luaL_Reg functions[] = {
      {"now", time_now},     {"iso", time_iso}, {"parse", time_parse}, {"format", time_format},
      {"floor", time_floor}, {"add", time_add}, {nullptr, nullptr}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "time");
}

}  // namespace sluice::script
