// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::store {

// How many bytes two texts share at their ends. The ends do not overlap in either of them.
struct TextEnds {
  size_t front = 0;
  size_t back = 0;
};

static_assert(std::endian::native == std::endian::little, "the byte that differs first is lowest");

inline TextEnds shared_ends(std::string_view a, std::string_view b) {
  constexpr size_t kWord = sizeof(uint64_t);
  const auto differing = [](const char* x, const char* y) {
    uint64_t one = 0;
    uint64_t other = 0;
    std::memcpy(&one, x, kWord);
    std::memcpy(&other, y, kWord);
    return one ^ other;
  };
  const size_t most = a.size() < b.size() ? a.size() : b.size();
  TextEnds ends;
  while (ends.front + kWord <= most) {
    const uint64_t bits = differing(a.data() + ends.front, b.data() + ends.front);
    if (bits != 0) {
      ends.front += static_cast<size_t>(std::countr_zero(bits)) / 8;
      break;
    }
    ends.front += kWord;
  }
  while (ends.front < most && a[ends.front] == b[ends.front]) ++ends.front;
  const char* const a_end = a.data() + a.size();
  const char* const b_end = b.data() + b.size();
  while (ends.front + ends.back + kWord <= most) {
    const uint64_t bits = differing(a_end - ends.back - kWord, b_end - ends.back - kWord);
    if (bits != 0) {
      ends.back += static_cast<size_t>(std::countl_zero(bits)) / 8;
      break;
    }
    ends.back += kWord;
  }
  while (ends.front + ends.back < most && *(a_end - ends.back - 1) == *(b_end - ends.back - 1)) {
    ++ends.back;
  }
  return ends;
}

}  // namespace sluice::store
