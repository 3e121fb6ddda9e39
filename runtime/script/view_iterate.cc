// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include "runtime/script/meta.h"
#include "runtime/script/state.h"
#include "runtime/script/view_parts.h"

// Elements by index, and the steps of ipairs, pairs and next.
namespace sluice::script {
namespace {

constexpr uint32_t kWalkElements = 32;  // an array with more is listed on its first random access

// The next index; after the largest comes the smallest, which no list has.
lua_Integer following(lua_Integer i) {
  return static_cast<lua_Integer>(static_cast<lua_Unsigned>(i) + 1);
}

void push_name(lua_State* L, State& state, uint32_t name) {
  if ((name & Child::kNewName) == 0) return push_node(L, state, name);
  const std::string_view text = state.overlay.new_name_at(name).view();
  lua_pushlstring(L, text.data(), text.size());
}

// Where `key` is in an iteration over an edited object, by the cursor if it stands there.
MemberPlace edited_place(State& state, Overlay::Edit& edit, NameHint& key) {
  const Cursor& cursor = state.cursor(edit.node);
  if (cursor.container == edit.node) {
    const bool added = (cursor.node & Child::kNewName) != 0;
    if (added && cursor.position < edit.count &&
        state.overlay.name_is(state.overlay.children(edit)[cursor.position], key.view())) {
      return {kNoNode, cursor.position};
    }
    if (!added && state.overlay.document().string_equals(cursor.node, key.view())) {
      return {cursor.node, kNotFound};
    }
  }
  return find_member(state, edit, key);
}

// The members that came with the record, then the new ones; those that were deleted are skipped.
int next_edited(lua_State* L, State& state, NodeIndex object, NameHint* key) {
  Overlay::Edit& edit = state.overlay.edit(object);
  const Document& document = state.overlay.document();
  const NodeIndex end = document.next(object);
  NodeIndex name = object + 1;
  uint32_t position = 0;
  if (key != nullptr) {
    const MemberPlace place = edited_place(state, edit, *key);
    if (place.name == kNoNode && place.added == kNotFound) raise_error(L, "invalid key to 'next'");
    name = place.name == kNoNode ? end : document.next(place.name + 1);
    if (place.added != kNotFound) position = place.added + 1;
  }
  for (; name != end; name = document.next(name + 1)) {
    const Value value = state.overlay.member(name);
    if (value.tag == Tag::kAbsent) continue;
    state.cursor(object) = Cursor{object, 0, name};
    push_name(L, state, name);
    push_value(L, state, value);
    return 2;
  }
  const Child* const added = state.overlay.children(edit);
  while (position < edit.count && added[position].tag == Tag::kAbsent) ++position;
  if (position == edit.count) {
    lua_pushnil(L);
    return 1;
  }
  state.cursor(object) = Cursor{object, position, added[position].name};
  push_name(L, state, added[position].name);
  push_value(L, state, added[position].value());
  return 2;
}

int next_member(lua_State* L, State& state, NodeIndex object) {
  NameHint* key = nullptr;
  if (lua_type(L, 2) == LUA_TSTRING) {
    key = &state.unkept_name(L);  // a walk over many names is no reason to keep them
  } else if (!lua_isnoneornil(L, 2)) {
    raise_error(L, "invalid key to 'next'");
  }
  if (state.overlay.edited(object)) return next_edited(L, state, object, key);
  const Document& document = state.overlay.document();
  Cursor& cursor = state.cursor(object);
  NodeIndex name = object + 1;
  uint32_t position = 0;
  if (key != nullptr) {
    if (cursor.container == object && document.string_equals(cursor.node, key->view())) {
      name = cursor.node;
      position = cursor.position;
    } else {
      name = find_name(state, object, *key);
      if (name == kNoNode) raise_error(L, "invalid key to 'next'");
    }
    name = document.next(name + 1);
    ++position;
  }
  if (name == document.next(object)) {
    lua_pushnil(L);
    return 1;
  }
  cursor = Cursor{object, position, name};
  push_node(L, state, name);
  push_node(L, state, name + 1);
  return 2;
}

}  // namespace

Value array_element(State& state, NodeIndex array, int64_t index) {
  Value value;
  const uint32_t count = child_count(state, array);
  if (index < 1 || index > count) return value;
  const auto position = static_cast<uint32_t>(index - 1);
  if (!state.overlay.edited(array)) {
    const Document& document = state.overlay.document();
    Cursor& cursor = state.cursor(array);
    const bool here = cursor.container == array;
    value.tag = Tag::kNode;
    if (here && position == cursor.position) {
      value.node = cursor.node;
      return value;
    }
    if (here && position == cursor.position + 1) {
      value.node = document.next(cursor.node);
      cursor = Cursor{array, position, value.node};
      return value;
    }
    if (position == 0 || count <= kWalkElements) {
      value.node = array + 1;
      for (uint32_t i = 0; i < position; ++i) value.node = document.next(value.node);
      cursor = Cursor{array, position, value.node};
      return value;
    }
    open_edit(state, array);
  }
  return state.overlay.children(state.overlay.edit(array))[position].value();
}

int proxy_inext(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = state.first_argument(L);
  const NodeIndex node = proxy_node(bits);
  if (!state.lives(bits) || node >= kFirstSpecial) [[unlikely]] {
    refuse_use(L, state, bits, "read");
  }
  const LuaSlot* const key = state.slots_fit ? lua_arguments(L) + 1 : nullptr;
  const bool whole = key != nullptr && key->tag == LuaSlot::kInteger;
  const lua_Integer i = following(whole ? key->integer : lua_tointeger(L, 2));
  if (is_object(state.overlay.document(), node)) return 0;
  const Value value = array_element(state, node, i);
  if (value.tag == Tag::kAbsent) return 0;
  lua_pushinteger(L, i);
  push_value(L, state, value);
  return 2;
}

int proxy_next(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = state.first_argument(L);
  const NodeIndex node = proxy_node(bits);
  if (!state.lives(bits) || node >= kFirstSpecial) [[unlikely]] {
    if (state.lives(bits) && node >= kFirstSpecial && node <= kHeadersProxy) {
      return meta_next(L, state, node);
    }
    refuse_use(L, state, bits, "read");
  }
  if (is_object(state.overlay.document(), node)) return next_member(L, state, node);
  const lua_Integer i = following(luaL_optinteger(L, 2, 0));
  const Value value = array_element(state, node, i);
  if (value.tag == Tag::kAbsent) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, i);
  push_value(L, state, value);
  return 2;
}

}  // namespace sluice::script
