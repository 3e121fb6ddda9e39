// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/schema_evolve/random_schema.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <string_view>
#include <vector>

namespace sluice::testing {
namespace {

using Value = rapidjson::Value;

bool is_one_of(std::string_view name, const std::vector<std::string_view>& names) {
  for (const std::string_view one : names) {
    if (one == name) return true;
  }
  return false;
}

// Every schema object of a schema.
void collect(Value& schema, std::vector<Value*>& out) {
  if (!schema.IsObject()) return;
  out.push_back(&schema);
  for (auto& member : schema.GetObject()) {
    const std::string_view name(member.name.GetString(), member.name.GetStringLength());
    if (is_one_of(name, {"properties", "patternProperties", "definitions", "dependentSchemas"})) {
      for (auto& one : member.value.GetObject()) collect(one.value, out);
    } else if (is_one_of(name, {"items", "prefixItems", "allOf", "anyOf", "oneOf"}) &&
               member.value.IsArray()) {
      for (auto& one : member.value.GetArray()) collect(one, out);
    } else if (is_one_of(name, {"items", "additionalItems", "contains", "additionalProperties",
                                "propertyNames", "unevaluatedProperties", "unevaluatedItems", "not",
                                "if", "then", "else"})) {
      collect(member.value, out);
    }
  }
}

}  // namespace

template <typename Make>
std::string RandomSchema::list(const char* open, const char* close, Make&& make) {
  std::string out = open;
  const int count = 1 + pick(3);
  for (int i = 0; i < count; ++i) out += (i > 0 ? "," : "") + make();
  return out + close;
}

std::string RandomSchema::number() {
  static constexpr std::array kNumbers = {"-1", "0", "1", "1.0", "1.5", "2", "3", "2.5"};
  return kNumbers[static_cast<size_t>(pick(kNumbers.size()))];
}

std::string RandomSchema::text() {
  static constexpr std::array kTexts = {"", "a", "b", "ab", "ba", "aaa", "2024-01-01"};
  return std::string("\"") + kTexts[static_cast<size_t>(pick(kTexts.size()))] + "\"";
}

std::string RandomSchema::name() {
  static constexpr std::array kNames = {"a", "b", "ab", "c"};
  return std::string("\"") + kNames[static_cast<size_t>(pick(kNames.size()))] + "\"";
}

std::string RandomSchema::record(int depth) {
  switch (pick(depth > 0 ? 10 : 6)) {
    case 0:
      return "null";
    case 1:
      return pick(2) != 0 ? "true" : "false";
    case 2:
    case 3:
      return number();
    case 4:
    case 5:
      return text();
    case 6:
    case 7:
      return pick(4) == 0 ? "[]" : list("[", "]", [&] { return record(depth - 1); });
    default: {
      std::string out = "{";
      for (const char* one : {"a", "b", "ab", "c"}) {
        if (pick(2) == 0) continue;
        out += (out.size() > 1 ? ",\"" : "\"") + std::string(one) + "\":" + record(depth - 1);
      }
      return out + "}";
    }
  }
}

std::string RandomSchema::below(int depth) {
  if (depth <= 0 || pick(10) == 0) return pick(4) != 0 ? "true" : "false";
  if (pick(12) == 0) {
    const std::string beside = later_ && pick(2) != 0 ? "," + keyword(1) : "";
    return std::string(R"({"$ref":"#/definitions/)") + (pick(2) != 0 ? "x" : "y") + "\"" + beside +
           "}";
  }
  std::string out = "{";
  std::vector<std::string> used;
  for (int i = pick(3); i >= 0; --i) {
    const std::string one = pick(3) == 0 ? object_keyword(depth) : keyword(depth);
    const std::string key = one.substr(0, one.find(':'));
    if (is_one_of(key, {used.begin(), used.end()})) continue;
    used.push_back(key);
    out += (out.size() > 1 ? "," : "") + one;
  }
  return out + "}";
}

std::string RandomSchema::object_keyword(int depth) {
  const auto deeper = [this, depth] { return below(depth - 1); };
  switch (pick(9)) {
    case 0:
    case 1:
    case 2:
      return R"("properties":{"a":)" + deeper() + ",\"b\":" + deeper() + "}";
    case 3:
      return R"("required":[)" + name() + "]";
    case 4:
      return R"("additionalProperties":false)";
    case 5:
      return "\"additionalProperties\":" + deeper();
    case 6:
      return R"("patternProperties":{"^a":)" + deeper() + "}";
    case 7:
      return "\"dependencies\":{" + name() + ":[" + name() + "]}";
    default:
      return pick(2) != 0 ? "\"maxProperties\":" + std::to_string(pick(4))
                          : R"("propertyNames":{"maxLength":1})";
  }
}

std::string RandomSchema::keyword(int depth) {
  const auto deeper = [this, depth] { return below(depth - 1); };
  if (later_ && pick(5) == 0) return later_keyword(depth);
  static constexpr std::array kTypes = {R"("integer")",
                                        R"("number")",
                                        R"("string")",
                                        R"("object")",
                                        R"("array")",
                                        R"(["integer","null"])",
                                        R"(["string","object"])",
                                        R"(["number","boolean"])"};
  switch (pick(22)) {
    case 0:
    case 1:
    case 2:
      return std::string("\"type\":") + kTypes[static_cast<size_t>(pick(kTypes.size()))];
    case 3:
      return std::string(pick(2) != 0 ? "\"minimum\":" : "\"exclusiveMinimum\":") + number();
    case 4:
      return std::string(pick(2) != 0 ? "\"maximum\":" : "\"exclusiveMaximum\":") + number();
    case 5:
      return std::string("\"multipleOf\":") + (pick(2) != 0 ? "1" : "0.5");
    case 6:
      return std::string(pick(2) != 0 ? "\"minLength\":" : "\"maxLength\":") +
             std::to_string(pick(4));
    case 7:
      return std::string("\"pattern\":") + (pick(2) != 0 ? "\"^a\"" : "\"b\"");
    case 8:
      return R"("format":"date")";
    case 9:
      return std::string(pick(2) != 0 ? "\"minItems\":" : "\"maxItems\":") +
             std::to_string(pick(3));
    case 10:
      return R"("uniqueItems":true)";
    case 11:
      return "\"enum\":" + list("[", "]", [&] { return record(1); });
    case 12:
      return "\"const\":" + record(1);
    case 13:
    case 14:
      return "\"items\":" + deeper();
    case 15:
      if (later_) return "\"prefixItems\":" + list("[", "]", deeper) + ",\"items\":" + deeper();
      return "\"items\":" + list("[", "]", deeper) + ",\"additionalItems\":" + deeper();
    case 16:
      return "\"contains\":" + deeper();
    case 17:
      return "\"allOf\":" + list("[", "]", deeper);
    case 18:
      return "\"anyOf\":" + list("[", "]", deeper);
    case 19:
      return "\"oneOf\":" + list("[", "]", deeper);
    case 20:
      return "\"not\":" + deeper();
    default:
      return "\"if\":" + deeper() + ",\"then\":" + deeper() + ",\"else\":" + deeper();
  }
}

std::string RandomSchema::later_keyword(int depth) {
  switch (pick(5)) {
    case 0:
      return R"("unevaluatedProperties":)" + (pick(2) != 0 ? "false" : below(depth - 1));
    case 1:
      return R"("unevaluatedItems":)" + (pick(2) != 0 ? "false" : below(depth - 1));
    case 2:
      return "\"contains\":" + below(depth - 1) + ",\"minContains\":" + std::to_string(pick(3)) +
             (pick(2) != 0 ? ",\"maxContains\":" + std::to_string(pick(3)) : "");
    case 3:
      return "\"dependentRequired\":{" + name() + ":[" + name() + "]}";
    default:
      return "\"dependentSchemas\":{" + name() + ":" + below(depth - 1) + "}";
  }
}

std::string RandomSchema::schema() {
  const std::string body = below(3);
  const std::string dialect =
      later_ ? R"("$schema":"https://json-schema.org/draft/2020-12/schema",)" : "";
  const std::string definitions =
      dialect + R"("definitions":{"x":)" + below(2) + ",\"y\":" + below(1) + "}";
  if (body.size() < 3 || body[0] != '{') return "{" + definitions + "}";
  return "{" + definitions + R"(,"allOf":[)" + body + "]}";
}

// One change of a parsed schema.
struct Mutation {
  RandomSchema& source;
  rapidjson::Document& document;

  int pick(size_t n) { return source.pick(static_cast<int>(n)); }

  Value parsed(const std::string& json) {
    rapidjson::Document made(&document.GetAllocator());
    made.Parse(json.c_str());
    return Value(made, document.GetAllocator());
  }

  void replace_keyword(Value& schema) {
    const std::string json =
        "{" + (pick(2) != 0 ? source.keyword(2) : source.object_keyword(2)) + "}";
    Value made = parsed(json);
    for (auto& member : made.GetObject()) {
      schema.RemoveMember(member.name);
      schema.AddMember(Value(member.name, document.GetAllocator()),
                       Value(member.value, document.GetAllocator()), document.GetAllocator());
    }
  }

  void change_member(Value& schema) {
    const auto member = schema.MemberBegin() + pick(schema.MemberCount());
    Value& value = member->value;
    if (value.IsInt()) {
      value.SetInt(value.GetInt() + (pick(2) != 0 ? 1 : -1));
    } else if (value.IsArray() && pick(2) != 0 && value.Size() > 1) {
      value.Erase(value.Begin() + pick(value.Size()));
    } else if (value.IsArray()) {
      const std::string_view name = member->name.GetString();
      const std::string added = name == "required" || name == "type"
                                    ? (name == "type" ? "\"null\"" : source.name())
                                : name == "enum" ? source.record(1)
                                                 : source.below(1);
      value.PushBack(parsed(added), document.GetAllocator());
    } else if (value.IsObject() && std::string_view(member->name.GetString()) == "properties") {
      const std::string added = source.name();
      const Value name = parsed(added);
      if (!value.RemoveMember(name)) {
        value.AddMember(parsed(added), parsed(source.below(1)), document.GetAllocator());
      }
    } else if (std::string_view(member->name.GetString()) != "definitions") {
      schema.RemoveMember(member);
    }
  }

  void apply() {
    std::vector<Value*> schemas;
    collect(document, schemas);
    Value& schema = *schemas[static_cast<size_t>(pick(schemas.size()))];
    if (schema.MemberCount() == 0 || pick(3) == 0) return replace_keyword(schema);
    change_member(schema);
  }
};

std::string RandomSchema::changed(const std::string& schema) {
  rapidjson::Document document;
  document.Parse(schema.c_str());
  for (int i = pick(3); i >= 0; --i) Mutation{*this, document}.apply();
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  document.Accept(writer);
  return buffer.GetString();
}

}  // namespace sluice::testing
