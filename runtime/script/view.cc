// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/view.h"

#include <lua.hpp>

#include <cmath>
#include <cstring>
#include <string>

#include "runtime/base/text.h"
#include "runtime/record/scan.h"
#include "runtime/script/meta.h"
#include "runtime/script/state.h"

namespace sluice::script {
namespace {

constexpr uint32_t kNotFound = UINT32_MAX;
constexpr uint32_t kWalkElements = 32;  // an array with more is listed on its first random access

bool is_object(const Document& document, NodeIndex node) {
  return document.kind(node) == JsonKind::kObject;
}

// Opens a container's list and charges its memory to the script.
Overlay::Edit& open(State& state, NodeIndex node) {
  const uint64_t before = state.overlay.bytes();
  Overlay::Edit& edit = state.overlay.open(node);
  state.guard.charge(state.overlay.bytes() - before);
  return edit;
}

// The name node of a member of an object that has no changes, or kNoNode.
NodeIndex find_name(State& state, NodeIndex object, const char* key, size_t size) {
  const Document& document = state.overlay.document();
  const TapeNode* const tape = document.tape();
  const char* const text = document.text().data();
  const NodeIndex end = tape[object].next;
  NameHint& hint = state.hint(key);
  const NodeIndex guess = object + hint.distance;
  if (hint.key == key && guess < end) [[likely]] {
    // Only a name that stands at this very distance from its object is a member of it.
    const TapeNode& name = tape[guess];
    constexpr uint32_t kFlags = TapeNode::kName | TapeNode::kEscaped;
    if (name.info >> TapeNode::kCountShift == hint.distance && name.length == size &&
        (name.info & kFlags) == TapeNode::kName && scan::same_bytes(text + name.offset, key, size))
        [[likely]] {
      return guess;
    }
  }
  state.guard.spend(document.count(object));
  for (NodeIndex i = object + 1; i < end; i = tape[i + 1].next) {
    if ((tape[i].info & TapeNode::kEscaped) == 0
            ? tape[i].length != size || !scan::same_bytes(text + tape[i].offset, key, size)
            : !document.string_equals(i, {key, size})) {
      continue;
    }
    hint.distance = i - object;
    hint.key = key;
    return i;
  }
  return kNoNode;
}

// The position in the list of an edited object, or kNotFound.
uint32_t find_child(State& state, const Overlay::Edit& edit, const char* key, size_t size) {
  const Child* const children = state.overlay.children(edit);
  const Document& document = state.overlay.document();
  const TapeNode* const tape = document.tape();
  const char* const text = document.text().data();
  const auto same = [&](uint32_t name) {
    if ((name & Child::kNewName) != 0) {
      const Text& own = state.overlay.new_name_at(name);
      return own.size == size && scan::same_bytes(own.view().data(), key, size);
    }
    if ((tape[name].info & TapeNode::kEscaped) != 0) {
      return document.string_equals(name, {key, size});
    }
    return tape[name].length == size && scan::same_bytes(text + tape[name].offset, key, size);
  };
  NameHint& hint = state.hint(key);
  if (hint.key == key && hint.position < edit.count && same(children[hint.position].name)) {
    return hint.position;
  }
  if ((edit.names & Overlay::name_bit(key, size)) == 0) return kNotFound;
  state.guard.spend(edit.count);
  for (uint32_t i = 0; i < edit.count; ++i) {
    if (!same(children[i].name)) continue;
    if (hint.key != key) hint.distance = UINT32_MAX;
    hint.key = key;
    hint.position = i;
    return i;
  }
  return kNotFound;
}

// The pointer of a member for an error message.
std::string place(State& state, NodeIndex container, int key_at) {
  std::string pointer = state.overlay.path(Document::root(), container) + "/";
  lua_pushvalue(state.L, key_at);
  pointer += lua_tostring(state.L, -1);
  lua_pop(state.L, 1);
  return pointer;
}

[[noreturn]] void refuse(lua_State* L, State& state, NodeIndex container, const std::string& why) {
  raise_error(L, "cannot set " + place(state, container, 2) + ": " + why);
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
  if (lua_type(L, 2) != LUA_TSTRING) {
    raise_error(L, "a member name must be a string, found a " + std::string(luaL_typename(L, 2)));
  }
  size_t size = 0;
  const char* const key = lua_tolstring(L, 2, &size);
  const Value value = take(L, state, object, 3);
  Overlay::Edit& edit = open(state, object);
  const uint32_t position = find_child(state, edit, key, size);
  if (position != kNotFound) {
    state.overlay.children(edit)[position].set(value);
    return;
  }
  if (value.tag == Tag::kAbsent) return;
  state.guard.charge(size + 64);
  const uint32_t name = state.overlay.new_name({key, size});
  const Text& text = state.overlay.new_name_at(name);
  if (!text.plain && !is_utf8(text.view())) {
    raise_error(L, "a member name that is not valid UTF-8");
  }
  NameHint& hint = state.hint(key);
  if (hint.key != key) hint.distance = UINT32_MAX;
  hint.key = key;
  hint.position = edit.count;
  edit.names |= Overlay::name_bit(key, size);
  state.overlay.append(edit, name).set(value);
}

void set_element(lua_State* L, State& state, NodeIndex array) {
  int whole = 0;
  const lua_Integer index =
      lua_type(L, 2) == LUA_TNUMBER ? lua_tointegerx(L, 2, &whole) : lua_Integer{0};
  const lua_Integer count = child_count(state, array);
  if (whole == 0 || index < 1) {
    raise_error(L, "an element of a list is named by a number from 1, found " +
                       std::string(luaL_tolstring(L, 2, nullptr)));
  }
  Value value = take(L, state, array, 3);
  if (value.tag == Tag::kAbsent) {
    if (index > count) return;
    if (index < count) {
      refuse(L, state, array,
             "nil would leave a hole in the list; use table.remove, or sluice.null");
    }
    state.overlay.pop(open(state, array));
    return;
  }
  if (index > count + 1) {
    refuse(L, state, array,
           "the list has " + std::to_string(count) + " elements; the next is " +
               std::to_string(count + 1));
  }
  Overlay::Edit& edit = open(state, array);
  if (index > count) {
    state.guard.charge(sizeof(Child) * 2);
    state.overlay.append(edit, 0).set(value);
    return;
  }
  Child& child = state.overlay.children(edit)[index - 1];
  child.name = value.tag == Tag::kNode && value.node == child.name ? child.name : 0;
  child.set(value);
}

[[noreturn]] void refuse_use(lua_State* L, State& state, uint64_t bits, const char* verb) {
  if (bits != 0 && proxy_generation(bits) != state.generation) raise_error(L, kStaleProxy);
  std::string key;
  if (lua_type(L, 2) == LUA_TSTRING) key = " member '" + std::string(lua_tostring(L, 2)) + "'";
  raise_error(L, std::string("cannot ") + verb + key +
                     (bits == 0 ? " of null; compare with sluice.null first" : " of a verdict"));
}

int index(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = proxy_bits(lua_touserdata(L, 1));
  const NodeIndex node = proxy_node(bits);
  if (proxy_generation(bits) != state.generation || node >= kFirstSpecial) [[unlikely]] {
    if (proxy_generation(bits) == state.generation && node <= kHeadersProxy) {
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
  if (lua_type(L, 2) != LUA_TSTRING) {
    lua_pushnil(L);
    return 1;
  }
  size_t size = 0;
  const char* const key = lua_tolstring(L, 2, &size);
  if ((info & TapeNode::kEdited) == 0) {
    const NodeIndex name = find_name(state, node, key, size);
    if (name == kNoNode) {
      lua_pushnil(L);
    } else {
      push_node(L, state, name + 1);
    }
    return 1;
  }
  const Overlay::Edit& edit = state.overlay.edit(node);
  const uint32_t position = find_child(state, edit, key, size);
  push_value(L, state,
             position == kNotFound ? Value{} : state.overlay.children(edit)[position].value());
  return 1;
}

int new_index(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = proxy_bits(lua_touserdata(L, 1));
  const NodeIndex node = proxy_node(bits);
  if (proxy_generation(bits) != state.generation || node >= kFirstSpecial) [[unlikely]] {
    if (proxy_generation(bits) == state.generation && node <= kHeadersProxy) {
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

int length(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = proxy_bits(lua_touserdata(L, 1));
  const NodeIndex node = proxy_node(bits);
  if (proxy_generation(bits) != state.generation || node >= kFirstSpecial) {
    if (proxy_generation(bits) == state.generation && node == kHeadersProxy) {
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
  } else if (proxy_generation(bits) != state.generation) {
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

// The position of `key` in an iteration over an object, by the cursor if it stands there.
uint32_t edited_position(State& state, NodeIndex object, const char* key, size_t size) {
  const Overlay::Edit& edit = state.overlay.edit(object);
  const Cursor& cursor = state.cursor(object);
  if (cursor.container == object && cursor.position < edit.count &&
      state.overlay.name_is(state.overlay.children(edit)[cursor.position], {key, size})) {
    return cursor.position;
  }
  return find_child(state, edit, key, size);
}

void push_name(lua_State* L, State& state, uint32_t name) {
  if ((name & Child::kNewName) == 0) return push_node(L, state, name);
  const std::string_view text = state.overlay.new_name_at(name).view();
  lua_pushlstring(L, text.data(), text.size());
}

int next_edited(lua_State* L, State& state, NodeIndex object, const char* key, size_t size) {
  uint32_t position = 0;
  if (key != nullptr) {
    position = edited_position(state, object, key, size);
    if (position == kNotFound) raise_error(L, "invalid key to 'next'");
    ++position;
  }
  const Overlay::Edit& edit = state.overlay.edit(object);
  const Child* const children = state.overlay.children(edit);
  while (position < edit.count && children[position].tag == Tag::kAbsent) ++position;
  if (position == edit.count) {
    lua_pushnil(L);
    return 1;
  }
  state.cursor(object) = Cursor{object, position, 0};
  push_name(L, state, children[position].name);
  push_value(L, state, children[position].value());
  return 2;
}

int next_member(lua_State* L, State& state, NodeIndex object) {
  size_t size = 0;
  const char* key = nullptr;
  if (lua_type(L, 2) == LUA_TSTRING) {
    key = lua_tolstring(L, 2, &size);
  } else if (!lua_isnoneornil(L, 2)) {
    raise_error(L, "invalid key to 'next'");
  }
  if (state.overlay.edited(object)) return next_edited(L, state, object, key, size);
  const Document& document = state.overlay.document();
  Cursor& cursor = state.cursor(object);
  NodeIndex name = object + 1;
  uint32_t position = 0;
  if (key != nullptr) {
    if (cursor.container == object && document.string_equals(cursor.node, {key, size})) {
      name = cursor.node;
      position = cursor.position;
    } else {
      name = find_name(state, object, key, size);
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
  if (proxy_generation(bits) != state.generation) raise_error(L, kStaleProxy);
  return proxy_node(bits) < kFirstSpecial ? proxy_node(bits) : kNoNode;
}

uint32_t child_count(const State& state, NodeIndex container) {
  return state.overlay.edited(container) ? state.overlay.edit(container).count
                                         : state.overlay.document().count(container);
}

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
    open(state, array);
  }
  return state.overlay.children(state.overlay.edit(array))[position].value();
}

int proxy_inext(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = proxy_bits(lua_touserdata(L, 1));
  const NodeIndex node = proxy_node(bits);
  if (proxy_generation(bits) != state.generation || node >= kFirstSpecial) [[unlikely]] {
    refuse_use(L, state, bits, "read");
  }
  const lua_Integer i = lua_tointeger(L, 2) + 1;
  if (is_object(state.overlay.document(), node)) return 0;
  const Value value = array_element(state, node, i);
  if (value.tag == Tag::kAbsent) return 0;
  lua_pushinteger(L, i);
  push_value(L, state, value);
  return 2;
}

int proxy_next(lua_State* L) {
  State& state = State::of(L);
  const uint64_t bits = proxy_bits(lua_touserdata(L, 1));
  const NodeIndex node = proxy_node(bits);
  if (proxy_generation(bits) != state.generation || node >= kFirstSpecial) [[unlikely]] {
    if (proxy_generation(bits) == state.generation && node <= kHeadersProxy) {
      return meta_next(L, state, node);
    }
    refuse_use(L, state, bits, "read");
  }
  if (is_object(state.overlay.document(), node)) return next_member(L, state, node);
  const lua_Integer i = luaL_optinteger(L, 2, 0) + 1;
  const Value value = array_element(state, node, i);
  if (value.tag == Tag::kAbsent) {
    lua_pushnil(L);
    return 1;
  }
  lua_pushinteger(L, i);
  push_value(L, state, value);
  return 2;
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
