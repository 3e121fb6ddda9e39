// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "runtime/base/text.h"
#include "runtime/config/build.h"
#include "runtime/config/checked_file.h"
#include "runtime/config/load.h"
#include "runtime/config/options.h"
#include "runtime/config/scalar.h"

namespace sluice {
namespace config {
namespace {

// JSON for the typed part: numbers, booleans and lists keep their kind, the rest is text in the
// file's notation. JSON is also flow style YAML, so both formats share it for scalars and lists.
class Shower {
 public:
  Shower(const std::filesystem::path& base, std::vector<std::filesystem::path> plugin_dirs)
      : base_(base), plugin_dirs_(std::move(plugin_dirs)) {}

  // `{...}` on one line.
  void json(std::string& out, const Value& value) const {
    if (value.members.empty()) {
      out += scalar(value);
      return;
    }
    out += '{';
    bool first = true;
    for (const Value& member : value.members) {
      if (!shown(member) || replaced(value, member)) continue;
      if (!first) out += ',';
      first = false;
      append_json_string(out, member.name);
      out += ':';
      json(out, member);
    }
    out += '}';
  }

  void yaml(std::string& out, const Value& value, size_t indent) const {
    for (const Value& member : value.members) {
      if (!shown(member) || replaced(value, member)) continue;
      out.append(indent, ' ');
      out += member.name;  // names of the table and instance names need no quotes
      out += ':';
      if (member.members.empty()) {
        out += cat({" ", scalar(member), "\n"});
      } else {
        out += '\n';
        yaml(out, member, indent + 2);
      }
    }
  }

 private:
  // Of the two forms of `retry` only the one in force is shown, so that the file loads again.
  static bool replaced(const Value& section, const Value& member) {
    const Value* delays = section.name == "retry" ? section.find("delays") : nullptr;
    const Value* topics = section.name == "retry" ? section.find("topics") : nullptr;
    if (topics != nullptr && topics->has_data()) return false;  // quick attempts before each wait
    return delays != nullptr && delays->has_data() &&
           (member.name == "max_attempts" || member.name == "base" || member.name == "cap");
  }

  [[nodiscard]] bool shown(const Value& value) const {
    if (value.has_data()) return true;
    if (value.key == nullptr) return false;
    for (const Value& member : value.members) {
      if (shown(member)) return true;
    }
    return value.key->type == KeyType::kOptions || value.name == "plugin_dirs";
  }

  [[nodiscard]] std::string scalar(const Value& value) const {
    if (value.key != nullptr && value.key->type == KeyType::kOptions) {
      return convert_options(value.node, base_, true).json;
    }
    if (value.name == "plugin_dirs" && !value.has_data()) {
      Value::Strings dirs;
      for (const auto& dir : plugin_dirs_) dirs.push_back(dir.string());
      return list(dirs);
    }
    if (const auto* strings = std::get_if<Value::Strings>(&value.data)) return list(*strings);
    if (const auto* durations = std::get_if<Value::Durations>(&value.data)) {
      Value::Strings texts;
      for (const Millis duration : *durations) texts.push_back(format_duration(duration));
      return list(texts);
    }
    std::string text = value.key != nullptr ? scalar_text(*value.key, value.data) : "";
    if (value.key != nullptr && value.key->type == KeyType::kRecordKey &&
        text.starts_with(Value::kHeaderKey)) {
      std::string out = R"({"header": )";
      append_json_string(out, text.substr(Value::kHeaderKey.size()));
      return out + "}";
    }
    const KeyType type = value.key != nullptr ? value.key->type : KeyType::kString;
    const bool number =
        std::holds_alternative<uint64_t>(value.data) && text != "auto" && type != KeyType::kSize;
    if (number || type == KeyType::kNumber || type == KeyType::kBool) return text;
    const bool named_secret = value.key != nullptr && is_secret_name(value.key->name);
    if ((value.node != nullptr && value.node->secret) || named_secret) text = kMask;
    std::string out;
    append_json_string(out, mask_url(text));
    return out;
  }

  static std::string list(const Value::Strings& items) {
    std::string out = "[";
    for (const std::string& item : items) {
      if (out.size() > 1) out += ", ";
      append_json_string(out, item);
    }
    return out + "]";
  }

  const std::filesystem::path& base_;
  std::vector<std::filesystem::path> plugin_dirs_;
};

}  // namespace
}  // namespace config

Result<std::string> show_config(const std::filesystem::path& file, const Environment& env,
                                ShowFormat format, const LoadOptions& options) {
  SLUICE_ASSIGN_OR_RETURN(const config::CheckedFile checked, config::check_file(file, env));
  const config::Shower shower(checked.base,
                              config::default_plugin_dirs(config::executable_dir(options)));
  std::string out;
  if (format == ShowFormat::kJson) {
    shower.json(out, checked.value);
  } else {
    shower.yaml(out, checked.value, 0);
    // Placeholders are replaced by now; what still looks like one was escaped.
    for (size_t at = out.find("${"); at != std::string::npos; at = out.find("${", at + 3)) {
      out.insert(at, 1, '$');
    }
  }
  return out;
}

}  // namespace sluice
