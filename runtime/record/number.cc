// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "runtime/record/document.h"
#include "runtime/record/scan.h"

namespace sluice {
namespace {

constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// Digits of an integer slice (no sign); false when it passes 64 bits.
bool magnitude(const char* p, const char* end, uint64_t* out) {
  const auto digits = end - p;
  if (digits > 20) return false;
  uint64_t value = 0;
  if (digits < 20) {
    for (; p < end; ++p) value = value * 10 + static_cast<uint64_t>(*p - '0');
    *out = value;
    return true;
  }
  for (; p < end; ++p) {
    const auto digit = static_cast<uint64_t>(*p - '0');
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

// A number taken apart: up to 19 significant digits and the power of ten they are multiplied by.
struct Decimal {
  uint64_t mantissa = 0;
  int64_t exponent = 0;
  int digits = 0;     // significant digits in `mantissa`
  bool exact = true;  // false: digits were left out
  bool negative = false;

  void add(char c, bool fraction) {
    if (digits < 19) {
      mantissa = mantissa * 10 + static_cast<uint64_t>(c - '0');
      if (mantissa != 0) ++digits;
      exponent -= fraction ? 1 : 0;
    } else {
      exact = exact && c == '0';
      exponent += fraction ? 0 : 1;
    }
  }
};

Decimal take_apart(const char* p, const char* end) {
  Decimal d;
  if (*p == '-') {
    d.negative = true;
    ++p;
  }
  for (; p < end && scan::digit(*p); ++p) d.add(*p, false);
  if (p < end && *p == '.') {
    for (++p; p < end && scan::digit(*p); ++p) d.add(*p, true);
  }
  if (p == end) return d;
  ++p;  // e or E
  const bool minus = *p == '-';
  if (*p == '-' || *p == '+') ++p;
  int64_t exponent = 0;
  for (; p < end; ++p) exponent = std::min<int64_t>(exponent * 10 + (*p - '0'), INT64_C(1) << 40);
  d.exponent += minus ? -exponent : exponent;
  return d;
}

// The usual number of a record: at most 15 digits, no exponent. Both factors are exact doubles, so
// the one division rounds once and correctly.
bool short_decimal(const char* p, const char* end, double* out) {
  if (end - p > 17) return false;
  const bool negative = *p == '-';
  if (negative) ++p;
  uint64_t mantissa = 0;
  while (p < end && scan::digit(*p)) mantissa = mantissa * 10 + static_cast<uint64_t>(*p++ - '0');
  std::ptrdiff_t decimals = 0;
  if (p < end && *p == '.') {
    decimals = end - ++p;
    while (p < end && scan::digit(*p)) mantissa = mantissa * 10 + static_cast<uint64_t>(*p++ - '0');
  }
  if (p != end || mantissa > (1ULL << 53)) return false;
  const double value = static_cast<double>(mantissa) / kPowers[decimals];
  *out = negative ? -value : value;
  return true;
}

}  // namespace

bool Document::int64(NodeIndex i, int64_t* out) const {
  const TapeNode& node = tape_[i];
  if ((node.info & TapeNode::kInteger) == 0) return false;
  const char* p = text_.data() + node.offset;
  const char* const end = p + node.length;
  const bool negative = *p == '-';
  if (negative) ++p;
  uint64_t value = 0;
  if (!magnitude(p, end, &value)) return false;
  if (value > static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0)) return false;
  *out = static_cast<int64_t>(negative ? 0 - value : value);
  return true;
}

bool Document::uint64(NodeIndex i, uint64_t* out) const {
  const TapeNode& node = tape_[i];
  if ((node.info & TapeNode::kInteger) == 0) return false;
  const char* p = text_.data() + node.offset;
  const char* const end = p + node.length;
  const bool negative = *p == '-';
  if (negative) ++p;
  return magnitude(p, end, out) && (!negative || *out == 0);
}

bool Document::number(NodeIndex i, double* out) const {
  if (kind(i) != JsonKind::kNumber) return false;
  const char* const p = text_.data() + tape_[i].offset;
  const char* const end = p + tape_[i].length;
  if (short_decimal(p, end, out)) return true;
  const Decimal d = take_apart(p, end);
  if (d.mantissa == 0) {
    *out = d.negative ? -0.0 : 0.0;
    return true;
  }
  // Both factors are exact doubles, so one multiplication or division rounds once and correctly.
  if (d.exact && d.mantissa <= (1ULL << 53) && d.exponent >= -22 && d.exponent <= 22) {
    auto value = static_cast<double>(d.mantissa);
    value = d.exponent < 0 ? value / kPowers[-d.exponent] : value * kPowers[d.exponent];
    *out = d.negative ? -value : value;
    return true;
  }
  const auto [rest, error] = std::from_chars(p, end, *out);
  if (error == std::errc()) return true;
  if (d.exponent + d.digits > 0) {
    *out = d.negative ? -HUGE_VAL : HUGE_VAL;
    return false;
  }
  *out = d.negative ? -0.0 : 0.0;
  return true;
}

}  // namespace sluice
