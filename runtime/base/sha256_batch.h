// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "runtime/base/sha256.h"

namespace sluice {

// The SHA-256 digests of many short texts, `out[i]` of `texts[i]`: the same digests as sha256()
// gives. One digest is a chain of dependent instructions that leaves most of the processor idle:
// with AVX-512 sixteen texts go side by side at a quarter of the time, with SHA instructions two at
// a little over half of it; elsewhere OpenSSL does them one by one. Any thread. Allocates nothing
// per text.
void sha256_batch(std::span<const std::string_view> texts, Sha256Digest* out);

namespace detail {
// The ways, for tests and benchmarks. Each of the first two may only be called where what stands
// above it answers true.
bool has_avx512();
void sha256_sixteen(std::span<const std::string_view> texts, Sha256Digest* out);
bool has_sha_instructions();
void sha256_side_by_side(std::span<const std::string_view> texts, Sha256Digest* out);
void sha256_one_by_one(std::span<const std::string_view> texts, Sha256Digest* out);
}  // namespace detail

}  // namespace sluice
