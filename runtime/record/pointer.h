// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/document.h"

namespace sluice {

// A JSON Pointer (RFC 6901), parsed once. "" is the whole record. Immutable.
class JsonPointer {
 public:
  static Result<JsonPointer> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  // The node it points to, or kNoNode.
  [[nodiscard]] NodeIndex find(const Document& document) const;

 private:
  struct Token {
    std::string name;
    uint32_t index = UINT32_MAX;  // when it can be an array index
  };
  std::string text_;
  std::vector<Token> tokens_;
};

// Appends "/token" with ~0 and ~1 escapes.
void append_pointer_token(std::string& pointer, std::string_view token);

}  // namespace sluice
