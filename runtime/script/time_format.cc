// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/time_format.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace sluice::script {
namespace {

using namespace std::chrono;

constexpr int64_t kDayMs = 86'400'000;
constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

int64_t floor_to(int64_t value, int64_t step) {
  const int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

sys_days day_of(int64_t ms) { return sys_days(days(floor_to(ms, kDayMs) / kDayMs)); }

void put_number(std::string* out, int64_t value, size_t width, char fill = '0') {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out->append(width - digits.size(), fill);
  *out += digits;
}

// Year and number of the ISO week: that of its Thursday.
std::pair<int, int> iso_week(sys_days day) {
  const auto back = (weekday(day) - Monday).count();
  const sys_days thursday = day - days(back) + days(3);
  const year in = year_month_day(thursday).year();
  return {static_cast<int>(in),
          static_cast<int>((thursday - sys_days(in / 1 / 1)).count() / 7) + 1};
}

struct Fields {
  Fields(int64_t ms, int offset)
      : utc_ms(ms), local(ms + offset * 60'000LL), day(day_of(local)), date(day) {}
  [[nodiscard]] int64_t part(int64_t unit, int64_t count) const {
    return (local - floor_to(local, kDayMs)) / unit % count;
  }
  [[nodiscard]] int64_t hour() const { return part(3'600'000, 24); }
  [[nodiscard]] unsigned weekday_number() const { return weekday(day).c_encoding(); }

  int64_t utc_ms;
  int64_t local;
  sys_days day;
  year_month_day date;
};

void put_offset(std::string* out, int offset) {
  *out += offset < 0 ? '-' : '+';
  put_number(out, std::abs(offset) / 60, 2);
  put_number(out, std::abs(offset) % 60, 2);
}

bool put_date(const Fields& at, char what, std::string* out) {
  const auto month = static_cast<unsigned>(at.date.month());
  const std::string_view month_name = kMonths[month - 1];
  const std::string_view day_name = kWeekdays[at.weekday_number()];
  switch (what) {
    case 'Y':
      put_number(out, static_cast<int>(at.date.year()), 4);
      return true;
    case 'y':
      put_number(out, static_cast<int>(at.date.year()) % 100, 2);
      return true;
    case 'm':
      put_number(out, month, 2);
      return true;
    case 'd':
      put_number(out, static_cast<unsigned>(at.date.day()), 2);
      return true;
    case 'e':
      put_number(out, static_cast<unsigned>(at.date.day()), 2, ' ');
      return true;
    case 'j':
      put_number(out, (at.day - sys_days(at.date.year() / 1 / 1)).count() + 1, 3);
      return true;
    case 'a':
      *out += day_name.substr(0, 3);
      return true;
    case 'A':
      *out += day_name;
      return true;
    case 'b':
      *out += month_name.substr(0, 3);
      return true;
    case 'B':
      *out += month_name;
      return true;
    case 'u':
      put_number(out, weekday(at.day).iso_encoding(), 1);
      return true;
    case 'G':
      put_number(out, iso_week(at.day).first, 4);
      return true;
    case 'V':
      put_number(out, iso_week(at.day).second, 2);
      return true;
    default:
      return false;
  }
}

bool put_clock(const Fields& at, char what, int offset, std::string* out) {
  switch (what) {
    case 'H':
      put_number(out, at.hour(), 2);
      return true;
    case 'I':
      put_number(out, (at.hour() + 11) % 12 + 1, 2);
      return true;
    case 'p':
      *out += at.hour() < 12 ? "AM" : "PM";
      return true;
    case 'M':
      put_number(out, at.part(60'000, 60), 2);
      return true;
    case 'S':
      put_number(out, at.part(1000, 60), 2);
      return true;
    case 'L':
      put_number(out, at.part(1, 1000), 3);
      return true;
    case 's':
      put_number(out, floor_to(at.utc_ms, 1000) / 1000, 1);
      return true;
    case 'z':
      put_offset(out, offset);
      return true;
    case '%':
      *out += '%';
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<TimeUnit> time_unit(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kNames = {
      "millisecond", "second", "minute", "hour", "day", "week", "month", "year"};
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<TimeUnit>(found - kNames.begin());
}

bool format_time(int64_t ms, int offset, std::string_view format, std::string* out,
                 std::string* error) {
  const Fields at(ms, offset);
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      *out += format[i];
      continue;
    }
    const char what = ++i < format.size() ? format[i] : '\0';
    if (what == 'F' || what == 'T') {
      if (!format_time(ms, offset, what == 'F' ? "%Y-%m-%d" : "%H:%M:%S", out, error)) return false;
      continue;
    }
    if (put_date(at, what, out) || put_clock(at, what, offset, out)) continue;
    *error = "unknown directive %";
    if (what != '\0') *error += what;
    return false;
  }
  return true;
}

int64_t floor_time(int64_t ms, TimeUnit unit, int offset) {
  static constexpr std::array<int64_t, 5> kLengths = {1, 1000, 60'000, 3'600'000, kDayMs};
  const int64_t shift = offset * 60'000LL;
  const int64_t local = ms + shift;
  if (unit <= TimeUnit::kDay) return floor_to(local, kLengths[static_cast<size_t>(unit)]) - shift;
  const sys_days day = day_of(local);
  const year_month_day date(day);
  sys_days start = day - (weekday(day) - Monday);
  if (unit == TimeUnit::kMonth) start = date.year() / date.month() / 1;
  if (unit == TimeUnit::kYear) start = date.year() / January / 1;
  return start.time_since_epoch().count() * kDayMs - shift;
}

std::optional<int64_t> add_time(int64_t ms, int64_t n, TimeUnit unit) {
  static constexpr std::array<int64_t, 6> kLengths = {1,         1000,   60'000,
                                                      3'600'000, kDayMs, 7 * kDayMs};
  const auto in_range = [](int64_t result) {
    return result >= kFirstMs && result <= kLastMs ? std::optional(result) : std::nullopt;
  };
  if (unit <= TimeUnit::kWeek) {
    int64_t change = 0;
    int64_t result = 0;
    if (__builtin_mul_overflow(n, kLengths[static_cast<size_t>(unit)], &change) ||
        __builtin_add_overflow(ms, change, &result)) {
      return std::nullopt;
    }
    return in_range(result);
  }
  constexpr int64_t kMostMonths = 120'000;
  if (n > kMostMonths || n < -kMostMonths) return std::nullopt;
  const sys_days day = day_of(ms);
  const int64_t rest = ms - floor_to(ms, kDayMs);
  const year_month_day date(day);
  const int step = static_cast<int>(n) * (unit == TimeUnit::kYear ? 12 : 1);
  const year_month target = date.year() / date.month() + months(step);
  if (target.year() < year(0) || target.year() > year(9999)) return std::nullopt;
  const auto last = static_cast<unsigned>((target / std::chrono::last).day());
  const auto wanted = std::min(static_cast<unsigned>(date.day()), last);
  return sys_days(target / std::chrono::day(wanted)).time_since_epoch().count() * kDayMs + rest;
}

}  // namespace sluice::script
