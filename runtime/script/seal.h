// SPDX-License-Identifier: Apache-2.0
#pragma once

struct lua_State;

// Read-only tables. The content moves to a hidden table behind an empty one, whose metatable reads
// from the hidden one and refuses writes; no library function hands the hidden table out.
namespace sluice::script {

// Seals the table at `at` and every table reachable from it through values.
void seal(lua_State* L, int at);

[[nodiscard]] bool is_sealed(lua_State* L, int at);

}  // namespace sluice::script
