// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <cmath>
#include <string>

#include "runtime/base/text.h"
#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/state.h"
#include "runtime/script/time.h"

// sluice.time: milliseconds since 1970-01-01 UTC, and their texts.
namespace sluice::script {
namespace {

int time_iso(lua_State* L) {
  const lua_Number ms = luaL_checknumber(L, 1);
  // Years 0000 to 9999, what the text can hold.
  if (!(ms >= -62'167'219'200'000.0 && ms <= 253'402'300'799'999.0)) {
    raise_error(L, "sluice.time.iso: " + std::to_string(ms) +
                       " is not a time in milliseconds between the years 0000 and 9999");
  }
  const std::string text = format_time_us(static_cast<int64_t>(std::floor(ms)) * 1000);
  push_bytes(L, text);
  return 1;
}

int time_parse(lua_State* L) {
  int64_t ms = 0;
  if (lua_type(L, 1) != LUA_TSTRING || !parse_time_ms(bytes_at(L, 1), &ms)) {
    luaL_tolstring(L, 1, nullptr);
    raise_error(
        L, "sluice.time.parse: expected a time such as \"2018-02-07T01:26:13.840Z\", found \"" +
               shorten(bytes_at(L, -1), 60) + "\"");
  }
  lua_pushinteger(L, ms);
  return 1;
}

}  // namespace

void add_time(lua_State* L) {
  const luaL_Reg functions[] = {{"iso", time_iso}, {"parse", time_parse}, {nullptr, nullptr}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "time");
}

}  // namespace sluice::script
