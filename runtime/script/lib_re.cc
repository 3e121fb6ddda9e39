// SPDX-License-Identifier: Apache-2.0
#include <lua.hpp>

#include <algorithm>
#include <cstring>
#include <string>

#include "runtime/base/text.h"
#include "runtime/record/scan.h"
#include "runtime/script/libraries.h"
#include "runtime/script/library_parts.h"
#include "runtime/script/library_state.h"
#include "runtime/script/regex.h"
#include "runtime/script/state.h"

// sluice.re: regular expressions by RE2, whose time grows with the length of the text only. The
// functions answer as those of Lua's string library do.
namespace sluice::script {
namespace {

using Groups = Regex::Groups;
using RegexPtr = std::shared_ptr<const Regex>;

RegexPtr pattern_argument(lua_State* L, const char* function) {
  const std::string_view pattern = text_argument(L, 2, function);
  State& state = State::of(L);
  return state.kit->patterns.get(L, state, function, pattern);
}

size_t offset_in(std::string_view text, const re2::StringPiece& piece) {
  return static_cast<size_t>(piece.data() - text.data());
}

// Where the optional third argument says to begin, as an offset: from 1, negative from the end.
size_t start_argument(lua_State* L, const char* function, size_t size) {
  if (lua_isnoneornil(L, 3)) return 0;
  const int64_t start = integer_argument(L, 3, function);
  if (start > 0) return static_cast<uint64_t>(start) - 1;
  const uint64_t back = 0 - static_cast<uint64_t>(start);
  return start == 0 || back >= size ? 0 : size - back;
}

void push_group(lua_State* L, const re2::StringPiece& group) {
  if (group.data() == nullptr) {
    lua_pushnil(L);  // the group took no part in the match
  } else {
    lua_pushlstring(L, group.data(), group.size());
  }
}

// All groups, or the whole match when there are none.
int push_groups(lua_State* L, const Regex& regex, const Groups& groups) {
  luaL_checkstack(L, Regex::kMaxGroups + 1, "too many groups");
  if (regex.groups() == 0) {
    push_group(L, groups[0]);
    return 1;
  }
  for (int i = 1; i <= regex.groups(); ++i) push_group(L, groups[i]);
  return regex.groups();
}

// The matches of a text one after the other. An empty one right behind the last is passed over.
class Matches {
 public:
  Matches(lua_State* L, const char* function, const Regex& regex, std::string_view text)
      : L_(L), state_(State::of(L)), function_(function), regex_(regex), text_(text) {}

  bool next() {
    while (from <= text_.size()) {
      if (!regex_.match(L_, state_, function_, text_, from, &groups)) return false;
      start = offset_in(text_, groups[0]);
      const size_t stop = start + groups[0].size();
      if (stop != last || start != stop) {
        from = last = stop;
        return true;
      }
      from = stop + 1;
      if (stop < text_.size()) {  // never into the middle of a character
        from = stop + std::max<size_t>(
                          scan::utf8_sequence(text_.data() + stop, text_.data() + text_.size()), 1);
      }
    }
    return false;
  }

  Groups groups;
  size_t start = 0;        // of the current match
  size_t from = 0;         // where the search goes on
  size_t last = SIZE_MAX;  // end of the current match

 private:
  lua_State* L_;
  State& state_;
  const char* function_;
  const Regex& regex_;
  std::string_view text_;
};

int re_test(lua_State* L) {
  const std::string_view text = text_argument(L, 1, "sluice.re.test");
  const RegexPtr regex = pattern_argument(L, "sluice.re.test");
  lua_pushboolean(L, regex->match(L, State::of(L), "sluice.re.test", text, 0, nullptr) ? 1 : 0);
  return 1;
}

int re_search(lua_State* L, const char* function, bool places) {
  const std::string_view text = text_argument(L, 1, function);
  const RegexPtr regex = pattern_argument(L, function);
  const size_t from = start_argument(L, function, text.size());
  Groups groups;
  if (from > text.size() || !regex->match(L, State::of(L), function, text, from, &groups)) {
    lua_pushnil(L);
    return 1;
  }
  if (!places) return push_groups(L, *regex, groups);
  const size_t start = offset_in(text, groups[0]);
  lua_pushinteger(L, static_cast<lua_Integer>(start) + 1);
  lua_pushinteger(L, static_cast<lua_Integer>(start + groups[0].size()));
  return 2 + (regex->groups() == 0 ? 0 : push_groups(L, *regex, groups));
}

int re_find(lua_State* L) { return re_search(L, "sluice.re.find", true); }
int re_match(lua_State* L) { return re_search(L, "sluice.re.match", false); }

int re_groups(lua_State* L) {
  constexpr char kName[] = "sluice.re.groups";
  const std::string_view text = text_argument(L, 1, kName);
  const RegexPtr regex = pattern_argument(L, kName);
  if (!regex->has_names()) {
    raise_error(L, std::string(kName) + ": no group of the pattern \"" +
                       shorten(regex->pattern(), 80) + "\" has a name; write (?P<name>...)");
  }
  Groups groups;
  if (!regex->match(L, State::of(L), kName, text, 0, &groups)) {
    lua_pushnil(L);
    return 1;
  }
  lua_newtable(L);
  for (int i = 1; i <= regex->groups(); ++i) {
    const std::string& name = regex->names()[static_cast<size_t>(i)];
    if (name.empty() || groups[i].data() == nullptr) continue;
    push_bytes(L, name);
    push_group(L, groups[i]);
    lua_rawset(L, -3);
  }
  return 1;
}

// Upvalues: text, pattern, where to go on, end of the last match (-1: none).
int re_gmatch_step(lua_State* L) {
  constexpr char kName[] = "sluice.re.gmatch";
  State& state = State::of(L);
  const std::string_view text = bytes_at(L, lua_upvalueindex(1));
  const RegexPtr regex = state.kit->patterns.get(L, state, kName, bytes_at(L, lua_upvalueindex(2)));
  Matches matches(L, kName, *regex, text);
  matches.from = static_cast<size_t>(lua_tointeger(L, lua_upvalueindex(3)));
  matches.last = static_cast<size_t>(lua_tointeger(L, lua_upvalueindex(4)));
  const bool found = matches.next();
  lua_pushinteger(L, found ? static_cast<lua_Integer>(matches.from)
                           : static_cast<lua_Integer>(text.size()) + 1);
  lua_replace(L, lua_upvalueindex(3));
  lua_pushinteger(L, static_cast<lua_Integer>(matches.last));
  lua_replace(L, lua_upvalueindex(4));
  return found ? push_groups(L, *regex, matches.groups) : 0;
}

int re_gmatch(lua_State* L) {
  text_argument(L, 1, "sluice.re.gmatch");
  pattern_argument(L, "sluice.re.gmatch");
  lua_settop(L, 2);
  lua_pushinteger(L, 0);
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, re_gmatch_step, 4);
  return 1;
}

constexpr char kGsub[] = "sluice.re.gsub";

[[noreturn]] void refuse_template(lua_State* L, std::string_view found) {
  raise_error(L, std::string(kGsub) + ": \"" + shorten(found, 40) +
                     "\" in the replacement; there is %0 (the match), %1 to %9, %{name} and %%");
}

// The group that stands at `at` (behind a '%') in a replacement; moves `at` behind it.
int template_group(lua_State* L, const Regex& regex, std::string_view text, size_t* at) {
  const size_t from = *at - 1;
  int group = -1;
  if (*at < text.size() && scan::digit(text[*at])) {
    group = text[*at] - '0';
    *at += 1;
  } else if (*at < text.size() && text[*at] == '{') {
    const size_t end = text.find('}', *at);
    if (end == std::string_view::npos) refuse_template(L, text.substr(from));
    group = regex.group_named(text.substr(*at + 1, end - *at - 1));
    *at = end + 1;
  } else {
    refuse_template(L, text.substr(from, 2));
  }
  if (group < 0 || group > regex.groups()) {
    raise_error(L, std::string(kGsub) + ": the pattern \"" + shorten(regex.pattern(), 80) +
                       "\" has no group " + std::string(text.substr(from, *at - from)));
  }
  return group;
}

void add_re_template(lua_State* L, luaL_Buffer* buffer, const Regex& regex, const Groups& groups) {
  const std::string_view text = bytes_at(L, 3);
  for (size_t at = 0; at < text.size();) {
    const size_t sign = std::min(text.find('%', at), text.size());
    luaL_addlstring(buffer, text.data() + at, sign - at);
    if (sign == text.size()) return;
    at = sign + 1;
    if (at < text.size() && text[at] == '%') {
      luaL_addchar(buffer, '%');
      ++at;
      continue;
    }
    const re2::StringPiece& group = groups[template_group(L, regex, text, &at)];
    if (group.data() != nullptr) luaL_addlstring(buffer, group.data(), group.size());
  }
}

// Adds the replacement of one match; the third argument says how.
void add_re_replacement(lua_State* L, luaL_Buffer* buffer, const Regex& regex,
                        const Groups& groups) {
  const int kind = lua_type(L, 3);
  if (kind == LUA_TSTRING || kind == LUA_TNUMBER) {
    return add_re_template(L, buffer, regex, groups);
  }
  if (kind == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, push_groups(L, regex, groups), 1);
  } else {
    push_group(L, groups[regex.groups() == 0 ? 0 : 1]);
    lua_gettable(L, 3);
  }
  if (lua_toboolean(L, -1) == 0) {
    lua_pop(L, 1);
    luaL_addlstring(buffer, groups[0].data(), groups[0].size());
  } else if (lua_isstring(L, -1) != 0) {
    luaL_addvalue(buffer);
  } else {
    raise_error(L, std::string(kGsub) + ": the replacement must be a string, a number, or nil to " +
                       "keep the match; found " + kind_text(L, -1));
  }
}

int re_gsub(lua_State* L) {
  const std::string_view text = text_argument(L, 1, kGsub);
  const RegexPtr regex = pattern_argument(L, kGsub);
  const int kind = lua_type(L, 3);
  if (kind != LUA_TSTRING && kind != LUA_TNUMBER && kind != LUA_TTABLE && kind != LUA_TFUNCTION) {
    bad_argument(L, 3, kGsub, "a string, a table or a function");
  }
  if (kind == LUA_TNUMBER) static_cast<void>(bytes_at(L, 3));
  const int64_t most =
      lua_isnoneornil(L, 4) ? INT64_MAX : integer_argument(L, 4, kGsub, 0, INT64_MAX);
  Matches matches(L, kGsub, *regex, text);
  size_t copied = 0;
  lua_Integer count = 0;
  luaL_Buffer buffer;
  luaL_buffinit(L, &buffer);
  while (count < most && matches.next()) {
    luaL_addlstring(&buffer, text.data() + copied, matches.start - copied);
    add_re_replacement(L, &buffer, *regex, matches.groups);
    copied = matches.last;
    ++count;
  }
  luaL_addlstring(&buffer, text.data() + copied, text.size() - copied);
  luaL_pushresult(&buffer);
  lua_pushinteger(L, count);
  return 2;
}

int re_split(lua_State* L) {
  constexpr char kName[] = "sluice.re.split";
  const std::string_view text = text_argument(L, 1, kName);
  const RegexPtr regex = pattern_argument(L, kName);
  const int64_t most =
      lua_isnoneornil(L, 3) ? INT64_MAX : integer_argument(L, 3, kName, 1, INT64_MAX);
  lua_newtable(L);
  const int list = lua_gettop(L);
  mark_array(L, list);
  Matches matches(L, kName, *regex, text);
  size_t copied = 0;
  int64_t count = 1;
  while (count < most && matches.next()) {
    if (matches.groups[0].empty()) continue;  // nothing separates nothing
    push_bytes(L, text.substr(copied, matches.start - copied));
    lua_rawseti(L, list, count++);
    copied = matches.last;
  }
  push_bytes(L, text.substr(copied));
  lua_rawseti(L, list, count);
  return 1;
}

int re_escape(lua_State* L) {
  const std::string_view text = text_argument(L, 1, "sluice.re.escape");
  State::of(L).guard.expect(text.size() * 4);
  State::of(L).guard.spend(text.size() * 4);
  push_bytes(L, re2::RE2::QuoteMeta(re2::StringPiece(text.data(), text.size())));
  return 1;
}

}  // namespace

void add_re(lua_State* L) {
  const luaL_Reg functions[] = {{"test", re_test},     {"find", re_find},     {"match", re_match},
                                {"groups", re_groups}, {"gmatch", re_gmatch}, {"gsub", re_gsub},
                                {"split", re_split},   {"escape", re_escape}, {nullptr, nullptr}};
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "re");
}

}  // namespace sluice::script
