// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/literal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace sluice::postgres_sink {
namespace {

constexpr int64_t kMostWholeDigits = 131072;
constexpr int64_t kMostDecimals = 16383;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Takes `digits` digits off the front.
bool take_number(std::string_view* text, size_t digits, int* out) {
  if (text->size() < digits) return false;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (!is_digit((*text)[i])) return false;
    value = value * 10 + ((*text)[i] - '0');
  }
  *out = value;
  text->remove_prefix(digits);
  return true;
}

bool take(std::string_view* text, char c) {
  if (!text->starts_with(c)) return false;
  text->remove_prefix(1);
  return true;
}

size_t take_digits(std::string_view* text) {
  size_t n = 0;
  while (n < text->size() && is_digit((*text)[n])) ++n;
  text->remove_prefix(n);
  return n;
}

int days_of(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<size_t>(month - 1)];
}

bool take_date(std::string_view* text) {
  int year = 0;
  int month = 0;
  int day = 0;
  return take_number(text, 4, &year) && take(text, '-') && take_number(text, 2, &month) &&
         take(text, '-') && take_number(text, 2, &day) && year >= 1 && month >= 1 && month <= 12 &&
         day >= 1 && day <= days_of(year, month);
}

bool take_time(std::string_view* text) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take_number(text, 2, &hour) || !take(text, ':') || !take_number(text, 2, &minute) ||
      !take(text, ':') || !take_number(text, 2, &second)) {
    return false;
  }
  if (hour > 23 || minute > 59 || second > 60) return false;
  return !take(text, '.') || take_digits(text) > 0;
}

bool take_offset(std::string_view* text) {
  if (take(text, 'Z') || take(text, 'z')) return true;
  int hours = 0;
  int minutes = 0;
  if (!take(text, '+') && !take(text, '-')) return false;
  return take_number(text, 2, &hours) && take(text, ':') && take_number(text, 2, &minutes) &&
         hours <= 15 && minutes <= 59;
}

// What a character of base64 stands for; 64: it is none.
constexpr std::array<uint8_t, 256> base64_values() {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<uint8_t, 256> values{};
  values.fill(64);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return values;
}
constexpr std::array<uint8_t, 256> kBase64 = base64_values();

// Two to four characters, which stand for one byte less.
bool append_group(std::string_view group, std::string* out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  uint32_t bits = 0;
  for (const char c : group) {
    const uint8_t value = kBase64[static_cast<unsigned char>(c)];
    if (value == 64) return false;
    bits = (bits << 6U) | value;
  }
  const size_t bytes = group.size() - 1;
  const size_t spare = group.size() * 6 - bytes * 8;
  if ((bits & ((1U << spare) - 1)) != 0) return false;
  bits >>= spare;
  for (size_t digits = bytes * 2; digits > 0; --digits) {
    out->push_back(kHex[(bits >> ((digits - 1) * 4)) & 15U]);
  }
  return true;
}

}  // namespace

bool append_base64_in_hex(std::string_view text, std::string* out) {
  constexpr size_t kGroup = 4;
  if (text.size() % kGroup != 0) return false;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  for (; !text.empty(); text.remove_prefix(std::min(kGroup, text.size()))) {
    const std::string_view group = text.substr(0, kGroup);
    if (group.size() < 2 || !append_group(group, out)) return false;
  }
  return true;
}

bool is_date(std::string_view text) { return take_date(&text) && text.empty(); }

bool is_timestamp(std::string_view text) {
  constexpr size_t kLongest = 64;  // PostgreSQL refuses a fraction without end
  if (text.size() > kLongest || !take_date(&text)) return false;
  if (!take(&text, 'T') && !take(&text, 't') && !take(&text, ' ')) return false;
  return take_time(&text) && take_offset(&text) && text.empty();
}

bool is_uuid(std::string_view text) {
  constexpr size_t kLength = 36;
  if (text.size() != kLength) return false;
  for (size_t i = 0; i < kLength; ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

bool is_numeric(std::string_view text, uint32_t* decimals) {
  take(&text, '-');
  const auto whole = static_cast<int64_t>(take_digits(&text));
  if (whole == 0) return false;
  int64_t behind = 0;
  if (take(&text, '.')) {
    const std::string_view fraction = text;
    const size_t given = take_digits(&text);
    if (given == 0) return false;
    const size_t last = fraction.substr(0, given).find_last_not_of('0');
    behind = last == std::string_view::npos ? 0 : static_cast<int64_t>(last + 1);
    if (static_cast<int64_t>(given) > kMostDecimals) return false;
  }
  int64_t exponent = 0;
  if (take(&text, 'e') || take(&text, 'E')) {
    const bool down = take(&text, '-');
    if (!down) take(&text, '+');
    const std::string_view digits = text;
    if (take_digits(&text) == 0) return false;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
    if (read.ec != std::errc() || exponent > kMostWholeDigits) return false;
    if (down) exponent = -exponent;
  }
  const int64_t after = std::max<int64_t>(behind - exponent, 0);
  *decimals = static_cast<uint32_t>(std::min(after, kMostDecimals + 1));
  return text.empty() && whole + exponent <= kMostWholeDigits && after <= kMostDecimals;
}

}  // namespace sluice::postgres_sink
