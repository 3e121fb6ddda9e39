// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

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
// All of them, and the record's view.
void open_libraries(lua_State* L);
// Parts of the table `sluice`, which is at the top of the stack.
void add_time(lua_State* L);
void add_json(lua_State* L);
void add_hash(lua_State* L);  // and base64
void add_count(lua_State* L);
void add_lookup(lua_State* L);
void add_random(lua_State* L);  // and uuid
void add_re(lua_State* L);
void add_text(lua_State* L);

// Pushes the value at `at` as text, as luaL_tolstring() but without the address of a table or
// function: a record that comes again is to give the same result.
const char* to_text(lua_State* L, int at, size_t* size);

// Makes the tables that require answered read-only.
void seal_libraries(lua_State* L);

}  // namespace sluice::script
