// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/schema/program.h"
#include "runtime/schema/validator.h"

namespace sluice::schema {

// What an evaluation needs besides its inputs, kept between records so that it allocates nothing.
struct Workspace {
  Arena arena{4096};  // the one decoded string, or the value being hashed, that is looked at now
  std::vector<ValueHash> hashes;
  std::vector<uint32_t> hints;  // of the program's name tables
  std::vector<uint64_t> marks;  // a stack of bit sets: which children count as evaluated
  std::vector<uint32_t> scope;  // resources that evaluation came through, outermost first
};

// Runs one program over one record. Two bounds make every run end, whatever schema and record are:
// past them the record does not fit (it fails closed).
class Evaluator {
 public:
  // Frames on the stack: the record's depth times the schemas that look at one value.
  static constexpr uint32_t kMaxDepth = 1000;
  // Applications of a schema to a value; nested anyOf can ask for exponentially many. So many, and
  // some for each value of the record, so that a large record is not refused for its size.
  static constexpr uint64_t kMaxSteps = 5'000'000;
  static constexpr uint64_t kStepsPerValue = 16;

  Evaluator(const Program& program, const Document& document, Workspace& workspace)
      : program_(program),
        doc_(document),
        work_(workspace),
        max_steps_(kMaxSteps + kStepsPerValue * document.size()) {
    // The first time only.
    if (work_.hints.size() != program.hints) work_.hints.assign(program.hints, 0);
  }

  // True if the record fits.
  bool fits();
  // True if this part of the record fits this rule. Not for a program that is dynamic.
  bool accepts(RuleIndex rule, NodeIndex at) { return check(rule, at) && !exhausted_; }
  // Every failure, at most `limit` (at least 1); empty if the record fits.
  std::vector<SchemaFailure> explain(size_t limit);

 private:
  struct Report {
    std::vector<SchemaFailure> failures;
    size_t limit = 0;
  };
  struct Finding {
    std::string expected;
    std::string found;
    std::string hint = {};  // follows the message
  };
  // Adds a member or an item to the place that failures name, for as long as it lives.
  class Place;
  // A bit set on the stack in the workspace, one bit a child of the value being looked at: those
  // that some keyword has evaluated, for unevaluatedProperties and unevaluatedItems. No words:
  // nobody asks.
  struct Marks {
    size_t begin = 0;
    size_t words = 0;
  };
  // While the children of a value are looked at, whose own children are nobody's marks.
  class Unmarked;

  bool check(RuleIndex index, NodeIndex at);
  bool check_in_scope(const Rule& rule, NodeIndex at);
  bool check_groups(const Rule& rule, NodeIndex at);
  bool check_kind(const Rule& rule, NodeIndex at);
  bool check_quietly(RuleIndex index, NodeIndex at);
  bool check_branch(RuleIndex index, NodeIndex at);
  bool type(const Rule& rule, NodeIndex at) {
    return (rule.kinds & kind_bit(doc_.kind(at))) != 0 || other_type(rule, at);
  }
  bool other_type(const Rule& rule, NodeIndex at);
  bool allowed(const Rule& rule, NodeIndex at);
  bool number(const Rule& rule, NodeIndex at);
  bool string(const Rule& rule, NodeIndex at);
  bool array(const Rule& rule, NodeIndex at);
  bool array_items(const Rule& rule, NodeIndex at, const Marks& marks);
  bool contains(const Rule& rule, NodeIndex at, const Marks& marks);
  bool unique(const Rule& rule, NodeIndex at);
  bool object(const Rule& rule, NodeIndex at);
  bool member(const Rule& rule, NodeIndex name, size_t* cursor, uint32_t* required_seen,
              bool* evaluated);
  bool unknown_member(const Rule& rule, NodeIndex name);
  bool member_name(const Rule& rule, NodeIndex name);
  bool missing_members(const Rule& rule, NodeIndex at);
  bool dependencies(const Rule& rule, NodeIndex at);
  bool dynamic(const Rule& rule, NodeIndex at);
  bool combined(const Rule& rule, NodeIndex at);
  bool any_of(const Rule& rule, NodeIndex at);
  bool one_of(const Rule& rule, NodeIndex at);
  bool in_range(const Rule& rule, const CountRange& range, uint64_t count,
                std::string_view min_keyword, std::string_view max_keyword, std::string_view unit,
                FailureClass failure_class);

  // evaluator_unevaluated.cc
  [[nodiscard]] RuleIndex unevaluated_rule(const Rule& rule, NodeIndex at) const;
  bool check_unevaluated(const Rule& rule, RuleIndex unevaluated, NodeIndex at);
  bool judge_unevaluated(const Rule& rule, RuleIndex unevaluated, NodeIndex at);
  bool unevaluated_child(const Rule& rule, RuleIndex unevaluated, NodeIndex child, bool member);
  Marks push_marks(uint32_t children);
  void pop_marks(const Marks& marks) { work_.marks.resize(marks.begin); }
  void merge_marks(const Marks& from, const Marks& to);
  void mark(const Marks& marks, uint32_t child) {
    if (marks.words != 0) work_.marks[marks.begin + child / 64] |= uint64_t{1} << (child % 64);
  }
  void mark_all(const Marks& marks);
  [[nodiscard]] bool marking() const { return marks_.words != 0; }

  // Notes the failure if somebody wants to know, and is false. `describe` makes the Finding.
  template <typename Describe>
  bool fail(const Rule& rule, std::string_view keyword, FailureClass failure_class,
            Describe&& describe) {
    if (report_ != nullptr) note(rule, keyword, failure_class, describe());
    return false;
  }
  void note(const Rule& rule, std::string_view keyword, FailureClass failure_class,
            Finding finding);
  void add(SchemaFailure failure);
  bool none_fits(const Rule& rule, std::string_view keyword, const std::vector<RuleIndex>& choices,
                 NodeIndex at);
  // Decoded text of a string or name; valid until the next call.
  std::string_view text(NodeIndex string) {
    return (doc_.node(string).info & TapeNode::kEscaped) == 0 ? doc_.slice(string)
                                                              : decoded(string);
  }
  std::string_view decoded(NodeIndex string);
  [[nodiscard]] bool quick() const { return report_ == nullptr; }

  const Program& program_;
  const Document& doc_;
  Workspace& work_;
  Report* report_ = nullptr;  // null: nobody asks why
  bool explaining_ = false;
  std::string pointer_;  // of the value being looked at, kept while explaining
  Marks marks_;          // of the value being looked at
  const uint64_t max_steps_;
  uint32_t depth_ = 0;
  uint64_t steps_ = 0;
  bool exhausted_ = false;
};

}  // namespace sluice::schema
