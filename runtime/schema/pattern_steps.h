// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::schema {

// A pattern that is a plain sequence from the beginning of the text to its end, such as
// ^evt_[0-9]+$ or ^[A-Z]{2}-\d{1,6}$: each step takes as many of its characters as it may, and no
// text would have a step give one back. Most patterns in schemas are of this kind, and deciding
// one takes a tenth of a call into RE2.
class PatternSteps {
 public:
  // Nothing if the pattern (ECMA-262, already found valid) is of another kind.
  static std::optional<PatternSteps> parse(std::string_view ecma);

  enum class Answer : uint8_t { kNo, kYes, kUnknown };
  // kUnknown: the text has bytes outside ASCII, which only a whole engine understands.
  [[nodiscard]] Answer match(std::string_view text) const;

 private:
  struct Step {
    uint64_t characters[2] = {0, 0};  // a bit for each of ASCII
    uint32_t min = 1;
    uint32_t max = 1;
    [[nodiscard]] bool has(unsigned char c) const {
      return c < 128 && (characters[c >> 6] >> (c & 63) & 1) != 0;
    }
  };
  class Parser;

  std::vector<Step> steps_;
};

}  // namespace sluice::schema
