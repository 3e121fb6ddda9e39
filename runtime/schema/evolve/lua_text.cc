// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/lua_text.h"

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/record/document.h"
#include "runtime/schema/number.h"

namespace sluice::schema {
namespace {

constexpr size_t kMaxValue = 4096;  // bytes of JSON
constexpr uint32_t kMaxDepth = 32;
constexpr size_t kMaxComment = 240;

constexpr std::array kWords = {"and",   "break", "do",       "else", "elseif", "end",
                               "false", "for",   "function", "goto", "if",     "in",
                               "local", "nil",   "not",      "or",   "repeat", "return",
                               "then",  "true",  "until",    "while"};

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || !letter(name.front())) return false;
  const bool fits = std::all_of(name.begin(), name.end(),
                                [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
  return fits && std::find(kWords.begin(), kWords.end(), name) == kWords.end();
}

// A number that Lua reads as the same number.
bool exact_number(const Document& document, NodeIndex node) {
  int64_t whole = 0;
  if (document.int64(node, &whole)) return true;
  double number = 0;
  const bool integer = (document.node(node).info & TapeNode::kInteger) != 0;
  return !integer && document.number(node, &number);
}

// Depth is bounded by the parse that came before.
bool write(const Document& document, NodeIndex node, Arena& arena, std::string& out) {
  switch (document.kind(node)) {
    case JsonKind::kNull:
      out += "sluice.null";
      return true;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      out += document.slice(node);
      return true;
    case JsonKind::kNumber:
      out += document.slice(node);
      return exact_number(document, node);
    case JsonKind::kString:
      out += lua_string(document.string(node, arena));
      return true;
    case JsonKind::kArray:
    case JsonKind::kObject:
      break;
  }
  const bool list = document.kind(node) == JsonKind::kArray;
  out += list ? "sluice.array({" : "{";
  NodeIndex child = document.first_child(node);
  for (uint32_t i = 0; i < document.count(node); ++i) {
    out += i > 0 ? ", " : " ";
    if (!list) {
      out += lua_key(document.string(child, arena)) + " = ";
      child = document.next(child);
    }
    if (!write(document, child, arena, out)) return false;
    child = document.next(child);
  }
  out += document.count(node) > 0 ? " }" : "}";
  if (list) out += ")";
  return true;
}

}  // namespace

std::string lua_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      const std::string digits = std::to_string(byte);
      out += '\\' + std::string(3 - digits.size(), '0') + digits;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string lua_key(std::string_view name) {
  return is_identifier(name) ? std::string(name) : "[" + lua_string(name) + "]";
}

std::string lua_member(std::string_view object, std::string_view name) {
  std::string out(object);
  if (is_identifier(name)) out += '.';
  return out + lua_key(name);
}

std::optional<std::string> lua_value(std::string_view json) {
  Document document;
  Arena arena;
  if (!document.parse(json, {.max_bytes = kMaxValue, .max_depth = kMaxDepth})) return std::nullopt;
  std::string out;
  if (!write(document, Document::root(), arena, out)) return std::nullopt;
  return out;
}

std::string lua_comment(std::string_view text) {
  std::string out;
  append_escaped(out, shorten(text, kMaxComment));
  return out;
}

}  // namespace sluice::schema
