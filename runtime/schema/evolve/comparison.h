// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/schema/evolve/change.h"
#include "runtime/schema/evolve/shape.h"
#include "runtime/schema/pattern.h"

namespace sluice::schema {

// What a difference below a place means for the place itself.
enum class Relation : uint8_t {
  kPlain,    // accepting more below is accepting more here
  kFlipped,  // the reverse, as under `not`
  kExact,    // any difference may do either, as under `oneOf`
};

// Compares two schemas pair of places by pair of places. A pair is looked at once, however often
// and under however many references it occurs, so recursive schemas end and shared ones stay cheap.
//
// Soundness: a pair's bits say "what the old place accepts, the new one accepts too" under the
// assumption that the same holds for the pairs below; each of those looks at a smaller value, or at
// the same value through finitely many keywords, so the bits of all pairs together prove the whole.
class Comparison {
 public:
  // `same_folder`: references to other files mean the same file on both sides.
  Comparison(const ShapeGraph& old_graph, const ShapeGraph& new_graph, bool same_folder);

  void run();
  [[nodiscard]] bool backward() const { return backward_; }
  [[nodiscard]] bool forward() const { return forward_; }
  // The changes in the order of the schemas, one for each place of a record they touch; at most
  // `most`. `cut` tells whether some were left out.
  [[nodiscard]] std::vector<PlacedChange> changes(size_t most, bool* cut) const;

 private:
  friend class PairComparer;
  struct Edge {
    Step step;
    uint32_t pair = 0;
    const char* within = nullptr;
  };
  struct Pair {
    ShapeIndex old_shape = kNoShape;
    ShapeIndex new_shape = kNoShape;
    Relation relation = Relation::kPlain;
    bool dirty = false;  // a change here or below
    std::vector<FoundChange> changes;
    std::vector<Edge> edges;
  };

  // Notes that the two shapes meet; answers false when there is no more room for pairs.
  bool meet(uint32_t from, const Edge& edge, ShapeIndex old_shape, ShapeIndex new_shape,
            Relation relation);
  void add(uint32_t pair, FoundChange change);
  void mark_dirty();
  // Equal in every detail, without looking at meaning.
  bool same(ShapeIndex old_shape, ShapeIndex new_shape);
  bool same_here(const Shape& a, const Shape& b) const;
  enum class Match : uint8_t { kNo, kYes, kUnknown };
  Match matches(const std::string& pattern, const std::string& text);

  const ShapeGraph& old_;
  const ShapeGraph& new_;
  const bool same_folder_;
  std::deque<Pair> pairs_;
  std::map<std::pair<uint64_t, Relation>, uint32_t> known_;
  size_t edges_ = 0;
  bool too_large_ = false;
  bool backward_ = true;
  bool forward_ = true;
  size_t same_budget_;
  size_t match_budget_;
  std::unordered_map<std::string, std::unique_ptr<const Pattern>> patterns_;
};

}  // namespace sluice::schema
