// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/view.h"

#include <lua.hpp>

#include <string>

#include "runtime/record/scan.h"
#include "runtime/script/meta.h"
#include "runtime/script/state.h"
#include "runtime/script/view_parts.h"

namespace sluice::script {

Overlay::Edit& open_edit_slow(State& state, NodeIndex node) {
  const uint64_t before = state.overlay.bytes();
  Overlay::Edit& edit = state.overlay.open(node);
  state.guard.charge(state.overlay.bytes() - before);
  return edit;
}

NodeIndex search_name(State& state, NodeIndex object, NameHint& hint) {
  const Document& document = state.overlay.document();
  const TapeNode* const tape = document.tape();
  const char* const text = document.text().data();
  const NodeIndex end = tape[object].next;
  state.guard.spend(document.count(object));
  for (NodeIndex i = object + 1; i < end; i = tape[i + 1].next) {
    if ((tape[i].info & TapeNode::kEscaped) == 0
            ? tape[i].length != hint.size ||
                  !scan::same_bytes(text + tape[i].offset, hint.text, hint.size)
            : !document.string_equals(i, hint.view())) {
      continue;
    }
    hint.distance = i - object;
    hint.from_end = end - i;
    return i;
  }
  return kNoNode;
}

MemberPlace search_member(State& state, Overlay::Edit& edit, NameHint& hint) {
  MemberPlace place;
  const Child* const added = state.overlay.children(edit);
  if (hint.position < edit.count && state.overlay.name_is(added[hint.position], hint.view())) {
    place.added = hint.position;
    return place;
  }
  if (edit.names == 0) state.overlay.learn_names(edit);
  if ((edit.names & Overlay::name_bit(hint.text, hint.size)) == 0) return place;
  place.name = search_name(state, edit.node, hint);
  if (place.name != kNoNode) return place;
  state.guard.spend(edit.count);
  for (uint32_t i = 0; i < edit.count; ++i) {
    if (!state.overlay.name_is(added[i], hint.view())) continue;
    hint.position = i;
    place.added = i;
    break;
  }
  return place;
}

Value member_value(const State& state, const Overlay::Edit& edit, MemberPlace place) {
  if (place.name != kNoNode) return state.overlay.member(place.name);
  return place.added == kNotFound ? Value{} : state.overlay.children(edit)[place.added].value();
}

void refuse_use(lua_State* L, State& state, uint64_t bits, const char* verb) {
  if (bits != 0 && !state.lives(bits)) raise_error(L, kStaleProxy);
  std::string key;
  if (lua_type(L, 2) == LUA_TSTRING) key = " member '" + std::string(lua_tostring(L, 2)) + "'";
  raise_error(L, std::string("cannot ") + verb + key +
                     (bits == 0 ? " of null; compare with sluice.null first" : " of a verdict"));
}

namespace {

// A member that is not where it was last, or was changed.
int index_slow(lua_State* L, State& state, NodeIndex object, NameHint& hint) {
  if (state.overlay.edited(object)) {
    Overlay::Edit& edit = state.overlay.edit(object);
    push_value(L, state, member_value(state, edit, find_member(state, edit, hint)));
    return 1;
  }
  const NodeIndex name = search_name(state, object, hint);
  if (name == kNoNode) {
    lua_pushnil(L);
  } else {
    push_node(L, state, name + 1);
  }
  return 1;
}

int index(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = state.first_argument(L);
  const NodeIndex node = proxy_node(bits);
  if (!state.lives(bits) || node >= kFirstSpecial) [[unlikely]] {
    if (state.lives(bits) && node >= kFirstSpecial && node <= kHeadersProxy) {
      return meta_index(L, state, node);
    }
    refuse_use(L, state, bits, "read");
  }
  const uint32_t info = state.overlay.document().node(node).info;
  if ((info & TapeNode::kKindMask) == static_cast<uint32_t>(JsonKind::kArray)) {
    int whole = 0;
    const lua_Integer i = lua_type(L, 2) == LUA_TNUMBER ? lua_tointegerx(L, 2, &whole) : 0;
    push_value(L, state, whole != 0 ? array_element(state, node, i) : Value{});
    return 1;
  }
  NameHint* const hint = state.hint(L);
  if (hint == nullptr) {
    lua_pushnil(L);
    return 1;
  }
  const NodeIndex name = guess_name(state.overlay.document(), node, *hint);
  if (name == kNoNode || state.overlay.patched(name)) return index_slow(L, state, node, *hint);
  push_node(L, state, name + 1);
  return 1;
}

int length(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = state.first_argument(L);
  const NodeIndex node = proxy_node(bits);
  if (!state.lives(bits) || node >= kFirstSpecial) {
    if (state.lives(bits) && node == kHeadersProxy) {
      lua_pushinteger(L, state.meta->header_count);
      return 1;
    }
    refuse_use(L, state, bits, "take the length");
  }
  const bool object = is_object(state.overlay.document(), node);
  lua_pushinteger(L, object ? 0 : child_count(state, node));
  return 1;
}

int to_string(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = proxy_bits(lua_touserdata(L, 1));
  if (bits == 0) {
    lua_pushliteral(L, "null");
  } else if (!state.lives(bits)) {
    lua_pushliteral(L, "part of an earlier record");
  } else if (proxy_node(bits) >= kFirstSpecial) {
    lua_pushliteral(L, "meta or verdict");
  } else {
    const NodeIndex node = proxy_node(bits);
    const std::string pointer = state.overlay.path(Document::root(), node);
    const std::string text =
        std::string(is_object(state.overlay.document(), node) ? "object" : "list") + " at \"" +
        pointer + "\"";
    lua_pushlstring(L, text.data(), text.size());
  }
  return 1;
}

}  // namespace

void push_node(lua_State* L, State& state, NodeIndex i) {
  const Document& document = state.overlay.document();
  const TapeNode& node = document.node(i);
  switch (static_cast<JsonKind>(node.info & TapeNode::kKindMask)) {
    case JsonKind::kString:
      if ((node.info & TapeNode::kEscaped) == 0) [[likely]] {
        state.last_string = lua_pushlstring(L, document.text().data() + node.offset, node.length);
        state.last_string_node = i;
      } else {
        state.scratch.reset();
        const std::string_view text = document.string(i, state.scratch);
        lua_pushlstring(L, text.data(), text.size());
      }
      return;
    case JsonKind::kNumber: {
      int64_t integer = 0;
      if (document.int64(i, &integer)) {
        lua_pushinteger(L, integer);
        return;
      }
      double number = 0;  // past the largest double it is infinite, and cannot be assigned
      static_cast<void>(document.number(i, &number));
      lua_pushnumber(L, number);
      return;
    }
    case JsonKind::kArray:
    case JsonKind::kObject:
      lua_pushlightuserdata(L, make_proxy(state.generation, i));
      return;
    case JsonKind::kTrue:
      lua_pushboolean(L, 1);
      return;
    case JsonKind::kFalse:
      lua_pushboolean(L, 0);
      return;
    case JsonKind::kNull:
      lua_pushlightuserdata(L, nullptr);
      return;
  }
}

void push_value(lua_State* L, State& state, const Value& value) {
  switch (value.tag) {
    case Tag::kAbsent:
      lua_pushnil(L);
      return;
    case Tag::kNode:
      return push_node(L, state, value.node);
    case Tag::kNull:
      lua_pushlightuserdata(L, nullptr);
      return;
    case Tag::kFalse:
    case Tag::kTrue:
      lua_pushboolean(L, value.tag == Tag::kTrue ? 1 : 0);
      return;
    case Tag::kInteger:
      lua_pushinteger(L, value.integer);
      return;
    case Tag::kFloat:
      lua_pushnumber(L, value.number);
      return;
    case Tag::kText:
      lua_pushlstring(L, value.text->view().data(), value.text->size);
      return;
    case Tag::kTable:
      state.push_kept_table(value.table);
      return;
  }
}

NodeIndex check_proxy(lua_State* L, State& state, int at) {
  if (lua_type(L, at) != LUA_TLIGHTUSERDATA) return kNoNode;
  const uint64_t bits = proxy_bits(lua_touserdata(L, at));
  if (bits == 0) return kNoNode;
  if (!state.lives(bits)) raise_error(L, kStaleProxy);
  return proxy_node(bits) < kFirstSpecial ? proxy_node(bits) : kNoNode;
}

uint32_t child_count(const State& state, NodeIndex container) {
  const Document& document = state.overlay.document();
  if (!state.overlay.edited(container)) return document.count(container);
  const uint32_t listed = state.overlay.edit(container).count;
  return is_object(document, container) ? document.count(container) + listed : listed;
}

void install_view(lua_State* L) {
  lua_pushlightuserdata(L, nullptr);
  // Far larger than needed: names then stand in their own places, and each access looks one up.
  lua_createtable(L, 0, 64);
  const luaL_Reg methods[] = {{"__index", index},
                              {"__newindex", new_index},
                              {"__len", length},
                              {"__tostring", to_string},
                              {nullptr, nullptr}};
  luaL_setfuncs(L, methods, 0);
  lua_pushliteral(L, "sealed");
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}

}  // namespace sluice::script
