// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluice::script {

// One place on Lua's stack, as Lua 5.4 lays it out (TValue in lobject.h).
struct LuaSlot {
  static constexpr uint8_t kLightUserdata = 2;
  static constexpr uint8_t kShortString = 4 | 1U << 6;  // collectable
  static constexpr uint8_t kInteger = 3;
  union {
    void* pointer;
    int64_t integer;
  };
  uint8_t tag;
};
static_assert(sizeof(LuaSlot) == 16);

// The arguments of the C function that runs, read where they lie. Lua's own functions for it find
// the place and look at the type anew with each call, and a record crosses between Lua and us some
// thirty times: a sixteenth of all that a transformer costs. Lua's memory is not its interface, so
// nothing is read before lua_slots_fit() has seen, in the same state, that both ways say the same;
// otherwise the interface is used.
inline const LuaSlot* lua_arguments(lua_State* L) {
  constexpr size_t kCallInfo = 32;  // of lua_State: `ci`, whose first member is `func`
  const char* call = nullptr;
  const LuaSlot* function = nullptr;
  std::memcpy(&call, reinterpret_cast<const char*>(L) + kCallInfo, sizeof call);
  std::memcpy(&function, call, sizeof function);
  return function + 1;
}

// Can arguments of this state's functions be read so? Needs room on the stack, and raises errors of
// memory.
bool lua_slots_fit(lua_State* L);

}  // namespace sluice::script
