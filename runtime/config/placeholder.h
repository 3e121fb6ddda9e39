// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/config/environment.h"
#include "runtime/config/problems.h"
#include "runtime/config/yaml.h"

namespace sluice::config {

// A placeholder as the file writes it: ${NAME}, ${NAME:-default} or ${file:/path}.
struct PlaceholderUse {
  std::string name;  // the variable; the path of a ${file:}
  bool is_file = false;
  std::optional<std::string> preset;  // text after ":-"
  std::string path;                   // dotted way to the value
  std::string key;                    // nearest key of a map around it
  Place place;
};

// Every placeholder of the tree, in the order of the file; badly written ones are left out.
std::vector<PlaceholderUse> find_placeholders(const YamlNode& root);

// Replaces the placeholders in all scalar values of the tree, once: what a replacement brings in is
// never looked at again. `$${` stands for a literal `${`. ${CONFIG_DIR} is the file's folder unless
// the environment defines it. As in the shell, a default also stands in for an empty variable.
void expand_placeholders(YamlNode& root, const std::filesystem::path& config_dir,
                         const Environment& env, Problems& problems);

}  // namespace sluice::config
