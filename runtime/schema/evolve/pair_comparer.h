// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/schema/evolve/comparison.h"

namespace sluice::schema {

// Compares one old and one new schema object, keyword group by keyword group. Each group answers
// two questions for itself: does what the old one lets through pass the new one (backward), and the
// reverse (forward). Groups that look at a kind of value only one side accepts are left out: the
// type has already said so.
class PairComparer {
 public:
  PairComparer(Comparison& owner, uint32_t pair);
  void run();

 private:
  struct Bits {
    bool backward = true;
    bool forward = true;
  };
  // Names of a change that goes one way, the other way, or both.
  struct Ways {
    ChangeKind widened;
    ChangeKind narrowed;
    ChangeKind changed;
  };
  // How a member that is not declared by name is treated.
  enum class Governed : uint8_t { kRefused, kFree, kSchema, kPatterns, kUnknown };

  // pair_comparer.cc
  [[nodiscard]] bool relevant(uint8_t kinds) const { return (a_.kinds & b_.kinds & kinds) != 0; }
  bool moved_into_alternatives();
  void types();
  void values();
  void report(ChangeKind kind, Bits bits, std::string detail, std::string before = "",
              std::string after = "");
  void report(FoundChange change);
  void report_ways(const Ways& ways, Bits bits, const std::string& what, std::string before,
                   std::string after);
  void child(const Step& step, ShapeIndex old_shape, ShapeIndex new_shape,
             const char* within = nullptr, Relation relation = Relation::kPlain);

  // pair_scalars.cc
  void numbers();
  void strings();
  void multiple_of();
  void text_keyword(const char* keyword, const std::optional<std::string>& before,
                    const std::optional<std::string>& after, ChangeKind added, ChangeKind removed,
                    ChangeKind changed,
                    const std::function<bool(const std::string&, const ShapeValue&)>& fits);
  // What the bits are when a side lists its values and each can be asked.
  template <typename FitsNew, typename FitsOld>
  Bits by_values(uint8_t kinds, Bits otherwise, FitsNew&& fits_new, FitsOld&& fits_old) const;
  void counts(const ShapeRange& before, const ShapeRange& after, const char* min_name,
              const char* max_name, const Ways& ways, Bits bits);

  // pair_containers.cc
  void arrays();
  void contains();
  void objects();
  void member(const ShapeMember* before, const ShapeMember* after);
  void field_added(const ShapeMember& added, bool newly_required);
  void field_removed(const ShapeMember& removed, bool was_required);
  void property_patterns();
  void needs();
  Governed governed(const Shape& shape, const ShapeGraph& graph, const std::string& name);
  // No declared member of the shape can match the pattern, nor any other of its patterns.
  bool untouched_by(const Shape& shape, const std::string& pattern);

  // pair_combined.cc
  void combined();
  void closed_references();
  void unevaluated();
  void lists();
  void alternatives();
  void exactly_one();
  void conditions();
  void one_sided(const char* keyword, bool before, bool after);
  // Pairs the schemas of two lists, equal ones first; the rest in order.
  std::vector<std::pair<ShapeIndex, ShapeIndex>> matched(const std::vector<ShapeIndex>& before,
                                                         const std::vector<ShapeIndex>& after,
                                                         size_t* removed, size_t* added);

  Comparison& owner_;
  const uint32_t pair_;
  const ShapeIndex old_index_;
  const ShapeIndex new_index_;
  const Relation relation_;
  const ShapeGraph& old_;
  const ShapeGraph& new_;
  const Shape& a_;
  const Shape& b_;
};

}  // namespace sluice::schema
