// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "runtime/schema/describe.h"
#include "runtime/schema/evaluator.h"

// allOf, anyOf, oneOf, not, if: schemas that look at the same value.
namespace sluice::schema {

bool Evaluator::check_quietly(RuleIndex index, NodeIndex at) {
  Report* const asked = std::exchange(report_, nullptr);
  const bool ok = check(index, at);
  report_ = asked;
  return ok;
}

// A schema that need not fit: what it evaluated counts only if it does.
bool Evaluator::check_branch(RuleIndex index, NodeIndex at) {
  if (!marking()) return check_quietly(index, at);
  const Marks outer = marks_;
  marks_ = push_marks(doc_.count(at));
  const bool ok = check_quietly(index, at);
  if (ok) merge_marks(marks_, outer);
  pop_marks(marks_);
  marks_ = outer;
  return ok;
}

// The outermost resource that carries the name decides.
bool Evaluator::dynamic(const Rule& rule, NodeIndex at) {
  const auto& choices = rule.combined->dynamic;
  for (const uint32_t resource : work_.scope) {
    const auto choice =
        std::find_if(choices.begin(), choices.end() - 1,
                     [resource](const auto& one) { return one.resource == resource; });
    if (choice != choices.end() - 1) return check(choice->rule, at);
  }
  return check(choices.back().rule, at);
}

bool Evaluator::combined(const Rule& rule, NodeIndex at) {
  const Combinators& c = *rule.combined;
  bool ok = true;
  for (const RuleIndex index : c.all_of) {
    ok = check(index, at) && ok;
    if (!ok && quick()) return false;
  }
  if (!c.dynamic.empty()) ok = dynamic(rule, at) && ok;
  if (!ok && quick()) return false;
  if (!c.any_of.empty()) ok = any_of(rule, at) && ok;
  if (!ok && quick()) return false;
  if (!c.one_of.empty()) ok = one_of(rule, at) && ok;
  if (!ok && quick()) return false;
  if (c.none != kNoRule && check_branch(c.none, at)) {
    ok = fail(rule, "not", FailureClass::kValue, [&] {
      return Finding{"a value that does not fit this schema", describe_value(doc_, at)};
    });
  }
  if (c.condition != kNoRule && (ok || !quick())) {
    const RuleIndex branch = check_branch(c.condition, at) ? c.consequence : c.alternative;
    if (branch != kNoRule) ok = check(branch, at) && ok;
  }
  return ok;
}

bool Evaluator::any_of(const Rule& rule, NodeIndex at) {
  bool fits = false;
  for (const RuleIndex index : rule.combined->any_of) {
    if (!check_branch(index, at)) continue;
    fits = true;
    // One is enough, unless it matters what the others evaluate.
    if (!marking()) break;
  }
  return fits || none_fits(rule, "anyOf", rule.combined->any_of, at);
}

bool Evaluator::one_of(const Rule& rule, NodeIndex at) {
  const std::vector<RuleIndex>& choices = rule.combined->one_of;
  size_t first = choices.size();
  for (size_t i = 0; i < choices.size(); ++i) {
    if (!check_branch(choices[i], at)) continue;
    if (first == choices.size()) {
      first = i;
      continue;
    }
    return fail(rule, "oneOf", FailureClass::kValue, [&] {
      return Finding{"to fit exactly one of " + std::to_string(choices.size()) + " schemas",
                     "that it fits " + std::to_string(first) + " and " + std::to_string(i)};
    });
  }
  return first < choices.size() || none_fits(rule, "oneOf", choices, at);
}

}  // namespace sluice::schema
