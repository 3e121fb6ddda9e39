// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/schema/formats.h"
#include "runtime/schema/name_table.h"
#include "runtime/schema/number.h"
#include "runtime/schema/pattern.h"
#include "runtime/schema/sources.h"
#include "runtime/schema/value_hash.h"

namespace sluice::schema {

using RuleIndex = uint32_t;
inline constexpr RuleIndex kNoRule = UINT32_MAX;
inline constexpr uint64_t kNoLimit = UINT64_MAX;

// Bits of `type`. An integer is a number, so kNumber includes it when a value is looked at.
enum TypeBit : uint8_t {
  kTypeNull = 1,
  kTypeBoolean = 2,
  kTypeNumber = 4,
  kTypeInteger = 8,
  kTypeString = 16,
  kTypeArray = 32,
  kTypeObject = 64,
};
inline constexpr uint8_t kAnyType = 127;

struct CountRange {
  uint64_t min = 0;
  uint64_t max = kNoLimit;
  [[nodiscard]] bool holds(uint64_t count) const { return count >= min && count <= max; }
};

struct NumberRules {
  std::optional<Limit> minimum;
  std::optional<Limit> maximum;
  std::optional<Limit> exclusive_minimum;
  std::optional<Limit> exclusive_maximum;
  std::optional<Divisor> multiple_of;
};

struct StringRules {
  CountRange length;                       // in code points
  std::shared_ptr<const Pattern> pattern;  // one for all places that spell it alike
  std::string pattern_text;
  FormatCheck format = nullptr;
  std::string format_name;
};

struct ArrayRules {
  std::vector<RuleIndex> tuple;  // `prefixItems`, or `items` as an array
  RuleIndex items = kNoRule;     // `items` as a schema, or `additionalItems` after the tuple
  std::string_view items_keyword = "items";  // as the file spells it
  RuleIndex contains = kNoRule;
  CountRange contained{1, kNoLimit};  // items that fit `contains`
  bool contains_evaluates = false;    // an item that does counts as evaluated (2020-12)
  RuleIndex unevaluated = kNoRule;    // `unevaluatedItems`
  CountRange count;
  bool unique = false;
};

struct ObjectRules {
  struct PatternProperty {
    std::shared_ptr<const Pattern> pattern;
    RuleIndex rule = kNoRule;
  };
  struct Dependency {
    std::string name;                   // when this member is there ...
    std::vector<std::string> required;  // ... these must be too
    RuleIndex rule = kNoRule;           // ... and the object must fit this
    std::string_view keyword;           // as the file spells it: of `dependencies`, ...
  };
  NameTable names;        // members of `properties` and `required`
  uint32_t required = 0;  // how many of them
  std::vector<PatternProperty> patterns;
  RuleIndex additional = kNoRule;
  RuleIndex property_names = kNoRule;
  RuleIndex unevaluated = kNoRule;  // `unevaluatedProperties`
  std::vector<Dependency> dependencies;
  CountRange count;
};

// `enum` or `const`.
struct AllowedValues {
  struct Value {
    bool is_string = false;
    std::string text;  // of a string: decoded; else the JSON
    ValueHash hash;
  };
  std::vector<Value> values;
  std::vector<ValueHash> in_order;  // of all of them, sorted
  bool is_const = false;
};

struct Combinators {
  // Where a `$dynamicRef` leads when evaluation came through this resource.
  struct DynamicChoice {
    uint32_t resource = 0;
    RuleIndex rule = kNoRule;
  };
  std::vector<RuleIndex> all_of;
  std::vector<RuleIndex> any_of;
  std::vector<RuleIndex> one_of;
  RuleIndex none = kNoRule;  // `not`
  RuleIndex condition = kNoRule;
  RuleIndex consequence = kNoRule;
  RuleIndex alternative = kNoRule;
  std::vector<DynamicChoice> dynamic;  // the last one where no other applies; empty: not dynamic
};

// One schema object. Groups of keywords that are not used are absent, so that looking costs one
// pointer.
struct Rule {
  uint32_t document = 0;  // where it stands: the file, the value in it,
  NodeIndex node = 0;
  uint32_t resource = 0;  // and the schema with a URI of its own around it
  bool never = false;     // the schema `false`
  // What most values are decided by, made when all else is there (finish()).
  bool only_type = false;  // `types` is all there is to say
  bool tracks = false;     // has unevaluatedProperties or unevaluatedItems
  uint8_t kinds = 0;       // bit of JsonKind: a value of this kind surely has a type of `types`
  uint8_t types = kAnyType;
  std::unique_ptr<NumberRules> number;
  std::unique_ptr<StringRules> string;
  std::unique_ptr<ArrayRules> array;
  std::unique_ptr<ObjectRules> object;
  std::unique_ptr<AllowedValues> allowed;
  std::unique_ptr<Combinators> combined;
};

inline uint8_t kind_bit(JsonKind kind) {
  return static_cast<uint8_t>(1U << static_cast<unsigned>(kind));
}

// Fills in what is derived from the rest.
inline void finish(Rule& rule) {
  const auto add = [&rule](uint8_t type, JsonKind kind) {
    if ((rule.types & type) != 0) rule.kinds = static_cast<uint8_t>(rule.kinds | kind_bit(kind));
  };
  add(kTypeNull, JsonKind::kNull);
  add(kTypeBoolean, JsonKind::kFalse);
  add(kTypeBoolean, JsonKind::kTrue);
  add(kTypeNumber, JsonKind::kNumber);
  add(kTypeString, JsonKind::kString);
  add(kTypeArray, JsonKind::kArray);
  add(kTypeObject, JsonKind::kObject);
  rule.tracks = (rule.object && rule.object->unevaluated != kNoRule) ||
                (rule.array && rule.array->unevaluated != kNoRule);
  rule.only_type = !rule.never && !rule.number && !rule.string && !rule.array && !rule.object &&
                   !rule.allowed && !rule.combined;
}

// The group of a rule, made when a keyword first needs it.
template <typename Group>
Group& ensure(std::unique_ptr<Group>& group) {
  if (!group) group = std::make_unique<Group>();
  return *group;
}

// A compiled schema. References are already followed: an index never points to
// a `$ref`. Immutable once compiled, any thread.
struct Program {
  std::vector<Rule> rules;
  RuleIndex root = 0;
  size_t hints = 0;      // slots that the name tables use, see NameTable::find
  bool dynamic = false;  // some reference depends on the way evaluation came
  std::vector<std::unique_ptr<SchemaDocument>> documents;

  // JSON Pointer of a rule; in another file than the schema's own "file#pointer".
  [[nodiscard]] std::string place(const Rule& rule) const {
    const SchemaDocument& document = *documents[rule.document];
    const std::string pointer = document.pointer(rule.node);
    return rule.document == 0 ? pointer : document.name + "#" + pointer;
  }
};

}  // namespace sluice::schema
