// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/formats.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "runtime/schema/pattern.h"

namespace sluice::schema {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

// Takes exactly `count` digits off the front; -1 if they are not there.
int take_digits(std::string_view& text, size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

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

// RFC 1123: labels of letters, digits and inner hyphens.
bool hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  size_t label = 0;
  char previous = '.';
  for (const char c : text) {
    if (c == '.') {
      if (label == 0 || previous == '-') return false;
      label = 0;
    } else {
      if (!is_alnum(c) && (c != '-' || label == 0)) return false;
      if (++label > 63) return false;
    }
    previous = c;
  }
  return label > 0 && previous != '-';
}

bool ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && !take(text, '.')) return false;
    const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0 || digits > 3 || (digits > 1 && text.front() == '0')) return false;
    if (take_digits(text, digits) > 255) return false;
  }
  return text.empty();
}

bool ipv6(std::string_view text) {
  int groups = 0;
  bool shortened = false;
  if (text.starts_with("::")) {
    shortened = true;
    text.remove_prefix(2);
    if (text.empty()) return true;
  }
  while (true) {
    if (groups <= 6 && text.find('.') != std::string_view::npos &&
        text.find(':') == std::string_view::npos) {
      return ipv4(text) && (shortened ? groups + 2 < 8 : groups + 2 == 8);
    }
    size_t digits = 0;
    while (digits < text.size() && is_hex(text[digits])) ++digits;
    if (digits == 0 || digits > 4) return false;
    text.remove_prefix(digits);
    ++groups;
    if (text.empty()) return shortened ? groups < 8 : groups == 8;
    if (groups > 7 || !take(text, ':')) return false;
    if (take(text, ':')) {
      if (shortened) return false;
      shortened = true;
      if (text.empty()) return groups < 8;
    }
  }
}

// RFC 5321 without comments: dot-atom or quoted local part, domain name or address literal.
bool email(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  std::string_view local = text.substr(0, at);
  std::string_view domain = text.substr(at + 1);
  if (local.size() >= 2 && local.front() == '"' && local.back() == '"') {
    local = local.substr(1, local.size() - 2);
    for (size_t i = 0; i < local.size(); ++i) {
      if (local[i] == '\\' && ++i == local.size()) return false;
      const auto c = static_cast<unsigned char>(local[i]);
      if (c < 0x20 || c == 0x7F || (c == '"' && (i == 0 || local[i - 1] != '\\'))) return false;
    }
  } else {
    char previous = '.';
    for (const char c : local) {
      const bool atom = is_alnum(c) || is_one_of(c, "!#$%&'*+-/=?^_`{|}~");
      if (!atom && (c != '.' || previous == '.')) return false;
      previous = c;
    }
    if (previous == '.') return false;
  }
  if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
    domain = domain.substr(1, domain.size() - 2);
    return domain.starts_with("IPv6:") ? ipv6(domain.substr(5)) : ipv4(domain);
  }
  return hostname(domain);
}

// The characters of RFC 3986, with each '%' followed by two hex digits.
bool uri_characters(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
    } else if (!is_alnum(text[i]) && !is_one_of(text[i], "-._~:/?#[]@!$&'()*+,;=")) {
      return false;
    }
  }
  const size_t fragment = text.find('#');
  return fragment == std::string_view::npos ||
         text.find('#', fragment + 1) == std::string_view::npos;
}

// host[:port] with an optional userinfo; brackets only around an IPv6 address.
bool authority(std::string_view text) {
  if (const size_t at = text.rfind('@'); at != std::string_view::npos) {
    if (text.substr(0, at).find_first_of("[]@") != std::string_view::npos) return false;
    text.remove_prefix(at + 1);
  }
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos || !ipv6(text.substr(1, end - 1))) return false;
    text.remove_prefix(end + 1);
  } else {
    text.remove_prefix(std::min(text.find(':'), text.size()));
  }
  if (text.empty()) return true;
  return take(text, ':') && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool uri_after_scheme(std::string_view text) {
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    const size_t end = std::min(text.find_first_of("/?#"), text.size());
    if (!authority(text.substr(0, end))) return false;
    text.remove_prefix(end);
  }
  return text.find_first_of("[]") == std::string_view::npos;
}

// Length of the scheme, without its colon; 0 if there is none.
size_t scheme_length(std::string_view text) {
  if (text.empty() || !is_alpha(text.front())) return 0;
  size_t i = 1;
  while (i < text.size() && (is_alnum(text[i]) || is_one_of(text[i], "+-."))) ++i;
  return i < text.size() && text[i] == ':' ? i : 0;
}

bool uri(std::string_view text) {
  const size_t scheme = scheme_length(text);
  return scheme > 0 && uri_characters(text) && uri_after_scheme(text.substr(scheme + 1));
}

bool uri_reference(std::string_view text) {
  if (scheme_length(text) > 0) return uri(text);
  // Without a scheme the first path segment holds no colon.
  const size_t colon = text.find(':');
  if (colon < text.find_first_of("/?#")) return false;
  return uri_characters(text) && uri_after_scheme(text);
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

bool regex(std::string_view text) { return compile_pattern(text).is_ok(); }

struct Format {
  std::string_view name;
  FormatCheck check;
};
constexpr std::array kFormats = {Format{"date-time", date_time},
                                 Format{"date", date},
                                 Format{"time", time},
                                 Format{"email", email},
                                 Format{"uuid", uuid},
                                 Format{"uri", uri},
                                 Format{"uri-reference", uri_reference},
                                 Format{"ipv4", ipv4},
                                 Format{"ipv6", ipv6},
                                 Format{"hostname", hostname},
                                 Format{"json-pointer", json_pointer},
                                 Format{"regex", regex}};

}  // namespace

FormatCheck find_format(std::string_view name) {
  for (const Format& format : kFormats) {
    if (format.name == name) return format.check;
  }
  return nullptr;
}

}  // namespace sluice::schema
