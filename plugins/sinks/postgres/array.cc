// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/array.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace sluice::postgres_sink {
namespace {

sluice_str borrowed(std::string_view text) { return {text.data(), text.size()}; }

bool begins_number(char c) { return c == '-' || (c >= '0' && c <= '9'); }

bool in_number(char c) { return begins_number(c) || c == '+' || c == '.' || c == 'e' || c == 'E'; }

// Four hexadecimal digits off the front.
std::optional<uint32_t> take_unit(std::string_view* text) {
  constexpr size_t kDigits = 4;
  if (text->size() < kDigits) return std::nullopt;
  uint32_t unit = 0;
  const auto read = std::from_chars(text->data(), text->data() + kDigits, unit, 16);
  if (read.ec != std::errc() || read.ptr != text->data() + kDigits) return std::nullopt;
  text->remove_prefix(kDigits);
  return unit;
}

void append_utf8(uint32_t point, std::string* out) {
  const auto push = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  const auto tail = [&](uint32_t shift) { push(0x80U | ((point >> shift) & 0x3FU)); };
  if (point < 0x80) return push(point);
  if (point < 0x800) {
    push(0xC0U | (point >> 6U));
  } else if (point < 0x10000) {
    push(0xE0U | (point >> 12U));
    tail(6);
  } else {
    push(0xF0U | (point >> 18U));
    tail(12);
    tail(6);
  }
  tail(0);
}

bool is_high(uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool is_low(uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

// What follows `\u`. Half a pair is no character.
bool take_point(std::string_view* text, std::string* out) {
  const auto unit = take_unit(text);
  if (!unit || is_low(*unit)) return false;
  if (!is_high(*unit)) {
    append_utf8(*unit, out);
    return true;
  }
  if (!text->starts_with("\\u")) return false;
  text->remove_prefix(2);
  const auto second = take_unit(text);
  if (!second || !is_low(*second)) return false;
  append_utf8(0x10000 + ((*unit - 0xD800) << 10U) + (*second - 0xDC00), out);
  return true;
}

// The character that stands for a short escape; 0: there is none.
char unescaped(char c) {
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kStands = "\"\\/\b\f\n\r\t";
  const size_t at = kNames.find(c);
  return at == std::string_view::npos ? '\0' : kStands[at];
}

void set_number(std::string_view digits, sluice_cell* out) {
  const char* begin = digits.data();
  const char* end = begin + digits.size();
  const auto whole = [&](auto* into) {
    const auto read = std::from_chars(begin, end, *into);
    return read.ec == std::errc() && read.ptr == end;
  };
  if (whole(&out->v.i64)) {
    out->kind = SLUICE_CELL_I64;
  } else if (whole(&out->v.u64)) {
    out->kind = SLUICE_CELL_U64;
  } else {
    out->kind = SLUICE_CELL_F64;
    // Out of the range of a double: its digits may still do.
    if (!whole(&out->v.f64)) out->v.f64 = std::numeric_limits<double>::infinity();
  }
}

}  // namespace

void ArrayWalk::skip_space() {
  const size_t at = rest_.find_first_not_of(" \t\r\n");
  rest_.remove_prefix(std::min(at, rest_.size()));
}

ArrayWalk::Step ArrayWalk::next(sluice_cell* out) {
  if (over_) return Step::kBroken;
  skip_space();
  const char separator = begun_ ? ',' : '[';
  if (begun_ && rest_.starts_with(']')) {
    over_ = true;
    rest_.remove_prefix(1);
    skip_space();
    return rest_.empty() ? Step::kEnd : Step::kBroken;
  }
  if (!rest_.starts_with(separator)) return Step::kBroken;
  rest_.remove_prefix(1);
  skip_space();
  if (!begun_ && rest_.starts_with(']')) {
    begun_ = true;
    return next(out);
  }
  begun_ = true;
  return read_value(out);
}

ArrayWalk::Step ArrayWalk::read_value(sluice_cell* out) {
  *out = {};
  const auto word = [&](std::string_view name, int32_t kind, uint64_t value) {
    if (!rest_.starts_with(name)) return false;
    rest_.remove_prefix(name.size());
    out->kind = kind;
    out->v.u64 = value;
    return true;
  };
  if (rest_.empty()) return Step::kBroken;
  if (rest_.front() == '"') return read_string(out);
  if (rest_.front() == '[' || rest_.front() == '{') {
    out->kind = SLUICE_CELL_JSON;
    out->text = borrowed(rest_);
    over_ = true;
    return Step::kElement;
  }
  if (word("null", SLUICE_CELL_NULL, 0) || word("true", SLUICE_CELL_BOOL, 1) ||
      word("false", SLUICE_CELL_BOOL, 0)) {
    return Step::kElement;
  }
  return begins_number(rest_.front()) ? read_number(out) : Step::kBroken;
}

ArrayWalk::Step ArrayWalk::read_number(sluice_cell* out) {
  size_t length = 0;
  while (length < rest_.size() && in_number(rest_[length])) ++length;
  const std::string_view digits = rest_.substr(0, length);
  rest_.remove_prefix(length);
  set_number(digits, out);
  out->text = borrowed(digits);
  return Step::kElement;
}

ArrayWalk::Step ArrayWalk::read_string(sluice_cell* out) {
  rest_.remove_prefix(1);
  bool escapes = false;
  size_t length = 0;
  while (length < rest_.size() && rest_[length] != '"') {
    escapes = escapes || rest_[length] == '\\';
    length += rest_[length] == '\\' ? 2 : 1;
  }
  if (length >= rest_.size()) return Step::kBroken;
  const std::string_view inside = rest_.substr(0, length);
  rest_.remove_prefix(length + 1);
  if (escapes && !decode(inside)) return Step::kBroken;
  out->kind = SLUICE_CELL_TEXT;
  out->text = borrowed(escapes ? std::string_view(decoded_) : inside);
  return Step::kElement;
}

bool ArrayWalk::decode(std::string_view escaped) {
  decoded_.clear();
  while (!escaped.empty()) {
    const size_t plain = std::min(escaped.find('\\'), escaped.size());
    decoded_.append(escaped.substr(0, plain));
    escaped.remove_prefix(plain);
    if (escaped.empty()) break;
    if (escaped.size() < 2) return false;
    const char name = escaped[1];
    escaped.remove_prefix(2);
    if (name == 'u') {
      if (!take_point(&escaped, &decoded_)) return false;
    } else if (const char c = unescaped(name); c != '\0') {
      decoded_.push_back(c);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace sluice::postgres_sink
