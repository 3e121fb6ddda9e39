// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// Checks a component's configuration schema against the rules that make it usable for checking,
// documenting and editing: an object at the top; `additionalProperties` false (or a schema, for a
// map) at each object; each property described; optional ones with a default or with words on what
// their absence means; known keywords only; local references that lead somewhere. Every violation,
// each with the JSON Pointer into the schema; empty: none.
std::vector<std::string> lint_config_schema(std::string_view schema_json);

}  // namespace sluice
