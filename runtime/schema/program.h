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
};

struct NumberRules {
  std::optional<Limit> minimum;
  std::optional<Limit> maximum;
  std::optional<Limit> exclusive_minimum;
  std::optional<Limit> exclusive_maximum;
  std::optional<Divisor> multiple_of;
};

struct StringRules {
  CountRange length;  // in code points
  std::unique_ptr<const Pattern> pattern;
  std::string pattern_text;
  FormatCheck format = nullptr;
  std::string format_name;
};

struct ArrayRules {
  std::vector<RuleIndex> tuple;  // `items` as an array
  RuleIndex items = kNoRule;     // `items` as a schema, or `additionalItems` after the tuple
  RuleIndex contains = kNoRule;
  CountRange count;
  bool unique = false;
};

struct ObjectRules {
  struct PatternProperty {
    std::unique_ptr<const Pattern> pattern;
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
  bool is_const = false;
};

struct Combinators {
  std::vector<RuleIndex> all_of;
  std::vector<RuleIndex> any_of;
  std::vector<RuleIndex> one_of;
  RuleIndex none = kNoRule;  // `not`
  RuleIndex condition = kNoRule;
  RuleIndex consequence = kNoRule;
  RuleIndex alternative = kNoRule;
};

// One schema object. Groups of keywords that are not used are absent, so that looking costs one
// pointer.
struct Rule {
  std::string pointer;  // where it stands in the schema file
  bool never = false;   // the schema `false`
  uint8_t types = kAnyType;
  std::unique_ptr<NumberRules> number;
  std::unique_ptr<StringRules> string;
  std::unique_ptr<ArrayRules> array;
  std::unique_ptr<ObjectRules> object;
  std::unique_ptr<AllowedValues> allowed;
  std::unique_ptr<Combinators> combined;
};

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
};

}  // namespace sluice::schema
