// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/describe.h"

#include <array>

#include "runtime/base/text.h"
#include "runtime/schema/program.h"

namespace sluice::schema {
namespace {

constexpr size_t kMaxShown = 60;

std::string counted(uint32_t n, std::string_view what) {
  return std::to_string(n) + " " + std::string(what) + (n == 1 ? "" : "s");
}

}  // namespace

std::string describe_value(const Document& document, NodeIndex node) {
  switch (document.kind(node)) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kFalse:
      return "false";
    case JsonKind::kTrue:
      return "true";
    case JsonKind::kNumber:
      return "number " + shorten(document.slice(node), kMaxShown);
    case JsonKind::kString:
      return "string " + in_quotes(document.slice(node));
    case JsonKind::kArray:
      return "an array of " + counted(document.count(node), "item");
    case JsonKind::kObject:
      return "an object of " + counted(document.count(node), "member");
  }
  return "";
}

std::string in_quotes(std::string_view text) {
  std::string out(1, '"');
  out += shorten(text, kMaxShown);
  out += '"';
  return out;
}

std::string describe_types(uint8_t types) {
  struct Name {
    uint8_t bit;
    std::string_view text;
  };
  constexpr std::array kNames = {Name{kTypeObject, "object"},   Name{kTypeArray, "array"},
                                 Name{kTypeString, "string"},   Name{kTypeNumber, "number"},
                                 Name{kTypeInteger, "integer"}, Name{kTypeBoolean, "boolean"},
                                 Name{kTypeNull, "null"}};
  std::string out;
  for (const Name& name : kNames) {
    if ((types & name.bit) == 0) continue;
    if (name.bit == kTypeInteger && (types & kTypeNumber) != 0) continue;
    if (!out.empty()) out += " or ";
    out += name.text;
  }
  return out;
}

std::string describe_place(const std::string& pointer) {
  return pointer.empty() ? "the root" : pointer;
}

}  // namespace sluice::schema
