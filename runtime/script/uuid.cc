// SPDX-License-Identifier: Apache-2.0
#include "runtime/script/uuid.h"

#include <cstdint>

#include "runtime/record/scan.h"

namespace sluice::script {
namespace {

bool dash_before(size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

}  // namespace

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.starts_with("urn:uuid:") && text.size() == 45) {
    text.remove_prefix(9);
  } else if (text.size() == 38 && text.front() == '{' && text.back() == '}') {
    text = text.substr(1, 36);
  }
  if (text.size() != 36 && text.size() != 32) return std::nullopt;
  const bool dashes = text.size() == 36;
  Uuid uuid;
  size_t at = 0;
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (dashes && dash_before(i) && text[at++] != '-') return std::nullopt;
    const int high = scan::hex_digit(text[at]);
    const int low = scan::hex_digit(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    uuid[i] = static_cast<unsigned char>(high * 16 + low);
    at += 2;
  }
  return uuid;
}

std::array<char, 36> format_uuid(const Uuid& uuid) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::array<char, 36> text{};
  size_t at = 0;
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (dash_before(i)) text[at++] = '-';
    text[at++] = kHex[uuid[i] >> 4];
    text[at++] = kHex[uuid[i] & 0xF];
  }
  return text;
}

void stamp_uuid(Uuid& uuid, int version) {
  uuid[6] = static_cast<unsigned char>((uuid[6] & 0x0F) | version << 4);
  uuid[8] = static_cast<unsigned char>((uuid[8] & 0x3F) | 0x80);
}

}  // namespace sluice::script
