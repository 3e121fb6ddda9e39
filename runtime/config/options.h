// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/base/status.h"
#include "runtime/config/config.h"
#include "runtime/config/yaml.h"

namespace sluice {

// Gives every option that was only a placeholder the type that the component's schema asks for:
// PORT=5432 in `port: "${PORT}"` becomes a number for {"type": "integer"} and stays text for
// {"type": "string"}. Looks at `properties`, `items` and `type`; what the schema leaves open stays
// as it is. To be called once the component is known, before its configuration is checked.
// kInvalid: one of the two texts is not JSON.
Result<std::string> type_placeholders(const std::string& config_json, const OptionPlaces& options,
                                      std::string_view schema_json);

namespace config {

// A plugin's `config:` map as JSON text, members in their order, and where each value stands.
// Plain scalars get their type from the core schema of YAML 1.2: null, true, false, integers and
// decimals; `on`, `yes` and everything in quotes is text. Text that begins with ./ or ../ is a
// path relative to `base`. `mask`: secrets become "********".
struct Options {
  std::string json;
  OptionPlaces places;
};
Options convert_options(const YamlNode* node, const std::filesystem::path& base, bool mask);

// Whether the name of an option or variable says that its value is a secret.
bool is_secret_name(std::string_view name);
// "postgres://user:hunter2@db/x" -> "postgres://user:********@db/x"; other text as it is.
std::string mask_url(std::string_view text);
inline constexpr std::string_view kMask = "********";

// The JSON text of a plain scalar by the core schema.
std::string core_scalar_json(std::string_view text);

}  // namespace config
}  // namespace sluice
