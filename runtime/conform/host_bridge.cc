// SPDX-License-Identifier: Apache-2.0
#include "runtime/conform/host_bridge.h"

#include <utility>

#include "runtime/plugin_host/config_check.h"
#include "runtime/plugin_host/schema_lint.h"

namespace sluice::conform {

bool schema_is_sound(const sluice_component& component) {
  return lint_config_schema(component.config_schema).empty();
}

Result<std::string> complete_config(const sluice_component& component, const std::string& config) {
  // The plugin host completes against sound schemas only; S4 tells about the others.
  const auto problems = lint_config_schema(component.config_schema);
  if (!problems.empty()) return invalid("the schema is not sound: " + problems.front());
  auto completed = sluice::complete_config(component.config_schema, config);
  if (!completed) return std::move(completed).status();
  return std::move(completed).value().json;
}

std::optional<std::string> schema_refusal(const sluice_component& component,
                                          const std::string& config) {
  if (!schema_is_sound(component)) return std::nullopt;
  const auto completed = complete_config(component, config);
  if (completed) return std::nullopt;
  return completed.status().message();
}

}  // namespace sluice::conform
