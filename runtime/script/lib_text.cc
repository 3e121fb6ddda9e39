// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>
#include <string>

#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/state.h"

// sluice.trim and sluice.split: what Lua's string library leaves to patterns that are easily wrong.
namespace sluice::script {
namespace {

bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int text_trim(lua_State* L) {
  std::string_view text = text_argument(L, 1, "sluice.trim");
  State::of(L).guard.spend(text.size() + 10);
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  push_bytes(L, text);
  return 1;
}

int text_split(lua_State* L) {
  constexpr char kName[] = "sluice.split";
  State& state = State::of(L);
  std::string_view text = text_argument(L, 1, kName);
  const std::string_view separator = text_argument(L, 2, kName);
  if (separator.empty()) raise_error(L, std::string(kName) + ": the separator is empty");
  const int64_t most =
      lua_isnoneornil(L, 3) ? INT64_MAX : integer_argument(L, 3, kName, 1, INT64_MAX);
  lua_newtable(L);
  mark_array(L, -1);
  state.guard.spend(text.size() + 100);
  for (int64_t n = 1;; ++n) {
    state.guard.spend(50);
    const size_t end = n < most ? find_text(text, separator) : std::string_view::npos;
    push_bytes(L, text.substr(0, end));
    lua_rawseti(L, -2, n);
    if (end == std::string_view::npos) return 1;
    text.remove_prefix(end + separator.size());
  }
}

}  // namespace

void add_text(lua_State* L) {
  const luaL_Reg functions[] = {{"trim", text_trim}, {"split", text_split}, {nullptr, nullptr}};
  luaL_setfuncs(L, functions, 0);
}

}  // namespace sluice::script
