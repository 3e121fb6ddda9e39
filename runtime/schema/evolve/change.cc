// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/change.h"

#include "runtime/record/pointer.h"

namespace sluice::schema {

std::string_view change_kind_name(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::kFieldAdded:
      return "field_added";
    case ChangeKind::kFieldRemoved:
      return "field_removed";
    case ChangeKind::kBecameRequired:
      return "became_required";
    case ChangeKind::kBecameOptional:
      return "became_optional";
    case ChangeKind::kTypeWidened:
      return "type_widened";
    case ChangeKind::kTypeNarrowed:
      return "type_narrowed";
    case ChangeKind::kTypeChanged:
      return "type_changed";
    case ChangeKind::kEnumAdded:
      return "enum_added";
    case ChangeKind::kEnumRemoved:
      return "enum_removed";
    case ChangeKind::kEnumValueAdded:
      return "enum_value_added";
    case ChangeKind::kEnumValueRemoved:
      return "enum_value_removed";
    case ChangeKind::kConstChanged:
      return "const_changed";
    case ChangeKind::kRangeWidened:
      return "range_widened";
    case ChangeKind::kRangeNarrowed:
      return "range_narrowed";
    case ChangeKind::kRangeChanged:
      return "range_changed";
    case ChangeKind::kMultipleOfWidened:
      return "multiple_of_widened";
    case ChangeKind::kMultipleOfNarrowed:
      return "multiple_of_narrowed";
    case ChangeKind::kMultipleOfChanged:
      return "multiple_of_changed";
    case ChangeKind::kLengthWidened:
      return "length_widened";
    case ChangeKind::kLengthNarrowed:
      return "length_narrowed";
    case ChangeKind::kLengthChanged:
      return "length_changed";
    case ChangeKind::kPatternAdded:
      return "pattern_added";
    case ChangeKind::kPatternRemoved:
      return "pattern_removed";
    case ChangeKind::kPatternChanged:
      return "pattern_changed";
    case ChangeKind::kFormatAdded:
      return "format_added";
    case ChangeKind::kFormatRemoved:
      return "format_removed";
    case ChangeKind::kFormatChanged:
      return "format_changed";
    case ChangeKind::kItemsCountWidened:
      return "items_count_widened";
    case ChangeKind::kItemsCountNarrowed:
      return "items_count_narrowed";
    case ChangeKind::kItemsCountChanged:
      return "items_count_changed";
    case ChangeKind::kItemsUniqueAdded:
      return "items_unique_added";
    case ChangeKind::kItemsUniqueRemoved:
      return "items_unique_removed";
    case ChangeKind::kItemsOpened:
      return "items_opened";
    case ChangeKind::kItemsClosed:
      return "items_closed";
    case ChangeKind::kItemsContainsChanged:
      return "items_contains_changed";
    case ChangeKind::kPropertiesCountWidened:
      return "properties_count_widened";
    case ChangeKind::kPropertiesCountNarrowed:
      return "properties_count_narrowed";
    case ChangeKind::kPropertiesCountChanged:
      return "properties_count_changed";
    case ChangeKind::kAdditionalPropertiesOpened:
      return "additional_properties_opened";
    case ChangeKind::kAdditionalPropertiesClosed:
      return "additional_properties_closed";
    case ChangeKind::kPropertyPatternAdded:
      return "property_pattern_added";
    case ChangeKind::kPropertyPatternRemoved:
      return "property_pattern_removed";
    case ChangeKind::kDependenciesChanged:
      return "dependencies_changed";
    case ChangeKind::kAlternativeAdded:
      return "alternative_added";
    case ChangeKind::kAlternativeRemoved:
      return "alternative_removed";
    case ChangeKind::kConstraintAdded:
      return "constraint_added";
    case ChangeKind::kConstraintRemoved:
      return "constraint_removed";
    case ChangeKind::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view change_class_name(ChangeClass change_class) {
  switch (change_class) {
    case ChangeClass::kAdditive:
      return "additive";
    case ChangeClass::kWidening:
      return "widening";
    case ChangeClass::kNarrowing:
      return "narrowing";
    case ChangeClass::kBreaking:
      return "breaking";
  }
  return "breaking";
}

std::string path_of(const std::vector<Step>& steps) {
  std::string path;
  for (const Step& step : steps) {
    switch (step.kind) {
      case StepKind::kHere:
        break;
      case StepKind::kMember:
        append_pointer_token(path, *step.name);
        break;
      case StepKind::kItems:
      case StepKind::kOthers:
        path += "/*";
        break;
      case StepKind::kItem:
        path += "/" + std::to_string(step.index);
        break;
    }
  }
  return path;
}

}  // namespace sluice::schema
