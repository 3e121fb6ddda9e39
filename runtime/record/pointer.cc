// SPDX-License-Identifier: Apache-2.0
#include "runtime/record/pointer.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace sluice {
namespace {

// "0", "17", but not "01", "-", "+1": RFC 6901 section 4.
uint32_t array_index(const std::string& token) {
  if (token.empty() || token.size() > 9 || (token.size() > 1 && token[0] == '0')) return UINT32_MAX;
  uint32_t index = 0;
  for (const char c : token) {
    if (c < '0' || c > '9') return UINT32_MAX;
    index = index * 10 + static_cast<uint32_t>(c - '0');
  }
  return index;
}

Status bad_pointer(std::string_view text, const char* problem) {
  std::string message = "\"";
  message += shorten(text, 80);
  message += "\" is not a JSON Pointer: ";
  message += problem;
  return invalid(std::move(message));
}

}  // namespace

Result<JsonPointer> JsonPointer::parse(std::string_view text) {
  JsonPointer pointer;
  pointer.text_ = std::string(text);
  if (text.empty()) return pointer;
  if (text[0] != '/') {
    return bad_pointer(text, "it must be empty (the whole record) or begin with '/', as in /a/b");
  }
  if (!is_utf8(text)) return bad_pointer(text, "it is not valid UTF-8");
  size_t at = 1;
  for (;;) {
    const size_t end = std::min(text.find('/', at), text.size());
    Token token;
    for (; at < end; ++at) {
      if (text[at] != '~') {
        token.name += text[at];
        continue;
      }
      if (++at == end || (text[at] != '0' && text[at] != '1')) {
        return bad_pointer(text, "'~' must be followed by 0 (for ~) or 1 (for /)");
      }
      token.name += text[at] == '0' ? '~' : '/';
    }
    token.index = array_index(token.name);
    pointer.tokens_.push_back(std::move(token));
    if (end == text.size()) return pointer;
    at = end + 1;
  }
}

NodeIndex JsonPointer::find(const Document& document) const {
  NodeIndex at = Document::root();
  if (document.size() == 0) return kNoNode;
  for (const Token& token : tokens_) {
    if (document.kind(at) == JsonKind::kObject) {
      at = document.find(at, token.name);
      if (at == kNoNode) return kNoNode;
      continue;
    }
    if (document.kind(at) != JsonKind::kArray || token.index >= document.count(at)) return kNoNode;
    at = document.first_child(at);
    for (uint32_t i = 0; i < token.index; ++i) at = document.next(at);
  }
  return at;
}

void append_pointer_token(std::string& pointer, std::string_view token) {
  pointer += '/';
  for (const char c : token) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
}

}  // namespace sluice
