// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::drift {

// In what way a place in the records is no longer as it was (learned) or as it should be (declared
// by the schema).
enum class Kind : uint8_t {
  kNewField,
  kMissingField,     // the schema requires it
  kPresenceChanged,  // it was in every record, though nothing requires it
  kTypeChanged,
  kNullAppeared,
  kNewEnumValue,
  kRangeWidened,  // of a number
  kFormWidened,   // of a string: what it looks like, or its length
  kBecameArray,
  kBecameObject,
  kArrayBecameObject,
  kBecameScalar,
  kSizeChanged,  // number or uniqueness of elements or members; known from failures only
  kRuleBroken,   // another rule of the schema, such as `not`; known from failures only
};
inline constexpr unsigned kKinds = 14;

enum class Severity : uint8_t {
  kInfo,      // harmless today
  kWarning,   // will fail soon, or for some consumer
  kBreaking,  // the record fails the schema
};
inline constexpr unsigned kSeverities = 3;

std::string_view kind_name(Kind kind);              // "new_field"
std::string_view severity_name(Severity severity);  // "info"
std::optional<Kind> kind_of(std::string_view name);
std::optional<Severity> severity_of(std::string_view name);

// One line of the ledger: everything known of one kind of drift at one path of one source.
struct Entry {
  std::string path;  // JSON Pointer; `*` stands for every element of an array or key of a map
  Kind kind = Kind::kNewField;
  Severity severity = Severity::kInfo;  // the worst so far
  int64_t first_seen_us = 0;
  int64_t last_seen_us = 0;
  uint64_t count = 0;          // observed records that showed it
  uint64_t observed = 0;       // records observed since it was first seen, that one included
  std::string schema_version;  // that was running when it was last seen; may be empty
  std::string before;          // what the baseline says: "string (date-time)"
  std::string after;           // what was found
  std::string sample;          // JSON of one value, shortened; hidden where sensitive; may be empty
  std::string record_sha256;   // hex, of one raw record that showed it

  [[nodiscard]] double share() const {
    return observed == 0 ? 0 : static_cast<double>(count) / static_cast<double>(observed);
  }
};

}  // namespace sluice::drift
