// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/sha256_batch.h"

#include <cstddef>

#include "runtime/base/sha256_parts.h"

namespace sluice {
namespace detail {

#if !defined(__x86_64__)  // OpenSSL knows the other processors' instructions
bool has_sha_instructions() { return false; }
void sha256_side_by_side(std::span<const std::string_view> texts, Sha256Digest* out) {
  sha256_one_by_one(texts, out);
}
bool has_avx512() { return false; }
void sha256_sixteen(std::span<const std::string_view> texts, Sha256Digest* out) {
  sha256_one_by_one(texts, out);
}
#endif

void sha256_one_by_one(std::span<const std::string_view> texts, Sha256Digest* out) {
  thread_local Sha256 hash;
  for (size_t i = 0; i < texts.size(); ++i) {
    hash.reset();
    hash.update(texts[i]);
    out[i] = hash.finish();
  }
}

void sha256_few(std::span<const std::string_view> texts, Sha256Digest* out) {
  static const bool side_by_side = has_sha_instructions();
  if (side_by_side && texts.size() > 1) {
    sha256_side_by_side(texts, out);
  } else {
    sha256_one_by_one(texts, out);
  }
}

}  // namespace detail

void sha256_batch(std::span<const std::string_view> texts, Sha256Digest* out) {
  static const bool sixteen = detail::has_avx512();
  if (sixteen && texts.size() >= detail::kSha256Many) {
    detail::sha256_sixteen(texts, out);
  } else {
    detail::sha256_few(texts, out);
  }
}

}  // namespace sluice
