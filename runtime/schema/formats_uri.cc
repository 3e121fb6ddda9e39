// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/schema/formats_parts.h"

// URIs, IRIs and templates of them.
namespace sluice::schema::formats {

uint32_t take_code_point(std::string_view& text) {
  const auto byte = [&text](size_t i) { return static_cast<uint32_t>(text[i]) & 0xFFU; };
  const uint32_t first = byte(0);
  const size_t length = first < 0x80 ? 1 : (first < 0xE0 ? 2 : (first < 0xF0 ? 3 : 4));
  if (length == 1 || text.size() < length) {
    text.remove_prefix(1);
    return first;
  }
  uint32_t code = first & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) code = code << 6U | (byte(i) & 0x3FU);
  text.remove_prefix(length);
  return code;
}

namespace {

// What RFC 3987 adds to the characters of a URI; private characters in the query alone.
bool is_iri_character(uint32_t code, bool in_query) {
  const bool private_use = (code >= 0xE000 && code <= 0xF8FF) || code >= 0xF0000;
  if (private_use) return in_query && (code & 0xFFFE) != 0xFFFE;
  if (code < 0xA0 || (code >= 0xFDD0 && code <= 0xFDEF)) return false;
  if (code >= 0xFFF0 && code <= 0xFFFF) return false;
  return (code & 0xFFFE) != 0xFFFE && (code < 0xE0000 || code >= 0xE1000);
}

bool is_percent_encoded(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && is_hex(text[1]) && is_hex(text[2]);
}

enum class Kind { kUri, kIri };

// The characters of RFC 3986 or 3987, with each '%' followed by two hex digits.
bool uri_characters(std::string_view text, Kind kind) {
  const size_t query = text.find('?');
  const size_t query_end = text.find('#');
  for (size_t i = 0; i < text.size();) {
    if (is_ascii(text[i])) {
      const bool fits = is_alnum(text[i]) || is_one_of(text[i], "-._~:/?#[]@!$&'()*+,;=") ||
                        is_percent_encoded(text.substr(i, 3));
      if (!fits) return false;
      ++i;
      continue;
    }
    if (kind == Kind::kUri) return false;
    std::string_view rest = text.substr(i);
    const uint32_t code = take_code_point(rest);
    if (!is_iri_character(code, i > query && i < query_end)) return false;
    i = text.size() - rest.size();
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

bool absolute(std::string_view text, Kind kind) {
  const size_t scheme = scheme_length(text);
  return scheme > 0 && uri_characters(text, kind) && uri_after_scheme(text.substr(scheme + 1));
}

bool reference(std::string_view text, Kind kind) {
  if (scheme_length(text) > 0) return absolute(text, kind);
  // Without a scheme the first path segment holds no colon.
  const size_t colon = text.find(':');
  if (colon < text.find_first_of("/?#")) return false;
  return uri_characters(text, kind) && uri_after_scheme(text);
}

// One variable of an expression: a name, then ":4" or "*".
bool take_variable(std::string_view& text) {
  size_t length = 0;
  char previous = '.';
  while (!text.empty()) {
    if (is_percent_encoded(text)) {
      previous = '%';
      text.remove_prefix(3);
    } else if (is_alnum(text.front()) || text.front() == '_' ||
               (text.front() == '.' && previous != '.')) {
      previous = text.front();
      text.remove_prefix(1);
    } else {
      break;
    }
    ++length;
  }
  if (length == 0 || previous == '.') return false;
  if (take(text, '*')) return true;
  if (!take(text, ':')) return true;
  if (text.starts_with('0')) return false;
  const size_t digits = skip_digits(text);
  return digits >= 1 && digits <= 4;
}

bool take_expression(std::string_view& text) {
  if (!text.empty() && is_one_of(text.front(), "+#./;?&=,!@|")) text.remove_prefix(1);
  do {
    if (!take_variable(text)) return false;
  } while (take(text, ','));
  return take(text, '}');
}

}  // namespace

bool uri(std::string_view text) { return absolute(text, Kind::kUri); }
bool uri_reference(std::string_view text) { return reference(text, Kind::kUri); }
bool iri(std::string_view text) { return absolute(text, Kind::kIri); }
bool iri_reference(std::string_view text) { return reference(text, Kind::kIri); }

// RFC 6570.
bool uri_template(std::string_view text) {
  while (!text.empty()) {
    if (take(text, '{')) {
      if (!take_expression(text)) return false;
    } else if (is_percent_encoded(text)) {
      text.remove_prefix(3);
    } else if (is_ascii(text.front())) {
      const auto c = static_cast<unsigned char>(text.front());
      if (c <= 0x20 || c == 0x7F || is_one_of(text.front(), "\"%<>\\^`{|}")) return false;
      text.remove_prefix(1);
    } else if (!is_iri_character(take_code_point(text), true)) {
      return false;
    }
  }
  return true;
}

}  // namespace sluice::schema::formats
