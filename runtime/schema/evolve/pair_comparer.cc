// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/pair_comparer.h"

#include <algorithm>
#include <set>

#include "runtime/base/text.h"

namespace sluice::schema {
namespace {

constexpr size_t kShownValues = 20;

// A shape that is nothing but a list of alternatives.
bool only_alternatives(const Shape& shape) {
  if (shape.any_of.empty() || shape.kinds != kAllKinds) return false;
  Shape rest = shape;
  rest.any_of.clear();
  return rest.only_kinds();
}

std::string list_json(const std::vector<const ShapeValue*>& values) {
  std::string out = "[";
  for (size_t i = 0; i < values.size() && i < kShownValues; ++i) {
    if (i > 0) out += ',';
    out += values[i]->json;
  }
  return out + "]";
}

std::string values_json(const Shape& shape) {
  std::vector<const ShapeValue*> all;
  for (const ShapeValue& value : shape.values) all.push_back(&value);
  if (all.size() == 1) return all[0]->json;
  return list_json(all);
}

std::string spoken(const std::vector<const ShapeValue*>& values) {
  std::string out;
  constexpr size_t kSpoken = 5;
  for (size_t i = 0; i < values.size() && i < kSpoken; ++i) {
    if (i > 0) out += ", ";
    out += shorten(values[i]->json, 40);
  }
  if (values.size() > kSpoken) out += " and " + std::to_string(values.size() - kSpoken) + " more";
  return out;
}

// Every value a shape of a few kinds can have: true, false and null are few.
bool all_listed(const Shape& finite, const Shape& by) {
  if ((finite.kinds & ~(kKindNull | kKindBoolean)) != 0) return false;
  const auto has = [&](std::string_view json) {
    return std::any_of(by.values.begin(), by.values.end(),
                       [&](const ShapeValue& value) { return value.json == json; });
  };
  const bool null = (finite.kinds & kKindNull) == 0 || has("null");
  const bool boolean = (finite.kinds & kKindBoolean) == 0 || (has("true") && has("false"));
  return null && boolean;
}

std::vector<const ShapeValue*> missing_in(const Shape& from, const Shape& in) {
  std::set<ValueHash> known;
  for (const ShapeValue& value : in.values) known.insert(value.hash);
  std::vector<const ShapeValue*> out;
  for (const ShapeValue& value : from.values) {
    if (!known.contains(value.hash)) out.push_back(&value);
  }
  return out;
}

}  // namespace

PairComparer::PairComparer(Comparison& owner, uint32_t pair)
    : owner_(owner),
      pair_(pair),
      old_index_(owner.pairs_[pair].old_shape),
      new_index_(owner.pairs_[pair].new_shape),
      relation_(owner.pairs_[pair].relation),
      old_(owner.old_),
      new_(owner.new_),
      a_(owner.old_.at(old_index_)),
      b_(owner.new_.at(new_index_)) {}

void PairComparer::run() {
  if (a_.never() && b_.never()) return;
  if (moved_into_alternatives()) return;
  types();
  values();
  numbers();
  strings();
  arrays();
  objects();
  combined();
}

// What stood alone is now one of several alternatives, or the reverse.
bool PairComparer::moved_into_alternatives() {
  const bool before = only_alternatives(a_);
  const bool after = only_alternatives(b_);
  if (before == after) return false;
  if (after) {
    const auto is_old = [this](ShapeIndex branch) { return owner_.same(old_index_, branch); };
    if (std::none_of(b_.any_of.begin(), b_.any_of.end(), is_old)) return false;
    report(ChangeKind::kAlternativeAdded, {true, false},
           "the old schema is now one of " + std::to_string(b_.any_of.size()) + " alternatives");
    return true;
  }
  const auto is_new = [this](ShapeIndex branch) { return owner_.same(branch, new_index_); };
  if (std::none_of(a_.any_of.begin(), a_.any_of.end(), is_new)) return false;
  report(ChangeKind::kAlternativeRemoved, {false, true},
         "of " + std::to_string(a_.any_of.size()) + " alternatives one is left");
  return true;
}

void PairComparer::types() {
  const Bits bits{(a_.kinds & ~b_.kinds) == 0, (b_.kinds & ~a_.kinds) == 0};
  if (a_.kinds == b_.kinds || (a_.has_values && b_.has_values)) return;
  // The list of values says it already.
  if (a_.has_values && bits.backward) return;
  if (b_.has_values && bits.forward) return;
  const ChangeKind kind = bits.backward  ? ChangeKind::kTypeWidened
                          : bits.forward ? ChangeKind::kTypeNarrowed
                                         : ChangeKind::kTypeChanged;
  report(kind, bits, describe_kinds(a_.kinds) + " -> " + describe_kinds(b_.kinds),
         kinds_json(a_.kinds), kinds_json(b_.kinds));
}

void PairComparer::values() {
  if (a_.has_values && b_.has_values) {
    const auto added = missing_in(b_, a_);
    const auto removed = missing_in(a_, b_);
    if (a_.is_const && b_.is_const && !added.empty() && !removed.empty()) {
      report(ChangeKind::kConstChanged, {false, false}, spoken(removed) + " -> " + spoken(added),
             values_json(a_), values_json(b_));
      return;
    }
    if (!added.empty()) {
      report(ChangeKind::kEnumValueAdded, {true, false}, "new: " + spoken(added), values_json(a_),
             values_json(b_));
    }
    if (!removed.empty()) {
      report(ChangeKind::kEnumValueRemoved, {false, true}, "gone: " + spoken(removed),
             values_json(a_), values_json(b_));
    }
  } else if (a_.has_values) {
    report(ChangeKind::kEnumRemoved, {true, all_listed(b_, a_)}, "any value of its type is allowed",
           values_json(a_));
  } else if (b_.has_values) {
    report(ChangeKind::kEnumAdded, {all_listed(a_, b_), true}, "only the listed values are allowed",
           "", values_json(b_));
  }
}

void PairComparer::report(ChangeKind kind, Bits bits, std::string detail, std::string before,
                          std::string after) {
  FoundChange change;
  change.kind = kind;
  change.backward = bits.backward;
  change.forward = bits.forward;
  change.detail = std::move(detail);
  change.before = std::move(before);
  change.after = std::move(after);
  change.old_shape = old_index_;
  change.new_shape = new_index_;
  report(std::move(change));
}

void PairComparer::report(FoundChange change) {
  const bool field =
      change.kind == ChangeKind::kFieldAdded || change.kind == ChangeKind::kFieldRemoved;
  const bool harmless = change.backward && change.forward;
  if (harmless && !field) return;
  if (relation_ == Relation::kFlipped) std::swap(change.backward, change.forward);
  if (relation_ == Relation::kExact && !harmless) change.backward = change.forward = false;
  if (!change.backward && !change.forward) {
    change.change_class = ChangeClass::kBreaking;
  } else if (change.backward && change.forward) {
    change.change_class = ChangeClass::kAdditive;
  } else {
    change.change_class = change.backward ? ChangeClass::kWidening : ChangeClass::kNarrowing;
  }
  if (change.kind == ChangeKind::kFieldAdded && relation_ == Relation::kPlain) {
    // A record of the old version does not carry the field: optional is harmless to read, required
    // needs a lift, whatever the model makes of the sets.
    if (change.required) {
      change.change_class = ChangeClass::kBreaking;
    } else if (change.backward || change.forward) {
      change.change_class = ChangeClass::kAdditive;
    }
  }
  owner_.add(pair_, std::move(change));
}

void PairComparer::report_ways(const Ways& ways, Bits bits, const std::string& what,
                               std::string before, std::string after) {
  const ChangeKind kind = bits.backward  ? ways.widened
                          : bits.forward ? ways.narrowed
                                         : ways.changed;
  report(kind, bits, what, std::move(before), std::move(after));
}

void PairComparer::child(const Step& step, ShapeIndex old_shape, ShapeIndex new_shape,
                         const char* within, Relation relation) {
  if (old_shape == kNoShape && new_shape == kNoShape) return;
  if (relation_ == Relation::kExact || relation == Relation::kExact) {
    relation = Relation::kExact;
  } else if (relation_ == Relation::kFlipped) {
    relation = relation == Relation::kFlipped ? Relation::kPlain : Relation::kFlipped;
  }
  owner_.meet(pair_, {step, 0, within}, old_shape, new_shape, relation);
}

}  // namespace sluice::schema
