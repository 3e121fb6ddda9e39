// SPDX-License-Identifier: Apache-2.0
// expect(value):to_...(): each raises an error with file:line, what was expected and what found.
#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/script/workshop/json_diff.h"
#include "runtime/script/workshop/lua_json.h"
#include "runtime/script/workshop/test_file.h"

namespace sluice::workshop {
namespace {

constexpr size_t kMostDifferences = 20;
constexpr size_t kShownValue = 300;
constexpr ParseLimits kLimits{2 * kLargestJson, 2 * kDeepestJson};

// An expectation is a table {value, never = true}. Index 1 of every method.
void push_found(lua_State* L) {
  if (lua_type(L, 1) != LUA_TTABLE) {
    script::raise_error(L, "write expect(value):to_...(), with a colon");
  }
  lua_rawgeti(L, 1, 1);
}

bool is_never(lua_State* L) {
  lua_pushliteral(L, "never");
  const bool never = lua_rawget(L, 1) == LUA_TBOOLEAN;
  lua_pop(L, 1);
  return never;
}

[[noreturn]] void raise_failure(lua_State* L, const std::string& text) {
  const std::string whole = TestFile::place(L) + text;
  lua_pushlstring(L, whole.data(), whole.size());
  lua_error(L);
  __builtin_unreachable();
}

// The end of each method: fails unless `holds` is what was wanted. `more` are lines below.
int conclude(lua_State* L, bool holds, const std::string& wanted, const std::string& found,
             const std::string& more = {}) {
  const bool never = is_never(L);
  if (holds != never) return 0;
  raise_failure(L, "expected " + std::string(never ? "anything but " : "") + wanted +
                       "\n  found    " + found + (never ? std::string() : more));
}

// The JSON of a value if it has one and is no plain text, number or the like.
bool has_structure(lua_State* L, int at) {
  const int kind = lua_type(L, at);
  return kind == LUA_TTABLE || kind == LUA_TUSERDATA || kind == LUA_TLIGHTUSERDATA;
}

void parse_own(lua_State* L, const std::string& json, Document* document) {
  const ParseResult parsed = document->parse(json, kLimits);
  if (!parsed) script::raise_error(L, std::string("expect: ") + parsed.message);
}

std::string differences(const Document& expected, const Document& found) {
  const Differences all = diff_json(expected, found, kMostDifferences);
  std::string out = "\n  difference (- expected, + found):";
  for (const Difference& one : all.list) {
    out += "\n    " + (one.pointer.empty() ? std::string("the whole value") : one.pointer);
    if (one.kind != Difference::Kind::kAdded) {
      out += "\n      - " + shorten(one.before, kShownValue);
    }
    if (one.kind != Difference::Kind::kRemoved) {
      out += "\n      + " + shorten(one.after, kShownValue);
    }
    if (one.kind == Difference::Kind::kChanged && (one.before == "{}" || one.before == "[]") &&
        (one.after == "{}" || one.after == "[]")) {
      out += "\n      ({} in Lua is an object; an empty list is sluice.array{})";
    }
  }
  if (all.more) out += "\n    ... and more";
  return out;
}

void refuse_outcome(lua_State* L, int at) {
  if (is_outcome(L, at)) {
    script::raise_error(L,
                        "expect: this is what transform() answered; look at its record, records, "
                        "rejected, filtered or emitted");
  }
}

// Equal as JSON, or, for what is no structure, as Lua has it.
bool equal_values(lua_State* L, int expected, int found, std::string* more) {
  refuse_outcome(L, found);
  refuse_outcome(L, expected);
  if (!has_structure(L, expected) || !has_structure(L, found)) {
    // An exact number and a Lua number are never equal: Lua could not hold the digits.
    return lua_rawequal(L, expected, found) != 0;
  }
  const std::string wanted = lua_to_json(L, expected, "to_equal: the expected value");
  const std::string actual = lua_to_json(L, found, "to_equal: the value found");
  Document a;
  Document b;
  parse_own(L, wanted, &a);
  parse_own(L, actual, &b);
  if (same_value(a, Document::root(), b, Document::root())) return true;
  if (more != nullptr) *more = differences(a, b);
  return false;
}

int to_equal(lua_State* L) {
  lua_settop(L, 2);
  push_found(L);
  std::string more;
  const bool equal = equal_values(L, 2, 3, &more);
  return conclude(L, equal, describe_value(L, 2), describe_value(L, 3), more);
}

int to_be(lua_State* L) {
  lua_settop(L, 2);
  push_found(L);
  const bool same = lua_rawequal(L, 2, 3) != 0;
  const bool tables = lua_type(L, 2) == LUA_TTABLE && lua_type(L, 3) == LUA_TTABLE;
  return conclude(
      L, same, describe_value(L, 2), describe_value(L, 3),
      tables ? "\n  (to_be wants the very same table; to_equal compares what is in it)" : "");
}

int to_be_nil(lua_State* L) {
  push_found(L);
  return conclude(L, lua_isnil(L, -1), "nil", describe_value(L, -1));
}

int to_be_truthy(lua_State* L) {
  push_found(L);
  return conclude(L, lua_toboolean(L, -1) != 0, "a value that counts as true",
                  describe_value(L, -1));
}

// string.find of the sandbox, which is bounded.
bool matches(lua_State* L, int text, int pattern) {
  lua_getglobal(L, "string");
  lua_getfield(L, -1, "find");
  lua_pushvalue(L, text);
  lua_pushvalue(L, pattern);
  lua_call(L, 2, 1);
  const bool found = !lua_isnil(L, -1);
  lua_pop(L, 2);
  return found;
}

int to_match(lua_State* L) {
  lua_settop(L, 2);
  luaL_checktype(L, 2, LUA_TSTRING);
  push_found(L);
  const bool text = lua_type(L, 3) == LUA_TSTRING;
  return conclude(L, text && matches(L, 3, 2),
                  "text that matches the pattern " + describe_value(L, 2), describe_value(L, 3));
}

bool list_contains(lua_State* L, int list, int value) {
  const auto count = static_cast<lua_Integer>(lua_rawlen(L, list));
  for (lua_Integer i = 1; i <= count; ++i) {
    lua_rawgeti(L, list, i);
    const bool equal = equal_values(L, value, lua_gettop(L), nullptr);
    lua_pop(L, 1);
    if (equal) return true;
  }
  return false;
}

// Has the table `found` every member of the table `wanted`?
bool has_members(lua_State* L, int found, int wanted, std::string* more) {
  for (lua_pushnil(L); lua_next(L, wanted) != 0; lua_pop(L, 1)) {
    const int value = lua_gettop(L);
    lua_pushvalue(L, value - 1);
    lua_rawget(L, found);
    if (!equal_values(L, value, value + 1, nullptr)) {
      lua_pushvalue(L, value - 1);
      *more = "\n  at member " + describe_value(L, -1) + ": expected " + describe_value(L, value) +
              ", found " + describe_value(L, value + 1);
      return false;
    }
    lua_pop(L, 1);
  }
  return true;
}

int to_contain(lua_State* L) {
  lua_settop(L, 2);
  luaL_checkany(L, 2);
  push_found(L);
  refuse_outcome(L, 3);
  bool holds = false;
  std::string more;
  const int kind = lua_type(L, 3);
  if (kind == LUA_TSTRING && lua_type(L, 2) == LUA_TSTRING) {
    holds =
        std::string_view(lua_tostring(L, 3), lua_rawlen(L, 3))
            .find(std::string_view(lua_tostring(L, 2), lua_rawlen(L, 2))) != std::string_view::npos;
  } else if (kind == LUA_TTABLE && (lua_rawlen(L, 3) > 0 || script::State::of(L).is_array(L, 3))) {
    holds = list_contains(L, 3, 2);
  } else if (kind == LUA_TTABLE && lua_type(L, 2) == LUA_TTABLE) {
    holds = has_members(L, 3, 2, &more);
  } else if (kind == LUA_TTABLE && lua_type(L, 2) == LUA_TSTRING) {
    lua_pushvalue(L, 2);
    lua_rawget(L, 3);
    holds = !lua_isnil(L, -1);
  }
  const std::string what = kind == LUA_TSTRING ? "text with " : "a list or object with ";
  return conclude(L, holds, what + describe_value(L, 2), describe_value(L, 3), more);
}

int to_error(lua_State* L) {
  lua_settop(L, 2);
  push_found(L);
  if (lua_type(L, 3) != LUA_TFUNCTION) {
    script::raise_error(L, "to_error: write expect(function() ... end):to_error(...)");
  }
  const int status = lua_pcall(L, 0, 0, 0);
  script::State& state = script::State::of(L);
  if (status != LUA_OK) state.guard.call_failed();
  if (state.guard.capped()) state.guard.raise_again();
  const bool any = lua_isnoneornil(L, 2);
  const std::string wanted =
      any ? "an error" : "an error that matches the pattern " + describe_value(L, 2);
  if (status == LUA_OK) return conclude(L, false, wanted, "none");
  luaL_tolstring(L, 3, nullptr);
  const bool holds = any || matches(L, lua_gettop(L), 2);
  return conclude(L, holds, wanted, describe_value(L, -1));
}

// expect.reject(outcome or record, code [, pattern])
int expect_reject(lua_State* L) {
  TestFile& file = TestFile::of(L);
  lua_settop(L, 3);
  if (!is_outcome(L, 1)) {
    transform_value(L, file, 1);
    lua_replace(L, 1);
    lua_settop(L, 3);
  }
  const std::string wanted_code = lua_isnil(L, 2) ? "any code" : describe_value(L, 2);
  lua_getfield(L, 1, "rejected");
  if (lua_isnil(L, 4)) {
    luaL_tolstring(L, 1, nullptr);
    raise_failure(L, "expected a rejection with " + wanted_code + "\n  found    " +
                         std::string(lua_tostring(L, -1)));
  }
  lua_getfield(L, 4, "code");
  lua_getfield(L, 4, "text");
  const bool code = lua_isnil(L, 2) || lua_rawequal(L, 2, 5) != 0;
  const bool text = lua_isnil(L, 3) || matches(L, 6, 3);
  if (!code || !text) {
    raise_failure(L, "expected a rejection with " + wanted_code +
                         (lua_isnil(L, 3) ? "" : " and text that matches " + describe_value(L, 3)) +
                         "\n  found    " + describe_value(L, 5) + " with " + describe_value(L, 6));
  }
  return 0;
}

constexpr luaL_Reg kMethods[] = {{"to_equal", to_equal},         {"to_be", to_be},
                                 {"to_be_nil", to_be_nil},       {"to_match", to_match},
                                 {"to_contain", to_contain},     {"to_error", to_error},
                                 {"to_be_truthy", to_be_truthy}, {nullptr, nullptr}};

int unknown_method(lua_State* L) {
  std::string all;
  for (const luaL_Reg* method = kMethods; method->name != nullptr; ++method) {
    all += std::string(all.empty() ? "" : ", ") + method->name;
  }
  script::raise_error(L, "there is no expectation \"" +
                             shorten(lua_isstring(L, 2) != 0 ? lua_tostring(L, 2) : "?", 60) +
                             "\"; there are " + all + ", and `never` before each");
}

// Upvalue 1: the methods. `never` answers a new expectation that is turned round.
int expectation_index(lua_State* L) {
  lua_settop(L, 2);
  if (lua_type(L, 2) == LUA_TSTRING && std::string_view(lua_tostring(L, 2)) == "never") {
    lua_createtable(L, 1, 1);
    lua_rawgeti(L, 1, 1);
    lua_rawseti(L, 3, 1);
    lua_pushboolean(L, 1);
    lua_setfield(L, 3, "never");
    lua_getmetatable(L, 1);
    lua_setmetatable(L, 3);
    return 1;
  }
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  return lua_isnil(L, -1) ? unknown_method(L) : 1;
}

// Called as expect(value): index 1 is the table `expect`. Upvalue 2: the expectations' metatable.
int expect(lua_State* L) {
  if (!TestFile::of(L).running) {
    script::raise_error(L, "expect: call it inside it(name, function() ... end)");
  }
  if (lua_gettop(L) < 2) script::raise_error(L, "expect: expected a value");
  lua_settop(L, 2);
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 1);
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_setmetatable(L, -2);
  return 1;
}

}  // namespace

void open_expect(lua_State* L, TestFile* file) {
  lua_newtable(L);  // expect
  lua_pushlightuserdata(L, file);
  lua_pushcclosure(L, expect_reject, 1);
  lua_setfield(L, -2, "reject");
  lua_newtable(L);  // its metatable
  lua_pushlightuserdata(L, file);
  lua_newtable(L);  // of the expectations
  luaL_newlib(L, kMethods);
  lua_pushcclosure(L, expectation_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushliteral(L, "sealed");
  lua_setfield(L, -2, "__metatable");
  lua_pushcclosure(L, expect, 2);
  lua_setfield(L, -2, "__call");
  lua_pushliteral(L, "sealed");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_setglobal(L, "expect");
}

}  // namespace sluice::workshop
