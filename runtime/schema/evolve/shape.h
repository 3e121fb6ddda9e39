// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/schema/validator.h"
#include "runtime/schema/value_hash.h"

// What a schema says, in the form in which two versions of it are compared. Unlike the program of
// the validator it keeps what people wrote (bounds, patterns, defaults) and has integers and
// fractions apart, so that "number" is a wider type than "integer".
namespace sluice::schema {

using ShapeIndex = uint32_t;
inline constexpr ShapeIndex kNoShape = UINT32_MAX;

// Disjoint kinds of values.
enum KindBit : uint8_t {
  kKindNull = 1,
  kKindBoolean = 2,
  kKindInteger = 4,
  kKindFraction = 8,
  kKindString = 16,
  kKindArray = 32,
  kKindObject = 64,
};
inline constexpr uint8_t kAllKinds = 127;
inline constexpr uint8_t kNumberKinds = kKindInteger | kKindFraction;

// One value of `enum` or `const`.
struct ShapeValue {
  ValueHash hash;
  uint8_t kind = 0;
  std::string json;  // as the file spells it
  std::string text;  // of a string: decoded
};

// A limit that may or may not belong to the range itself.
struct ShapeBound {
  std::string text;
  bool exclusive = false;
};

struct ShapeRange {
  uint64_t min = 0;
  uint64_t max = UINT64_MAX;
  bool operator==(const ShapeRange&) const = default;
  [[nodiscard]] bool within(const ShapeRange& other) const {
    return other.min <= min && max <= other.max;
  }
};

struct ShapeMember {
  std::string name;
  ShapeIndex shape = kNoShape;  // kNoShape: only required
  bool required = false;
};

// One schema object, or true (the default) or false (no kinds). A link that is kNoShape constrains
// nothing.
struct Shape {
  uint32_t node = 0;  // in the document it was read from
  uint8_t kinds = kAllKinds;

  bool has_values = false;  // `enum` or `const`
  bool is_const = false;
  std::vector<ShapeValue> values;

  std::optional<ShapeBound> lower, upper;
  std::string multiple_of;

  ShapeRange length;
  std::optional<std::string> pattern;
  std::optional<std::string> format;

  std::vector<ShapeIndex> prefix;  // items by place
  ShapeIndex rest = kNoShape;      // the others
  ShapeRange items;
  bool unique = false;
  ShapeIndex contains = kNoShape;
  ShapeRange contains_count{1, UINT64_MAX};

  std::vector<ShapeMember> members;  // in the order of the file
  std::vector<uint32_t> by_name;     // indices into members, sorted by name
  std::vector<std::pair<std::string, ShapeIndex>> patterns;
  ShapeIndex additional = kNoShape;
  ShapeIndex names = kNoShape;  // `propertyNames`
  ShapeRange properties;
  std::map<std::string, std::set<std::string>> needs;  // `dependentRequired`
  std::map<std::string, ShapeIndex> needs_shape;       // `dependentSchemas`

  std::vector<ShapeIndex> all_of, any_of, one_of;
  ShapeIndex none = kNoShape;  // `not`
  ShapeIndex condition = kNoShape;
  ShapeIndex consequence = kNoShape;
  ShapeIndex alternative = kNoShape;

  ShapeIndex unevaluated_properties = kNoShape;
  ShapeIndex unevaluated_items = kNoShape;

  std::string elsewhere;                // references to other files, which are not followed
  std::string unjudged;                 // a keyword the comparison does not understand
  std::optional<std::string> fallback;  // `default`, as JSON

  [[nodiscard]] const ShapeMember* member(std::string_view name) const;
  // Nothing but `kinds` constrains a value.
  [[nodiscard]] bool only_kinds() const;
  [[nodiscard]] bool in_place() const;  // has keywords that apply schemas to the same value
  [[nodiscard]] bool unevaluated() const {
    return unevaluated_properties != kNoShape || unevaluated_items != kNoShape;
  }
  [[nodiscard]] bool closed() const { return !elsewhere.empty() || !unjudged.empty(); }
  [[nodiscard]] bool combined() const { return in_place() || unevaluated(); }
  [[nodiscard]] uint8_t own_kinds() const;  // of its values, when it lists them
  [[nodiscard]] bool never() const { return kinds == 0 || (has_values && values.empty()); }
};

// A whole schema file. Immutable once read.
struct ShapeGraph {
  std::vector<Shape> shapes;
  ShapeIndex root = 0;
  bool asserts_format = true;  // in later dialects `format` is a remark

  [[nodiscard]] const Shape& at(ShapeIndex i) const { return i == kNoShape ? anything : shapes[i]; }
  [[nodiscard]] bool always(ShapeIndex i) const {
    return at(i).kinds == kAllKinds && at(i).only_kinds();
  }
  [[nodiscard]] bool never(ShapeIndex i) const { return at(i).never(); }

  Shape anything;
};

// Reads a schema of any published dialect from draft-04 on. Errors name the file and the JSON
// Pointer: not JSON, another dialect, a keyword whose value has the wrong form, a reference that
// finds nothing or leads in a circle, more than 50,000 schemas.
Result<ShapeGraph> read_shapes(std::string_view json, const std::string& name,
                               const SchemaOptions& options = {});

// Rewrites what can be said in a simpler way with the very same meaning: alternatives of different
// types become one type list, a lone `allOf` disappears, `unevaluatedProperties` without anything
// combined is `additionalProperties`.
void simplify(ShapeGraph& graph);

// Calls visit(ShapeIndex&) for every link of the shape.
template <typename Visit>
void for_each_link(Shape& shape, Visit&& visit) {
  for (auto* list : {&shape.prefix, &shape.all_of, &shape.any_of, &shape.one_of}) {
    for (ShapeIndex& link : *list) visit(link);
  }
  for (ShapeMember& member : shape.members) visit(member.shape);
  for (auto& pattern : shape.patterns) visit(pattern.second);
  for (auto& need : shape.needs_shape) visit(need.second);
  for (ShapeIndex* link : {&shape.rest, &shape.contains, &shape.additional, &shape.names,
                           &shape.none, &shape.condition, &shape.consequence, &shape.alternative,
                           &shape.unevaluated_properties, &shape.unevaluated_items}) {
    visit(*link);
  }
}

// "integer or null", "any", "nothing".
std::string describe_kinds(uint8_t kinds);
// The value of `type` as JSON: "\"integer\"", "[\"integer\",\"null\"]".
std::string kinds_json(uint8_t kinds);

}  // namespace sluice::schema
