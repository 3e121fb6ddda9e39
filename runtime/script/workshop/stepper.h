// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/script/script.h"

struct lua_State;
struct lua_Debug;

namespace sluice::workshop {

// A script that stands before a line. Usable only while it stands there.
class Stop {
 public:
  Stop(lua_State* L, lua_Debug* event) : L_(L), event_(event) {}

  [[nodiscard]] std::string file() const;  // "orders.lua", "lib.money"
  [[nodiscard]] int line() const;
  // Names and values (as JSON, shortened) of the locals in sight, then of the outer ones used.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> locals() const;
  // The value of "r.items[1].price", or what is wrong.
  [[nodiscard]] std::string look(std::string_view path) const;

 private:
  lua_State* L_;
  lua_Debug* event_;
};

enum class Step { kNextLine, kRunOn };

// runner.run() that asks before each line.
ScriptResult step_through(ScriptRunner& runner, Document& document, const RecordMeta& meta,
                          Arena& arena, std::vector<ScriptPart>& parts,
                          const std::function<Step(const Stop&)>& ask);

}  // namespace sluice::workshop
