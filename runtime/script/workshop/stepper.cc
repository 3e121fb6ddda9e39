// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/workshop/stepper.h"

#include <lua.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "runtime/script/observer.h"
#include "runtime/script/workshop/lua_json.h"

namespace sluice::workshop {
namespace {

class Walker final : public script::Observer {
 public:
  explicit Walker(const std::function<Step(const Stop&)>& ask) : ask_(ask) {}
  [[nodiscard]] bool lines() const override { return true; }
  void on_state(lua_State* /*L*/) override { loaded_ = true; }
  void on_line(lua_State* L, lua_Debug* event) override {
    if (!loaded_ || runs_on_) return;
    lua_getinfo(L, "S", event);
    if (event->source == nullptr || event->source[0] != '@') return;
    runs_on_ = ask_(Stop(L, event)) == Step::kRunOn;
  }

 private:
  const std::function<Step(const Stop&)>& ask_;
  bool loaded_ = false;
  bool runs_on_ = false;
};

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Pushes the local, outer local or global of that name; the innermost wins.
bool push_variable(lua_State* L, lua_Debug* frame, const std::string& name) {
  const int top = lua_gettop(L);
  for (int i = 1; const char* const local = lua_getlocal(L, frame, i); ++i) {
    if (name == local) {
      if (lua_gettop(L) > top + 1) lua_remove(L, top + 1);  // one of the same name further out
    } else {
      lua_pop(L, 1);
    }
  }
  if (lua_gettop(L) > top) return true;
  lua_getinfo(L, "f", frame);
  const int function = lua_gettop(L);
  for (int i = 1; const char* const outer = lua_getupvalue(L, function, i); ++i) {
    if (name == outer) {
      lua_remove(L, function);
      return true;
    }
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  lua_getglobal(L, name.c_str());
  return !lua_isnil(L, -1);
}

// container[key] with the view's and the seals' own rules.
int index_value(lua_State* L) {
  lua_gettable(L, 1);
  return 1;
}

bool push_member(lua_State* L) {
  lua_pushcfunction(L, index_value);
  lua_insert(L, -3);
  return lua_pcall(L, 2, 1, 0) == LUA_OK;
}

// The key of ".name" or "[3]" at the front, pushed; false: it is neither.
bool push_key(lua_State* L, std::string_view* path) {
  if (path->starts_with('.')) {
    const auto end = std::find_if_not(path->begin() + 1, path->end(), is_name);
    const std::string_view name(path->begin() + 1, end);
    if (name.empty()) return false;
    lua_pushlstring(L, name.data(), name.size());
    path->remove_prefix(name.size() + 1);
    return true;
  }
  const size_t close = path->find(']');
  if (!path->starts_with('[') || close == std::string_view::npos) return false;
  std::string_view inside = path->substr(1, close - 1);
  path->remove_prefix(close + 1);
  int64_t index = 0;
  const auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), index);
  if (error == std::errc() && end == inside.data() + inside.size()) {
    lua_pushinteger(L, index);
    return true;
  }
  constexpr size_t kQuotes = 2;
  if (inside.size() < kQuotes || (inside.front() != '"' && inside.front() != '\'')) return false;
  inside = inside.substr(1, inside.size() - kQuotes);
  lua_pushlstring(L, inside.data(), inside.size());
  return true;
}

}  // namespace

std::string Stop::file() const { return event_->source + 1; }
int Stop::line() const { return event_->currentline; }

std::vector<std::pair<std::string, std::string>> Stop::locals() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (int i = 1; const char* const name = lua_getlocal(L_, event_, i); ++i) {
    if (is_name(name[0])) out.emplace_back(name, describe_value(L_, -1));
    lua_pop(L_, 1);
  }
  lua_getinfo(L_, "f", event_);
  for (int i = 1; const char* const name = lua_getupvalue(L_, -1, i); ++i) {
    const bool shown = std::string_view(name) != "_ENV" && lua_type(L_, -1) != LUA_TFUNCTION;
    if (shown) out.emplace_back(name, describe_value(L_, -1));
    lua_pop(L_, 1);
  }
  lua_pop(L_, 1);
  return out;
}

std::string Stop::look(std::string_view path) const {
  constexpr char kExpected[] = "expected a name such as r.items[1].price";
  const int top = lua_gettop(L_);
  const auto end = std::find_if_not(path.begin(), path.end(), is_name);
  const std::string name(path.begin(), end);
  if (name.empty()) return kExpected;
  path.remove_prefix(name.size());
  std::string out;
  luaL_checkstack(L_, 10, nullptr);
  if (!push_variable(L_, event_, name)) out = "nil (there is no variable " + name + " here)";
  while (out.empty() && !path.empty()) {
    if (!push_key(L_, &path)) {
      out = kExpected;
    } else if (!push_member(L_)) {
      out = lua_isstring(L_, -1) != 0 ? lua_tostring(L_, -1) : "it cannot be indexed";
    }
  }
  if (out.empty()) out = describe_value(L_, -1);
  lua_settop(L_, top);
  return out;
}

ScriptResult step_through(ScriptRunner& runner, Document& document, const RecordMeta& meta,
                          Arena& arena, std::vector<ScriptPart>& parts,
                          const std::function<Step(const Stop&)>& ask) {
  Walker walker(ask);
  runner.observe(&walker);
  ScriptResult result = runner.run(document, meta, arena, parts);
  runner.observe(nullptr);
  return result;
}

}  // namespace sluice::workshop
