// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <cmath>
#include <cstring>
#include <string>

#include "runtime/base/text.h"
#include "runtime/record/pointer.h"
#include "runtime/script/libraries.h"
#include "runtime/script/state.h"
#include "runtime/script/view_parts.h"

// Assignments into the record.
namespace sluice::script {
namespace {

// The pointer of a member for an error message.
std::string place(State& state, NodeIndex container, int key_at) {
  std::string pointer = state.overlay.path(Document::root(), container);
  size_t size = 0;
  if (lua_type(state.L, key_at) == LUA_TNUMBER) {  // a pointer counts from 0
    append_pointer_token(pointer, std::to_string(lua_tointeger(state.L, key_at) - 1));
  } else if (const char* const key = lua_tolstring(state.L, key_at, &size)) {
    append_pointer_token(pointer, shorten({key, size}, 200));
  }
  return pointer;
}

[[noreturn]] void refuse(lua_State* L, State& state, NodeIndex container, const std::string& why) {
  raise_error(L, "cannot set " + place(state, container, 2) + ": " + why);
}

// A part of another record, of this call or of an earlier one.
[[noreturn]] void refuse_stranger(lua_State* L, State& state, NodeIndex container, int at) {
  const uint32_t other = proxy_generation(proxy_bits(lua_touserdata(L, at)));
  if (other - state.first_generation >= state.batch_records) raise_error(L, kStaleProxy);
  refuse(L, state, container,
         "it is a part of another record; give a copy of it, made with sluice.deepcopy(...)");
}

// Is this Lua string the one that was last read from the record? Then the text of the record stands
// for it. The address is only a hint: it may have become another string since.
bool is_last_read(const State& state, const char* text, size_t size) {
  if (text != state.last_string) return false;
  const std::string_view slice = state.overlay.document().slice(state.last_string_node);
  return slice.size() == size && std::memcmp(slice.data(), text, size) == 0;
}

// What the script assigns, taken over from the stack. Nil is absent.
Value take(lua_State* L, State& state, NodeIndex container, int at) {
  Value value;
  switch (lua_type(L, at)) {
    case LUA_TNIL:
      return value;
    case LUA_TBOOLEAN:
      value.tag = lua_toboolean(L, at) != 0 ? Tag::kTrue : Tag::kFalse;
      return value;
    case LUA_TNUMBER:
      if (lua_isinteger(L, at) != 0) {
        value.tag = Tag::kInteger;
        value.integer = lua_tointeger(L, at);
        return value;
      }
      value.tag = Tag::kFloat;
      value.number = lua_tonumber(L, at);
      if (!std::isfinite(value.number)) {
        refuse(L, state, container, "JSON has no infinite numbers and no NaN");
      }
      return value;
    case LUA_TSTRING: {
      size_t size = 0;
      const char* const text = lua_tolstring(L, at, &size);
      if (is_last_read(state, text, size)) {
        value.tag = Tag::kNode;
        value.node = state.last_string_node;
        return value;
      }
      state.guard.charge(size + sizeof(Text));
      value.tag = Tag::kText;
      value.text = state.overlay.copy({text, size});
      if (!value.text->plain && !is_utf8(value.text->view())) {
        refuse(L, state, container, "the string is not valid UTF-8");
      }
      return value;
    }
    case LUA_TTABLE:
      value.tag = Tag::kTable;
      value.table = state.keep_table(at);
      return value;
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(L, at) == nullptr) {
        value.tag = Tag::kNull;
        return value;
      }
      if (proxy_generation(proxy_bits(lua_touserdata(L, at))) != state.generation) {
        refuse_stranger(L, state, container, at);
      }
      value.node = check_proxy(L, state, at);
      if (value.node == kNoNode) {
        refuse(L, state, container, "meta and verdicts cannot be part of a record; copy fields");
      }
      value.tag = Tag::kNode;
      return value;
    default:
      refuse(L, state, container,
             std::string("a ") + luaL_typename(L, at) + " cannot be part of a record");
  }
}

void set_member(lua_State* L, State& state, NodeIndex object) {
  NameHint* const hint = state.hint(L);
  if (hint == nullptr) {
    raise_error(L, "a member name must be a string, found a " + std::string(luaL_typename(L, 2)));
  }
  const Value value = take(L, state, object, 3);
  Overlay::Edit& edit = open_edit(state, object);
  const MemberPlace place = find_member(state, edit, *hint);
  if (place.name != kNoNode) {
    state.guard.charge(sizeof(Patch));
    state.overlay.set_member(edit, place.name, value);
    return;
  }
  if (place.added != kNotFound) {
    state.overlay.children(edit)[place.added].set(value);
    return;
  }
  if (value.tag == Tag::kAbsent) return;
  state.guard.charge(hint->size + 64);
  const Text* const text = state.name_text(*hint);
  if (!text->plain && !is_utf8(text->view())) {
    raise_error(L, "a member name that is not valid UTF-8");
  }
  const uint32_t name = state.overlay.new_name(text);
  hint->position = edit.count;
  edit.names |= Overlay::name_bit(hint->text, hint->size);
  state.overlay.append(edit, name).set(value);
}

void set_element(lua_State* L, State& state, NodeIndex array) {
  int whole = 0;
  const lua_Integer index =
      lua_type(L, 2) == LUA_TNUMBER ? lua_tointegerx(L, 2, &whole) : lua_Integer{0};
  const lua_Integer count = child_count(state, array);
  if (whole == 0 || index < 1) {
    raise_error(L, "an element of a list is named by a number from 1, found " +
                       std::string(to_text(L, 2, nullptr)));
  }
  Value value = take(L, state, array, 3);
  if (value.tag == Tag::kAbsent) {
    if (index > count) return;
    if (index < count) {
      refuse(L, state, array,
             "nil would leave a hole in the list; use table.remove, or sluice.null");
    }
    state.overlay.pop(open_edit(state, array));
    return;
  }
  if (index > count + 1) {
    refuse(L, state, array,
           "the list has " + std::to_string(count) + " elements; the next is " +
               std::to_string(count + 1));
  }
  Overlay::Edit& edit = open_edit(state, array);
  if (index > count) {
    state.guard.charge(sizeof(Child) * 2);
    state.overlay.append(edit, 0).set(value);
    return;
  }
  Child& child = state.overlay.children(edit)[index - 1];
  child.name = value.tag == Tag::kNode && value.node == child.name ? child.name : 0;
  child.set(value);
}

}  // namespace

int new_index(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = state.first_argument(L);
  const NodeIndex node = proxy_node(bits);
  if (!state.lives(bits) || node >= kFirstSpecial) [[unlikely]] {
    if (state.lives(bits) && node >= kFirstSpecial && node <= kHeadersProxy) {
      raise_error(L, "meta is read-only");
    }
    refuse_use(L, state, bits, "set");
  }
  if (is_object(state.overlay.document(), node)) {
    set_member(L, state, node);
  } else {
    set_element(L, state, node);
  }
  return 0;
}

}  // namespace sluice::script
