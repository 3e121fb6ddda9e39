// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/conclude.h"

#include <lua.hpp>

#include "runtime/base/text.h"
#include "runtime/script/script_source.h"

namespace sluice::script {
namespace {

constexpr std::string_view kTransformError = "TRANSFORM_ERROR";
constexpr std::string_view kRejected = "REJECTED_BY_SCRIPT";

// Prints what was returned; it lies at index 1.
int print_answer(lua_State* L) {
  State& state = State::of(L);
  ScriptPart part;
  if (!state.print_result(1, &part.value)) {
    const std::string error = state.writer.error();
    lua_pushlstring(L, error.data(), error.size());
    lua_error(L);
  }
  state.emitted.push_back(part);
  return 0;
}

ScriptResult unwritable(const State& state, const char* function, const std::string& error) {
  return transform_failed(state.name + ": " + function +
                          " returned a record that cannot be written: " + error);
}

// Nothing beside what was emitted.
ScriptResult no_record(State& state, std::string why) {
  if (!state.emitted.empty()) return {};
  return {ScriptOutcome::kFiltered, {}, std::move(why), 0};
}

ScriptResult by_verdict(State& state, const Verdict& verdict) {
  if (!verdict.reject) return no_record(state, verdict.text);
  return {ScriptOutcome::kRejected, kRejected,
          verdict.text.empty() ? verdict.code : verdict.code + ": " + verdict.text,
          static_cast<uint32_t>(verdict.code.size())};
}

// Prints the answer at the top as the last part.
ScriptResult print(State& state, const char* function) {
  lua_State* const L = state.L;
  if (lua_type(L, -1) != LUA_TTABLE && state.kept_tables == 0) {  // then Lua has no part in it
    ScriptPart part;
    if (!state.print_result(lua_gettop(L), &part.value)) {
      return unwritable(state, function, state.writer.error());
    }
    state.emitted.push_back(part);
    return {};
  }
  lua_pushcfunction(L, print_answer);
  lua_insert(L, -2);
  const int status = lua_pcall(L, 1, 0, 0);
  if (status == LUA_OK || state.guard.capped()) return {};
  std::string text = error_text(state, status);
  if (const std::string front = state.name + ": "; text.starts_with(front)) {
    text.erase(0, front.size());
  }
  return unwritable(state, function, text);
}

}  // namespace

ScriptResult transform_failed(std::string detail) {
  if (detail.size() > kLongestError) detail = shorten(detail, kLongestError);
  return {ScriptOutcome::kRejected, kTransformError, std::move(detail), 0};
}

ScriptResult conclude(State& state, const char* function) {
  lua_State* const L = state.L;
  const auto returned = [&](const char* what, const char* expected) {
    return transform_failed(state.name + ": " + function + " returned " + what + expected);
  };
  constexpr char kExpected[] = "; expected the record, a table or nil";
  switch (lua_type(L, -1)) {
    case LUA_TNIL:
      return no_record(state, {});
    case LUA_TTABLE:
      return print(state, function);
    case LUA_TLIGHTUSERDATA:
      break;
    default:
      return returned((std::string("a ") + luaL_typename(L, -1)).c_str(),
                      "; expected the record, a table, nil, or a verdict of sluice.reject or "
                      "sluice.filter");
  }
  const uint64_t bits = proxy_bits(lua_touserdata(L, -1));
  if (bits == 0) return returned("sluice.null", kExpected);
  const uint32_t node = proxy_node(bits);
  const uint32_t generation = proxy_generation(bits);
  const bool of_call =
      generation == state.generation || generation - state.first_generation < state.batch_records;
  if (!of_call) return returned(kStaleProxy, "");
  if (node >= kFirstVerdict) return by_verdict(state, state.verdicts[node - kFirstVerdict]);
  if (node >= kFirstSpecial) return returned("meta", kExpected);
  if (generation != state.generation) {
    return returned("another record in its place", "; expected the record, a table or nil");
  }
  return print(state, function);
}

}  // namespace sluice::script
