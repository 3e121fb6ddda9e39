// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "runtime/base/sha256.h"

namespace sluice::registry {

// A larger schema is not read.
inline constexpr uint64_t kMaxRegisteredBytes = 4ULL << 20;

// The same for two texts of one JSON Schema: blanks, the order of members, how strings are escaped
// and numbers are written do not count, nor does `$id` (`id`, where it is a text) at the top, which
// is a name. Nothing: the text is not JSON, or larger or nested deeper than a schema may be. Any
// thread.
std::optional<Sha256Digest> schema_identity(std::string_view text);

}  // namespace sluice::registry
