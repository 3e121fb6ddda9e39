// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>

#include "runtime/base/text.h"
#include "runtime/config/checked_file.h"
#include "runtime/config/options.h"
#include "runtime/config/output.h"
#include "runtime/config/placeholder.h"

namespace sluice {
namespace config {
namespace {

struct Own {
  std::string_view name;
  std::string_view meaning;
};
constexpr std::array kOwn = {
    Own{"SLUICE_CONFIG", "the configuration of commands without -c"},
    Own{"SLUICE_ADMIN_URL", "where commands reach a running process; wins over the file"},
    Own{"SLUICE_ADMIN_TOKEN", "proves a command to a running process; wins over the file"},
    Own{"NO_COLOR", "no colour on a terminal when set"},
};

std::optional<std::string> masked(const std::optional<std::string>& value, bool secret) {
  if (!value) return std::nullopt;
  return secret && !value->empty() ? std::string(kMask) : mask_url(*value);
}

ConfigVariable& entry(std::vector<ConfigVariable>& list, const std::string& name) {
  const auto found = std::find_if(list.begin(), list.end(),
                                  [&name](const ConfigVariable& v) { return v.name == name; });
  if (found != list.end()) return *found;
  list.push_back({});
  list.back().name = name;
  return list.back();
}

void add_placeholders(std::vector<ConfigVariable>& list, const CheckedFile& file) {
  for (const PlaceholderUse& use : find_placeholders(*file.tree)) {
    if (use.is_file) continue;
    ConfigVariable& variable = entry(list, use.name);
    if (variable.used_in.empty()) {
      variable.used_in = cat({file.file.string(), ":", std::to_string(use.place.line)});
    }
    if (use.preset && !variable.preset) variable.preset = use.preset;
    if (!use.preset) variable.required = true;
    variable.secret = variable.secret || is_secret_name(use.key) || is_secret_name(use.name);
  }
}

std::string plain(std::string_view text) {
  std::string out;
  append_escaped(out, text);
  return out;
}

std::string table(const std::vector<ConfigVariable>& variables) {
  struct Row {
    std::array<std::string, 4> cells;
  };
  std::vector<Row> rows = {{{"variable", "default", "current", "used in"}}};
  for (const ConfigVariable& v : variables) {
    rows.push_back({{v.name,
                     v.preset     ? plain(*v.preset)
                     : v.required ? "(required)"
                                  : "-",
                     v.current ? plain(*v.current) : "-", v.used_in}});
  }
  std::array<size_t, 4> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row.cells[i].size());
  }
  std::string out;
  for (const Row& row : rows) {
    for (size_t i = 0; i < widths.size(); ++i) {
      out += row.cells[i];
      if (i + 1 < widths.size()) out.append(widths[i] + 2 - row.cells[i].size(), ' ');
    }
    out += '\n';
  }
  return out;
}

// Single quotes, as shells and systemd read them; masked values are left for the operator.
std::string env_file(const std::vector<ConfigVariable>& variables) {
  std::string out;
  for (const ConfigVariable& v : variables) {
    out += cat({"# ", v.used_in, v.required ? "; required" : "", "\n"});
    const bool has_value = v.current.has_value() || v.preset.has_value();
    const std::string value = v.current ? *v.current : v.preset.value_or("");
    std::string quoted = "'";
    for (const char c : value) {
      if (c == '\'') {
        quoted += "'\\''";
      } else {
        quoted += c;
      }
    }
    out += cat({has_value && !v.secret ? "" : "#", v.name, "=", plain(quoted), "'\n"});
  }
  return out;
}

std::string json(const std::vector<ConfigVariable>& variables) {
  std::string out = "[";
  const auto optional = [&out](std::string_view key, const std::optional<std::string>& value) {
    out += cat({",\"", key, "\":"});
    if (value) {
      append_json_string(out, *value);
    } else {
      out += "null";
    }
  };
  for (const ConfigVariable& v : variables) {
    if (out.size() > 1) out += ',';
    out += "{\"name\":";
    append_json_string(out, v.name);
    optional("default", v.preset);
    optional("current", v.current);
    out += cat({",\"secret\":", v.secret ? "true" : "false",
                ",\"required\":", v.required ? "true" : "false", ",\"used_in\":"});
    append_json_string(out, v.used_in);
    out += '}';
  }
  return out + "]\n";
}

}  // namespace
}  // namespace config

Result<std::vector<ConfigVariable>> list_variables(const std::filesystem::path& file,
                                                   const Environment& env) {
  std::vector<ConfigVariable> list;
  if (!file.empty()) {
    SLUICE_ASSIGN_OR_RETURN(const config::CheckedFile tree, config::read_tree(file));
    config::add_placeholders(list, tree);
    for (ConfigVariable& variable : list) {
      if (variable.name != "CONFIG_DIR") continue;
      variable.required = false;
      if (!variable.preset) variable.preset = tree.base.string();
    }
  }
  for (const auto& own : config::kOwn) {
    ConfigVariable& variable = config::entry(list, std::string(own.name));
    if (variable.used_in.empty()) variable.used_in = own.meaning;
    variable.secret = variable.secret || config::is_secret_name(own.name);
  }
  for (ConfigVariable& variable : list) {
    variable.current = config::masked(env.get(variable.name), variable.secret);
    variable.preset = config::masked(variable.preset, variable.secret);
  }
  return list;
}

std::string format_variables(const std::vector<ConfigVariable>& variables, VariableFormat format) {
  switch (format) {
    case VariableFormat::kTable:
      return config::table(variables);
    case VariableFormat::kEnvFile:
      return config::env_file(variables);
    case VariableFormat::kJson:
      return config::json(variables);
  }
  return {};
}

}  // namespace sluice
