// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace sluice {

// Numbers and texts in values of our own; and keys whose order is that of their numbers.

inline size_t varint_size(uint64_t value) {
  size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}
inline void append_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}
// Signed numbers near zero stay short whatever their sign.
inline uint64_t folded(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline void append_signed(std::string& out, int64_t value) { append_varint(out, folded(value)); }
inline void append_text(std::string& out, std::string_view text) {
  append_varint(out, text.size());
  out += text;
}
// The eight bytes of a number with a fraction, as this machine has them.
inline void append_double(std::string& out, double value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof bytes);
}
template <typename T>
void append_big_endian(std::string& out, T value) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> shift) & 0xff);
  }
}

// Reads what the functions above wrote, from bytes nobody has checked. After a read beyond the end
// ok() is false and every further read answers zero or nothing.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : left_(bytes) {}

  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (left_.empty()) return fail();
      const auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      if (shift == 63 && byte > 1) return fail();  // more than 64 bits
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    return fail();
  }
  int64_t signed_varint() {
    const uint64_t value = varint();
    return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  uint32_t varint32() {
    const uint64_t value = varint();
    if (value > UINT32_MAX) return static_cast<uint32_t>(fail());
    return static_cast<uint32_t>(value);
  }
  // A view into the bytes, never null.
  std::string_view text() { return take(varint()); }
  std::string_view take(uint64_t size) {
    if (!ok_ || size > left_.size()) {
      fail();
      return {"", 0};
    }
    const std::string_view out = left_.substr(0, size);
    left_.remove_prefix(size);
    return out;
  }
  double real() {
    double value = 0;
    const std::string_view bytes = take(sizeof value);
    if (ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  template <typename T>
  T big_endian() {
    T value = 0;
    for (const char c : take(sizeof(T))) {
      value = static_cast<T>(value << 8 | static_cast<unsigned char>(c));
    }
    return value;
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return ok_ && left_.empty(); }
  [[nodiscard]] size_t left() const { return left_.size(); }

 private:
  uint64_t fail() {
    ok_ = false;
    left_ = left_.substr(left_.size());
    return 0;
  }
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace sluice
