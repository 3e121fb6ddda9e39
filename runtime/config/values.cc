// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>

#include "runtime/config/build.h"
#include "runtime/config/checked_file.h"
#include "runtime/config/keys.h"
#include "runtime/config/load.h"
#include "runtime/config/options.h"
#include "runtime/config/scalar.h"

namespace sluice {
namespace config {
namespace {

using Values = std::map<std::string, std::string>;

std::string text_of(const Value& value) {
  std::string out;
  if (const auto* strings = std::get_if<Value::Strings>(&value.data)) {
    for (const std::string& item : *strings) out += item + "\n";
  } else if (const auto* durations = std::get_if<Value::Durations>(&value.data)) {
    for (const Millis item : *durations) out += std::to_string(item.count()) + "\n";
  } else if (value.key != nullptr) {
    out = scalar_text(*value.key, value.data);
  }
  return out;
}

void flatten(const Value& value, const std::string& path, const std::filesystem::path& base,
             Values& out) {
  if (value.key != nullptr && value.key->type == KeyType::kOptions) {
    out[path] = convert_options(value.node, base, false).json;
    return;
  }
  if (value.has_data()) out[path] = text_of(value);
  for (const Value& member : value.members) {
    flatten(member, path.empty() ? member.name : cat({path, ".", member.name}), base, out);
  }
}

std::string_view next_name(std::string_view* path) {
  const size_t dot = path->find('.');
  const std::string_view name = path->substr(0, dot);
  *path = dot == std::string_view::npos ? std::string_view() : path->substr(dot + 1);
  return name;
}

// What the table says of a dotted key. Names of instances have no dots.
bool is_live(std::string_view path) {
  Keys keys = root_keys();
  const Key* key = nullptr;
  while (!path.empty()) {
    key = find_key(keys, next_name(&path));
    if (key == nullptr) return false;
    if (key->type == KeyType::kNamed) next_name(&path);
    keys = key->children;
  }
  return key != nullptr && key->live;
}

}  // namespace
}  // namespace config

Result<LoadedConfig> load_config_with_values(const std::filesystem::path& file,
                                             const Environment& env, const LoadOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const config::CheckedFile checked, config::check_file(file, env));
  LoadedConfig out;
  out.config = config::build_config(checked.value, checked.file, checked.base,
                                    config::executable_dir(options));
  config::flatten(checked.value, "", checked.base, out.values);
  return out;
}

std::vector<std::string> fixed_differences(const std::map<std::string, std::string>& before,
                                           const std::map<std::string, std::string>& after) {
  std::vector<std::string> out;
  const auto note = [&](const std::string& key) {
    if (!config::is_live(key)) out.push_back(key);
  };
  for (const auto& [key, value] : before) {
    const auto now = after.find(key);
    if (now == after.end() || now->second != value) note(key);
  }
  for (const auto& [key, value] : after) {
    if (before.find(key) == before.end()) note(key);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace sluice
