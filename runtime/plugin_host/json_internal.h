// SPDX-License-Identifier: Apache-2.0
#pragma once

// Private to runtime/plugin_host: RapidJSON stays inside its .cc files.
#include <rapidjson/document.h>

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

namespace sluice::host_json {

using Value = rapidjson::Value;
using Document = rapidjson::Document;

// Parses iteratively, so that deep nesting cannot overflow the stack; more than 64 levels are
// refused. The message says where.
Status parse(std::string_view text, Document& out);
std::string print(const Value& value);
// At most 60 bytes of the value's JSON, for messages.
std::string excerpt(const Value& value);

inline std::string_view text(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}
// The member's value, or nullptr.
const Value* member(const Value& object, std::string_view name);
// Text of a string member, or "".
std::string_view text_member(const Value& object, std::string_view name);
bool true_member(const Value& object, std::string_view name);

// "/a" + "b/c" -> "/a/b~1c".
std::string child_pointer(std::string_view pointer, std::string_view key);

// The schema with local references followed ("#/definitions/x"); nullptr: it leads nowhere or in a
// circle.
const Value* follow_refs(const Value& root, const Value* schema);
// The schema that applies to a member of an object, or nullptr.
const Value* property_schema(const Value& root, const Value& schema, std::string_view key);
// The schema of an array's elements, or nullptr.
const Value* item_schema(const Value& root, const Value& schema);
// For a schema with oneOf: the alternative whose type fits the value; else the schema itself.
const Value* choose_alternative(const Value& root, const Value& schema, const Value& value);

// "integer, 1 to 65535, one of ..." in words, for messages and tables.
std::string expected_text(const Value& root, const Value& schema);

}  // namespace sluice::host_json
