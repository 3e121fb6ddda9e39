// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace sluice {

// An instance's configuration as the plugin gets it.
struct CompletedConfig {
  std::string json;                  // canonical: defaults filled in, no white space
  std::vector<std::string> secrets;  // values of `writeOnly` properties, to be masked everywhere
};

// Fills in the schema's defaults, then validates. kInvalid: one error, the deepest, as JSON Pointer
// and text: "/port: found \"x\", expected integer, 1 to 65535", with "did you mean" for an unknown
// key. Secrets never appear in a message. Both texts are JSON; the schema has passed
// lint_config_schema.
Result<CompletedConfig> complete_config(std::string_view schema_json, std::string_view config_json);

}  // namespace sluice
