// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/config/problems.h"

namespace sluice::config {

// Limits of a file, so that a hostile one costs bounded time, memory and stack.
inline constexpr uint64_t kMaxFileBytes = 4ULL << 20;
inline constexpr size_t kMaxDepth = 64;
inline constexpr size_t kMaxNodes = 100'000;          // aliases expanded
inline constexpr size_t kMaxTextBytes = 16ULL << 20;  // aliases and placeholders expanded

// One value of a YAML file, aliases expanded. A tree of values; owns everything.
struct YamlNode {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  Place place;
  std::string key;  // of a map's member
  Place key_place;
  std::string text;                // scalar: its text, placeholders replaced after expand()
  bool quoted = false;             // scalar in quotes, as a block, or tagged !!str
  bool only_placeholder = false;   // the whole scalar was one placeholder
  bool secret = false;             // some of it came from ${file:}
  bool broken = false;             // a placeholder in it has no value; reported already
  std::string written;             // scalar with placeholders: as it stands in the file
  std::vector<YamlNode> children;  // items of a list, members of a map in their order

  [[nodiscard]] bool is_scalar() const { return kind == Kind::kScalar; }
  [[nodiscard]] const YamlNode* find(std::string_view name) const;
};

// Parses one document. Problems (syntax, duplicate keys, limits) go to `problems`; the tree is
// usable only when there are none. Duplicate keys, tags other than !!str, merge keys, several
// documents, NUL and bytes that are not UTF-8 are refused.
YamlNode parse_yaml(std::string_view text, Problems& problems);

}  // namespace sluice::config
