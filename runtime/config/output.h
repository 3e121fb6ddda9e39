// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/config/environment.h"

// What the table of keys and a file tell people and editors.
namespace sluice {

// A component whose option schema is merged into the file's schema.
struct ComponentSchema {
  bool is_source = true;
  std::string id;
  std::string config_schema;  // JSON text, draft-07
};

// The JSON Schema (draft-07) of sluice.yaml, indented. Options of components not given stay open.
std::string config_json_schema(const std::vector<ComponentSchema>& components = {});

// The reference tables of docs/configuration.md, Markdown.
std::string config_markdown();

// A variable that the file or the runtime itself looks at.
struct ConfigVariable {
  std::string name;
  std::optional<std::string> preset;   // the default; nullopt: none
  std::optional<std::string> current;  // masked when secret; nullopt: not set
  bool secret = false;
  bool required = false;  // set nowhere and without a default
  std::string used_in;    // "sluice.yaml:12", or what the runtime does with it
};

// Every variable of the file's placeholders in the order of the file, then the runtime's own. The
// file need not be valid beyond its YAML; with an empty path only the runtime's own are listed.
Result<std::vector<ConfigVariable>> list_variables(const std::filesystem::path& file,
                                                   const Environment& env);

enum class VariableFormat { kTable, kEnvFile, kJson };
std::string format_variables(const std::vector<ConfigVariable>& variables, VariableFormat format);

}  // namespace sluice
