// SPDX-License-Identifier: Apache-2.0
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>

#include "runtime/config/options.h"

namespace sluice {
namespace {

using Json = rapidjson::Value;
constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag;

std::string unescape_pointer(std::string_view token) {
  std::string out;
  for (size_t at = 0; at < token.size(); ++at) {
    if (token[at] == '~' && at + 1 < token.size()) {
      out += token[++at] == '0' ? '~' : '/';
    } else {
      out += token[at];
    }
  }
  return out;
}

const Json* member(const Json& object, const char* name) {
  if (!object.IsObject()) return nullptr;
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

// The part of the schema that describes the value at `pointer`; nullptr: it does not say.
const Json* schema_of(const Json& schema, std::string_view pointer) {
  const Json* at = &schema;
  while (!pointer.empty() && at != nullptr) {
    pointer.remove_prefix(1);
    const std::string name = unescape_pointer(pointer.substr(0, pointer.find('/')));
    pointer = pointer.find('/') == std::string_view::npos ? std::string_view{}
                                                          : pointer.substr(pointer.find('/'));
    const Json* next = nullptr;
    if (const Json* properties = member(*at, "properties")) {
      next = member(*properties, name.c_str());
    }
    if (next == nullptr) next = member(*at, "items");
    if (next == nullptr) next = member(*at, "additionalProperties");
    at = next;
  }
  return at != nullptr && at->IsObject() ? at : nullptr;
}

bool allows(const Json& schema, std::string_view type) {
  const Json* types = member(schema, "type");
  if (types == nullptr) return false;
  const auto is = [type](const Json& value) {
    return value.IsString() && std::string_view(value.GetString(), value.GetStringLength()) == type;
  };
  if (!types->IsArray()) return is(*types);
  for (const Json& value : types->GetArray()) {
    if (is(value)) return true;
  }
  return false;
}

// Text wins where the schema allows it: "007" then keeps its zeros.
void retype(Json& value, const std::string& text, const Json& schema, rapidjson::Document& owner) {
  const bool open = member(schema, "type") == nullptr;
  if (open) return;
  if (allows(schema, "string")) {
    value.SetString(text.data(), static_cast<rapidjson::SizeType>(text.size()),
                    owner.GetAllocator());
    return;
  }
  rapidjson::Document core(&owner.GetAllocator());
  core.Parse<kFlags>(config::core_scalar_json(text).c_str());
  if (core.HasParseError()) return;
  const bool fits = (core.IsBool() && allows(schema, "boolean")) ||
                    (core.IsNull() && allows(schema, "null")) ||
                    (core.IsNumber() && (allows(schema, "integer") || allows(schema, "number")));
  if (fits) value.Swap(core);
}

}  // namespace

Result<std::string> type_placeholders(const std::string& config_json, const OptionPlaces& options,
                                      std::string_view schema_json) {
  if (options.placeholder_texts.empty()) return config_json;
  rapidjson::Document config;
  config.Parse<kFlags>(config_json.data(), config_json.size());
  if (config.HasParseError()) return invalid("the options are not JSON");
  rapidjson::Document schema;
  schema.Parse<kFlags>(schema_json.data(), schema_json.size());
  if (schema.HasParseError()) return invalid("the component's schema is not JSON");
  for (const auto& [pointer, text] : options.placeholder_texts) {
    Json* value = rapidjson::Pointer(pointer.data(), pointer.size()).Get(config);
    const Json* rule = schema_of(schema, pointer);
    if (value != nullptr && rule != nullptr) retype(*value, text, *rule, config);
  }
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  config.Accept(writer);
  return std::string(buffer.GetString(), buffer.GetSize());
}

}  // namespace sluice
