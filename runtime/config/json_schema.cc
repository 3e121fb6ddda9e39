// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "runtime/base/text.h"
#include "runtime/config/keys.h"
#include "runtime/config/output.h"
#include "runtime/config/problems.h"
#include "runtime/config/scalar.h"

namespace sluice {
namespace config {
namespace {

using enum KeyType;

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Builds the schema as indented JSON, one keyword a line.
class SchemaWriter {
 public:
  explicit SchemaWriter(const std::vector<ComponentSchema>& components) : components_(components) {}

  std::string write() {
    open();
    line("$schema", json_text("http://json-schema.org/draft-07/schema#"));
    line("title", json_text("sluice.yaml"));
    keys(root_keys());
    close();
    return out_ + "\n";
  }

 private:
  void indent() { out_.append(depth_ * 2, ' '); }

  void open() {
    out_ += '{';
    ++depth_;
    first_ = true;
  }
  void close() {
    --depth_;
    out_ += '\n';
    indent();
    out_ += '}';
    first_ = false;
  }
  void name(std::string_view key) {
    out_ += first_ ? "\n" : ",\n";
    first_ = false;
    indent();
    out_ += cat({json_text(key), ": "});
  }
  void line(std::string_view key, std::string_view json) {
    name(key);
    out_ += json;
  }

  // Keywords of a map with these keys.
  void keys(Keys list) {
    line("type", "\"object\"");
    line("additionalProperties", "false");
    std::string required;
    for (const Key& key : list) {
      if (!key.required) continue;
      required += cat({required.empty() ? "" : ", ", json_text(key.name)});
    }
    if (!required.empty()) line("required", cat({"[", required, "]"}));
    name("properties");
    open();
    for (const Key& key : list) {
      if (!key.unbuilt.empty()) continue;
      name(key.name);
      open();
      describe(key);
      close();
    }
    close();
  }

  void describe(const Key& key) {
    line("description", json_text(key.text));
    if (!key.preset.empty()) preset(key);
    if (key.type == kNamed) return named(key);
    if (key.type == kOptions) return line("type", "[\"object\", \"null\"]");
    if (key.type == kSection && key.scalar_fills.empty()) {
      // A section may be left empty ("flow:"), which YAML reads as null.
      line("type", "[\"object\", \"null\"]");
      return section(key);
    }
    if (key.type == kSection) {
      name("anyOf");
      out_ += '[';
      plain_form(*find_key(key.children, key.scalar_fills));
      open();
      keys(key.children);
      close();
      out_ += ']';
      return;
    }
    if (is_list(key.type)) return list(key);
    scalar(key);
  }

  // What may stand in place of a section.
  void plain_form(const Key& key) {
    if (key.type == KeyType::kSize) {
      open();
      scalar(key);
      close();
      out_ += ", ";
    } else {
      out_ += R"({"type": "string", "minLength": 1}, )";
    }
  }

  void section(const Key& key) {
    line("additionalProperties", "false");
    name("properties");
    open();
    for (const Key& child : key.children) {
      if (!child.unbuilt.empty()) continue;
      name(child.name);
      open();
      describe(child);
      close();
    }
    close();
  }

  void preset(const Key& key) {
    const bool bare = key.type == kBool || key.type == kInteger || key.type == kNumber;
    line("default", bare ? std::string(key.preset) : json_text(key.preset));
  }

  void named(const Key& key) {
    line("type", "\"object\"");
    line("minProperties", "1");
    line("propertyNames", R"({"pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"})");
    name("additionalProperties");
    open();
    keys(key.children);
    if (key.name == "sources") components(true);
    if (key.name == "sinks") components(false);
    close();
  }

  void components(bool sources) {
    std::string rules;
    for (const ComponentSchema& component : components_) {
      if (component.is_source != sources) continue;
      rules += cat({rules.empty() ? "" : ",\n", R"({"if": {"properties": {"use": {"const": )",
                    json_text(component.id), R"(}}}, "then": {"properties": {"config": )",
                    component.config_schema, "}}}"});
    }
    if (!rules.empty()) line("allOf", cat({"[\n", rules, "\n]"}));
  }

  void list(const Key& key) {
    const Key item{.name = key.name, .type = item_type(key.type)};
    // A lone placeholder may bring the whole list.
    name("anyOf");
    out_ += cat({"[", kPlaceholder, R"(, {"type": "array")"});
    if (key.least > 0) out_ += cat({R"(, "minItems": )", exact_number(key.least)});
    out_ += cat({R"(, "maxItems": )", exact_number(key.most), R"(, "items": )"});
    open();
    scalar(item);
    close();
    out_ += "}]";
  }

  void scalar(const Key& key) {
    switch (key.type) {
      case kBool:
        return any(R"({"type": "boolean"})");
      case kInteger:
        return any(number(key, "integer"));
      case kNumber:
        return any(number(key, "number"));
      case kWorkers:
        return any(cat({number(key, "integer"), R"(, {"const": "auto"})"}));
      case kChoice:
        return any(choices(key));
      case kRecordKey:
        return any(cat({choices(key), R"(, {"type": "array", "minItems": )",
                        exact_number(key.least), R"(, "maxItems": )", exact_number(key.most),
                        R"(, "items": {"type": "string", "pattern": "^(/([^~]|~[01])*)?$"}})",
                        R"(, {"type": "object", "additionalProperties": false, )",
                        R"("required": ["header"], "properties": {"header": )",
                        R"({"type": "string", "minLength": 1}}})"}));
      case kDuration:
        return any(
            R"({"const": 0}, {"type": "string", "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d)|0)$"})");
      case kSize:
        return any(
            R"({"type": "integer"}, {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)?$"})");
      case kShare:
        return any(cat({number(key, "number"),
                        R"(, {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?%?$"})"}));
      case kRate:
        return any(R"({"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)?/[smh]$"})");
      case kPointer:
        return any(R"({"type": "string", "pattern": "^(/([^~]|~[01])*)?$"})");
      default:
        return line("type", "\"string\"");
    }
  }

  static std::string number(const Key& key, std::string_view type) {
    return cat({R"({"type": ")", type, R"(", "minimum": )", exact_number(key.least),
                R"(, "maximum": )", exact_number(key.most), "}"});
  }

  static std::string choices(const Key& key) {
    std::string words;
    for (const std::string_view choice : key.choices) {
      words += cat({words.empty() ? "" : ", ", json_text(choice)});
    }
    return cat({R"({"enum": [)", words, "]}"});
  }

  // Wherever a value may stand, a text with a placeholder may stand too.
  void any(std::string_view forms) { line("anyOf", cat({"[", forms, ", ", kPlaceholder, "]"})); }

  static constexpr std::string_view kPlaceholder = R"({"type": "string", "pattern": "\\$\\{"})";

  const std::vector<ComponentSchema>& components_;
  std::string out_;
  size_t depth_ = 0;
  bool first_ = true;
};

}  // namespace
}  // namespace config

std::string config_json_schema(const std::vector<ComponentSchema>& components) {
  return config::SchemaWriter(components).write();
}

}  // namespace sluice
