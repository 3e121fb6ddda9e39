// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/state.h"

#include "runtime/script/library_state.h"
#include "runtime/script/seal.h"

namespace sluice::script {

State::State(const ScriptLimits& limits)
    : guard(limits), writer(*this), kit(std::make_unique<LibraryState>(*this)) {}

State::~State() {
  if (L != nullptr && !(guard.capped() && guard.free_everything())) lua_close(L);
}

bool State::select(uint32_t wanted) {
  const uint32_t to = wanted - first_generation;
  if (to >= batch_records) return false;
  const auto exchange = [this](ParkedRecord& record) {
    overlay.swap(record.overlay);
    std::swap(meta, record.meta);
    emitted.swap(record.emitted);
    std::swap(output_bytes, record.output_bytes);
  };
  exchange(*parked[generation - first_generation]);
  exchange(*parked[to]);
  generation = wanted;
  last_string = nullptr;
  cursors.fill(Cursor{});
  return true;
}

NameHint* State::learn(lua_State* lua, NameHint& hint, const void* key) {
  constexpr size_t kLongest = 40;  // strings up to here are one object each in Lua
  if (lua_type(lua, 2) != LUA_TSTRING) return nullptr;
  const NameHint& found = unkept_name(lua);
  if (found.size > kLongest) return &unkept;
  lua_rawgeti(lua, LUA_REGISTRYINDEX, hint_names_ref);
  lua_pushvalue(lua, 2);
  lua_rawseti(lua, -2, &hint - hints.data() + 1);
  lua_pop(lua, 1);
  hint = found;
  hint.key = key;
  return &hint;
}

const Text* State::copy_name(NameHint& hint) {
  if (hint.key == nullptr || own_names == kMostOwnNames) return overlay.copy(hint.view());
  ++own_names;
  hint.own = Overlay::copy(hint.view(), own_names_arena);
  return hint.own;
}

NameHint& State::unkept_name(lua_State* lua) {
  size_t size = 0;
  unkept = NameHint{};
  unkept.text = lua_tolstring(lua, 2, &size);
  unkept.size = static_cast<uint32_t>(size);
  return unkept;
}

uint32_t State::keep_table(int at) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, kept_tables_ref);
  lua_pushvalue(L, at);
  lua_rawseti(L, -2, static_cast<lua_Integer>(kept_tables) + 1);
  lua_pop(L, 1);
  return kept_tables++;
}

void State::push_kept_table(uint32_t number) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, kept_tables_ref);
  lua_rawgeti(L, -1, static_cast<lua_Integer>(number) + 1);
  lua_remove(L, -2);
}

void State::forget_tables() {
  if (kept_tables == 0) return;
  lua_rawgeti(L, LUA_REGISTRYINDEX, kept_tables_ref);
  for (; kept_tables > 0; --kept_tables) {
    lua_pushnil(L);
    lua_rawseti(L, -2, static_cast<lua_Integer>(kept_tables));
  }
  lua_pop(L, 1);
}

bool State::is_array(lua_State* lua, int at) const {
  if (lua_getmetatable(lua, at) == 0) return false;
  const bool marked = lua_topointer(lua, -1) == array_metatable;
  lua_pop(lua, 1);
  return marked;
}

bool State::print_result(int at, std::string_view* text) {
  const uint64_t room = guard.limits().output_bytes - output_bytes;
  const uint32_t depth = guard.limits().depth;
  bool printed = false;
  if (lua_type(L, at) == LUA_TTABLE) {
    lua_pushvalue(L, at);
    printed = writer.write_table_on_top(L, *arena, room, depth);
    pop(1);
  } else {
    Value value;
    value.node = check_proxy(L, *this, at);
    if (value.node == kNoNode) {
      raise_error(L, std::string("expected a record (or a part of it) or a table, found ") +
                         (lua_touserdata(L, at) == nullptr && lua_islightuserdata(L, at)
                              ? "sluice.null"
                              : luaL_typename(L, at)));
    }
    value.tag = Tag::kNode;
    printed = writer.write(value, *arena, room, depth);
  }
  if (!printed) return false;
  *text = writer.keep();
  output_bytes += text->size();
  return true;
}

void raise_error(lua_State* L, std::string_view text) {
  luaL_where(L, 1);
  lua_pushlstring(L, text.data(), text.size());
  lua_concat(L, 2);
  lua_error(L);
  __builtin_unreachable();
}

}  // namespace sluice::script
