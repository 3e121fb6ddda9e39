// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/lua_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/record/pointer.h"
#include "runtime/script/seal.h"
#include "runtime/script/state.h"
#include "runtime/script/workshop/json_diff.h"

namespace sluice::workshop {
namespace {

using script::State;

constexpr char kExactKey = 0;  // its address is the registry key of the exact numbers' metatable
constexpr size_t kShownBytes = 400;
constexpr size_t kShownPointer = 100;

// The text of an exact number, or empty.
std::string_view exact_number(lua_State* L, int at) {
  if (lua_type(L, at) != LUA_TUSERDATA || lua_getmetatable(L, at) == 0) return {};
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kExactKey);
  const bool ours = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  if (!ours) return {};
  return {static_cast<const char*>(lua_touserdata(L, at)), lua_rawlen(L, at)};
}

int exact_text(lua_State* L) {
  const std::string_view text = exact_number(L, 1);
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

int exact_equal(lua_State* L) {
  lua_pushboolean(L, static_cast<int>(same_number(exact_number(L, 1), exact_number(L, 2))));
  return 1;
}

int exact_refuse(lua_State* L) {
  script::raise_error(L,
                      "this number has more digits than Lua can hold; compare it whole, with "
                      "to_equal(json \"...\")");
}

std::string float_text(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return {buffer, end.ptr};
}

void push_number(lua_State* L, const Document& document, NodeIndex node) {
  int64_t integer = 0;
  if (document.int64(node, &integer)) {
    lua_pushinteger(L, integer);
    return;
  }
  double number = 0;
  const std::string_view text = document.slice(node);
  if (document.number(node, &number) && std::isfinite(number) &&
      same_number(text, float_text(number))) {
    lua_pushnumber(L, number);
    return;
  }
  std::memcpy(lua_newuserdatauv(L, text.size(), 0), text.data(), text.size());
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kExactKey);
  lua_setmetatable(L, -2);
}

void push_string(lua_State* L, const Document& document, NodeIndex node) {
  Arena arena(256);
  const std::string_view text = document.string(node, arena);
  lua_pushlstring(L, text.data(), text.size());
}

// Writes Lua values as JSON; errors carry the pointer.
class Encoder {
 public:
  Encoder(lua_State* L, std::string_view what) : L_(L), what_(what) {}

  void value(int at) {
    State::of(L_).guard.spend(50);
    if (out_.size() > kLargestJson) fail("more than 16 MiB of JSON");
    if (const std::string_view digits = exact_number(L_, at); !digits.empty()) {
      out_ += digits;
      return;
    }
    switch (lua_type(L_, at)) {
      case LUA_TBOOLEAN:
        out_ += lua_toboolean(L_, at) != 0 ? "true" : "false";
        return;
      case LUA_TNUMBER:
        number(at);
        return;
      case LUA_TSTRING:
        string(at);
        return;
      case LUA_TTABLE:
        table(at);
        return;
      case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L_, at) == nullptr) {
          out_ += "null";
          return;
        }
        proxy(at);
        return;
      default:
        fail(std::string("a ") + luaL_typename(L_, at) + ", which JSON cannot hold");
    }
  }
  std::string take() { return std::move(out_); }

 private:
  [[noreturn]] void fail(const std::string& found) {
    script::raise_error(L_, std::string(what_) + ": found at \"" +
                                shorten(pointer_, kShownPointer) + "\" " + found);
  }

  // A part of the record, as it is now.
  void proxy(int at) {
    State& state = State::of(L_);
    script::Value part;
    part.tag = script::Tag::kNode;
    part.node = script::check_proxy(L_, state, at);
    if (part.node == kNoNode) fail("a value of Sluice that JSON cannot hold");
    if (!state.writer.write(part, kLargestJson, kDeepestJson)) fail(state.writer.error());
    out_ += state.writer.text();
  }

  void number(int at) {
    if (lua_isinteger(L_, at) != 0) {
      out_ += std::to_string(lua_tointeger(L_, at));
      return;
    }
    const double number = lua_tonumber(L_, at);
    if (!std::isfinite(number)) fail("a number that JSON cannot hold (NaN or infinite)");
    std::string text = float_text(number);
    if (text.find_first_of(".e") == std::string::npos) text += ".0";
    out_ += text;
  }

  void string(int at) {
    size_t size = 0;
    const char* const data = lua_tolstring(L_, at, &size);
    State::of(L_).guard.spend(size);
    if (!is_utf8({data, size})) fail("a string that is not UTF-8");
    append_json_string(out_, {data, size});
  }

  void table(int at) {
    if (++depth_ > kDeepestJson) fail("values nested too deep, or a table that holds itself");
    luaL_checkstack(L_, 8, "nested too deep");
    const bool marked = State::of(L_).is_array(L_, at);
    const bool sealed = script::push_sealed_content(L_, at);
    if (!sealed) lua_pushvalue(L_, at);
    const int content = lua_gettop(L_);
    std::vector<std::string_view> names;
    lua_Integer last = 0;
    lua_Integer count = 0;
    for (lua_pushnil(L_); lua_next(L_, content) != 0; lua_pop(L_, 1)) {
      State::of(L_).guard.spend(20);
      key(&names, &last, &count);
    }
    if (!names.empty() && count > 0) fail("a table with list elements and with names");
    if (last != count) fail("a list with holes (use sluice.null)");
    if (count > 0 || (marked && names.empty())) {
      list(content, count);
    } else {
      object(content, names);
    }
    lua_pop(L_, 1);
    --depth_;
  }

  // The key is below the value at the top.
  void key(std::vector<std::string_view>* names, lua_Integer* last, lua_Integer* count) {
    if (lua_type(L_, -2) == LUA_TSTRING) {
      size_t size = 0;
      const char* const data = lua_tolstring(L_, -2, &size);
      names->emplace_back(data, size);
    } else if (lua_isinteger(L_, -2) != 0 && lua_tointeger(L_, -2) > 0) {
      *last = std::max(*last, lua_tointeger(L_, -2));
      ++*count;
    } else {
      fail(std::string("a table with a key that is a ") + luaL_typename(L_, -2) +
           "; expected names, or indices from 1");
    }
  }

  void list(int content, lua_Integer count) {
    out_ += '[';
    for (lua_Integer i = 1; i <= count; ++i) {
      if (i > 1) out_ += ',';
      lua_rawgeti(L_, content, i);
      below(std::to_string(i - 1));
    }
    out_ += ']';
  }

  void object(int content, std::vector<std::string_view>& names) {
    std::sort(names.begin(), names.end());
    out_ += '{';
    for (size_t i = 0; i < names.size(); ++i) {
      if (i > 0) out_ += ',';
      if (!is_utf8(names[i])) fail("a name that is not UTF-8");
      append_json_string(out_, names[i]);
      out_ += ':';
      lua_pushlstring(L_, names[i].data(), names[i].size());
      lua_rawget(L_, content);
      below(names[i]);
    }
    out_ += '}';
  }

  // Writes and pops the value at the top.
  void below(std::string_view token) {
    const size_t size = pointer_.size();
    append_pointer_token(pointer_, token);
    value(lua_gettop(L_));
    lua_pop(L_, 1);
    pointer_.resize(size);
  }

  lua_State* L_;
  std::string_view what_;
  std::string out_;
  std::string pointer_;
  uint32_t depth_ = 0;
};

}  // namespace

void install_json(lua_State* L) {
  lua_newtable(L);
  const luaL_Reg functions[] = {{"__tostring", exact_text}, {"__eq", exact_equal},
                                {"__add", exact_refuse},    {"__sub", exact_refuse},
                                {"__mul", exact_refuse},    {"__div", exact_refuse},
                                {"__lt", exact_refuse},     {"__le", exact_refuse},
                                {"__index", exact_refuse},  {nullptr, nullptr}};
  luaL_setfuncs(L, functions, 0);
  lua_pushliteral(L, "sealed");
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kExactKey);
}

void push_json(lua_State* L, const Document& document, NodeIndex node) {
  State& state = State::of(L);
  state.guard.spend(50);
  luaL_checkstack(L, 6, "nested too deep");
  const uint32_t count = document.count(node);
  switch (document.kind(node)) {
    case JsonKind::kNull:
      lua_pushlightuserdata(L, nullptr);
      return;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      lua_pushboolean(L, static_cast<int>(document.kind(node) == JsonKind::kTrue));
      return;
    case JsonKind::kNumber:
      push_number(L, document, node);
      return;
    case JsonKind::kString:
      push_string(L, document, node);
      return;
    case JsonKind::kArray: {
      lua_createtable(L, static_cast<int>(count), 0);
      lua_rawgeti(L, LUA_REGISTRYINDEX, state.array_metatable_ref);
      lua_setmetatable(L, -2);
      NodeIndex at = document.first_child(node);
      for (uint32_t i = 1; i <= count; ++i, at = document.next(at)) {
        push_json(L, document, at);
        lua_rawseti(L, -2, i);
      }
      return;
    }
    case JsonKind::kObject: {
      lua_createtable(L, 0, static_cast<int>(count));
      NodeIndex name = document.first_child(node);
      for (uint32_t i = 0; i < count; ++i) {
        const NodeIndex value = document.next(name);
        push_string(L, document, name);
        push_json(L, document, value);
        lua_rawset(L, -3);
        name = document.next(value);
      }
      return;
    }
  }
}

std::string lua_to_json(lua_State* L, int at, std::string_view what) {
  Encoder encoder(L, what);
  encoder.value(lua_absindex(L, at));
  return encoder.take();
}

std::string describe_value(lua_State* L, int at) {
  at = lua_absindex(L, at);
  const int kind = lua_type(L, at);
  if (kind == LUA_TNONE || kind == LUA_TNIL) return "nil";
  const int top = lua_gettop(L);
  lua_pushcfunction(L, [](lua_State* lua) {
    const std::string text = lua_to_json(lua, 1, "");
    lua_pushlstring(lua, text.data(), text.size());
    return 1;
  });
  lua_pushvalue(L, at);
  const int status = lua_pcall(L, 1, 1, 0);
  State& state = State::of(L);
  if (status != LUA_OK) state.guard.call_failed();
  if (state.guard.capped()) state.guard.raise_again();
  std::string out = std::string("a ") + luaL_typename(L, at);
  if (status == LUA_OK) {
    size_t size = 0;
    const char* const data = lua_tolstring(L, -1, &size);
    out = shorten({data, size}, kShownBytes);
  }
  lua_settop(L, top);
  return out;
}

}  // namespace sluice::workshop
