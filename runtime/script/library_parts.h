// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/record/document.h"

// What the files of the library share. Whatever is wrong with an argument is raised as a Lua error
// that names the function, what was expected and what was found.
namespace sluice::script {

struct State;

inline void push_bytes(lua_State* L, std::string_view bytes) {
  lua_pushlstring(L, bytes.data(), bytes.size());
}
inline std::string_view bytes_at(lua_State* L, int at) {
  size_t size = 0;
  const char* const text = lua_tolstring(L, at, &size);
  return {text, size};
}

// Where `wanted` begins in `text`, or npos. In linear time, which std::string_view::find is not: a
// text of one letter and a long text of the same with another at its end would take for ever.
size_t find_text(std::string_view text, std::string_view wanted);

// "a number", "a table", "null", "nothing": what an argument is, for an error.
std::string kind_text(lua_State* L, int at);
[[noreturn]] void bad_argument(lua_State* L, int at, const char* function, const char* expected);
// A string; a number is taken as its text. Borrowed from the Lua stack.
std::string_view text_argument(lua_State* L, int at, const char* function);
// A whole number (3.0 is one).
int64_t integer_argument(lua_State* L, int at, const char* function);
// The same within [low, high].
int64_t integer_argument(lua_State* L, int at, const char* function, int64_t low, int64_t high);
// Raises while the script loads: the function is about the current record.
void require_record(lua_State* L, const char* function);
// Raises for a member of the options table at `at` that is none of `known` ("a", "b"). Answers
// false if there are no options.
bool check_options_table(lua_State* L, int at, const char* function,
                         std::initializer_list<std::string_view> known);

// Marks the table at `at` as a list, as sluice.array does.
void mark_array(lua_State* L, int at);

// Pushes a value of a parsed text as plain Lua: lists are marked, null is sluice.null, whole
// numbers of 64 bits stay exact. `document` may be shared between threads.
void push_json(lua_State* L, State& state, const Document& document, NodeIndex node);

}  // namespace sluice::script
