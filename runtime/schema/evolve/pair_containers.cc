// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/schema/evolve/pair_comparer.h"

// Lists and objects. Whether an object is open (takes members nobody declared) decides what a new
// or a missing field means: an open old schema let the new name through with any value.
namespace sluice::schema {

void PairComparer::arrays() {
  if (!relevant(kKindArray)) return;
  counts(a_.items, b_.items, "minItems", "maxItems",
         {ChangeKind::kItemsCountWidened, ChangeKind::kItemsCountNarrowed,
          ChangeKind::kItemsCountChanged},
         {a_.items.within(b_.items), b_.items.within(a_.items)});
  if (a_.unique != b_.unique) {
    report(b_.unique ? ChangeKind::kItemsUniqueAdded : ChangeKind::kItemsUniqueRemoved,
           {a_.unique, b_.unique},
           b_.unique ? "items must differ from each other" : "equal items are allowed");
  }
  const auto items = [this](const Step& step, ShapeIndex before, ShapeIndex after) {
    const bool closed_before = old_.never(before);
    const bool closed_after = new_.never(after);
    if (closed_before == closed_after) {
      if (!closed_before) child(step, before, after);
      return;
    }
    FoundChange change;
    change.kind = closed_after ? ChangeKind::kItemsClosed : ChangeKind::kItemsOpened;
    change.backward = closed_before;
    change.forward = closed_after;
    change.step = step;
    change.detail = closed_after ? "no item is allowed here any more" : "items are allowed here";
    change.old_shape = before;
    change.new_shape = after;
    report(std::move(change));
  };
  const auto places = static_cast<uint32_t>(std::max(a_.prefix.size(), b_.prefix.size()));
  for (uint32_t i = 0; i < places; ++i) {
    items({StepKind::kItem, nullptr, i}, i < a_.prefix.size() ? a_.prefix[i] : a_.rest,
          i < b_.prefix.size() ? b_.prefix[i] : b_.rest);
  }
  items({StepKind::kItems, nullptr, 0}, a_.rest, b_.rest);
  contains();
}

void PairComparer::contains() {
  const bool before = a_.contains != kNoShape;
  const bool after = b_.contains != kNoShape;
  one_sided("contains", before, after);
  if (!before || !after) return;
  const bool counted = a_.contains_count.max != UINT64_MAX || b_.contains_count.max != UINT64_MAX;
  child({StepKind::kItems, nullptr, 0}, a_.contains, b_.contains, "contains",
        counted ? Relation::kExact : Relation::kPlain);
  if (a_.contains_count == b_.contains_count) return;
  report(ChangeKind::kItemsContainsChanged,
         {a_.contains_count.within(b_.contains_count), b_.contains_count.within(a_.contains_count)},
         "how many items must fit contains");
}

void PairComparer::objects() {
  if (!relevant(kKindObject)) return;
  counts(a_.properties, b_.properties, "minProperties", "maxProperties",
         {ChangeKind::kPropertiesCountWidened, ChangeKind::kPropertiesCountNarrowed,
          ChangeKind::kPropertiesCountChanged},
         {a_.properties.within(b_.properties), b_.properties.within(a_.properties)});
  for (const ShapeMember& before : a_.members) member(&before, b_.member(before.name));
  for (const ShapeMember& after : b_.members) {
    if (a_.member(after.name) == nullptr) member(nullptr, &after);
  }
  const bool closed_before = old_.never(a_.additional);
  const bool closed_after = new_.never(b_.additional);
  if (closed_before && !closed_after) {
    report(ChangeKind::kAdditionalPropertiesOpened, {true, false},
           "members that are not declared are allowed now");
  } else if (!closed_before && closed_after) {
    report(ChangeKind::kAdditionalPropertiesClosed, {false, true},
           "members that are not declared are refused now");
  } else if (!closed_before) {
    child({StepKind::kOthers, nullptr, 0}, a_.additional, b_.additional);
  }
  property_patterns();
  one_sided("propertyNames", a_.names != kNoShape, b_.names != kNoShape);
  if (a_.names != kNoShape && b_.names != kNoShape) {
    child({}, a_.names, b_.names, "propertyNames");
  }
  needs();
}

void PairComparer::member(const ShapeMember* before, const ShapeMember* after) {
  const bool declared_before = before != nullptr && before->shape != kNoShape;
  const bool declared_after = after != nullptr && after->shape != kNoShape;
  const bool required_before = before != nullptr && before->required;
  const bool required_after = after != nullptr && after->required;
  const Step step{StepKind::kMember, before != nullptr ? &before->name : &after->name, 0};
  if (declared_before && declared_after) {
    child(step, before->shape, after->shape);
  } else if (declared_after) {
    field_added(*after, required_after && !required_before);
    if (required_after) return;
  } else if (declared_before) {
    field_removed(*before, required_before && !required_after);
    if (required_before) return;
  }
  if (required_before == required_after) return;
  FoundChange change;
  change.kind = required_after ? ChangeKind::kBecameRequired : ChangeKind::kBecameOptional;
  change.backward = !required_after;
  change.forward = required_after;
  change.step = step;
  change.detail = required_after ? "records without it are refused now" : "it may be missing now";
  change.before = required_after ? R"({"required":false})" : R"({"required":true})";
  change.after = required_after ? R"({"required":true})" : R"({"required":false})";
  change.old_shape = before != nullptr ? before->shape : kNoShape;
  change.new_shape = after != nullptr ? after->shape : kNoShape;
  report(std::move(change));
}

PairComparer::Governed PairComparer::governed(const Shape& shape, const ShapeGraph& graph,
                                              const std::string& name) {
  for (const auto& pattern : shape.patterns) {
    switch (owner_.matches(pattern.first, name)) {
      case Comparison::Match::kYes:
        return Governed::kPatterns;
      case Comparison::Match::kUnknown:
        return Governed::kUnknown;
      case Comparison::Match::kNo:
        break;
    }
  }
  if (graph.never(shape.additional)) return Governed::kRefused;
  return graph.always(shape.additional) ? Governed::kFree : Governed::kSchema;
}

void PairComparer::field_added(const ShapeMember& added, bool newly_required) {
  FoundChange change;
  change.kind = ChangeKind::kFieldAdded;
  change.step = {StepKind::kMember, &added.name, 0};
  change.new_shape = added.shape;
  change.required = newly_required;
  change.after = kinds_json(new_.at(added.shape).kinds);
  change.detail = newly_required ? "required, " : "optional, ";
  change.detail += describe_kinds(new_.at(added.shape).kinds);
  switch (governed(a_, old_, added.name)) {
    case Governed::kRefused:
      change.backward = true;
      change.forward = new_.never(added.shape);
      break;
    case Governed::kFree:
    case Governed::kPatterns:
      change.backward = new_.always(added.shape);
      change.forward = true;
      if (!change.backward) {
        change.detail +=
            "; the old schema is open here, so old records may carry that name with any value";
      }
      break;
    case Governed::kSchema:
      // Until now the schema of undeclared members decided over it.
      change.backward = change.forward = true;
      change.old_shape = a_.additional;
      child(change.step, a_.additional, added.shape);
      break;
    case Governed::kUnknown:
      change.detail += "; which patternProperties applied to it is not judged";
      break;
  }
  if (newly_required) change.backward = false;
  report(std::move(change));
}

void PairComparer::field_removed(const ShapeMember& removed, bool was_required) {
  FoundChange change;
  change.kind = ChangeKind::kFieldRemoved;
  change.step = {StepKind::kMember, &removed.name, 0};
  change.old_shape = removed.shape;
  change.required = was_required;
  change.before = kinds_json(old_.at(removed.shape).kinds);
  change.detail = was_required ? "was required, " : "was optional, ";
  change.detail += describe_kinds(old_.at(removed.shape).kinds);
  switch (governed(b_, new_, removed.name)) {
    case Governed::kRefused:
      change.backward = old_.never(removed.shape);
      change.forward = true;
      change.detail += "; the new schema is closed here, so records that carry it are refused";
      break;
    case Governed::kFree:
    case Governed::kPatterns:
      change.backward = true;
      change.forward = old_.always(removed.shape);
      change.detail += "; the new schema is open here, so records may still carry it";
      break;
    case Governed::kSchema:
      change.backward = change.forward = true;
      change.new_shape = b_.additional;
      child(change.step, removed.shape, b_.additional);
      break;
    case Governed::kUnknown:
      change.detail += "; which patternProperties apply to it now is not judged";
      break;
  }
  if (was_required) change.forward = false;
  report(std::move(change));
}

bool PairComparer::untouched_by(const Shape& shape, const std::string& pattern) {
  return shape.patterns.empty() &&
         std::all_of(shape.members.begin(), shape.members.end(), [&](const ShapeMember& member) {
           return owner_.matches(pattern, member.name) == Comparison::Match::kNo;
         });
}

void PairComparer::property_patterns() {
  const auto find = [](const Shape& shape, const std::string& pattern) {
    return std::find_if(shape.patterns.begin(), shape.patterns.end(),
                        [&](const auto& one) { return one.first == pattern; });
  };
  for (const auto& [pattern, shape] : a_.patterns) {
    const auto twin = find(b_, pattern);
    if (twin != b_.patterns.end()) {
      child({StepKind::kOthers, nullptr, 0}, shape, twin->second);
      continue;
    }
    report(ChangeKind::kPropertyPatternRemoved,
           {new_.always(b_.additional), new_.never(b_.additional) && untouched_by(b_, pattern)},
           "members named like " + shorten(pattern, 60));
  }
  for (const auto& added : b_.patterns) {
    const std::string& pattern = added.first;
    if (find(a_, pattern) != a_.patterns.end()) continue;
    report(ChangeKind::kPropertyPatternAdded,
           {old_.never(a_.additional) && untouched_by(a_, pattern), old_.always(a_.additional)},
           "members named like " + shorten(pattern, 60));
  }
}

void PairComparer::needs() {
  if (a_.needs == b_.needs) return;
  const auto implied = [](const Shape& tight, const Shape& loose) {
    for (const auto& [name, wanted] : loose.needs) {
      const auto there = tight.needs.find(name);
      for (const std::string& one : wanted) {
        const ShapeMember* const member = tight.member(one);
        const bool always = one == name || (member != nullptr && member->required);
        if (!always && (there == tight.needs.end() || !there->second.contains(one))) return false;
      }
    }
    return true;
  };
  report(ChangeKind::kDependenciesChanged, {implied(a_, b_), implied(b_, a_)},
         "which members demand which others");
}

}  // namespace sluice::schema
