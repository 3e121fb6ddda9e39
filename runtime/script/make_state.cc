// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include "runtime/base/text.h"
#include "runtime/script/libraries.h"
#include "runtime/script/observer.h"
#include "runtime/script/script_source.h"
#include "runtime/script/seal.h"
#include "runtime/script/state.h"

namespace sluice::script {

void open_libraries(lua_State* L) {
  open_base(L);
  open_string(L);
  open_table(L);
  open_math(L);
  open_utf8(L);
  open_sluice(L);
  install_view(L);
  // The package table that luaL_requiref keeps is of no use to anybody here.
  lua_pushnil(L);
  lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushnil(L);
  lua_setglobal(L, "_G");
}

namespace {

// Lua halves its table of short strings when a collection leaves it a quarter full, and doubles it
// again a few hundred records later, each time touching every string. A few strings that stay keep
// it at its size.
void keep_string_table(lua_State* L) {
  constexpr int kStrings = 700;
  lua_createtable(L, kStrings, 0);
  for (int i = 1; i <= kStrings; ++i) {
    lua_pushfstring(L, "%d ", i);
    lua_rawseti(L, -2, i);
  }
  luaL_ref(L, LUA_REGISTRYINDEX);
}

// Method calls on strings find the hidden table at once.
void shorten_string_lookup(lua_State* L) {
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_getfield(L, -1, "__index");
  if (push_sealed_content(L, -1)) lua_setfield(L, -3, "__index");
  lua_settop(L, 0);
}

// Light userdata 1: the ScriptSource. Leaves transform at index 1.
int prepare(lua_State* L) {
  const auto& source = *static_cast<const ScriptSource*>(lua_touserdata(L, 1));
  lua_settop(L, 0);
  open_libraries(L);
  const std::string chunk = "@" + source.name();
  if (luaL_loadbufferx(L, source.text().data(), source.text().size(), chunk.c_str(), "t") !=
      LUA_OK) {
    lua_error(L);
  }
  lua_call(L, 0, 0);
  if (lua_getglobal(L, "init") == LUA_TFUNCTION) {
    lua_call(L, 0, 0);
  }
  lua_settop(L, 0);
  int kind = lua_getglobal(L, "transform_batch");
  State::of(L).batch_function = kind == LUA_TFUNCTION;
  if (kind == LUA_TNIL) {
    lua_settop(L, 0);
    kind = lua_getglobal(L, "transform");
  }
  if (kind != LUA_TFUNCTION) {
    const std::string text = source.name() +
                             ": expected a global function transform(r, meta), found " +
                             (kind == LUA_TNIL ? "none" : luaL_typename(L, -1));
    lua_pushlstring(L, text.data(), text.size());
    lua_error(L);
  }
  lua_pushglobaltable(L);
  seal(L, -1);
  lua_pop(L, 1);
  seal_libraries(L);
  lua_pushvalue(L, 1);
  return 1;
}

}  // namespace

Result<std::unique_ptr<State>> open_state(const ScriptLimits& limits, std::string name,
                                          LibraryReader library, lua_CFunction prepare,
                                          void* argument, Observer* observer, LookupReader lookup) {
  auto state = std::make_unique<State>(limits);
  state->name = std::move(name);
  state->library = std::move(library);
  state->lookup = std::move(lookup);
  if (!state->lookup) {
    state->lookup = [](std::string_view table, std::string* error) -> const LookupTable* {
      *error = "table '" + std::string(table) + "' is out of reach here";
      return nullptr;
    };
  }
  lua_State* const L = lua_newstate(&Guard::allocate, &state->guard);
  if (L == nullptr) {
    return Status(Code::kExhausted, state->name +
                                        ": no memory for a Lua state within memory_bytes = " +
                                        std::to_string(limits.memory_bytes) + "; raise the limit");
  }
  state->L = L;
  *static_cast<State**>(lua_getextraspace(L)) = state.get();
  state->guard.observe(observer);
  state->guard.attach(L);
  state->guard.begin();
  lua_gc(L, LUA_GCINC, 300, 200, 0);
  lua_pushcfunction(L, prepare);
  lua_pushlightuserdata(L, argument);
  const int status = lua_pcall(L, 1, 1, 0);
  state->guard.end();
  if (status != LUA_OK) return invalid(error_text(*state, status));
  return state;
}

Result<std::unique_ptr<State>> make_state(const ScriptSource& source, LibraryReader library,
                                          Observer* observer, LookupReader lookup) {
  if (!lookup) {
    lookup = [&source](std::string_view name, std::string* error) {
      const LookupTable* const table = source.lookup(name);
      if (table == nullptr) *error = "table '" + std::string(name) + "' was not there on loading";
      return table;
    };
  }
  void* const argument = const_cast<ScriptSource*>(&source);  // NOLINT: only read
  SLUICE_ASSIGN_OR_RETURN(auto state, open_state(source.limits(), source.name(), std::move(library),
                                                 prepare, argument, observer, std::move(lookup)));
  lua_State* const L = state->L;
  lua_pushcfunction(L, [](lua_State* lua) {
    State::of(lua).slots_fit = lua_slots_fit(lua);
    keep_string_table(lua);
    shorten_string_lookup(lua);
    return 0;
  });
  if (const int shortened = lua_pcall(L, 0, 0, 0); shortened != LUA_OK) {
    return invalid(error_text(*state, shortened));
  }
  state->loading = false;
  if (observer != nullptr) observer->on_state(L);
  return state;
}

std::string error_text(State& state, int status) {
  state.guard.call_failed();
  if (state.guard.capped()) return state.guard.describe();
  lua_State* const L = state.L;
  if (lua_type(L, -1) != LUA_TSTRING) {
    return state.name + ": the script raised an error that is not text but a " +
           luaL_typename(L, -1) + " (status " + std::to_string(status) +
           "); call error() with a string";
  }
  size_t size = 0;
  const char* const text = lua_tolstring(L, -1, &size);
  std::string message = shorten({text, size}, kLongestError);
  const bool placed = message.starts_with(state.name + ":") || message.starts_with("lib.");
  return placed ? message : state.name + ": " + message;
}

}  // namespace sluice::script
