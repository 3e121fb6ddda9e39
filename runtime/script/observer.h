// SPDX-License-Identifier: Apache-2.0
#pragma once

struct lua_State;
struct lua_Debug;

namespace sluice::script {

// Sees a script work: for coverage, profiles and stepping. Lua leaves its fast path meanwhile. Its
// functions are called from the debug hook of the state that runs; they may raise no Lua errors.
class Observer {
 public:
  virtual ~Observer() = default;

  // A state was made: its script has been loaded.
  virtual void on_state(lua_State* /*L*/) {}
  // A new line begins; only when lines() is true.
  virtual void on_line(lua_State* /*L*/, lua_Debug* /*event*/) {}
  // Another interval() instructions have run.
  virtual void on_count(lua_State* /*L*/, lua_Debug* /*event*/) {}

  [[nodiscard]] virtual bool lines() const { return false; }
  [[nodiscard]] virtual int interval() const { return 1000; }
};

}  // namespace sluice::script
