// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/json_internal.h"

#include <rapidjson/error/en.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>

#include "runtime/base/text.h"

namespace sluice::host_json {
namespace {

constexpr size_t kMaxDepth = 64;

// Nesting as written, strings skipped; parsing itself is iterative, but what walks the tree is not.
size_t depth_of(std::string_view text) {
  size_t depth = 0;
  size_t deepest = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

bool type_fits(std::string_view type, const Value& value) {
  if (type == "object") return value.IsObject();
  if (type == "array") return value.IsArray();
  if (type == "string") return value.IsString();
  if (type == "boolean") return value.IsBool();
  if (type == "null") return value.IsNull();
  if (type == "integer") return value.IsInt64() || value.IsUint64();
  return type == "number" && value.IsNumber();
}

bool types_fit(const Value& types, const Value& value) {
  if (types.IsString()) return type_fits(text(types), value);
  if (!types.IsArray()) return false;
  return std::any_of(types.Begin(), types.End(), [&](const Value& type) {
    return type.IsString() && type_fits(text(type), value);
  });
}

std::string join(const Value& list, std::string_view separator) {
  std::string out;
  for (const Value& item : list.GetArray()) {
    if (!out.empty()) out += separator;
    out += item.IsString() ? std::string(text(item)) : print(item);
  }
  return out;
}

void append_range(std::string& out, const Value& schema, const char* least, const char* most,
                  const char* unit) {
  const Value* low = member(schema, least);
  const Value* high = member(schema, most);
  if (low == nullptr && high == nullptr) return;
  if (low != nullptr && high != nullptr) {
    out += ", " + print(*low) + " to " + print(*high);
  } else if (low != nullptr) {
    out += ", at least " + print(*low);
  } else {
    out += ", at most " + print(*high);
  }
  out += unit;
}

}  // namespace

Status parse(std::string_view text, Document& out) {
  if (const size_t depth = depth_of(text); depth > kMaxDepth) {
    return invalid("nested " + std::to_string(depth) + " levels deep, at most " +
                   std::to_string(kMaxDepth) + " are allowed");
  }
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseFullPrecisionFlag |
                              rapidjson::kParseValidateEncodingFlag;
  out.Parse<kFlags>(text.data(), text.size());
  if (out.HasParseError()) {
    return invalid("is not JSON: " + std::string(rapidjson::GetParseError_En(out.GetParseError())) +
                   " (byte " + std::to_string(out.GetErrorOffset()) + ")");
  }
  return Status::ok();
}

std::string print(const Value& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string excerpt(const Value& value) { return shorten(print(value), 60); }

const Value* member(const Value& object, std::string_view name) {
  if (!object.IsObject()) return nullptr;
  const Value key(rapidjson::StringRef(name.data(), static_cast<rapidjson::SizeType>(name.size())));
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

std::string_view text_member(const Value& object, std::string_view name) {
  const Value* value = member(object, name);
  return value != nullptr && value->IsString() ? text(*value) : std::string_view();
}

bool true_member(const Value& object, std::string_view name) {
  const Value* value = member(object, name);
  return value != nullptr && value->IsTrue();
}

std::string child_pointer(std::string_view pointer, std::string_view key) {
  std::string out(pointer);
  out += '/';
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

const Value* follow_refs(const Value& root, const Value* schema) {
  for (int hops = 0; schema != nullptr && hops < 8; ++hops) {
    const std::string_view ref = text_member(*schema, "$ref");
    if (ref.empty()) return schema;
    if (ref.front() != '#') return nullptr;
    const rapidjson::Pointer pointer(ref.data(), ref.size());
    schema = pointer.IsValid() ? pointer.Get(root) : nullptr;
  }
  return nullptr;
}

const Value* property_schema(const Value& root, const Value& schema, std::string_view key) {
  if (const Value* properties = member(schema, "properties")) {
    if (const Value* found = member(*properties, key)) return follow_refs(root, found);
  }
  const Value* rest = member(schema, "additionalProperties");
  return rest != nullptr && rest->IsObject() ? follow_refs(root, rest) : nullptr;
}

const Value* item_schema(const Value& root, const Value& schema) {
  const Value* items = member(schema, "items");
  return items != nullptr && items->IsObject() ? follow_refs(root, items) : nullptr;
}

const Value* choose_alternative(const Value& root, const Value& schema, const Value& value) {
  const Value* list = member(schema, "oneOf");
  if (list == nullptr || !list->IsArray()) return &schema;
  for (const Value& entry : list->GetArray()) {
    const Value* alternative = follow_refs(root, &entry);
    if (alternative == nullptr) continue;
    const Value* types = member(*alternative, "type");
    if (types != nullptr && types_fit(*types, value)) return alternative;
  }
  return &schema;
}

std::string expected_text(const Value& root, const Value& schema) {
  const Value* real = follow_refs(root, &schema);
  if (real == nullptr) return "a value";
  if (const Value* list = member(*real, "enum"); list != nullptr && list->IsArray()) {
    return "one of " + join(*list, ", ");
  }
  if (const Value* only = member(*real, "const")) return print(*only);
  std::string out;
  if (const Value* list = member(*real, "oneOf"); list != nullptr && list->IsArray()) {
    for (const Value& entry : list->GetArray()) {
      out += (out.empty() ? "" : " or ") + expected_text(root, entry);
    }
    return out;
  }
  if (const Value* types = member(*real, "type")) {
    out = types->IsArray()    ? join(*types, " or ")
          : types->IsString() ? std::string(text(*types))
                              : "value";
  } else {
    out = "value";
  }
  if (const Value* items = item_schema(root, *real)) out += " of " + expected_text(root, *items);
  append_range(out, *real, "minimum", "maximum", "");
  append_range(out, *real, "minLength", "maxLength", " bytes");
  append_range(out, *real, "minItems", "maxItems", " items");
  if (const std::string_view pattern = text_member(*real, "pattern"); !pattern.empty()) {
    out += " matching " + std::string(pattern);
  }
  return out;
}

}  // namespace sluice::host_json
