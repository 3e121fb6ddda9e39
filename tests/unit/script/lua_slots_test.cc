// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/lua_slots.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice::script {
namespace {

using LuaPtr = std::unique_ptr<lua_State, decltype(&lua_close)>;

// If this fails, scripts still run right, but slower: Lua lays out its stack in another way.
TEST(LuaSlotsTest, FitTheLuaThatIsLinked) {
  const LuaPtr state(luaL_newstate(), lua_close);
  EXPECT_TRUE(lua_slots_fit(state.get()));
  EXPECT_EQ(lua_gettop(state.get()), 0);
}

TEST(LuaSlotsTest, AreThoseOfTheRunningFunctionAlsoInACoroutine) {
  const LuaPtr state(luaL_newstate(), lua_close);
  lua_State* const thread = lua_newthread(state.get());
  lua_pushinteger(thread, 1);  // something below the call
  EXPECT_TRUE(lua_slots_fit(thread));
  EXPECT_EQ(lua_gettop(thread), 1);
}

TEST(LuaSlotsTest, TellLongStringsFromShortOnes) {
  const LuaPtr state(luaL_newstate(), lua_close);
  lua_State* const L = state.get();
  lua_pushcfunction(L, [](lua_State* lua) {
    const LuaSlot* const slots = lua_arguments(lua);
    lua_pushboolean(lua, slots[0].tag == LuaSlot::kShortString ? 1 : 0);
    lua_pushboolean(lua, slots[1].tag == LuaSlot::kShortString ? 1 : 0);
    return 2;
  });
  lua_pushlstring(L, std::string(40, 'a').data(), 40);
  lua_pushlstring(L, std::string(41, 'a').data(), 41);
  lua_call(L, 2, 2);
  EXPECT_EQ(lua_toboolean(L, -2), 1);
  EXPECT_EQ(lua_toboolean(L, -1), 0);
}

}  // namespace
}  // namespace sluice::script
