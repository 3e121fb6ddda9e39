// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/script/script.h"

namespace sluice::workshop {

// Which lines of a script, or of a library it requires, were run.
struct FileCoverage {
  std::string name;         // "orders.lua", "lib.money"
  std::vector<int> lines;   // that can run, ascending
  std::vector<int> missed;  // of them those that did not
};

// The lines of a Lua text that can run, of all its functions, those never called too.
Result<std::vector<int>> executable_lines(const std::string& name, const std::string& text);

// What was hit (chunk name -> lines) beside what there is, the script first.
std::vector<FileCoverage> cover(const Script& script,
                                const std::map<std::string, std::set<int>, std::less<>>& hit);

}  // namespace sluice::workshop
