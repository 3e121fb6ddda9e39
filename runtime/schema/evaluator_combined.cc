// SPDX-License-Identifier: Apache-2.0
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

bool Evaluator::combined(const Rule& rule, NodeIndex at) {
  const Combinators& c = *rule.combined;
  bool ok = true;
  for (const RuleIndex index : c.all_of) {
    ok = check(index, at) && ok;
    if (!ok && quick()) return false;
  }
  if (!c.any_of.empty()) ok = any_of(rule, at) && ok;
  if (!ok && quick()) return false;
  if (!c.one_of.empty()) ok = one_of(rule, at) && ok;
  if (!ok && quick()) return false;
  if (c.none != kNoRule && check_quietly(c.none, at)) {
    ok = fail(rule, "not", FailureClass::kValue, [&] {
      return Finding{"a value that does not fit this schema", describe_value(doc_, at)};
    });
  }
  if (c.condition != kNoRule && (ok || !quick())) {
    const RuleIndex branch = check_quietly(c.condition, at) ? c.consequence : c.alternative;
    if (branch != kNoRule) ok = check(branch, at) && ok;
  }
  return ok;
}

bool Evaluator::any_of(const Rule& rule, NodeIndex at) {
  for (const RuleIndex index : rule.combined->any_of) {
    if (check_quietly(index, at)) return true;
  }
  return none_fits(rule, "anyOf", rule.combined->any_of, at);
}

bool Evaluator::one_of(const Rule& rule, NodeIndex at) {
  const std::vector<RuleIndex>& choices = rule.combined->one_of;
  size_t first = choices.size();
  for (size_t i = 0; i < choices.size(); ++i) {
    if (!check_quietly(choices[i], at)) continue;
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

// Tells of the choice that came nearest. The shape has drifted only if it has for every choice.
bool Evaluator::none_fits(const Rule& rule, std::string_view keyword,
                          const std::vector<RuleIndex>& choices, NodeIndex at) {
  if (quick()) return false;
  constexpr size_t kMostPerChoice = 8;
  Report* const asked = report_;
  std::vector<SchemaFailure> nearest;
  size_t nearest_index = 0;
  FailureClass failure_class = FailureClass::kDrift;
  for (size_t i = 0; i < choices.size(); ++i) {
    Report one;
    one.limit = kMostPerChoice;
    report_ = &one;
    check(choices[i], at);
    if (worst_class(one.failures) == FailureClass::kValue) failure_class = FailureClass::kValue;
    if (!one.failures.empty() && (nearest.empty() || one.failures.size() < nearest.size())) {
      nearest = std::move(one.failures);
      nearest_index = i;
    }
  }
  report_ = asked;
  return fail(rule, keyword, failure_class, [&] {
    Finding finding{"to fit one of " + std::to_string(choices.size()) + " schemas",
                    describe_value(doc_, at)};
    if (!nearest.empty()) {
      finding.hint = "; nearest is " + std::to_string(nearest_index) + ": at " +
                     describe_place(nearest.front().instance) + " " + nearest.front().message;
    }
    return finding;
  });
}

}  // namespace sluice::schema
