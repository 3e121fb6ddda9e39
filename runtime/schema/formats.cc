// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/formats.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "runtime/schema/formats_parts.h"

namespace sluice::schema {
namespace {

using formats::is_digit;
using formats::is_hex;
using formats::skip_digits;
using formats::take;
using formats::take_digits;

// RFC 3339 full-date.
bool take_date(std::string_view& text) {
  const int year = take_digits(text, 4);
  if (year < 0 || !take(text, '-')) return false;
  const int month = take_digits(text, 2);
  if (month < 1 || month > 12 || !take(text, '-')) return false;
  const int day = take_digits(text, 2);
  constexpr std::array kDays = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (day < 1 || day > kDays[static_cast<size_t>(month - 1)]) return false;
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month != 2 || day != 29 || leap;
}

// RFC 3339 full-time, with the offset. A leap second counts where UTC is at 23:59.
bool take_time(std::string_view& text) {
  const int hour = take_digits(text, 2);
  if (hour < 0 || hour > 23 || !take(text, ':')) return false;
  const int minute = take_digits(text, 2);
  if (minute < 0 || minute > 59 || !take(text, ':')) return false;
  const int second = take_digits(text, 2);
  if (second < 0 || second > 60) return false;
  if (take(text, '.')) {
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0) return false;
    text.remove_prefix(digits);
  }
  int offset = 0;
  if (!take(text, 'Z') && !take(text, 'z')) {
    const bool east = take(text, '+');
    if (!east && !take(text, '-')) return false;
    const int hours = take_digits(text, 2);
    if (hours < 0 || hours > 23 || !take(text, ':')) return false;
    const int minutes = take_digits(text, 2);
    if (minutes < 0 || minutes > 59) return false;
    offset = (east ? 1 : -1) * (hours * 60 + minutes);
  }
  constexpr int kDayMinutes = 24 * 60;
  const int utc = ((hour * 60 + minute - offset) % kDayMinutes + kDayMinutes) % kDayMinutes;
  return second < 60 || utc == kDayMinutes - 1;
}

bool date(std::string_view text) { return take_date(text) && text.empty(); }
bool time(std::string_view text) { return take_time(text) && text.empty(); }
bool date_time(std::string_view text) {
  if (!take_date(text)) return false;
  if (!take(text, 'T') && !take(text, 't')) return false;
  return take_time(text) && text.empty();
}

bool uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

// RFC 3339 appendix A, with the units in order; unlike there one in the middle may be left out
// (PT1H5S), as ISO 8601 and most writers do.
bool duration(std::string_view text) {
  if (!take(text, 'P')) return false;
  const auto take_units = [&text](std::string_view units) {
    size_t taken = 0;
    while (!text.empty() && is_digit(text.front())) {
      skip_digits(text);
      const size_t unit = text.empty() ? std::string_view::npos : units.find(text.front());
      if (unit == std::string_view::npos) return SIZE_MAX;
      units.remove_prefix(unit + 1);
      text.remove_prefix(1);
      ++taken;
    }
    return taken;
  };
  if (text.ends_with('W')) return take_units("W") == 1 && text.empty();
  const size_t date_units = take_units("YMD");
  if (date_units == SIZE_MAX) return false;
  if (!take(text, 'T')) return date_units > 0 && text.empty();
  const size_t time_units = take_units("HMS");
  return time_units != SIZE_MAX && time_units > 0 && text.empty();
}

bool json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1'))) {
      return false;
    }
  }
  return true;
}

// Steps up, an optional shift of the index, then "#" or steps down.
bool relative_json_pointer(std::string_view text) {
  const auto take_number = [&text] {
    const bool zero = text.starts_with('0');
    const size_t digits = skip_digits(text);
    return digits == 1 || (digits > 1 && !zero);
  };
  if (!take_number()) return false;
  if ((take(text, '+') || take(text, '-')) && (text.starts_with('0') || !take_number())) {
    return false;
  }
  return text == "#" || json_pointer(text);
}

struct Format {
  std::string_view name;
  FormatCheck check;
};
constexpr std::array kFormats = {Format{"date-time", date_time},
                                 Format{"date", date},
                                 Format{"time", time},
                                 Format{"duration", duration},
                                 Format{"email", formats::email},
                                 Format{"idn-email", formats::idn_email},
                                 Format{"hostname", formats::hostname},
                                 Format{"idn-hostname", formats::idn_hostname},
                                 Format{"ipv4", formats::ipv4},
                                 Format{"ipv6", formats::ipv6},
                                 Format{"uri", formats::uri},
                                 Format{"uri-reference", formats::uri_reference},
                                 Format{"iri", formats::iri},
                                 Format{"iri-reference", formats::iri_reference},
                                 Format{"uri-template", formats::uri_template},
                                 Format{"uuid", uuid},
                                 Format{"json-pointer", json_pointer},
                                 Format{"relative-json-pointer", relative_json_pointer},
                                 Format{"regex", formats::regex}};

}  // namespace

FormatCheck find_format(std::string_view name) {
  for (const Format& format : kFormats) {
    if (format.name == name) return format.check;
  }
  return nullptr;
}

}  // namespace sluice::schema
