// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// Punycode (RFC 3492), for labels of host names: short texts, no allocation.
namespace sluice::schema {

inline constexpr size_t kMaxLabel = 63;

// A decoded label as UTF-8.
class PunycodeText {
 public:
  void append(uint32_t code);
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, 4 * kMaxLabel> bytes_{};
  size_t size_ = 0;
};

// Decodes what follows "xn--"; false if it is not the encoding of anything. At most kMaxLabel
// bytes.
bool decode_punycode(std::string_view encoded, PunycodeText* out);

// Bytes that a label of well-formed UTF-8 takes after "xn--"; more than kMaxLabel for one that is
// too long for any use.
size_t encoded_length(std::string_view label);

}  // namespace sluice::schema
