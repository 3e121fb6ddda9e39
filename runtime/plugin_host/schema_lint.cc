// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/schema_lint.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>
#include <set>

#include "runtime/base/text.h"
#include "runtime/plugin_host/json_internal.h"

namespace sluice {
namespace {

using host_json::member;
using host_json::Value;

constexpr std::array<std::string_view, 7> kTypes = {"object", "array",   "string", "integer",
                                                    "number", "boolean", "null"};
constexpr std::array<std::string_view, 23> kKeywords = {
    "type",      "properties",  "required",  "additionalProperties",
    "enum",      "const",       "minimum",   "maximum",
    "minLength", "maxLength",   "pattern",   "items",
    "minItems",  "maxItems",    "oneOf",     "description",
    "default",   "examples",    "writeOnly", "$ref",
    "$schema",   "definitions", "title"};

// std::regex recurses while it compiles.
constexpr size_t kMaxPattern = 512;

template <typename List>
bool contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// What the value of a keyword must be, where nothing else below looks at it. The validator takes
// such a schema for a broken program.
struct Kind {
  std::string_view keyword;
  bool (*fits)(const Value&);
  const char* expected;
};
bool is_number(const Value& value) { return value.IsNumber(); }
bool is_count(const Value& value) { return value.IsUint64(); }
bool is_text(const Value& value) { return value.IsString(); }
bool is_flag(const Value& value) { return value.IsBool(); }
bool is_list(const Value& value) { return value.IsArray(); }
constexpr std::array<Kind, 11> kKinds = {{
    {"minimum", is_number, "a number"},
    {"maximum", is_number, "a number"},
    {"minLength", is_count, "a whole number, 0 or more"},
    {"maxLength", is_count, "a whole number, 0 or more"},
    {"minItems", is_count, "a whole number, 0 or more"},
    {"maxItems", is_count, "a whole number, 0 or more"},
    {"description", is_text, "a string"},
    {"title", is_text, "a string"},
    {"$schema", is_text, "a string"},
    {"writeOnly", is_flag, "true or false"},
    {"examples", is_list, "a list"},
}};

// Words by which a description says what happens without the option.
bool speaks_of_absence(std::string_view description) {
  static constexpr std::array<std::string_view, 8> kWords = {
      "absent", "default", "optional", "without", "omitted", "unless", "if ", "when "};
  std::string lower(description);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

class Lint {
 public:
  explicit Lint(const Value& root) : root_(root) {}

  std::vector<std::string> run() {
    if (!root_.IsObject()) {
      say("", "is not an object; write {\"type\": \"object\", ...}");
      return std::move(problems_);
    }
    if (host_json::text_member(root_, "type") != "object") {
      say("", "the top must have \"type\": \"object\"");
    }
    schema(root_, "");
    return std::move(problems_);
  }

 private:
  void say(const std::string& pointer, const std::string& problem) {
    problems_.push_back("config_schema" + (pointer.empty() ? "" : " " + pointer) + ": " + problem);
  }

  void schema(const Value& value, const std::string& pointer) {
    if (!value.IsObject()) {
      say(pointer, "a schema must be an object, found " + host_json::excerpt(value));
      return;
    }
    keywords(value, pointer);
    kinds(value, pointer);
    reference(value, pointer);
    type(value, pointer);
    pattern(value, pointer);
    lists(value, pointer);
    object(value, pointer);
    for (const char* keyword : {"items", "additionalProperties"}) {
      const Value* inner = member(value, keyword);
      if (inner != nullptr && !inner->IsBool()) {
        schema(*inner, host_json::child_pointer(pointer, keyword));
      }
    }
    each(value, pointer, "definitions", false);
  }

  void keywords(const Value& value, const std::string& pointer) {
    for (const auto& entry : value.GetObject()) {
      const std::string_view name = host_json::text(entry.name);
      if (contains(kKeywords, name)) continue;
      const std::vector<std::string> known(kKeywords.begin(), kKeywords.end());
      const auto near = did_you_mean(name, known);
      say(pointer, "keyword \"" + std::string(name) + "\" is not allowed" +
                       (near ? "; did you mean \"" + *near + "\"?" : ""));
    }
  }

  void kinds(const Value& value, const std::string& pointer) {
    for (const Kind& kind : kKinds) {
      const Value* found = member(value, kind.keyword);
      if (found == nullptr || kind.fits(*found)) continue;
      say(pointer, std::string(kind.keyword) + " must be " + kind.expected + ", found " +
                       host_json::excerpt(*found));
    }
  }

  void reference(const Value& value, const std::string& pointer) {
    const Value* ref = member(value, "$ref");
    if (ref != nullptr && host_json::follow_refs(root_, &value) == nullptr) {
      say(pointer, "$ref " + host_json::excerpt(*ref) +
                       " leads nowhere; only local references such as \"#/definitions/x\" work");
    }
  }

  void type(const Value& value, const std::string& pointer) {
    const Value* types = member(value, "type");
    if (types == nullptr) return;
    const auto known = [](const Value& name) {
      return name.IsString() && contains(kTypes, host_json::text(name));
    };
    const bool good =
        types->IsArray() ? std::all_of(types->Begin(), types->End(), known) : known(*types);
    if (!good) say(pointer, "unknown type " + host_json::excerpt(*types));
  }

  void pattern(const Value& value, const std::string& pointer) {
    const Value* text = member(value, "pattern");
    if (text == nullptr) return;
    if (!text->IsString()) {
      say(pointer, "pattern must be a string");
      return;
    }
    if (text->GetStringLength() > kMaxPattern) {
      say(pointer, "pattern is " + std::to_string(text->GetStringLength()) +
                       " bytes long, at most " + std::to_string(kMaxPattern) + " are allowed");
      return;
    }
    try {
      const std::regex compiled(text->GetString(), std::regex::ECMAScript);
    } catch (const std::regex_error& e) {
      say(pointer, "pattern " + host_json::excerpt(*text) + " does not compile: " + e.what());
    }
  }

  void lists(const Value& value, const std::string& pointer) {
    if (const Value* list = member(value, "enum");
        list != nullptr && (!list->IsArray() || list->Empty())) {
      say(pointer, "enum must be a list that is not empty");
    }
    const Value* alternatives = member(value, "oneOf");
    if (alternatives == nullptr) return;
    if (!alternatives->IsArray() || alternatives->Empty()) {
      say(pointer, "oneOf must be a list that is not empty");
      return;
    }
    size_t i = 0;
    for (const Value& entry : alternatives->GetArray()) {
      schema(entry, pointer + "/oneOf/" + std::to_string(i++));
    }
  }

  void object(const Value& value, const std::string& pointer) {
    const bool is_object =
        host_json::text_member(value, "type") == "object" || member(value, "properties") != nullptr;
    if (!is_object) return;
    const Value* rest = member(value, "additionalProperties");
    if (rest == nullptr || rest->IsTrue()) {
      say(pointer,
          "an object needs \"additionalProperties\": false (or a schema, for a map), so "
          "that a misspelt option is found");
    }
    each(value, pointer, "properties", true);
    required(value, pointer);
  }

  void required(const Value& value, const std::string& pointer) {
    const Value* list = member(value, "required");
    if (list == nullptr) return;
    if (!list->IsArray()) {
      say(pointer, "required must be a list of property names");
      return;
    }
    const Value* properties = member(value, "properties");
    for (const Value& name : list->GetArray()) {
      const bool known = name.IsString() && properties != nullptr &&
                         member(*properties, host_json::text(name)) != nullptr;
      if (!known) say(pointer, "required names " + host_json::excerpt(name) + ", no such property");
    }
  }

  void each(const Value& value, const std::string& pointer, const char* keyword, bool properties) {
    const Value* list = member(value, keyword);
    if (list == nullptr) return;
    if (!list->IsObject()) {
      say(pointer, std::string(keyword) + " must be an object");
      return;
    }
    std::set<std::string_view> seen;
    for (const auto& entry : list->GetObject()) {
      const std::string_view name = host_json::text(entry.name);
      const std::string inner =
          host_json::child_pointer(host_json::child_pointer(pointer, keyword), name);
      if (!seen.insert(name).second) say(inner, "appears twice");
      if (properties) property(value, entry.value, name, inner);
      schema(entry.value, inner);
    }
  }

  void property(const Value& object, const Value& value, std::string_view name,
                const std::string& pointer) {
    const Value* real = host_json::follow_refs(root_, &value);
    std::string_view description = host_json::text_member(value, "description");
    if (description.empty() && real != nullptr) {
      description = host_json::text_member(*real, "description");
    }
    if (description.empty()) say(pointer, "has no description");
    const Value* list = member(object, "required");
    const bool is_required = list != nullptr && list->IsArray() &&
                             std::any_of(list->Begin(), list->End(), [&](const Value& entry) {
                               return entry.IsString() && host_json::text(entry) == name;
                             });
    const bool has_default = member(value, "default") != nullptr ||
                             (real != nullptr && member(*real, "default") != nullptr);
    if (!is_required && !has_default && !description.empty() && !speaks_of_absence(description)) {
      say(pointer,
          "is optional without a default: its description must say what happens when it "
          "is absent");
    }
  }

  const Value& root_;
  std::vector<std::string> problems_;
};

}  // namespace

std::vector<std::string> lint_config_schema(std::string_view schema_json) {
  host_json::Document document;
  if (const Status parsed = host_json::parse(schema_json, document); !parsed.is_ok()) {
    return {"config_schema: " + parsed.message()};
  }
  return Lint(document).run();
}

}  // namespace sluice
