// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/environment.h"

#include <unistd.h>

namespace sluice {

Environment Environment::of_process() {
  Environment result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    result.variables_.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return result;
}

std::optional<std::string> Environment::get(std::string_view name) const {
  const auto found = variables_.find(name);
  if (found == variables_.end()) return std::nullopt;
  return found->second;
}

}  // namespace sluice
