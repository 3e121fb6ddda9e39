// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/document.h"
#include "runtime/schema/drift/entry.h"
#include "runtime/schema/drift/forms.h"

namespace sluice::drift {

// Types of JSON values as a set. A number that is written as an integer is kInteger.
using TypeMask = uint8_t;
inline constexpr TypeMask kNull = 1;
inline constexpr TypeMask kBoolean = 2;
inline constexpr TypeMask kInteger = 4;
inline constexpr TypeMask kFraction = 8;
inline constexpr TypeMask kString = 16;
inline constexpr TypeMask kArray = 32;
inline constexpr TypeMask kObject = 64;
inline constexpr TypeMask kAnyType = 127;
inline constexpr TypeMask kScalar = kBoolean | kInteger | kFraction | kString;

inline TypeMask type_of(uint32_t info) {
  static constexpr std::array<TypeMask, 8> kTypes = {kNull,   kBoolean, kBoolean, kFraction,
                                                     kString, kArray,   kObject,  0};
  const TypeMask type = kTypes[info & 7];
  return (info & (TapeNode::kInteger | TapeNode::kKindMask)) ==
                 (TapeNode::kInteger | static_cast<uint32_t>(JsonKind::kNumber))
             ? kInteger
             : type;
}

// What has been seen at a path, or of a kind of drift.
struct Found {
  TypeMask types = 0;
  FormMask forms = 0;
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  uint32_t longest = 0;             // string, in bytes as written
  std::vector<std::string> values;  // of strings: some distinct ones, as JSON, shortened

  [[nodiscard]] bool has_range() const { return low <= high; }
};

// "integer 1..500 or null", "string (date-time)". Nothing of a hidden value but its type is told.
std::string describe(const Found& found, bool hidden);
// "a", "b" and 3 more.
std::string describe_values(std::span<const std::string> values, size_t total);
// Of `before` and `after` numbers; without exponents while they are short.
std::string number_text(double value);

// What a change of type is called.
Kind type_change(TypeMask before, TypeMask found);
// The kind of drift that a failed keyword tells of; `found` is the type of the value there.
Kind keyword_kind(std::string_view keyword, TypeMask found);
// How bad a change of type is for a record that the schema lets pass. `declared`: what the schema
// allows there, 0 if it does not say.
Severity type_severity(TypeMask before, TypeMask found, TypeMask declared);

// Text for people that came with the records: JSON of a value, at most `bytes` long.
std::string sample_of(std::string_view json, size_t bytes);

// A pointer in which the numbers that index arrays are replaced by `*`.
std::string fold_pointer(const Document& document, std::string_view pointer);

// Which paths are never shown. Immutable.
class Sensitive {
 public:
  Sensitive() = default;
  explicit Sensitive(std::vector<std::string> pointers) : pointers_(std::move(pointers)) {}
  // Is the value at a folded path hidden: is it sensitive, inside a sensitive one, or around one?
  [[nodiscard]] bool hides(std::string_view path) const;

 private:
  std::vector<std::string> pointers_;
};

}  // namespace sluice::drift
