// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/config_check.h"

#include <algorithm>
#include <exception>
#include <valijson/adapters/rapidjson_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "runtime/base/text.h"
#include "runtime/plugin_host/json_internal.h"

namespace sluice {
namespace {

using host_json::Document;
using host_json::member;
using host_json::Value;

constexpr size_t kMaxConfigBytes = size_t{4} << 20;
// std::regex recurses once a character; longer texts would overflow the stack.
constexpr size_t kMaxPatternText = 4096;
constexpr std::string_view kMask = "********";

std::string shown(const std::string& pointer) { return pointer.empty() ? "(top)" : pointer; }

// Goes through the configuration beside its schema: fills in defaults, collects secrets, finds
// unknown and missing options (with better words than a validator has).
class Completer {
 public:
  Completer(const Value& root, Document& config, std::vector<std::string>& secrets)
      : root_(root), config_(config), secrets_(secrets) {}

  Status run() { return visit(config_, root_, "", false); }

 private:
  Status visit(Value& value, const Value& schema, const std::string& pointer, bool secret) {
    const Value* real = host_json::follow_refs(root_, &schema);
    if (real == nullptr) return Status::ok();
    secret = secret || host_json::true_member(schema, "writeOnly") ||
             host_json::true_member(*real, "writeOnly");
    real = host_json::choose_alternative(root_, *real, value);
    secret = secret || host_json::true_member(*real, "writeOnly");
    if (value.IsString()) return visit_text(value, *real, pointer, secret);
    if (value.IsObject()) return visit_object(value, *real, pointer, secret);
    if (!value.IsArray()) return Status::ok();
    const Value* items = host_json::item_schema(root_, *real);
    size_t i = 0;
    for (Value& item : value.GetArray()) {
      const std::string inner = pointer + "/" + std::to_string(i++);
      if (items != nullptr) SLUICE_RETURN_IF_ERROR(visit(item, *items, inner, secret));
    }
    return Status::ok();
  }

  Status visit_text(const Value& value, const Value& schema, const std::string& pointer,
                    bool secret) {
    if (secret && value.GetStringLength() > 0) secrets_.emplace_back(host_json::text(value));
    if (member(schema, "pattern") != nullptr && value.GetStringLength() > kMaxPatternText) {
      return invalid(shown(pointer) + ": is " + std::to_string(value.GetStringLength()) +
                     " bytes long, at most " + std::to_string(kMaxPatternText) + " are allowed");
    }
    return Status::ok();
  }

  Status visit_object(Value& value, const Value& schema, const std::string& pointer, bool secret) {
    SLUICE_RETURN_IF_ERROR(no_duplicates(value, pointer));
    SLUICE_RETURN_IF_ERROR(no_unknown_keys(value, schema, pointer));
    SLUICE_RETURN_IF_ERROR(fill(value, schema, pointer));
    for (auto& entry : value.GetObject()) {
      const std::string_view key = host_json::text(entry.name);
      const Value* inner = raw_property(schema, key);
      if (inner == nullptr) continue;
      SLUICE_RETURN_IF_ERROR(
          visit(entry.value, *inner, host_json::child_pointer(pointer, key), secret));
    }
    return Status::ok();
  }

  // Without following references: `writeOnly` may stand beside one.
  static const Value* raw_property(const Value& schema, std::string_view key) {
    if (const Value* properties = member(schema, "properties")) {
      if (const Value* found = member(*properties, key)) return found;
    }
    const Value* rest = member(schema, "additionalProperties");
    return rest != nullptr && rest->IsObject() ? rest : nullptr;
  }

  static Status no_duplicates(const Value& value, const std::string& pointer) {
    std::vector<std::string_view> keys;
    for (const auto& entry : value.GetObject()) keys.push_back(host_json::text(entry.name));
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return Status::ok();
    return invalid(host_json::child_pointer(pointer, *twice) + ": is given twice");
  }

  static Status no_unknown_keys(const Value& value, const Value& schema,
                                const std::string& pointer) {
    const Value* rest = member(schema, "additionalProperties");
    if (rest == nullptr || !rest->IsFalse()) return Status::ok();
    const Value* properties = member(schema, "properties");
    std::vector<std::string> known;
    if (properties != nullptr && properties->IsObject()) {
      for (const auto& entry : properties->GetObject()) {
        known.emplace_back(host_json::text(entry.name));
      }
    }
    for (const auto& entry : value.GetObject()) {
      const std::string_view key = host_json::text(entry.name);
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      const auto near = did_you_mean(key, known);
      std::string list;
      for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
      return invalid(host_json::child_pointer(pointer, key) + ": unknown option" +
                     (near           ? "; did you mean \"" + *near + "\"?"
                      : list.empty() ? "; there are none here"
                                     : "; known are: " + list));
    }
    return Status::ok();
  }

  Status fill(Value& value, const Value& schema, const std::string& pointer) {
    const Value* properties = member(schema, "properties");
    if (properties != nullptr && properties->IsObject()) {
      for (const auto& entry : properties->GetObject()) {
        if (member(value, host_json::text(entry.name)) != nullptr) continue;
        const Value* fallback = member(entry.value, "default");
        const Value* real = host_json::follow_refs(root_, &entry.value);
        if (fallback == nullptr && real != nullptr) fallback = member(*real, "default");
        if (fallback == nullptr) continue;
        auto& memory = config_.GetAllocator();
        value.AddMember(Value(entry.name, memory), Value(*fallback, memory), memory);
      }
    }
    const Value* required = member(schema, "required");
    if (required == nullptr || !required->IsArray()) return Status::ok();
    for (const Value& name : required->GetArray()) {
      if (!name.IsString() || member(value, host_json::text(name)) != nullptr) continue;
      const Value* wanted = host_json::property_schema(root_, schema, host_json::text(name));
      return invalid(host_json::child_pointer(pointer, host_json::text(name)) +
                     ": is missing, expected " +
                     (wanted == nullptr ? "a value" : host_json::expected_text(root_, *wanted)));
    }
    return Status::ok();
  }

  const Value& root_;
  Document& config_;
  std::vector<std::string>& secrets_;
};

struct Place {
  std::string pointer;
  const Value* value = nullptr;
  const Value* schema = nullptr;
  bool secret = false;
};

// Follows valijson's context ("<root>", "[port]", "[0]") through configuration and schema.
Place find_place(const Value& root, const Value& config, const std::vector<std::string>& context) {
  Place place{"", &config, &root, false};
  for (size_t i = 1; i < context.size(); ++i) {
    const std::string& part = context[i];
    const std::string key =
        part.size() >= 2 && part.front() == '[' ? part.substr(1, part.size() - 2) : part;
    place.pointer = host_json::child_pointer(place.pointer, key);
    if (place.value == nullptr) continue;
    if (place.schema != nullptr) {
      place.schema = host_json::choose_alternative(root, *place.schema, *place.value);
      const bool array = place.value->IsArray();
      place.schema = array ? host_json::item_schema(root, *place.schema)
                           : host_json::property_schema(root, *place.schema, key);
    }
    if (place.value->IsArray()) {
      const size_t index = std::strtoull(key.c_str(), nullptr, 10);
      place.value = index < place.value->Size()
                        ? &(*place.value)[static_cast<rapidjson::SizeType>(index)]
                        : nullptr;
    } else {
      place.value = member(*place.value, key);
    }
    place.secret = place.secret ||
                   (place.schema != nullptr && host_json::true_member(*place.schema, "writeOnly"));
  }
  return place;
}

Status explain(const Value& root, const Value& config, valijson::ValidationResults& results) {
  valijson::ValidationResults::Error error;
  valijson::ValidationResults::Error deepest;
  bool any = false;
  while (results.popError(error)) {
    if (!any || error.context.size() > deepest.context.size()) deepest = error;
    any = true;
  }
  if (!any) return invalid("does not fit its schema");
  const Place place = find_place(root, config, deepest.context);
  if (place.value == nullptr || place.schema == nullptr) {
    return invalid(shown(place.pointer) + ": " + deepest.description);
  }
  return invalid(shown(place.pointer) + ": found " +
                 (place.secret ? std::string(kMask) : host_json::excerpt(*place.value)) +
                 ", expected " + host_json::expected_text(root, *place.schema));
}

Status validate(const Document& schema_document, const Document& config) {
  try {
    valijson::Schema schema;
    valijson::SchemaParser parser;
    const valijson::adapters::RapidJsonAdapter schema_adapter(schema_document);
    parser.populateSchema(schema_adapter, schema);
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    const valijson::adapters::RapidJsonAdapter adapter(config);
    if (validator.validate(schema, adapter, &results)) return Status::ok();
    return explain(schema_document, config, results);
  } catch (const std::exception& e) {
    return internal(std::string("its schema cannot be used: ") + e.what());
  }
}

}  // namespace

Result<CompletedConfig> complete_config(std::string_view schema_json,
                                        std::string_view config_json) {
  if (config_json.size() > kMaxConfigBytes) {
    return invalid("the configuration is " + std::to_string(config_json.size()) +
                   " bytes long, at most " + std::to_string(kMaxConfigBytes) + " are allowed");
  }
  Document schema;
  SLUICE_RETURN_IF_ERROR(host_json::parse(schema_json, schema).with_context("config_schema"));
  Document config;
  SLUICE_RETURN_IF_ERROR(host_json::parse(config_json, config));
  CompletedConfig out;
  SLUICE_RETURN_IF_ERROR(Completer(schema, config, out.secrets).run());
  SLUICE_RETURN_IF_ERROR(validate(schema, config));
  out.json = host_json::print(config);
  return out;
}

}  // namespace sluice
