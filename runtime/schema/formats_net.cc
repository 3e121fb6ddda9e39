// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/schema/formats_parts.h"

// Hosts, addresses, and what is built of them.
namespace sluice::schema::formats {

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

namespace {

// The inside of a quoted local part: anything printable, quotes and backslashes escaped.
bool quoted_text(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') return false;
    if (text[i] == '\\' && ++i == text.size()) return false;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F) return false;
  }
  return true;
}

bool dot_atom(std::string_view text, bool international) {
  char previous = '.';
  for (const char c : text) {
    const bool atom =
        is_alnum(c) || is_one_of(c, "!#$%&'*+-/=?^_`{|}~") || (international && !is_ascii(c));
    if (!atom && (c != '.' || previous == '.')) return false;
    previous = c;
  }
  return previous != '.';
}

// RFC 5321 without comments (and RFC 6531): dot-atom or quoted local part, domain name or address
// literal.
bool mailbox(std::string_view text, bool international) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = text.substr(0, at);
  std::string_view domain = text.substr(at + 1);
  const bool quoted = local.size() >= 2 && local.front() == '"' && local.back() == '"';
  if (!quoted && !dot_atom(local, international)) return false;
  if (quoted) {
    const std::string_view inside = local.substr(1, local.size() - 2);
    const bool ascii = std::all_of(inside.begin(), inside.end(), is_ascii);
    if ((!international && !ascii) || !quoted_text(inside)) return false;
  }
  if (domain.size() > 2 && domain.front() == '[' && domain.back() == ']') {
    domain = domain.substr(1, domain.size() - 2);
    return domain.starts_with("IPv6:") ? ipv6(domain.substr(5)) : ipv4(domain);
  }
  // Every address of RFC 5321 is one of RFC 6531, also under a label that IDNA reserves.
  return hostname(domain) || (international && idn_hostname(domain));
}

}  // namespace

bool email(std::string_view text) { return mailbox(text, false); }
bool idn_email(std::string_view text) { return mailbox(text, true); }

}  // namespace sluice::schema::formats
