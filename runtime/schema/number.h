// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::schema {

// A JSON number taken apart, exact whatever its size: value = coefficient * 10^exponent, where the
// coefficient is digits_a followed by digits_b without leading and trailing zeros. Borrows the text
// it was read from.
struct Decimal {
  bool negative = false;
  std::string_view digits_a;  // both empty: zero
  std::string_view digits_b;
  int64_t exponent = 0;  // of the last digit; saturated far outside anything a double can hold

  [[nodiscard]] bool zero() const { return digits_a.empty() && digits_b.empty(); }
  [[nodiscard]] size_t digits() const { return digits_a.size() + digits_b.size(); }
  [[nodiscard]] char digit(size_t i) const {
    return i < digits_a.size() ? digits_a[i] : digits_b[i - digits_a.size()];
  }
};

// `json` is the text of a number that a parser has accepted.
Decimal parse_decimal(std::string_view json);
// Negative, zero or positive as a is less than, equal to or greater than b.
int compare(const Decimal& a, const Decimal& b);
// 1.0 and 1e3 are integers (draft-07), 1.5 is not.
bool is_integer(const Decimal& value);

// A limit in a schema, ready to be compared with: 64-bit when both sides are, else exact decimals.
class Limit {
 public:
  explicit Limit(std::string_view json);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::optional<int64_t>& integer() const { return int64_; }
  // As compare(value, limit). `value64` is the value when it is an integer of 64 bits.
  [[nodiscard]] int compare_from(std::string_view json, std::optional<int64_t> value64) const;

 private:
  std::string text_;
  std::optional<int64_t> int64_;
};

// A `multipleOf`, exact for every value. Its coefficient has at most 18 digits.
class Divisor {
 public:
  // Nothing: not greater than 0, or more than 18 significant digits.
  static std::optional<Divisor> parse(std::string_view json);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] bool divides(std::string_view json, std::optional<int64_t> value64) const;

 private:
  std::string text_;
  uint64_t coefficient_ = 1;
  int64_t exponent_ = 0;
  std::optional<int64_t> int64_;
};

}  // namespace sluice::schema
