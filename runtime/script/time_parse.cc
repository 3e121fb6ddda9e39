// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <chrono>

#include "runtime/script/time_format.h"

namespace sluice::script {
namespace {

constexpr std::array<std::string_view, 12> kShortMonths = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 12> kRestOfMonths = {
    "uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() && std::equal(word.begin(), word.end(), text.begin(),
                                                  [](char a, char b) { return a == lower(b); });
}

// What a text said; what it did not say is the beginning of 1970.
class FormattedTime {
 public:
  explicit FormattedTime(std::string_view text) : text_(text) {}

  bool read(char what) {
    switch (what) {
      case 'Y':
        return number(4, 4, &year_);
      case 'y':
        if (!number(2, 2, &year_)) return false;
        year_ += year_ < 69 ? 2000 : 1900;  // as POSIX has it
        return true;
      case 'm':
        return number(1, 2, &month_);
      case 'd':
      case 'e':
        literal(' ');
        return number(1, 2, &day_);
      case 'b':
      case 'B':
        return month_name();
      case 'H':
        return number(1, 2, &hour_);
      case 'I':
        return number(1, 2, &hour_) && (half_day_ = true) && hour_ >= 1 && hour_ <= 12;
      case 'p':
        return half();
      case 'M':
        return number(1, 2, &minute_);
      case 'S':
        return number(1, 2, &second_);
      case 'L':
        return fraction();
      case 'z':
        return zone();
      case '%':
        return literal('%');
      default:
        return false;
    }
  }
  bool literal(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] size_t at() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

  bool value(int offset, int64_t* ms) const {
    using namespace std::chrono;
    const year_month_day date{year(year_), month(static_cast<unsigned>(month_)),
                              day(static_cast<unsigned>(day_))};
    if (!date.ok() || hour_ > 23 || minute_ > 59 || second_ > 60) return false;
    const int hour = half_day_ ? hour_ % 12 + (afternoon_ ? 12 : 0) : hour_;
    const int64_t minutes =
        sys_days(date).time_since_epoch().count() * 1440 + hour * 60 + minute_ - offset_or(offset);
    *ms = minutes * 60'000 + second_ * 1000 + ms_;
    return *ms >= kFirstMs && *ms <= kLastMs;
  }

 private:
  [[nodiscard]] int offset_or(int other) const { return has_offset_ ? offset_ : other; }

  bool number(size_t least, size_t most, int* value) {
    int result = 0;
    size_t digits = 0;
    for (; digits < most && at_ < text_.size() && is_digit(text_[at_]); ++digits) {
      result = result * 10 + (text_[at_++] - '0');
    }
    *value = result;
    return digits >= least;
  }
  bool fraction() {
    size_t digits = 0;
    ms_ = 0;
    for (; at_ < text_.size() && is_digit(text_[at_]); ++digits, ++at_) {
      if (digits < 3) ms_ = ms_ * 10 + (text_[at_] - '0');
    }
    for (size_t i = digits; i < 3; ++i) ms_ *= 10;
    return digits > 0;
  }
  bool month_name() {
    for (size_t i = 0; i < kShortMonths.size(); ++i) {
      if (!starts_with_word(text_.substr(at_), kShortMonths[i])) continue;
      at_ += kShortMonths[i].size();
      if (starts_with_word(text_.substr(at_), kRestOfMonths[i])) at_ += kRestOfMonths[i].size();
      month_ = static_cast<int>(i) + 1;
      return true;
    }
    return false;
  }
  bool half() {
    half_day_ = true;
    afternoon_ = starts_with_word(text_.substr(at_), "pm");
    if (!afternoon_ && !starts_with_word(text_.substr(at_), "am")) return false;
    at_ += 2;
    return true;
  }
  bool zone() {
    const std::string_view rest = text_.substr(at_);
    for (const size_t size : {size_t{1}, size_t{6}, size_t{5}}) {
      if (rest.size() < size) continue;
      const auto offset = parse_offset(rest.substr(0, size));
      if (!offset) continue;
      offset_ = *offset;
      has_offset_ = true;
      at_ += size;
      return true;
    }
    return false;
  }

  std::string_view text_;
  size_t at_ = 0;
  int year_ = 1970;
  int month_ = 1;
  int day_ = 1;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  int ms_ = 0;
  int offset_ = 0;
  bool has_offset_ = false;
  bool half_day_ = false;
  bool afternoon_ = false;
};

}  // namespace

std::optional<int> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() == 6 && text[3] == ':') {
    const std::array<char, 5> plain = {text[0], text[1], text[2], text[4], text[5]};
    return parse_offset({plain.data(), plain.size()});
  }
  if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  if (!std::all_of(text.begin() + 1, text.end(), is_digit)) return std::nullopt;
  const int hours = (text[1] - '0') * 10 + text[2] - '0';
  const int minutes = (text[3] - '0') * 10 + text[4] - '0';
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
}

bool parse_time(std::string_view text, std::string_view format, int offset, int64_t* ms,
                std::string* error) {
  FormattedTime time(text);
  const auto fail = [&](const std::string& expected) {
    *error = "expected " + expected + " at byte " + std::to_string(time.at() + 1);
    return false;
  };
  std::string plain(format);  // %F and %T written out
  for (const auto& [brief, whole] : {std::pair("%F", "%Y-%m-%d"), std::pair("%T", "%H:%M:%S")}) {
    for (size_t at = 0; (at = plain.find(brief, at)) != std::string::npos;) {
      plain.replace(at, 2, whole);
    }
  }
  for (size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] != '%') {
      if (!time.literal(plain[i])) return fail(std::string("'") + plain[i] + "'");
      continue;
    }
    const char what = ++i < plain.size() ? plain[i] : '\0';
    if (std::string_view("YymdebBHIpMSLz%").find(what) == std::string_view::npos || what == '\0') {
      *error = std::string("%") + (what == '\0' ? ' ' : what) + " cannot be read";
      return false;
    }
    if (!time.read(what)) return fail(std::string("%") + what);
  }
  if (!time.at_end()) return fail("the end");
  if (time.value(offset, ms)) return true;
  *error = "there is no such time";
  return false;
}

}  // namespace sluice::script
