// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::drift {

// A quick hash of short texts. Not for keeping: it differs between machines of other byte order.
// With a seed that the outside cannot know it also serves in tables that the outside fills.
inline uint64_t text_hash(std::string_view text, uint64_t seed = 0) {
  constexpr uint64_t kA = 0x9E3779B97F4A7C15ULL;
  constexpr uint64_t kB = 0xC2B2AE3D27D4EB4FULL;
  const char* p = text.data();
  size_t n = text.size();
  uint64_t hash = (seed ^ n) * kA;
  const auto mix = [&](uint64_t word) {
    hash = (hash ^ word) * kB;
    hash ^= hash >> 29;
  };
  uint64_t word = 0;
  while (n > 16) {
    std::memcpy(&word, p, 8);
    mix(word);
    p += 8;
    n -= 8;
  }
  if (n >= 8) {
    std::memcpy(&word, p, 8);
    mix(word);
    std::memcpy(&word, p + n - 8, 8);
  } else if (n >= 4) {
    uint32_t low = 0;
    uint32_t high = 0;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + n - 4, 4);
    word = low | static_cast<uint64_t>(high) << 32;
  } else if (n > 0) {
    word = static_cast<unsigned char>(p[0]) |
           static_cast<uint64_t>(static_cast<unsigned char>(p[n / 2])) << 8 |
           static_cast<uint64_t>(static_cast<unsigned char>(p[n - 1])) << 16;
  }
  mix(word);
  return hash ^ hash >> 32;
}

}  // namespace sluice::drift
