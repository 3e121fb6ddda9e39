// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "runtime/script/observer.h"

namespace sluice::workshop {

// Writes down which lines run.
class LineWatch final : public script::Observer {
 public:
  [[nodiscard]] bool lines() const override { return true; }
  void on_line(lua_State* L, lua_Debug* event) override {
    lua_getinfo(L, "S", event);
    if (event->source == nullptr || event->source[0] != '@') return;
    const std::string_view name = event->source + 1;
    auto found = hit_.find(name);
    if (found == hit_.end()) found = hit_.emplace(std::string(name), std::set<int>()).first;
    found->second.insert(event->currentline);
  }
  [[nodiscard]] const std::map<std::string, std::set<int>, std::less<>>& hit() const {
    return hit_;
  }

 private:
  std::map<std::string, std::set<int>, std::less<>> hit_;
};

}  // namespace sluice::workshop
