// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>
#include <string>

#include "runtime/base/text.h"
#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/library_state.h"
#include "runtime/script/state.h"

// sluice.json: JSON text inside records, by the parser and the writer of the record path.
namespace sluice::script {
namespace {

constexpr char kEncode[] = "sluice.json.encode";
constexpr char kDecode[] = "sluice.json.decode";
constexpr int64_t kWidestIndent = 10;
constexpr uint64_t kKeptTape = 64 * 1024;  // nodes; a larger document is not kept for the next text

// Writes JSON text over several lines.
class Indenter {
 public:
  Indenter(lua_State* L, Guard& guard, int64_t width)
      : guard_(guard), width_(static_cast<size_t>(width)) {
    luaL_buffinit(L, &buffer_);
  }
  void push(std::string_view json) {
    for (size_t i = 0; i < json.size();) i = step(json, i);
    luaL_pushresult(&buffer_);
  }

 private:
  size_t step(std::string_view json, size_t i) {
    const char c = json[i];
    switch (c) {
      case ' ':
      case '\t':
      case '\n':
      case '\r':
        return i + 1;
      case '"':
        return string(json, i);
      case '{':
      case '[': {
        const size_t next = json.find_first_not_of(" \t\r\n", i + 1);
        luaL_addchar(&buffer_, c);
        if (json[next] == c + 2) {  // nothing in it; both brackets are two apart
          luaL_addchar(&buffer_, json[next]);
          return next + 1;
        }
        ++depth_;
        line();
        return next;
      }
      case '}':
      case ']':
        --depth_;
        line();
        luaL_addchar(&buffer_, c);
        return i + 1;
      case ',':
        luaL_addchar(&buffer_, c);
        line();
        return i + 1;
      case ':':
        luaL_addlstring(&buffer_, ": ", 2);
        return i + 1;
      default:
        luaL_addchar(&buffer_, c);
        return i + 1;
    }
  }

  size_t string(std::string_view json, size_t i) {
    size_t end = i + 1;
    while (json[end] != '"') end += json[end] == '\\' ? 2 : 1;
    luaL_addlstring(&buffer_, json.data() + i, end + 1 - i);
    return end + 1;
  }

  void line() {
    static constexpr std::string_view kSpaces = "                                ";
    luaL_addchar(&buffer_, '\n');
    size_t left = depth_ * width_;
    guard_.spend(left + 10);
    for (; left > 0; left -= std::min(left, kSpaces.size())) {
      luaL_addlstring(&buffer_, kSpaces.data(), std::min(left, kSpaces.size()));
    }
  }

  Guard& guard_;
  const size_t width_;
  size_t depth_ = 0;
  luaL_Buffer buffer_;
};

int64_t indent_option(lua_State* L) {
  if (!check_options_table(L, 2, kEncode, {"indent"})) return 0;
  lua_pushliteral(L, "indent");
  lua_rawget(L, 2);
  int64_t width = 0;
  if (!lua_isnil(L, -1)) {
    int whole = 0;
    width = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &whole) : 0;
    if (whole == 0 || width < 0 || width > kWidestIndent) {
      raise_error(L, std::string(kEncode) +
                         ": 'indent' must be a whole number from 0 to 10, found " +
                         kind_text(L, -1));
    }
  }
  lua_pop(L, 1);
  return width;
}

int json_encode(lua_State* L) {
  State& state = State::of(L);
  const int64_t width = indent_option(L);
  if (lua_isnoneornil(L, 1)) {
    raise_error(L, std::string(kEncode) + ": found " + kind_text(L, 1) +
                       "; JSON has no such value, sluice.null is its null");
  }
  lua_settop(L, 1);
  Writer& writer = state.kit->json;
  const ScriptLimits& limits = state.guard.limits();
  if (!writer.write_on_top(L, limits.output_bytes, limits.depth)) {
    raise_error(L, std::string(kEncode) + ": " + writer.error());
  }
  const std::string_view text = writer.text();
  state.guard.spend(text.size() + 100);
  if (width == 0) {
    push_bytes(L, text);
  } else {
    Indenter(L, state.guard, width).push(text);
  }
  return 1;
}

int json_decode(lua_State* L) {
  State& state = State::of(L);
  const std::string_view text = text_argument(L, 1, kDecode);
  lua_settop(L, 1);
  // A node takes 16 bytes, and there may be one for every other byte of text.
  const ParseLimits limits{state.guard.limits().memory_bytes / 16, state.guard.limits().depth};
  state.guard.spend(std::min<uint64_t>(text.size(), limits.max_bytes) * 2 + 100);
  LibraryState& kit = *state.kit;
  const ParseResult parsed = kit.document.parse(text, limits);
  if (!parsed) {
    raise_error(L, std::string(kDecode) + ": " + parsed.message + " (at byte " +
                       std::to_string(parsed.offset) + " of " + std::to_string(text.size()) +
                       ") in \"" + shorten(text, 60) + "\"");
  }
  state.guard.charge(uint64_t{kit.document.size()} * sizeof(TapeNode));
  push_json(L, state, kit.document, Document::root());
  if (kit.document.size() > kKeptTape) kit.document = Document();
  return 1;
}

}  // namespace

void add_json(lua_State* L) {
  const luaL_Reg functions[] = {
      {"encode", json_encode}, {"decode", json_decode}, {nullptr, nullptr}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "json");
}

}  // namespace sluice::script
