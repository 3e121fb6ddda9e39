// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "runtime/config/keys.h"
#include "runtime/config/output.h"
#include "runtime/config/problems.h"
#include "runtime/config/scalar.h"

namespace sluice {
namespace config {
namespace {

using enum KeyType;

std::string preset_text(const Key& key) {
  if (key.required) return "required";
  return key.preset.empty() ? "" : cat({"`", key.preset, "`"});
}

std::string limits_text(const Key& key) {
  if (key.type == kChoice) {
    std::string words;
    for (const std::string_view choice : key.choices) {
      words += cat({words.empty() ? "" : ", ", "`", choice, "`"});
    }
    return cat({": ", words});
  }
  const bool counted = key.type == kInteger || key.type == kNumber || key.type == kWorkers;
  if (!counted) return {};
  return cat({" ", exact_number(key.least), " to ", exact_number(key.most)});
}

void rows(std::string& out, Keys keys, const std::string& prefix) {
  for (const Key& key : keys) {
    if (!key.unbuilt.empty() || key.type == kNamed) continue;
    const std::string name = prefix + std::string(key.name);
    if (key.type == kSection && key.scalar_fills.empty()) {
      rows(out, key.children, name + ".");
      continue;
    }
    if (key.type == kSection) {
      const Key* plain = find_key(key.children, key.scalar_fills);
      out += cat({"| `", name, "` | ", type_name(plain->type), " or map | | ", key.text, " |\n"});
      rows(out, key.children, name + ".");
      continue;
    }
    out += cat({"| `", name, "` | ", type_name(key.type), limits_text(key), " | ", preset_text(key),
                " | ", key.text, key.live ? " *live*" : "", " |\n"});
  }
}

void table(std::string& out, std::string_view title, Keys keys, const std::string& prefix) {
  out += cat({"### ", title, "\n\n| key | type | default | meaning |\n|---|---|---|---|\n"});
  rows(out, keys, prefix);
  out += '\n';
}

void reserved(std::string& out, Keys keys, const std::string& prefix) {
  for (const Key& key : keys) {
    const std::string name = prefix + std::string(key.name);
    if (!key.unbuilt.empty()) {
      out += cat({"| `", name, "` | ", key.unbuilt, " |\n"});
    } else if (!key.children.empty()) {
      reserved(out, key.children, key.type == kNamed ? name + ".NAME." : name + ".");
    }
  }
}

}  // namespace
}  // namespace config

std::string config_markdown() {
  using namespace config;
  std::string out;
  const Keys root = root_keys();
  table(out, "runtime", find_key(root, "runtime")->children, "runtime.");
  table(out, "pipelines.NAME", pipeline_keys(), "");
  table(out, "pipelines.NAME.sources.NAME", find_key(pipeline_keys(), "sources")->children, "");
  table(out, "pipelines.NAME.sinks.NAME", sink_keys(), "");
  out += "### Known, but refused in this version\n\n| key | what is not available |\n|---|---|\n";
  reserved(out, root, "");
  return out;
}

}  // namespace sluice
