// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sha256_batch.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace sluice {
namespace {

void one_by_one(std::span<const std::string_view> texts, Sha256Digest* out) {
  thread_local Sha256 hash;
  for (size_t i = 0; i < texts.size(); ++i) {
    hash.reset();
    hash.update(texts[i]);
    out[i] = hash.finish();
  }
}

}  // namespace

#if defined(__x86_64__)
namespace {

constexpr size_t kBlock = 64;

// FIPS 180-4, 4.2.2.
alignas(16) constexpr uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// The eight words of the state in the order the instructions want them, first word highest.
struct State {
  __m128i abef;
  __m128i cdgh;
};

State initial_state() {  // FIPS 180-4, 5.3.3
  return {_mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f,
                        static_cast<int>(0x9b05688c)),
          _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19)};
}

// One text on its way: whole blocks straight from the text, then one or two with the padding.
struct Lane {
  State state;
  const char* at = nullptr;
  size_t blocks = 0;  // left at `at`
  bool in_tail = false;
  size_t tail_blocks = 0;
  Sha256Digest* out = nullptr;
  alignas(16) char tail[2 * kBlock];

  void start(std::string_view text, Sha256Digest* digest) {
    state = initial_state();
    out = digest;
    at = text.data();
    blocks = text.size() / kBlock;
    in_tail = false;
    const size_t rest = text.size() % kBlock;
    tail_blocks = rest + 9 <= kBlock ? 1 : 2;
    const size_t end = tail_blocks * kBlock;
    std::memset(tail, 0, sizeof tail);
    copy_rest(tail, text.data() + text.size() - rest, rest);
    tail[rest] = static_cast<char>(0x80);
    const uint64_t bits = __builtin_bswap64(uint64_t{text.size()} * 8);
    std::memcpy(tail + end - sizeof bits, &bits, sizeof bits);
    if (blocks == 0) enter_tail();
  }
  // Goes past `n` blocks; false when the text is done.
  bool advance(size_t n) {
    at += n * kBlock;
    blocks -= n;
    if (blocks != 0) return true;
    if (in_tail) return false;
    enter_tail();
    return true;
  }
  void finish() const;

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

__attribute__((target("sse4.1"))) void Lane::finish() const {
  // ABEF and CDGH, highest word first, as the bytes of A to H.
  const __m128i abcd = _mm_unpackhi_epi64(state.cdgh, state.abef);  // C D A B, lowest word: D
  const __m128i efgh = _mm_unpacklo_epi64(state.cdgh, state.abef);
  const __m128i reverse = _mm_set_epi64x(0x0001020304050607, 0x08090a0b0c0d0e0f);
  auto* const to = reinterpret_cast<__m128i*>(out->data());
  _mm_storeu_si128(to, _mm_shuffle_epi8(abcd, reverse));
  _mm_storeu_si128(to + 1, _mm_shuffle_epi8(efgh, reverse));
}

// Runs the next `n` blocks of each of `kLanes` lanes, whose instructions the processor overlaps.
template <size_t kLanes>
__attribute__((target("sha,sse4.1"))) void compress(Lane* const (&lanes)[kLanes], size_t n) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  State state[kLanes];
  for (size_t l = 0; l < kLanes; ++l) state[l] = lanes[l]->state;
  for (size_t block = 0; block < n; ++block) {
    State before[kLanes];
    __m128i words[kLanes][4];
    for (size_t l = 0; l < kLanes; ++l) before[l] = state[l];
#pragma GCC unroll 16
    for (size_t g = 0; g < 16; ++g) {  // four rounds each
      const __m128i round = _mm_load_si128(reinterpret_cast<const __m128i*>(kRound + g * 4));
#pragma GCC unroll 2
      for (size_t l = 0; l < kLanes; ++l) {
        __m128i(&w)[4] = words[l];
        if (g < 4) {
          const char* const from = lanes[l]->at + block * kBlock + g * 16;
          w[g] = _mm_shuffle_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)), swap);
        } else {
          const __m128i last = w[(g + 3) % 4];
          const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[g % 4], w[(g + 1) % 4]),
                                            _mm_alignr_epi8(last, w[(g + 2) % 4], 4));
          w[g % 4] = _mm_sha256msg2_epu32(sum, last);
        }
        const __m128i k = _mm_add_epi32(w[g % 4], round);
        state[l].cdgh = _mm_sha256rnds2_epu32(state[l].cdgh, state[l].abef, k);
        state[l].abef =
            _mm_sha256rnds2_epu32(state[l].abef, state[l].cdgh, _mm_shuffle_epi32(k, 0x0E));
      }
    }
    for (size_t l = 0; l < kLanes; ++l) {
      state[l].abef = _mm_add_epi32(state[l].abef, before[l].abef);
      state[l].cdgh = _mm_add_epi32(state[l].cdgh, before[l].cdgh);
    }
  }
  for (size_t l = 0; l < kLanes; ++l) lanes[l]->state = state[l];
}

}  // namespace

namespace detail {

void sha256_side_by_side(std::span<const std::string_view> texts, Sha256Digest* out) {
  Lane a;
  Lane b;
  size_t next = 0;
  const auto begin = [&](Lane& lane) {
    if (next == texts.size()) return false;
    lane.start(texts[next], out + next);
    ++next;
    return true;
  };
  bool a_runs = begin(a);
  bool b_runs = begin(b);
  const auto step = [&](Lane& lane, size_t n, bool& runs) {
    if (lane.advance(n)) return;
    lane.finish();
    runs = begin(lane);
  };
  while (a_runs && b_runs) {
    const size_t n = a.blocks < b.blocks ? a.blocks : b.blocks;
    compress<2>({&a, &b}, n);
    step(a, n, a_runs);
    step(b, n, b_runs);
  }
  while (a_runs || b_runs) {
    Lane& lane = a_runs ? a : b;
    const size_t n = lane.blocks;
    compress<1>({&lane}, n);
    step(lane, n, a_runs ? a_runs : b_runs);
  }
}

bool has_sha_instructions() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || (ebx & bit_SHA) == 0) return false;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_SSE4_1) != 0;
}

}  // namespace detail

#else  // not x86-64: OpenSSL knows this processor's instructions

namespace detail {
void sha256_side_by_side(std::span<const std::string_view> texts, Sha256Digest* out) {
  one_by_one(texts, out);
}
bool has_sha_instructions() { return false; }
}  // namespace detail

#endif

void sha256_batch(std::span<const std::string_view> texts, Sha256Digest* out) {
  static const bool side_by_side = detail::has_sha_instructions();
  if (side_by_side && texts.size() > 1) {
    detail::sha256_side_by_side(texts, out);
  } else {
    one_by_one(texts, out);
  }
}

}  // namespace sluice
