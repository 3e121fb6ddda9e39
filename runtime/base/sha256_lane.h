// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "runtime/base/sha256_batch.h"

// What the ways of sha256_batch.h share. Included by nothing else.
namespace sluice::detail {

inline constexpr size_t kSha256Block = 64;

// So many texts are worth sixteen lanes.
inline constexpr size_t kSha256Many = 12;

// The best way for fewer.
void sha256_few(std::span<const std::string_view> texts, Sha256Digest* out);

// FIPS 180-4, 4.2.2.
alignas(64) inline constexpr uint32_t kSha256Round[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// FIPS 180-4, 5.3.3.
inline constexpr uint32_t kSha256Start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                             0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// One text on its way: whole blocks straight from the text, then one or two with the padding.
// Refers to the text and to the place of its digest.
struct Sha256Lane {
  const char* at = nullptr;
  size_t blocks = 0;  // left at `at`
  bool in_tail = false;
  size_t tail_blocks = 0;
  Sha256Digest* out = nullptr;
  alignas(16) char tail[2 * kSha256Block];

  void start(std::string_view text, Sha256Digest* digest) {
    out = digest;
    at = text.data();
    blocks = text.size() / kSha256Block;
    in_tail = false;
    const size_t rest = text.size() % kSha256Block;
    tail_blocks = rest + 9 <= kSha256Block ? 1 : 2;
    const size_t end = tail_blocks * kSha256Block;
    std::memset(tail, 0, sizeof tail);
    copy_rest(tail, text.data() + text.size() - rest, rest);
    tail[rest] = static_cast<char>(0x80);
    const uint64_t bits = __builtin_bswap64(uint64_t{text.size()} * 8);
    std::memcpy(tail + end - sizeof bits, &bits, sizeof bits);
    if (blocks == 0) enter_tail();
  }
  // Goes past `n` blocks, at most `blocks`; false when the text is done.
  bool advance(size_t n) {
    at += n * kSha256Block;
    blocks -= n;
    if (blocks != 0) return true;
    if (in_tail) return false;
    enter_tail();
    return true;
  }

 private:
  // Less than a block, in steps of a fixed size: a call and guesses at the length cost more.
  static void copy_rest(char* to, const char* from, size_t n) {
    if (n < 16) {
      for (size_t i = 0; i < n; ++i) to[i] = from[i];
      return;
    }
    size_t at = 0;
    for (; at + 16 <= n; at += 16) std::memcpy(to + at, from + at, 16);
    std::memcpy(to + n - 16, from + n - 16, 16);
  }
  void enter_tail() {
    in_tail = true;
    at = tail;
    blocks = tail_blocks;
  }
};

}  // namespace sluice::detail
