// SPDX-License-Identifier: Apache-2.0
// describe, it and before_each: a test file runs once and these write down what there is to run.
#include "runtime/script/workshop/test_file.h"

namespace sluice::workshop {
namespace {

constexpr size_t kDeepest = 20;

void expect_reading(lua_State* L, const char* function) {
  if (TestFile::of(L).running) {
    script::raise_error(L, std::string(function) + " inside of it(...); write it beside");
  }
}

std::string name_at(lua_State* L, const char* function) {
  if (lua_type(L, 1) != LUA_TSTRING) {
    script::raise_error(L, std::string(function) + ": expected a name (text) first, found a " +
                               luaL_typename(L, 1));
  }
  return lua_tostring(L, 1);
}

void function_at(lua_State* L, int at, const char* function) {
  if (lua_type(L, at) != LUA_TFUNCTION) {
    script::raise_error(L, std::string(function) + ": expected function() ... end, found " +
                               (lua_isnoneornil(L, at) ? "nothing" : luaL_typename(L, at)));
  }
}

int describe(lua_State* L, bool skipped) {
  expect_reading(L, "describe");
  TestFile& file = TestFile::of(L);
  std::string name = name_at(L, "describe");
  function_at(L, 2, "describe");
  if (file.scopes.size() > kDeepest) script::raise_error(L, "describe: nested too deep");
  file.scopes.push_back({std::move(name), {}, skipped});
  lua_settop(L, 2);
  lua_call(L, 0, 0);
  file.scopes.pop_back();
  return 0;
}

int describe_run(lua_State* L) { return describe(L, false); }
int describe_skip(lua_State* L) { return describe(L, true); }

int it(lua_State* L, bool skipped) {
  expect_reading(L, "it");
  WrittenTest test;
  test.name = name_at(L, "it");
  lua_Debug frame;
  if (lua_getstack(L, 1, &frame) != 0 && lua_getinfo(L, "l", &frame) != 0) {
    test.line = frame.currentline;
  }
  // Without a function it is pending: written down so that it is not forgotten.
  test.skipped = skipped || lua_isnoneornil(L, 2);
  if (!lua_isnoneornil(L, 2)) {
    function_at(L, 2, "it");
    lua_settop(L, 2);
    test.function = luaL_ref(L, LUA_REGISTRYINDEX);
  }
  TestFile::of(L).write_down(std::move(test), L);
  return 0;
}

int it_run(lua_State* L) { return it(L, false); }
int it_skip(lua_State* L) { return it(L, true); }

int before_each(lua_State* L) {
  expect_reading(L, "before_each");
  function_at(L, 1, "before_each");
  lua_settop(L, 1);
  TestFile::of(L).scopes.back().before.push_back(luaL_ref(L, LUA_REGISTRYINDEX));
  return 0;
}

// A table that is called like a function, with `skip` in it.
void add_with_skip(lua_State* L, TestFile* file, const char* name, lua_CFunction skip,
                   lua_CFunction call) {
  lua_newtable(L);
  lua_pushlightuserdata(L, file);
  lua_pushcclosure(L, skip, 1);
  lua_setfield(L, -2, "skip");
  lua_newtable(L);
  lua_pushlightuserdata(L, file);
  lua_pushcclosure(L, call, 1);
  lua_setfield(L, -2, "__call");
  lua_pushliteral(L, "sealed");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_setglobal(L, name);
}

// __call has the table itself first.
int call_describe(lua_State* L) {
  lua_remove(L, 1);
  return describe_run(L);
}
int call_it(lua_State* L) {
  lua_remove(L, 1);
  return it_run(L);
}

}  // namespace

void open_structure(lua_State* L, TestFile* file) {
  add_with_skip(L, file, "describe", describe_skip, call_describe);
  add_with_skip(L, file, "it", it_skip, call_it);
  const luaL_Reg functions[] = {
      {"before_each", before_each}, {"pending", it_skip}, {nullptr, nullptr}};
  for (const luaL_Reg* f = functions; f->name != nullptr; ++f) {
    lua_pushlightuserdata(L, file);
    lua_pushcclosure(L, f->func, 1);
    lua_setglobal(L, f->name);
  }
}

}  // namespace sluice::workshop
