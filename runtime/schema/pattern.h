// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

namespace sluice::schema {

// A regular expression of JSON Schema (ECMA-262), run by RE2: linear in the text, bounded memory,
// no stack to overflow. Immutable, any thread.
class Pattern {
 public:
  virtual ~Pattern() = default;
  // Found anywhere in the decoded text (patterns are not anchored).
  [[nodiscard]] virtual bool found_in(std::string_view text) const = 0;
  // Instructions it was compiled to: a measure of its memory.
  [[nodiscard]] virtual uint64_t size() const = 0;
};

// Keeps the meaning of ECMA-262 where RE2 can do it; refuses what it cannot (look-around, back
// references) and what only RE2 knows, naming the construct.
Result<std::unique_ptr<const Pattern>> compile_pattern(std::string_view ecma);

// The same expression in RE2's syntax.
Result<std::string> translate_pattern(std::string_view ecma);

}  // namespace sluice::schema
