// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/shape.h"

#include <algorithm>

namespace sluice::schema {
namespace {

constexpr size_t kMaxMoved = 1'000'000;  // members copied while alternatives are joined
constexpr int kRounds = 8;               // alternatives within alternatives

// One rewriting of a graph at a time.
class Simplifier {
 public:
  explicit Simplifier(ShapeGraph& graph) : graph_(graph) {}

  void run() {
    for (Shape& shape : graph_.shapes) {
      close_unevaluated(shape);
      unlist_null(shape);
    }
    for (int round = 0; round < kRounds; ++round) {
      bool changed = false;
      for (ShapeIndex i = 0; i < graph_.shapes.size(); ++i) changed = step(i) || changed;
      if (!changed) break;
    }
    for (Shape& shape : graph_.shapes) settle(shape);
  }

 private:
  // Where nothing else applies schemas to the same value, only the object's own keywords evaluate.
  static void close_unevaluated(Shape& shape) {
    if (shape.in_place() || shape.closed()) return;
    if (shape.unevaluated_properties != kNoShape && shape.additional == kNoShape) {
      shape.additional = shape.unevaluated_properties;
      shape.unevaluated_properties = kNoShape;
    }
    if (shape.unevaluated_items != kNoShape && shape.rest == kNoShape &&
        shape.contains == kNoShape) {
      shape.rest = shape.unevaluated_items;
      shape.unevaluated_items = kNoShape;
    }
  }

  // Null is the only value of its kind.
  static void unlist_null(Shape& shape) {
    if (!shape.has_values || shape.own_kinds() != kKindNull) return;
    shape.has_values = shape.is_const = false;
    shape.values.clear();
    shape.kinds = kKindNull;
  }

  // Values of a kind that `type` excludes cannot occur, nor can kinds without a value.
  static void settle(Shape& shape) {
    if (shape.condition == kNoShape) {
      shape.consequence = shape.alternative = kNoShape;
    } else if (shape.consequence == kNoShape && shape.alternative == kNoShape &&
               !shape.unevaluated()) {
      shape.condition = kNoShape;
    }
    if (!shape.has_values) return;
    std::erase_if(shape.values,
                  [&](const ShapeValue& value) { return (value.kind & shape.kinds) == 0; });
    shape.kinds = shape.own_kinds();
  }

  bool step(ShapeIndex i) {
    const Shape& shape = graph_.shapes[i];
    if (shape.all_of.size() == 1 && bare(shape, 1)) return take_over(i, shape.all_of[0]);
    if (!shape.any_of.empty() && bare(shape, shape.any_of.size())) return join(i, shape.any_of);
    if (!shape.one_of.empty() && bare(shape, shape.one_of.size())) return join(i, shape.one_of);
    return false;
  }

  // Nothing but one list of `listed` schemas constrains the value.
  static bool bare(const Shape& shape, size_t listed) {
    if (shape.kinds != kAllKinds ||
        shape.all_of.size() + shape.any_of.size() + shape.one_of.size() != listed) {
      return false;
    }
    Shape rest = shape;
    rest.all_of.clear();
    rest.any_of.clear();
    rest.one_of.clear();
    return rest.only_kinds();
  }

  bool take_over(ShapeIndex i, ShapeIndex from) {
    if (from == i || !afford(graph_.shapes[from])) return false;
    Shape copy = graph_.shapes[from];
    copy.node = graph_.shapes[i].node;
    if (graph_.shapes[i].fallback) copy.fallback = graph_.shapes[i].fallback;
    // The same single list again: a schema that only names itself.
    if (copy.all_of.size() == 1 && copy.all_of[0] == from) return false;
    graph_.shapes[i] = std::move(copy);
    return true;
  }

  bool afford(const Shape& shape) {
    moved_ += 1 + shape.members.size() + shape.values.size() + shape.prefix.size();
    return moved_ <= kMaxMoved;
  }

  // Alternatives of disjoint kinds, each of which decides by itself for its kinds.
  bool join(ShapeIndex i, const std::vector<ShapeIndex>& branches) {
    uint8_t kinds = 0;
    size_t finite = 0;
    size_t listed = 0;
    for (const ShapeIndex branch : branches) {
      const Shape& one = graph_.shapes[branch];
      if (branch == i || one.combined() || one.closed() || !afford(one)) return false;
      const uint8_t own = one.own_kinds();
      const bool numbers = (own & kNumberKinds) != 0 && (kinds & kNumberKinds) != 0;
      if ((own & kinds) != 0 || numbers) return false;
      kinds |= own;
      if (one.has_values) ++listed;
      if (one.has_values || one.kinds == kKindNull) ++finite;
    }
    // Values can be listed together only when every branch lists its own.
    if (listed > 0 && finite != branches.size()) return false;
    Shape joined;
    joined.node = graph_.shapes[i].node;
    joined.fallback = graph_.shapes[i].fallback;
    joined.kinds = kinds;
    joined.has_values = listed > 0;
    for (const ShapeIndex branch : branches) add(joined, graph_.shapes[branch]);
    graph_.shapes[i] = std::move(joined);
    return true;
  }

  static void add(Shape& to, const Shape& from) {
    const uint8_t kinds = from.own_kinds();
    if (to.has_values) {
      for (const ShapeValue& value : from.values) {
        if ((value.kind & from.kinds) != 0) to.values.push_back(value);
      }
      if (!from.has_values) {
        to.values.push_back({null_hash(), kKindNull, "null", ""});
      }
    }
    if ((kinds & kNumberKinds) != 0) {
      to.lower = from.lower;
      to.upper = from.upper;
      to.multiple_of = from.multiple_of;
    }
    if ((kinds & kKindString) != 0) {
      to.length = from.length;
      to.pattern = from.pattern;
      to.format = from.format;
    }
    if ((kinds & kKindArray) != 0) {
      to.prefix = from.prefix;
      to.rest = from.rest;
      to.items = from.items;
      to.unique = from.unique;
      to.contains = from.contains;
      to.contains_count = from.contains_count;
    }
    if ((kinds & kKindObject) != 0) {
      to.members = from.members;
      to.by_name = from.by_name;
      to.patterns = from.patterns;
      to.additional = from.additional;
      to.names = from.names;
      to.properties = from.properties;
      to.needs = from.needs;
    }
  }

  static ValueHash null_hash() {
    Document document;
    Arena arena;
    document.parse("null", {});
    return hash_value(document, Document::root(), arena);
  }

  ShapeGraph& graph_;
  size_t moved_ = 0;
};

}  // namespace

const ShapeMember* Shape::member(std::string_view name) const {
  const auto at = std::lower_bound(
      by_name.begin(), by_name.end(), name,
      [this](uint32_t i, std::string_view wanted) { return members[i].name < wanted; });
  return at != by_name.end() && members[*at].name == name ? &members[*at] : nullptr;
}

bool Shape::in_place() const {
  return !all_of.empty() || !any_of.empty() || !one_of.empty() || none != kNoShape ||
         condition != kNoShape || !needs_shape.empty();
}

uint8_t Shape::own_kinds() const {
  if (!has_values) return kinds;
  uint8_t own = 0;
  for (const ShapeValue& value : values) own |= value.kind & kinds;
  return own;
}

bool Shape::only_kinds() const {
  const bool number = !lower && !upper && multiple_of.empty();
  const bool string = length == ShapeRange() && !pattern && !format;
  const bool array = prefix.empty() && rest == kNoShape && items == ShapeRange() && !unique &&
                     contains == kNoShape;
  const bool object = members.empty() && patterns.empty() && additional == kNoShape &&
                      names == kNoShape && properties == ShapeRange() && needs.empty();
  return !has_values && number && string && array && object && !combined() && !closed();
}

void simplify(ShapeGraph& graph) { Simplifier(graph).run(); }

}  // namespace sluice::schema
