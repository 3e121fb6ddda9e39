// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/punycode.h"

#include <algorithm>

#include "runtime/schema/formats_parts.h"

namespace sluice::schema {
namespace {

constexpr uint32_t kBase = 36;
constexpr uint32_t kMin = 1;
constexpr uint32_t kMax = 26;
constexpr uint32_t kFirst = 0x80;
constexpr uint32_t kLast = 0x10FFFF;

// The characters of a label, at most kMaxLabel.
struct Codes {
  std::array<uint32_t, kMaxLabel> list{};
  size_t count = 0;
};

uint32_t threshold(uint32_t k, uint32_t bias) {
  if (k <= bias) return kMin;
  return std::min(k - bias, kMax);
}

// How the thresholds follow the distances met so far.
uint32_t adapt(uint64_t delta, uint64_t points, bool first) {
  delta = first ? delta / 700 : delta / 2;
  delta += delta / points;
  uint32_t k = 0;
  for (; delta > ((kBase - kMin) * kMax) / 2; k += kBase) delta /= kBase - kMin;
  return k + static_cast<uint32_t>((kBase - kMin + 1) * delta / (delta + 38));
}

// Value of a digit; kBase if it is none.
uint32_t digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint32_t>(c - '0') + 26;
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'z' ? static_cast<uint32_t>(lower - 'a') : kBase;
}

// Takes one number of variable length off the front.
bool take_number(std::string_view& text, uint32_t bias, uint64_t* number) {
  uint64_t weight = 1;
  *number = 0;
  for (uint32_t k = kBase;; k += kBase) {
    if (text.empty()) return false;
    const uint32_t digit = digit_value(text.front());
    text.remove_prefix(1);
    if (digit == kBase) return false;
    *number += digit * weight;
    const uint32_t t = threshold(k, bias);
    // No label needs a larger number than this.
    if (*number > uint64_t{kLast} * (kMaxLabel + 1)) return false;
    if (digit < t) return true;
    weight *= kBase - t;
  }
}

}  // namespace

void PunycodeText::append(uint32_t code) {
  const auto put = [this](uint32_t byte) { bytes_[size_++] = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6U);
    put(0x80 | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12U);
    put(0x80 | (code >> 6U & 0x3FU));
    put(0x80 | (code & 0x3FU));
  } else {
    put(0xF0 | code >> 18U);
    put(0x80 | (code >> 12U & 0x3FU));
    put(0x80 | (code >> 6U & 0x3FU));
    put(0x80 | (code & 0x3FU));
  }
}

bool decode_punycode(std::string_view encoded, PunycodeText* out) {
  if (encoded.size() > kMaxLabel) return false;
  Codes codes;
  const size_t dash = encoded.rfind('-');
  if (dash != std::string_view::npos) {
    for (const char c : encoded.substr(0, dash)) {
      const bool upper = c >= 'A' && c <= 'Z';
      codes.list[codes.count++] = static_cast<uint32_t>(upper ? c | 0x20 : c);
    }
    encoded.remove_prefix(dash + 1);
  }
  uint64_t code = kFirst;
  uint64_t at = 0;
  uint32_t bias = 72;
  while (!encoded.empty()) {
    uint64_t delta = 0;
    if (codes.count == kMaxLabel || !take_number(encoded, bias, &delta)) return false;
    const uint64_t points = codes.count + 1;
    bias = adapt(delta, points, at == 0 && code == kFirst);
    at += delta;
    code += at / points;
    at %= points;
    if (code > kLast || (code >= 0xD800 && code < 0xE000)) return false;
    const auto place = codes.list.begin() + static_cast<std::ptrdiff_t>(at);
    std::copy_backward(place, codes.list.begin() + static_cast<std::ptrdiff_t>(codes.count),
                       codes.list.begin() + static_cast<std::ptrdiff_t>(points));
    *place = static_cast<uint32_t>(code);
    ++codes.count;
    ++at;
  }
  for (size_t i = 0; i < codes.count; ++i) out->append(codes.list[i]);
  return codes.count > 0;
}

size_t encoded_length(std::string_view label) {
  Codes codes;
  size_t basic = 0;
  while (!label.empty()) {
    if (codes.count == kMaxLabel) return kMaxLabel + 1;
    const uint32_t code = formats::take_code_point(label);
    codes.list[codes.count++] = code;
    if (code < kFirst) ++basic;
  }
  size_t length = basic + (basic > 0 ? 1 : 0);
  uint64_t delta = 0;
  uint32_t bias = 72;
  uint32_t reached = kFirst;
  for (uint64_t handled = basic; handled < codes.count; ++delta, ++reached) {
    uint32_t next = kLast + 1;
    for (size_t i = 0; i < codes.count; ++i) {
      if (codes.list[i] >= reached) next = std::min(next, codes.list[i]);
    }
    delta += (next - reached) * (handled + 1);
    reached = next;
    for (size_t i = 0; i < codes.count; ++i) {
      if (codes.list[i] < reached) ++delta;
      if (codes.list[i] != reached) continue;
      uint64_t rest = delta;
      for (uint32_t k = kBase;; k += kBase) {
        ++length;
        const uint32_t t = threshold(k, bias);
        if (rest < t) break;
        rest = (rest - t) / (kBase - t);
      }
      bias = adapt(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
  }
  return length;
}

}  // namespace sluice::schema
