// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/lua_slots.h"

namespace sluice::script {
namespace {

constexpr lua_Integer kSomeNumber = 0x5CA1AB1E;

// Arguments: a light userdata, a short string, an integer. Answers whether the slots hold the same.
int compare_slots(lua_State* L) {
  const LuaSlot* const slots = lua_arguments(L);
  const bool same =
      slots[0].tag == LuaSlot::kLightUserdata && slots[0].pointer == lua_touserdata(L, 1) &&
      slots[1].tag == LuaSlot::kShortString && slots[1].pointer == lua_topointer(L, 2) &&
      slots[2].tag == LuaSlot::kInteger && slots[2].integer == kSomeNumber;
  lua_pushboolean(L, same ? 1 : 0);
  return 1;
}

}  // namespace

bool lua_slots_fit(lua_State* L) {
#if LUA_VERSION_NUM == 504
  static char somewhere;
  lua_pushcfunction(L, compare_slots);
  lua_pushlightuserdata(L, &somewhere);
  lua_pushliteral(L, "a short string");
  lua_pushinteger(L, kSomeNumber);
  lua_call(L, 3, 1);
  const bool fit = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return fit;
#else
  static_cast<void>(L);
  return false;
#endif
}

}  // namespace sluice::script
