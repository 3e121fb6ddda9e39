// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/schema/evolve/shape.h"

namespace sluice::schema {

enum class ChangeKind : uint8_t {
  kFieldAdded,
  kFieldRemoved,
  kBecameRequired,
  kBecameOptional,
  kTypeWidened,
  kTypeNarrowed,
  kTypeChanged,
  kEnumAdded,
  kEnumRemoved,
  kEnumValueAdded,
  kEnumValueRemoved,
  kConstChanged,
  kRangeWidened,
  kRangeNarrowed,
  kRangeChanged,
  kMultipleOfWidened,
  kMultipleOfNarrowed,
  kMultipleOfChanged,
  kLengthWidened,
  kLengthNarrowed,
  kLengthChanged,
  kPatternAdded,
  kPatternRemoved,
  kPatternChanged,
  kFormatAdded,
  kFormatRemoved,
  kFormatChanged,
  kItemsCountWidened,
  kItemsCountNarrowed,
  kItemsCountChanged,
  kItemsUniqueAdded,
  kItemsUniqueRemoved,
  kItemsOpened,
  kItemsClosed,
  kItemsContainsChanged,
  kPropertiesCountWidened,
  kPropertiesCountNarrowed,
  kPropertiesCountChanged,
  kAdditionalPropertiesOpened,
  kAdditionalPropertiesClosed,
  kPropertyPatternAdded,
  kPropertyPatternRemoved,
  kDependenciesChanged,
  kAlternativeAdded,
  kAlternativeRemoved,
  kConstraintAdded,
  kConstraintRemoved,
  kUnknown,
};

// "field_added": as scripts read it.
std::string_view change_kind_name(ChangeKind kind);

// additive: a new optional field. widening: the new version accepts all that the old one did, and
// more. narrowing: the reverse. breaking: neither, or every old record needs a lift, or the
// comparison cannot tell.
enum class ChangeClass : uint8_t { kAdditive, kWidening, kNarrowing, kBreaking };
std::string_view change_class_name(ChangeClass change_class);

// How one gets from a value to a part of it.
enum class StepKind : uint8_t {
  kHere,    // the same value
  kMember,  // the member `name`
  kItems,   // every item
  kItem,    // the item `index`
  kOthers,  // members that are not declared by name
};
struct Step {
  StepKind kind = StepKind::kHere;
  const std::string* name = nullptr;  // lives as long as the graphs
  uint32_t index = 0;
};

// A change at one place of the schema, wherever in a record that place turns up.
struct FoundChange {
  ChangeKind kind = ChangeKind::kUnknown;
  ChangeClass change_class = ChangeClass::kBreaking;
  bool backward = false;  // every value the old version accepts stays accepted, as far as this goes
  bool forward = false;   // the reverse
  Step step;
  std::string detail;
  std::string before;  // JSON, or empty
  std::string after;
  ShapeIndex old_shape = kNoShape;  // at the place of the change
  ShapeIndex new_shape = kNoShape;
  bool required = false;  // kFieldAdded: and required; kFieldRemoved: it was required
};

// A change with the way to it.
struct PlacedChange {
  std::vector<Step> steps;
  const char* within = nullptr;  // "anyOf": it holds only under that keyword
  const FoundChange* change = nullptr;
};

// "/items/*/qty".
std::string path_of(const std::vector<Step>& steps);

}  // namespace sluice::schema
