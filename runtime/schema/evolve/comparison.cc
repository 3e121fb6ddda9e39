// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/comparison.h"

#include <algorithm>
#include <set>
#include <utility>

#include "runtime/schema/evolve/pair_comparer.h"

namespace sluice::schema {
namespace {

// Far above any schema people write, and small enough that nothing can be made to take long.
constexpr size_t kMaxPairs = 150'000;
constexpr size_t kMaxEdges = 1'000'000;
constexpr size_t kMaxSame = 2'000'000;
constexpr size_t kMaxMatches = 200'000;
constexpr size_t kMaxVisits = 200'000;
constexpr uint32_t kMaxPathSteps = 300;

}  // namespace

Comparison::Comparison(const ShapeGraph& old_graph, const ShapeGraph& new_graph, bool same_folder)
    : old_(old_graph),
      new_(new_graph),
      same_folder_(same_folder),
      same_budget_(kMaxSame),
      match_budget_(kMaxMatches) {}

void Comparison::run() {
  pairs_.push_back({old_.root, new_.root, Relation::kPlain, false, {}, {}});
  known_[{uint64_t{old_.root} << 32U | new_.root, Relation::kPlain}] = 0;
  for (uint32_t i = 0; i < pairs_.size() && !too_large_; ++i) PairComparer(*this, i).run();
  if (too_large_) {
    FoundChange change;
    change.detail = "the schemas are too large to be compared in full";
    add(0, std::move(change));
  }
  for (const Pair& pair : pairs_) {
    for (const FoundChange& change : pair.changes) {
      backward_ = backward_ && change.backward;
      forward_ = forward_ && change.forward;
    }
  }
  mark_dirty();
}

bool Comparison::meet(uint32_t from, const Edge& edge, ShapeIndex old_shape, ShapeIndex new_shape,
                      Relation relation) {
  if (pairs_.size() >= kMaxPairs || edges_ >= kMaxEdges) {
    too_large_ = true;
    return false;
  }
  const auto [at, added] = known_.try_emplace({uint64_t{old_shape} << 32U | new_shape, relation},
                                              static_cast<uint32_t>(pairs_.size()));
  if (added) pairs_.push_back({old_shape, new_shape, relation, false, {}, {}});
  pairs_[from].edges.push_back({edge.step, at->second, edge.within});
  ++edges_;
  return true;
}

void Comparison::add(uint32_t pair, FoundChange change) {
  pairs_[pair].changes.push_back(std::move(change));
}

void Comparison::mark_dirty() {
  std::vector<std::vector<uint32_t>> above(pairs_.size());
  std::vector<uint32_t> work;
  for (uint32_t i = 0; i < pairs_.size(); ++i) {
    for (const Edge& edge : pairs_[i].edges) above[edge.pair].push_back(i);
    pairs_[i].dirty = !pairs_[i].changes.empty();
    if (pairs_[i].dirty) work.push_back(i);
  }
  while (!work.empty()) {
    const uint32_t at = work.back();
    work.pop_back();
    for (const uint32_t parent : above[at]) {
      if (pairs_[parent].dirty) continue;
      pairs_[parent].dirty = true;
      work.push_back(parent);
    }
  }
}

std::vector<PlacedChange> Comparison::changes(size_t most, bool* cut) const {
  struct Visit {
    uint32_t pair;
    uint32_t parent;  // index into visits
    uint32_t depth;
    Step step;
    const char* within;
  };
  std::vector<Visit> visits{{0, UINT32_MAX, 0, {}, nullptr}};
  std::vector<uint32_t> stack{0};
  std::vector<PlacedChange> out;
  const auto steps_to = [&visits](uint32_t at) {
    std::vector<Step> steps;
    for (; at != UINT32_MAX; at = visits[at].parent) {
      if (visits[at].step.kind != StepKind::kHere) steps.push_back(visits[at].step);
    }
    std::reverse(steps.begin(), steps.end());
    return steps;
  };
  // A pair that stands above itself is a schema that refers to itself: its changes were told.
  const auto above = [&visits](uint32_t at, uint32_t pair) {
    for (; at != UINT32_MAX; at = visits[at].parent) {
      if (visits[at].pair == pair) return true;
    }
    return false;
  };
  *cut = false;
  while (!stack.empty()) {
    const uint32_t at = stack.back();
    stack.pop_back();
    const Pair& pair = pairs_[visits[at].pair];
    for (const FoundChange& change : pair.changes) {
      if (out.size() >= most) {
        *cut = true;
        return out;
      }
      PlacedChange placed{steps_to(at), visits[at].within, &change};
      if (change.step.kind != StepKind::kHere) placed.steps.push_back(change.step);
      out.push_back(std::move(placed));
    }
    for (auto edge = pair.edges.rbegin(); edge != pair.edges.rend(); ++edge) {
      if (!pairs_[edge->pair].dirty || above(at, edge->pair)) continue;
      if (visits.size() >= kMaxVisits || visits[at].depth >= kMaxPathSteps) {
        *cut = true;
        continue;
      }
      const char* const within = edge->within != nullptr ? edge->within : visits[at].within;
      stack.push_back(static_cast<uint32_t>(visits.size()));
      visits.push_back({edge->pair, at, visits[at].depth + 1, edge->step, within});
    }
  }
  return out;
}

bool Comparison::same_here(const Shape& a, const Shape& b) const {
  const auto hashes = [](const Shape& shape) {
    std::set<ValueHash> out;
    for (const ShapeValue& value : shape.values) out.insert(value.hash);
    return out;
  };
  const auto bound = [](const std::optional<ShapeBound>& x, const std::optional<ShapeBound>& y) {
    return x.has_value() == y.has_value() &&
           (!x || (x->text == y->text && x->exclusive == y->exclusive));
  };
  if (a.kinds != b.kinds || a.has_values != b.has_values || hashes(a) != hashes(b)) return false;
  if (!bound(a.lower, b.lower) || !bound(a.upper, b.upper)) return false;
  if (a.multiple_of != b.multiple_of || a.length != b.length || a.pattern != b.pattern ||
      a.format != b.format || (a.format && old_.asserts_format != new_.asserts_format) ||
      a.items != b.items || a.unique != b.unique || a.contains_count != b.contains_count ||
      a.properties != b.properties || a.needs != b.needs) {
    return false;
  }
  if (a.elsewhere != b.elsewhere || (!a.elsewhere.empty() && !same_folder_)) return false;
  if (!a.unjudged.empty() || !b.unjudged.empty()) return false;
  if (a.prefix.size() != b.prefix.size() || a.patterns.size() != b.patterns.size() ||
      a.needs_shape.size() != b.needs_shape.size() || a.all_of.size() != b.all_of.size() ||
      a.any_of.size() != b.any_of.size() || a.one_of.size() != b.one_of.size()) {
    return false;
  }
  for (size_t i = 0; i < a.patterns.size(); ++i) {
    if (a.patterns[i].first != b.patterns[i].first) return false;
  }
  for (auto i = a.needs_shape.begin(), j = b.needs_shape.begin(); i != a.needs_shape.end();
       ++i, ++j) {
    if (i->first != j->first) return false;
  }
  return a.by_name.size() == b.by_name.size() &&
         std::equal(a.by_name.begin(), a.by_name.end(), b.by_name.begin(),
                    [&](uint32_t i, uint32_t j) {
                      return a.members[i].name == b.members[j].name &&
                             a.members[i].required == b.members[j].required;
                    });
}

bool Comparison::same(ShapeIndex old_shape, ShapeIndex new_shape) {
  const auto links = [](const Shape& shape) {
    std::vector<ShapeIndex> out;
    for (const auto* list : {&shape.prefix, &shape.all_of, &shape.any_of, &shape.one_of}) {
      out.insert(out.end(), list->begin(), list->end());
    }
    for (const uint32_t i : shape.by_name) out.push_back(shape.members[i].shape);
    for (const auto& pattern : shape.patterns) out.push_back(pattern.second);
    for (const auto& need : shape.needs_shape) out.push_back(need.second);
    for (const ShapeIndex link : {shape.rest, shape.contains, shape.additional, shape.names,
                                  shape.none, shape.condition, shape.consequence, shape.alternative,
                                  shape.unevaluated_properties, shape.unevaluated_items}) {
      out.push_back(link);
    }
    return out;
  };
  std::set<std::pair<ShapeIndex, ShapeIndex>> seen{{old_shape, new_shape}};
  std::vector<std::pair<ShapeIndex, ShapeIndex>> work{{old_shape, new_shape}};
  while (!work.empty()) {
    const auto [a, b] = work.back();
    work.pop_back();
    const auto left = links(old_.at(a));
    if (same_budget_ < left.size() + 1) return false;
    same_budget_ -= left.size() + 1;
    if (!same_here(old_.at(a), new_.at(b))) return false;
    const auto right = links(new_.at(b));
    for (size_t i = 0; i < left.size(); ++i) {
      // A keyword that holds `true` is not always the same as none: think of `not`.
      if ((left[i] == kNoShape) != (right[i] == kNoShape)) return false;
      if (left[i] == kNoShape) continue;
      if (seen.insert({left[i], right[i]}).second) work.emplace_back(left[i], right[i]);
    }
  }
  return true;
}

Comparison::Match Comparison::matches(const std::string& pattern, const std::string& text) {
  if (match_budget_ == 0) return Match::kUnknown;
  --match_budget_;
  auto at = patterns_.find(pattern);
  if (at == patterns_.end()) {
    auto compiled = compile_pattern(pattern);
    at = patterns_.emplace(pattern, compiled ? std::move(*compiled) : nullptr).first;
  }
  if (at->second == nullptr) return Match::kUnknown;
  return at->second->found_in(text) ? Match::kYes : Match::kNo;
}

}  // namespace sluice::schema
