// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>
#include <string>

#include "runtime/base/text.h"
#include "runtime/script/counter_set.h"
#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/state.h"

// sluice.count: what a script counts, for /metrics.
namespace sluice::script {
namespace {

constexpr char kCount[] = "sluice.count";
constexpr char kNumbers = 0;  // its address is the registry key of name -> number of the counter

bool is_counter_name(std::string_view name) {
  return !name.empty() && name.size() <= CounterSet::kLongestName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

size_t new_counter(lua_State* L, State& state) {
  const std::string_view name = bytes_at(L, 1);
  if (!is_counter_name(name)) {
    raise_error(L, std::string(kCount) +
                       ": a counter's name is 1 to 64 of a-z, 0-9 and '_', found \"" +
                       shorten(name, 80) + "\"");
  }
  const size_t number = state.counters->number_of(name);
  if (number == CounterSet::kMost) {
    raise_error(L, std::string(kCount) + ": \"" + std::string(name) +
                       "\" would be the 65th counter of this script; what differs from record to "
                       "record belongs into the record, not into a counter's name");
  }
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kNumbers);
  lua_pushvalue(L, 1);
  lua_pushinteger(L, static_cast<lua_Integer>(number));
  lua_rawset(L, -3);
  return number;
}

int sluice_count(lua_State* L) {
  State& state = State::of(L);
  if (lua_type(L, 1) != LUA_TSTRING) bad_argument(L, 1, kCount, "a counter's name");
  const int64_t n = lua_isnoneornil(L, 2) ? 1 : integer_argument(L, 2, kCount, 0, INT64_MAX);
  require_record(L, kCount);
  if (state.counters == nullptr) return 0;  // in a test file nobody counts
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kNumbers);
  lua_pushvalue(L, 1);
  size_t number = 0;
  if (lua_rawget(L, -2) == LUA_TNUMBER) {
    number = static_cast<size_t>(lua_tointeger(L, -1));
  } else {
    number = new_counter(L, state);
  }
  state.counters->add(number, static_cast<uint64_t>(n));
  return 0;
}

}  // namespace

void add_count(lua_State* L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kNumbers);
  lua_pushcfunction(L, sluice_count);
  lua_setfield(L, -2, "count");
}

}  // namespace sluice::script
