// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// What the files of formats.h share. Texts are well-formed UTF-8.
namespace sluice::schema::formats {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
inline bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
inline bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
inline bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

inline bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}
// Takes exactly `count` digits off the front; -1 if they are not there.
inline int take_digits(std::string_view& text, size_t count) {
  if (text.size() < count) return -1;
  int value = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}
// Takes as many digits as there are; how many.
inline size_t skip_digits(std::string_view& text) {
  size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}
// Takes one character off the front of a text that is not empty.
uint32_t take_code_point(std::string_view& text);

bool hostname(std::string_view text);
bool idn_hostname(std::string_view text);
bool ipv4(std::string_view text);
bool ipv6(std::string_view text);
bool email(std::string_view text);
bool idn_email(std::string_view text);
bool uri(std::string_view text);
bool uri_reference(std::string_view text);
bool iri(std::string_view text);
bool iri_reference(std::string_view text);
bool uri_template(std::string_view text);
bool regex(std::string_view text);

}  // namespace sluice::schema::formats
