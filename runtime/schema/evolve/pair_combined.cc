// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "runtime/schema/evolve/pair_comparer.h"

// Keywords that apply schemas to the same value. What is required together (allOf, not, if) is a
// conjunction: a part more narrows, a part less widens.
namespace sluice::schema {
namespace {

// Equal schemas are looked for in lists up to this; longer ones are paired in order.
constexpr size_t kMaxMatched = 32;

}  // namespace

void PairComparer::combined() {
  closed_references();
  unevaluated();
  lists();
  alternatives();
  exactly_one();
  conditions();
}

void PairComparer::closed_references() {
  if (!a_.unjudged.empty() || !b_.unjudged.empty()) {
    report(ChangeKind::kUnknown, {false, false},
           (b_.unjudged.empty() ? a_.unjudged : b_.unjudged) + " is not judged; compare by hand");
  }
  if (a_.elsewhere.empty() && b_.elsewhere.empty()) return;
  if (a_.elsewhere == b_.elsewhere && owner_.same_folder_) return;
  report(ChangeKind::kUnknown, {false, false},
         "the reference " + (b_.elsewhere.empty() ? a_.elsewhere : b_.elsewhere) +
             "leads to another file, which is not compared; compare by hand");
}

// What is unevaluated depends on everything else here, so only no change at all is safe.
void PairComparer::unevaluated() {
  if (!a_.unevaluated() && !b_.unevaluated()) return;
  if (owner_.same(old_index_, new_index_)) return;
  report(ChangeKind::kUnknown, {false, false},
         "unevaluatedProperties or unevaluatedItems depends on schemas that changed");
}

void PairComparer::one_sided(const char* keyword, bool before, bool after) {
  if (before == after) return;
  if (after) {
    report(ChangeKind::kConstraintAdded, {false, true}, std::string(keyword) + " is new");
  } else {
    report(ChangeKind::kConstraintRemoved, {true, false}, std::string(keyword) + " is gone");
  }
}

std::vector<std::pair<ShapeIndex, ShapeIndex>> PairComparer::matched(
    const std::vector<ShapeIndex>& before, const std::vector<ShapeIndex>& after, size_t* removed,
    size_t* added) {
  std::vector<std::pair<ShapeIndex, ShapeIndex>> out;
  std::vector<ShapeIndex> left;
  std::vector<ShapeIndex> right = after;
  for (const ShapeIndex one : before) {
    auto twin = right.end();
    if (before.size() <= kMaxMatched && after.size() <= kMaxMatched) {
      twin = std::find_if(right.begin(), right.end(),
                          [&](ShapeIndex other) { return owner_.same(one, other); });
    }
    if (twin == right.end()) {
      left.push_back(one);
    } else {
      out.emplace_back(one, *twin);
      right.erase(twin);
    }
  }
  const size_t common = std::min(left.size(), right.size());
  for (size_t i = 0; i < common; ++i) out.emplace_back(left[i], right[i]);
  *removed = left.size() - common;
  *added = right.size() - common;
  return out;
}

void PairComparer::lists() {
  size_t removed = 0;
  size_t added = 0;
  for (const auto& [before, after] : matched(a_.all_of, b_.all_of, &removed, &added)) {
    child({}, before, after);
  }
  one_sided("a part of allOf", removed > 0, added > 0);
}

void PairComparer::alternatives() {
  one_sided("anyOf", !a_.any_of.empty(), !b_.any_of.empty());
  if (a_.any_of.empty() || b_.any_of.empty()) return;
  size_t removed = 0;
  size_t added = 0;
  for (const auto& [before, after] : matched(a_.any_of, b_.any_of, &removed, &added)) {
    child({}, before, after, "anyOf");
  }
  if (added > 0) {
    report(ChangeKind::kAlternativeAdded, {true, false}, std::to_string(added) + " more in anyOf");
  }
  if (removed > 0) {
    report(ChangeKind::kAlternativeRemoved, {false, true},
           std::to_string(removed) + " fewer in anyOf");
  }
}

void PairComparer::exactly_one() {
  one_sided("oneOf", !a_.one_of.empty(), !b_.one_of.empty());
  if (a_.one_of.empty() || b_.one_of.empty()) return;
  if (a_.one_of.size() != b_.one_of.size()) {
    report(ChangeKind::kUnknown, {false, false},
           "oneOf has " + std::to_string(b_.one_of.size()) + " schemas instead of " +
               std::to_string(a_.one_of.size()) + "; whether exactly one still fits is not judged");
    return;
  }
  size_t removed = 0;
  size_t added = 0;
  for (const auto& [before, after] : matched(a_.one_of, b_.one_of, &removed, &added)) {
    child({}, before, after, "oneOf", Relation::kExact);
  }
}

void PairComparer::conditions() {
  one_sided("not", a_.none != kNoShape, b_.none != kNoShape);
  if (a_.none != kNoShape && b_.none != kNoShape) {
    child({}, a_.none, b_.none, "not", Relation::kFlipped);
  }
  one_sided("if", a_.condition != kNoShape, b_.condition != kNoShape);
  if (a_.condition != kNoShape && b_.condition != kNoShape) {
    child({}, a_.condition, b_.condition, "if", Relation::kExact);
    child({}, a_.consequence, b_.consequence, "then");
    child({}, a_.alternative, b_.alternative, "else");
  }
  std::set<std::string> names;
  for (const auto& need : a_.needs_shape) names.insert(need.first);
  for (const auto& need : b_.needs_shape) names.insert(need.first);
  for (const std::string& name : names) {
    const auto before = a_.needs_shape.find(name);
    const auto after = b_.needs_shape.find(name);
    const bool had = before != a_.needs_shape.end();
    const bool has = after != b_.needs_shape.end();
    one_sided("dependentSchemas", had, has);
    if (had && has) child({}, before->second, after->second, "dependentSchemas");
  }
}

}  // namespace sluice::schema
