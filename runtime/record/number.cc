// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
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

// The usual number of a record, without sign: at most eight characters [p, end) of digits and
// perhaps a point, which are read as one word and turned into a number without a loop (the way of
// D. Lemire, "Number Parsing at a Gigabyte per Second", 2021). `text` is where the record begins:
// eight bytes up to `end` are read. False for anything else.
inline bool short_number(const char* text, const char* p, const char* end, uint64_t* mantissa,
                         uint32_t* decimals) {
  const std::ptrdiff_t size = end - p;
  if (size > 8 || end - text < 8 || std::endian::native != std::endian::little) return false;
  constexpr uint64_t kZeros = 0x3030303030303030;
  uint64_t word = 0;
  std::memcpy(&word, end - 8, 8);
  // The last digit is in the highest byte; what stands before the number counts as zeros.
  const uint64_t kept = ~uint64_t{0} << ((8 - size) * 8);
  word = (word & kept) | (kZeros & ~kept);
  const uint64_t points = word ^ 0x2E2E2E2E2E2E2E2E;
  const uint64_t found = (points - 0x0101010101010101) & ~points & 0x8080808080808080;
  *decimals = 0;
  if (found != 0) {
    const auto at = static_cast<uint32_t>(__builtin_ctzll(found)) & ~7U;  // the point's lowest bit
    if (at == 56) return false;
    *decimals = 7 - at / 8;
    const uint64_t below = (uint64_t{1} << at) - 1;
    const uint64_t above = ~uint64_t{0} << (at + 8);
    word = (word & above) | (word & below) << 8 | 0x30;
  }
  if ((word & 0xF0F0F0F0F0F0F0F0) != kZeros) return false;  // an exponent
  word -= kZeros;
  word = word * 10 + (word >> 8);  // pairs of digits, in every second byte
  constexpr uint64_t kPair = 0x000000FF000000FF;
  *mantissa = ((word & kPair) * 0x000F424000000064 +          // 100 + (1000000 << 32)
               (word >> 16 & kPair) * 0x0000271000000001) >>  // 1 + (10000 << 32)
              32;
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
  uint32_t decimals = 0;
  if (!short_number(text_.data(), p, end, &value, &decimals) && !magnitude(p, end, &value)) {
    return false;
  }
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
  const bool negative = *p == '-';
  uint64_t mantissa = 0;
  uint32_t decimals = 0;
  if (short_number(text_.data(), p + (negative ? 1 : 0), end, &mantissa, &decimals)) [[likely]] {
    // Both are exact doubles, so the one division rounds once and correctly.
    const double value = static_cast<double>(mantissa) / kPowers[decimals];
    *out = negative ? -value : value;
    return true;
  }
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
