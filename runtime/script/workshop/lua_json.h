// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>

#include <string>
#include <string_view>

#include "runtime/record/document.h"

// JSON as plain Lua values, for tests. Objects are tables, lists are tables marked as by
// sluice.array, null is sluice.null. A number that no Lua number holds exactly becomes an opaque
// value that keeps its digits.
namespace sluice::workshop {

// Once a state, before the others.
void install_json(lua_State* L);

// Pushes a value. May raise Lua errors.
void push_json(lua_State* L, const Document& document, NodeIndex node);

// What of a test may be nested in what; also of what is parsed.
inline constexpr uint32_t kDeepestJson = 150;
inline constexpr uint64_t kLargestJson = 16ULL << 20;

// The value at `at` as JSON on one line, members sorted by name. Raises a Lua error that begins
// with `what` and names the pointer of what has no JSON form.
std::string lua_to_json(lua_State* L, int at, std::string_view what);

// For people: the value as JSON, or what it is ("nil", "function").
std::string describe_value(lua_State* L, int at);

}  // namespace sluice::workshop
