// SPDX-License-Identifier: Apache-2.0
#pragma once

struct lua_State;

// What a script can call. Everything not listed here does not exist for it: no io, os, package,
// debug, coroutine (one would escape the count hook), no load, dofile, print or collectgarbage.
namespace sluice::script {

void open_base(lua_State* L);
void open_string(lua_State* L);
void open_table(lua_State* L);
void open_math(lua_State* L);
void open_utf8(lua_State* L);
void open_sluice(lua_State* L);

// Makes the tables that require answered read-only.
void seal_libraries(lua_State* L);

}  // namespace sluice::script
