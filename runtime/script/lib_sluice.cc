// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <string>
#include <string_view>

#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/state.h"

// The table `sluice`: what a transformer has beyond Lua.
namespace sluice::script {
namespace {

constexpr int kDeepest = 200;            // of a copy
constexpr size_t kLongestLine = 4096;    // of a log line, bytes
constexpr size_t kLongestReject = 2000;  // of a verdict's text, bytes

std::string_view text_at(lua_State* L, int at) {
  size_t size = 0;
  const char* const text = to_text(L, at, &size);  // stays on the stack
  return {text, size};
}

int sluice_array(lua_State* L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  if (State::of(L).is_array(L, 1)) return 1;
  if (lua_getmetatable(L, 1) != 0) {
    raise_error(L, "sluice.array: the table has a metatable already");
  }
  mark_array(L, 1);
  return 1;
}

void copy_value(lua_State* L, int at, int seen, int depth);

void copy_proxy(lua_State* L, State& state, NodeIndex node, int seen, int depth) {
  const uint32_t record = state.generation;  // copying what it holds may turn to another one
  const bool list = state.overlay.document().kind(node) == JsonKind::kArray;
  const uint32_t count = child_count(state, node);
  lua_createtable(L, list ? static_cast<int>(count) : 0, list ? 0 : static_cast<int>(count));
  const int copy = lua_gettop(L);
  lua_pushlightuserdata(L, make_proxy(state.generation, node));
  lua_pushvalue(L, copy);
  lua_rawset(L, seen);
  if (list) {
    mark_array(L, copy);
    for (uint32_t i = 1; i <= count; ++i) {
      state.turn_to(record);
      push_value(L, state, array_element(state, node, i));
      copy_value(L, lua_gettop(L), seen, depth + 1);
      lua_rawseti(L, copy, i);
      lua_settop(L, copy);
    }
    return;
  }
  lua_pushcfunction(L, proxy_next);
  const int next = lua_gettop(L);
  lua_pushnil(L);
  for (;;) {
    lua_settop(L, next + 1);  // the function and the last key
    lua_pushvalue(L, next);
    lua_pushlightuserdata(L, make_proxy(record, node));
    lua_pushvalue(L, next + 1);
    lua_call(L, 2, 2);
    if (lua_isnil(L, next + 2)) break;
    lua_pushvalue(L, next + 2);
    copy_value(L, next + 3, seen, depth + 1);
    lua_rawset(L, copy);
    lua_copy(L, next + 2, next + 1);
  }
  lua_settop(L, copy);
}

void copy_table(lua_State* L, State& state, int at, int seen, int depth) {
  const bool sealed = push_sealed_content(L, at);
  const int from = sealed ? lua_gettop(L) : at;
  lua_newtable(L);
  const int copy = lua_gettop(L);
  lua_pushvalue(L, at);
  lua_pushvalue(L, copy);
  lua_rawset(L, seen);
  if (state.is_array(L, from)) mark_array(L, copy);
  for (lua_pushnil(L); lua_next(L, from) != 0;) {
    const int value = lua_gettop(L);
    lua_pushvalue(L, value - 1);
    copy_value(L, value, seen, depth + 1);
    lua_rawset(L, copy);
    lua_settop(L, value - 1);
  }
  if (sealed) lua_remove(L, from);
}

// Pushes a copy that shares nothing with the value at `at`. `seen` maps what was copied to its
// copy, so that a value in two places stays one value.
void copy_value(lua_State* L, int at, int seen, int depth) {
  State& state = State::of(L);
  if (depth > kDeepest) raise_error(L, "cannot copy: nested deeper than 200 levels");
  luaL_checkstack(L, 16, "cannot copy: nested too deep");
  state.guard.spend(50);
  const NodeIndex node = check_proxy(L, state, at);
  if (node == kNoNode && lua_type(L, at) != LUA_TTABLE) {
    lua_pushvalue(L, at);
    return;
  }
  lua_pushvalue(L, at);
  lua_rawget(L, seen);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  if (node != kNoNode) {
    copy_proxy(L, state, node, seen, depth);
  } else {
    copy_table(L, state, at, seen, depth);
  }
}

int sluice_copy(lua_State* L) {
  luaL_checkany(L, 1);
  lua_settop(L, 1);
  lua_newtable(L);
  copy_value(L, 1, 2, 0);
  return 1;
}

// A new verdict, whose proxy is pushed.
Verdict& push_verdict(lua_State* L, State& state) {
  if (state.verdict_count == kMaxVerdicts) {
    raise_error(L, "more than 65536 verdicts of sluice.reject and sluice.filter in one call");
  }
  if (state.verdict_count == state.verdicts.size()) state.verdicts.emplace_back();
  const uint32_t number = state.verdict_count++;
  lua_pushlightuserdata(L, make_proxy(state.generation, kFirstVerdict + number));
  return state.verdicts[number];
}

int sluice_reject(lua_State* L) {
  State& state = State::of(L);
  lua_settop(L, 2);
  luaL_checktype(L, 1, LUA_TSTRING);
  const std::string code = shorten(text_at(L, 1), 100);
  const std::string text =
      lua_isnoneornil(L, 2) ? std::string() : shorten(text_at(L, 2), kLongestReject);
  state.guard.charge(code.size() + text.size() + sizeof(Verdict));
  Verdict& verdict = push_verdict(L, state);
  verdict.reject = true;
  verdict.code = code;
  verdict.text = text;
  return 1;
}

int sluice_filter(lua_State* L) {
  State& state = State::of(L);
  const std::string text =
      lua_isnoneornil(L, 1) ? std::string() : shorten(text_at(L, 1), kLongestReject);
  state.guard.charge(text.size() + sizeof(Verdict));
  Verdict& verdict = push_verdict(L, state);
  verdict.reject = false;
  verdict.code.clear();
  verdict.text = text;
  return 1;
}

// A string option of emit's second argument, kept in the record's arena and counted as output;
// absent if nil.
std::string_view emit_option(lua_State* L, State& state, const char* name, bool* given) {
  lua_pushstring(L, name);
  lua_rawget(L, 2);
  *given = !lua_isnil(L, -1);
  if (!*given) return {};
  if (lua_type(L, -1) != LUA_TSTRING) {
    raise_error(L, std::string("sluice.emit: '") + name + "' must be a string, found a " +
                       luaL_typename(L, -1));
  }
  size_t size = 0;
  const char* const text = lua_tolstring(L, -1, &size);
  if (size > state.guard.limits().output_bytes - state.output_bytes) {
    raise_error(L, std::string("sluice.emit: '") + name +
                       "' is longer than the rest of the limit output_bytes");
  }
  state.output_bytes += size;
  const std::string_view kept = state.arena->copy({text, size});
  lua_pop(L, 1);
  return kept;
}

void check_options(lua_State* L) {
  if (lua_isnoneornil(L, 2)) {
    lua_settop(L, 1);
    lua_newtable(L);
    return;
  }
  luaL_checktype(L, 2, LUA_TTABLE);
  if (push_sealed_content(L, 2)) lua_replace(L, 2);
  for (lua_pushnil(L); lua_next(L, 2) != 0; lua_pop(L, 1)) {
    size_t size = 1;
    const char* const text = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &size) : "?";
    const std::string_view key(text, size);
    if (key != "key" && key != "sink" && key != "parent") {
      raise_error(L, "sluice.emit: unknown option '" + shorten(key, 60) +
                         "'; there are 'key', 'sink' and, in transform_batch, 'parent'");
    }
  }
}

// In a call for several records: which one is it that the emitted one comes from?
void select_parent(lua_State* L, State& state) {
  if (state.batch_records == 0) return;
  lua_getfield(L, 2, "parent");
  const NodeIndex parent = check_proxy(L, state, lua_gettop(L));
  lua_pop(L, 1);
  if (parent == kNoNode && check_proxy(L, state, 1) == kNoNode) {
    raise_error(L,
                "sluice.emit: say which record this one comes from: "
                "sluice.emit(t, {parent = rs[i]})");
  }
}

int sluice_emit(lua_State* L) {
  State& state = State::of(L);
  require_record(L, "sluice.emit");
  lua_settop(L, 2);
  check_options(L);
  select_parent(L, state);
  if (state.emitted.size() >= state.guard.limits().emitted) {
    raise_error(L, "sluice.emit: more than " + std::to_string(state.guard.limits().emitted) +
                       " records out of one (limit emitted)");
  }
  ScriptPart part;
  bool routed = false;
  part.key = emit_option(L, state, "key", &part.has_key);
  part.sink = emit_option(L, state, "sink", &routed);
  if (routed && part.sink.empty()) raise_error(L, "sluice.emit: 'sink' must not be empty");
  lua_settop(L, 1);
  const uint32_t parent = state.generation;
  if (!state.print_result(1, &part.value)) raise_error(L, "sluice.emit: " + state.writer.error());
  state.turn_to(parent);  // printing may have turned to another record
  state.emitted.push_back(part);
  return 0;
}

int sluice_log(lua_State* L) {
  State& state = State::of(L);
  const uint32_t most = state.guard.limits().log_lines;
  if (state.log_lines >= most) {
    if (state.log_lines == most) {
      ++state.log_lines;
      log::warn("script.log_capped", "the script logs more lines for one record than it may",
                {{"script", state.name}, {"limit", most}});
    }
    return 0;
  }
  ++state.log_lines;
  std::string line;
  const int arguments = lua_gettop(L);
  for (int i = 1; i <= arguments && line.size() < kLongestLine; ++i) {
    if (i > 1) line += ' ';
    line += text_at(L, i).substr(0, kLongestLine);
    lua_pop(L, 1);
  }
  log::info("script.log", shorten(line, kLongestLine), {{"script", state.name}});
  return 0;
}

}  // namespace

void open_sluice(lua_State* L) {
  State& state = State::of(L);
  lua_newtable(L);  // the mark of sluice.array
  lua_pushliteral(L, "sealed");
  lua_setfield(L, -2, "__metatable");
  state.array_metatable = lua_topointer(L, -1);
  state.array_metatable_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_newtable(L);
  state.kept_tables_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_createtable(L, static_cast<int>(state.hints.size()), 0);
  state.hint_names_ref = luaL_ref(L, LUA_REGISTRYINDEX);
  const luaL_Reg functions[] = {{"array", sluice_array},   {"totable", sluice_copy},
                                {"deepcopy", sluice_copy}, {"reject", sluice_reject},
                                {"filter", sluice_filter}, {"emit", sluice_emit},
                                {"log", sluice_log},       {nullptr, nullptr}};
  luaL_newlib(L, functions);
  lua_pushlightuserdata(L, nullptr);
  lua_setfield(L, -2, "null");
  add_time(L);
  add_json(L);
  add_hash(L);
  add_count(L);
  add_lookup(L);
  add_random(L);
  add_re(L);
  add_text(L);
  lua_setglobal(L, "sluice");
}

}  // namespace sluice::script
