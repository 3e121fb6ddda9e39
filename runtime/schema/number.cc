// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/number.h"

#include <algorithm>
#include <charconv>

namespace sluice::schema {
namespace {

// Larger than any exponent that a text of 2^32 bytes can shift back into range.
constexpr int64_t kFarExponent = int64_t{1} << 40;
constexpr size_t kMaxDivisorDigits = 18;

__extension__ using Wide = unsigned __int128;

int64_t parse_exponent(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    return text.front() == '-' ? -kFarExponent : kFarExponent;
  }
  return std::clamp(value, -kFarExponent, kFarExponent);
}

std::optional<int64_t> parse_int64(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

uint64_t multiply_modulo(uint64_t a, uint64_t b, uint64_t modulus) {
  return static_cast<uint64_t>(static_cast<Wide>(a) * b % modulus);
}

uint64_t power_of_ten_modulo(uint64_t exponent, uint64_t modulus) {
  uint64_t result = 1 % modulus;
  uint64_t base = 10 % modulus;
  for (; exponent != 0; exponent >>= 1U) {
    if ((exponent & 1U) != 0) result = multiply_modulo(result, base, modulus);
    base = multiply_modulo(base, base, modulus);
  }
  return result;
}

int three_way(int64_t a, int64_t b) { return a < b ? -1 : (a > b ? 1 : 0); }

// Compares |a| and |b|, neither zero.
int compare_magnitude(const Decimal& a, const Decimal& b) {
  const int64_t top_a = a.exponent + static_cast<int64_t>(a.digits());
  const int64_t top_b = b.exponent + static_cast<int64_t>(b.digits());
  if (top_a != top_b) return three_way(top_a, top_b);
  const size_t common = std::min(a.digits(), b.digits());
  for (size_t i = 0; i < common; ++i) {
    if (a.digit(i) != b.digit(i)) return a.digit(i) < b.digit(i) ? -1 : 1;
  }
  return three_way(static_cast<int64_t>(a.digits()), static_cast<int64_t>(b.digits()));
}

}  // namespace

Decimal parse_decimal(std::string_view json) {
  Decimal out;
  if (!json.empty() && json.front() == '-') {
    out.negative = true;
    json.remove_prefix(1);
  }
  if (const size_t e = json.find_first_of("eE"); e != std::string_view::npos) {
    out.exponent = parse_exponent(json.substr(e + 1));
    json = json.substr(0, e);
  }
  const size_t point = json.find('.');
  out.digits_a = json.substr(0, point);
  if (point != std::string_view::npos) {
    out.digits_b = json.substr(point + 1);
    out.exponent -= static_cast<int64_t>(out.digits_b.size());
  }
  const auto drop_front = [](std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  };
  drop_front(out.digits_a);
  if (out.digits_a.empty()) drop_front(out.digits_b);
  const auto drop_back = [&out](std::string_view& text) {
    const size_t keep = text.find_last_not_of('0') + 1;  // npos + 1 is 0
    out.exponent += static_cast<int64_t>(text.size() - keep);
    text = text.substr(0, keep);
  };
  drop_back(out.digits_b);
  if (out.digits_b.empty()) drop_back(out.digits_a);
  return out;
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.zero() && b.zero()) return 0;
  if (a.zero()) return b.negative ? 1 : -1;
  if (b.zero()) return a.negative ? -1 : 1;
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  const int magnitude = compare_magnitude(a, b);
  return a.negative ? -magnitude : magnitude;
}

bool is_integer(const Decimal& value) { return value.zero() || value.exponent >= 0; }

Limit::Limit(std::string_view json) : text_(json), int64_(parse_int64(json)) {}

int Limit::compare_from(std::string_view json, std::optional<int64_t> value64) const {
  if (value64 && int64_) return three_way(*value64, *int64_);
  return compare(parse_decimal(json), parse_decimal(text_));
}

std::optional<Divisor> Divisor::parse(std::string_view json) {
  const Decimal decimal = parse_decimal(json);
  if (decimal.zero() || decimal.negative || decimal.digits() > kMaxDivisorDigits) {
    return std::nullopt;
  }
  Divisor out;
  out.text_ = json;
  out.coefficient_ = 0;
  for (size_t i = 0; i < decimal.digits(); ++i) {
    out.coefficient_ = out.coefficient_ * 10 + static_cast<uint64_t>(decimal.digit(i) - '0');
  }
  out.exponent_ = decimal.exponent;
  out.int64_ = parse_int64(json);
  return out;
}

bool Divisor::divides(std::string_view json, std::optional<int64_t> value64) const {
  if (value64 && int64_) return *value64 % *int64_ == 0;
  const Decimal value = parse_decimal(json);
  if (value.zero()) return true;
  // The coefficient of `value` is no multiple of ten, so a divisor that ends in more zeros (after
  // shifting both to integers) cannot divide it.
  if (value.exponent < exponent_) return false;
  uint64_t rest = 0;
  for (size_t i = 0; i < value.digits(); ++i) {
    const auto digit = static_cast<uint64_t>(value.digit(i) - '0');
    rest = static_cast<uint64_t>((static_cast<Wide>(rest) * 10 + digit) % coefficient_);
  }
  const auto shift = static_cast<uint64_t>(value.exponent - exponent_);
  return multiply_modulo(rest, power_of_ten_modulo(shift, coefficient_), coefficient_) == 0;
}

}  // namespace sluice::schema
