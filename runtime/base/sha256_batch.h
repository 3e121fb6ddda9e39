// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "runtime/base/sha256.h"

namespace sluice {

// The SHA-256 digests of many short texts, `out[i]` of `texts[i]`: the same digests as sha256()
// gives. One digest is a chain of dependent instructions that leaves most of the processor idle, so
// where there are SHA instructions two texts go through them side by side, at a little over half
// the time; elsewhere OpenSSL does them one by one. Any thread. Allocates nothing per text.
void sha256_batch(std::span<const std::string_view> texts, Sha256Digest* out);

namespace detail {
// The two ways, for tests and benchmarks. The first may only be called where the second answers
// true.
void sha256_side_by_side(std::span<const std::string_view> texts, Sha256Digest* out);
bool has_sha_instructions();
}  // namespace detail

}  // namespace sluice
