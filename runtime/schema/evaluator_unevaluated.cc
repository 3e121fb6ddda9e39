// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/schema/describe.h"
#include "runtime/schema/evaluator.h"
#include "runtime/schema/evaluator_place.h"

// unevaluatedProperties and unevaluatedItems: the children that neither a keyword beside them nor a
// schema for the same value that fits has looked at.
namespace sluice::schema {

RuleIndex Evaluator::unevaluated_rule(const Rule& rule, NodeIndex at) const {
  if (rule.object && doc_.kind(at) == JsonKind::kObject) return rule.object->unevaluated;
  if (rule.array && doc_.kind(at) == JsonKind::kArray) return rule.array->unevaluated;
  return kNoRule;
}

Evaluator::Marks Evaluator::push_marks(uint32_t children) {
  // One word at least: no words means that nobody asks.
  const Marks marks{work_.marks.size(), children / 64 + 1};
  work_.marks.resize(marks.begin + marks.words, 0);
  return marks;
}

void Evaluator::merge_marks(const Marks& from, const Marks& to) {
  for (size_t i = 0; i < to.words; ++i) {
    work_.marks[to.begin + i] |= work_.marks[from.begin + i];
  }
}

void Evaluator::mark_all(const Marks& marks) {
  std::fill_n(work_.marks.begin() + static_cast<std::ptrdiff_t>(marks.begin), marks.words,
              ~uint64_t{0});
}

bool Evaluator::check_unevaluated(const Rule& rule, RuleIndex unevaluated, NodeIndex at) {
  // What schemas around this one have evaluated does not count here, so the set begins empty.
  const Marks outer = marks_;
  marks_ = push_marks(doc_.count(at));
  bool ok = check_kind(rule, at);
  if (ok || !quick()) ok = judge_unevaluated(rule, unevaluated, at) && ok;
  pop_marks(marks_);
  marks_ = outer;
  // Every child has now been looked at by someone.
  mark_all(marks_);
  return ok;
}

bool Evaluator::judge_unevaluated(const Rule& rule, RuleIndex unevaluated, NodeIndex at) {
  const Unmarked children(*this);
  const Marks& marks = children.outer();
  const bool member = doc_.kind(at) == JsonKind::kObject;
  const uint32_t count = doc_.count(at);
  bool ok = true;
  Place place(*this);
  NodeIndex child = doc_.first_child(at);
  for (uint32_t i = 0; i < count; ++i) {
    const NodeIndex value = member ? doc_.next(child) : child;
    if ((work_.marks[marks.begin + i / 64] >> (i % 64) & 1U) == 0) {
      if (member) {
        place.member(child);
      } else {
        place.item(i);
      }
      ok = unevaluated_child(rule, unevaluated, child, member) && ok;
      if (!ok && quick()) return false;
    }
    child = doc_.next(value);
  }
  return ok;
}

bool Evaluator::unevaluated_child(const Rule& rule, RuleIndex unevaluated, NodeIndex child,
                                  bool member) {
  const NodeIndex value = member ? doc_.next(child) : child;
  if (!program_.rules[unevaluated].never) return check(unevaluated, value);
  if (member) {
    return fail(rule, "unevaluatedProperties", FailureClass::kDrift, [&] {
      return Finding{"only members that some part of the schema names", in_quotes(text(child))};
    });
  }
  return fail(rule, "unevaluatedItems", FailureClass::kDrift, [&] {
    return Finding{"only items that some part of the schema speaks of",
                   describe_value(doc_, value)};
  });
}

}  // namespace sluice::schema
