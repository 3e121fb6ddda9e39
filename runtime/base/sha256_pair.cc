// SPDX-License-Identifier: Apache-2.0
// Two texts side by side through the SHA instructions of x86-64.
#include "runtime/base/sha256_parts.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <cstring>

namespace sluice::detail {
namespace {

// The eight words of the state in the order the instructions want them, first word highest.
struct State {
  __m128i abef;
  __m128i cdgh;
};

State initial_state() {
  const auto& h = kSha256Start;
  const auto words = [](uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return _mm_set_epi32(static_cast<int>(a), static_cast<int>(b), static_cast<int>(c),
                         static_cast<int>(d));
  };
  return {words(h[0], h[1], h[4], h[5]), words(h[2], h[3], h[6], h[7])};
}

// One text on its way: whole blocks straight from the text, then one or two with the padding.
// Refers to the text and to the place of its digest.
struct Lane {
  const char* at = nullptr;
  size_t blocks = 0;  // left at `at`
  bool in_tail = false;
  size_t tail_blocks = 0;
  Sha256Digest* out = nullptr;
  State state;
  alignas(16) char tail[2 * kSha256Block];

  void start(std::string_view text, Sha256Digest* digest) {
    state = initial_state();
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
      const __m128i round = _mm_load_si128(reinterpret_cast<const __m128i*>(kSha256Round + g * 4));
#pragma GCC unroll 2
      for (size_t l = 0; l < kLanes; ++l) {
        __m128i(&w)[4] = words[l];
        if (g < 4) {
          const char* const from = lanes[l]->at + block * kSha256Block + g * 16;
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

}  // namespace sluice::detail

#endif
