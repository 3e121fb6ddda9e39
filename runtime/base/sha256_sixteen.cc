// SPDX-License-Identifier: Apache-2.0
// Sixteen texts side by side: word i of a vector belongs to text i (the multi-buffer scheme of
// Gueron and Krasnov, "Simultaneous hashing of multiple messages", 2012, with the three-way logic
// and rotations of AVX-512).
#include "runtime/base/sha256_parts.h"

#if defined(__x86_64__)

// GCC 12 takes the undefined source of unmasked operations for a use of an unset variable.
#if !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#if !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include <cstring>

#define SLUICE_AVX512 __attribute__((target("avx512f,avx512bw")))
#define SLUICE_AVX512_INLINE __attribute__((target("avx512f,avx512bw"), always_inline)) inline

namespace sluice::detail {
namespace {

constexpr size_t kLanes = 16;
// With fewer texts left, the way for few is quicker even though it begins those texts again.
constexpr size_t kTooFew = 6;
// Sixteen short texts at once are no stream that a processor sees coming. The beginning of a text
// is fetched so many texts before its turn, and the rest so many blocks.
constexpr size_t kAhead = 16;
constexpr size_t kBlocksAhead = 2;

SLUICE_AVX512_INLINE __m512i xor3(__m512i a, __m512i b, __m512i c) {
  return _mm512_ternarylogic_epi32(a, b, c, 0x96);
}

// Rows of sixteen words become columns.
SLUICE_AVX512_INLINE void transpose(__m512i (&rows)[16]) {
  __m512i pairs[16];
#pragma GCC unroll 8
  for (size_t i = 0; i < 16; i += 2) {
    pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  __m512i fours[16];  // fours[i + k]: words k, k + 4, k + 8, k + 12 of rows i to i + 3
#pragma GCC unroll 4
  for (size_t i = 0; i < 16; i += 4) {
    fours[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
    fours[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
    fours[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
    fours[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
  }
#pragma GCC unroll 4
  for (size_t k = 0; k < 4; ++k) {
    const __m512i low_a = _mm512_shuffle_i32x4(fours[k], fours[k + 4], 0x88);
    const __m512i high_a = _mm512_shuffle_i32x4(fours[k], fours[k + 4], 0xdd);
    const __m512i low_b = _mm512_shuffle_i32x4(fours[k + 8], fours[k + 12], 0x88);
    const __m512i high_b = _mm512_shuffle_i32x4(fours[k + 8], fours[k + 12], 0xdd);
    rows[k] = _mm512_shuffle_i32x4(low_a, low_b, 0x88);
    rows[k + 4] = _mm512_shuffle_i32x4(high_a, high_b, 0x88);
    rows[k + 8] = _mm512_shuffle_i32x4(low_a, low_b, 0xdd);
    rows[k + 12] = _mm512_shuffle_i32x4(high_a, high_b, 0xdd);
  }
}

// Word t of the schedule, for t from 16 on; `w` holds the sixteen before it, w[t % 16] the oldest.
SLUICE_AVX512_INLINE __m512i next_word(const __m512i (&w)[16], size_t t) {
  const __m512i a = w[(t + 1) % 16];
  const __m512i b = w[(t + 14) % 16];
  const __m512i s0 = xor3(_mm512_ror_epi32(a, 7), _mm512_ror_epi32(a, 18), _mm512_srli_epi32(a, 3));
  const __m512i s1 =
      xor3(_mm512_ror_epi32(b, 17), _mm512_ror_epi32(b, 19), _mm512_srli_epi32(b, 10));
  return _mm512_add_epi32(_mm512_add_epi32(w[t % 16], w[(t + 9) % 16]), _mm512_add_epi32(s0, s1));
}

// Where each lane stands. Kept as rows so that a step over all lanes is a few vector operations.
struct Lanes {
  alignas(64) uint32_t state[8][kLanes];
  alignas(64) const char* at[kLanes];  // the next block
  alignas(64) uint64_t left[kLanes];   // blocks from `at` on; kIdle without a text
  __mmask16 fresh = 0xffff;  // lanes whose state is the initial one, whatever the rows say
};
constexpr uint64_t kIdle = UINT64_MAX;

// The next `n` blocks of every lane. One without a text goes over the same block again and again.
SLUICE_AVX512 void compress(Lanes& lanes, uint64_t n) {
  const __m512i swap =
      _mm512_broadcast_i32x4(_mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));
  uint64_t step[kLanes];
  for (size_t i = 0; i < kLanes; ++i) step[i] = lanes.left[i] == kIdle ? 0 : kSha256Block;
  __m512i h[8];
  for (size_t i = 0; i < 8; ++i) {
    h[i] = _mm512_mask_set1_epi32(_mm512_load_si512(lanes.state[i]), lanes.fresh,
                                  static_cast<int>(kSha256Start[i]));
  }
  for (uint64_t block = 0; block < n; ++block) {
    __m512i w[16];
#pragma GCC unroll 16
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const char* const from = lanes.at[lane] + block * step[lane];
      __builtin_prefetch(from + kBlocksAhead * kSha256Block);
      w[lane] = _mm512_shuffle_epi8(_mm512_loadu_si512(from), swap);
    }
    transpose(w);
    __m512i v[8];
    for (size_t i = 0; i < 8; ++i) v[i] = h[i];
      // The roles of the eight words turn by one each round instead of being moved.
#pragma GCC unroll 64
    for (size_t t = 0; t < 64; ++t) {
      if (t >= 16) w[t % 16] = next_word(w, t);
      const __m512i a = v[(64 - t) % 8], b = v[(65 - t) % 8], c = v[(66 - t) % 8];
      const __m512i e = v[(68 - t) % 8], f = v[(69 - t) % 8], g = v[(70 - t) % 8];
      __m512i& d = v[(67 - t) % 8];
      __m512i& last = v[(71 - t) % 8];
      const __m512i s1 =
          xor3(_mm512_ror_epi32(e, 6), _mm512_ror_epi32(e, 11), _mm512_ror_epi32(e, 25));
      const __m512i s0 =
          xor3(_mm512_ror_epi32(a, 2), _mm512_ror_epi32(a, 13), _mm512_ror_epi32(a, 22));
      const __m512i chosen = _mm512_ternarylogic_epi32(e, f, g, 0xca);
      const __m512i majority = _mm512_ternarylogic_epi32(a, b, c, 0xe8);
      const __m512i round = _mm512_set1_epi32(static_cast<int>(kSha256Round[t]));
      const __m512i sum = _mm512_add_epi32(
          _mm512_add_epi32(last, _mm512_add_epi32(w[t % 16], round)), _mm512_add_epi32(s1, chosen));
      d = _mm512_add_epi32(d, sum);
      last = _mm512_add_epi32(sum, _mm512_add_epi32(s0, majority));
    }
    for (size_t i = 0; i < 8; ++i) h[i] = _mm512_add_epi32(h[i], v[i]);
  }
  for (size_t i = 0; i < 8; ++i) _mm512_store_si512(lanes.state[i], h[i]);
  lanes.fresh = 0;
}

// The last lanes' `n` blocks are done: goes on to what follows, and says which lanes came to an
// end.
SLUICE_AVX512 uint32_t advance(Lanes& lanes, uint64_t n) {
  uint32_t ended = 0;
  for (size_t half = 0; half < kLanes; half += 8) {
    const __m512i left = _mm512_load_si512(lanes.left + half);
    const __m512i at = _mm512_load_si512(lanes.at + half);
    const __mmask8 busy = _mm512_cmpneq_epi64_mask(left, _mm512_set1_epi64(-1));
    const __m512i less =
        _mm512_mask_sub_epi64(left, busy, left, _mm512_set1_epi64(static_cast<int64_t>(n)));
    const auto bytes = static_cast<int64_t>(n * kSha256Block);
    _mm512_store_si512(lanes.left + half, less);
    _mm512_store_si512(lanes.at + half,
                       _mm512_mask_add_epi64(at, busy, at, _mm512_set1_epi64(bytes)));
    ended |= uint32_t{_mm512_cmpeq_epi64_mask(less, _mm512_setzero_si512())} << half;
  }
  return ended;
}

SLUICE_AVX512 uint64_t shortest(const Lanes& lanes) {
  return _mm512_reduce_min_epu64(
      _mm512_min_epu64(_mm512_load_si512(lanes.left), _mm512_load_si512(lanes.left + 8)));
}

// What of `text` fills no block, and the padding: `tail` has room for two blocks. Returns how many
// it takes. Without a branch, because lengths cannot be guessed.
SLUICE_AVX512 uint64_t pad(std::string_view text, char* tail) {
  const size_t rest = text.size() % kSha256Block;
  const __mmask64 bytes = (uint64_t{1} << rest) - 1;
  const __m512i last = _mm512_maskz_loadu_epi8(bytes, text.data() + text.size() - rest);
  _mm512_store_si512(tail, _mm512_mask_set1_epi8(last, uint64_t{1} << rest, int8_t{-128}));
  _mm512_store_si512(tail + kSha256Block, _mm512_setzero_si512());
  const size_t blocks = 1 + (rest + 8) / kSha256Block;
  const uint64_t bits = __builtin_bswap64(uint64_t{text.size()} * 8);
  std::memcpy(tail + blocks * kSha256Block - sizeof bits, &bits, sizeof bits);
  return blocks;
}

// Sixteen lanes over one list of texts.
class Sixteen {
 public:
  Sixteen(std::span<const std::string_view> texts, Sha256Digest* out) : texts_(texts), out_(out) {
    for (size_t lane = 0; lane < kLanes; ++lane) begin(lane);
  }
  void run() {
    while (next_ < texts_.size() || busy_ >= kTooFew) {
      const uint64_t n = shortest(lanes_);
      compress(lanes_, n);
      for (uint32_t ended = advance(lanes_, n); ended != 0; ended &= ended - 1) {
        go_on(static_cast<size_t>(__builtin_ctz(ended)));
      }
    }
    rest();
  }

 private:
  // The next text goes into that lane.
  void begin(size_t lane) {
    if (next_ == texts_.size()) {
      lanes_.left[lane] = kIdle;
      lanes_.at[lane] = tails_[lane];
      return;
    }
    ++busy_;
    text_[lane] = next_;
    const std::string_view text = texts_[next_++];
    in_tail_[lane] = pad(text, tails_[lane]);
    lanes_.fresh = static_cast<__mmask16>(lanes_.fresh | (1U << lane));
    lanes_.at[lane] = text.data();
    lanes_.left[lane] = text.size() / kSha256Block;
    if (lanes_.left[lane] == 0) enter_tail(lane);
    if (next_ + kAhead < texts_.size()) {
      const char* const ahead = texts_[next_ + kAhead].data();
      __builtin_prefetch(ahead);
      __builtin_prefetch(ahead + kSha256Block);
    }
  }
  void enter_tail(size_t lane) {
    lanes_.at[lane] = tails_[lane];
    lanes_.left[lane] = in_tail_[lane];
    in_tail_[lane] = 0;
  }
  void go_on(size_t lane) {
    if (in_tail_[lane] != 0) return enter_tail(lane);
    uint32_t words[8];
    for (size_t i = 0; i < 8; ++i) words[i] = __builtin_bswap32(lanes_.state[i][lane]);
    std::memcpy(out_[text_[lane]].data(), words, sizeof words);
    --busy_;
    begin(lane);
  }
  void rest() {
    std::string_view texts[kLanes];
    Sha256Digest digests[kLanes];
    size_t where[kLanes];
    size_t n = 0;
    for (size_t lane = 0; lane < kLanes; ++lane) {
      if (lanes_.left[lane] == kIdle) continue;
      where[n] = text_[lane];
      texts[n++] = texts_[text_[lane]];
    }
    sha256_few(std::span(texts).first(n), digests);
    for (size_t i = 0; i < n; ++i) out_[where[i]] = digests[i];
  }

  std::span<const std::string_view> texts_;
  Sha256Digest* out_;
  size_t next_ = 0;
  size_t busy_ = 0;
  Lanes lanes_;
  size_t text_[kLanes];
  uint64_t in_tail_[kLanes];  // blocks of padding that are still to come
  alignas(64) char tails_[kLanes][2 * kSha256Block] = {};
};

}  // namespace

void sha256_sixteen(std::span<const std::string_view> texts, Sha256Digest* out) {
  Sixteen(texts, out).run();
}

bool has_avx512() {
  return __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0;
}

}  // namespace sluice::detail

#endif
