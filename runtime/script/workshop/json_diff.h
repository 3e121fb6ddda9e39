// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/document.h"

namespace sluice::workshop {

// One place where two JSON values differ.
struct Difference {
  enum class Kind { kAdded, kRemoved, kChanged };
  Kind kind = Kind::kChanged;
  std::string pointer;      // RFC 6901; of what was removed as it was before
  std::string_view before;  // JSON text inside the first document; empty when added
  std::string_view after;   // inside the second; empty when removed
};

struct Differences {
  std::vector<Difference> list;
  bool more = false;  // there are others than those listed
};

// Is the number the same, digit for digit? 1, 1.0 and 10e-1 are, however long.
bool same_number(std::string_view a, std::string_view b);

// Are two values equal as JSON: members in any order, numbers exact?
bool same_value(const Document& a, NodeIndex at_a, const Document& b, NodeIndex at_b);

// What changed from `before` to `after`, in the order of their text, at most `most` places. Of a
// list the parts that did not change at both ends are left out first, so that one element that came
// or went is one difference. Nesting is bounded by the limit the documents were parsed with.
Differences diff_json(const Document& before, const Document& after, size_t most);

}  // namespace sluice::workshop
