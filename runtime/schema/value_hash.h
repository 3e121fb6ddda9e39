// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"

namespace sluice::schema {

// 128 bits that are the same for equal JSON values: 1, 1.0 and 1e0 are equal, so are objects whose
// members stand in another order, so are strings escaped differently. Different values share a hash
// with a chance of 2^-128, so it stands in for deep comparison, which has quadratic worst cases.
struct ValueHash {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const ValueHash&) const = default;
};

// Linear in the value; recursion is bounded by the depth the parser allowed. `arena` receives
// decoded strings.
ValueHash hash_value(const Document& document, NodeIndex node, Arena& arena);
ValueHash hash_text(std::string_view text);

}  // namespace sluice::schema
