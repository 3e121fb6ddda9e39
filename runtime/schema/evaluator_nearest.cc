// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>
#include <utility>

#include "runtime/schema/describe.h"
#include "runtime/schema/evaluator.h"

// Why a value fits none of the choices of an anyOf or oneOf: told of the one choice that came
// nearest, for the failures of the others only hide what is wrong.
namespace sluice::schema {
namespace {

// Near to far: takes this kind of value at all; its fixed members (`const` and `enum` beside, which
// tell the variants of one record apart) match; few failures; failures that lie deep.
struct Choice {
  size_t index = 0;
  std::vector<SchemaFailure> failures;
  bool wrong_kind = false;
  size_t wrong_marks = 0;
  size_t depth = 0;

  [[nodiscard]] auto distance() const {
    return std::make_tuple(wrong_kind, wrong_marks, failures.size(), SIZE_MAX - depth);
  }
};

void measure(const std::string& place, Choice& choice) {
  for (const SchemaFailure& failure : choice.failures) {
    const std::string_view below = std::string_view(failure.instance).substr(place.size());
    const auto steps = static_cast<size_t>(std::count(below.begin(), below.end(), '/'));
    const bool fixed = failure.keyword == "const" || failure.keyword == "enum";
    if (steps == 0 && (fixed || failure.keyword == "type" || failure.keyword == "false")) {
      choice.wrong_kind = true;
    }
    if (steps == 1 && fixed) ++choice.wrong_marks;
    choice.depth = std::max(choice.depth, steps);
  }
}

std::string why(const Choice& best, const Choice& other) {
  if (best.wrong_kind != other.wrong_kind) return "it takes this kind of value";
  if (best.wrong_marks != other.wrong_marks) return "its fixed values match best";
  if (best.failures.size() != other.failures.size()) return "it has the fewest failures";
  if (best.depth != other.depth) return "its failures lie deepest";
  return "the first of those equally near";
}

std::string describe_nearest(const Choice& best, const Choice* other) {
  const SchemaFailure& first = best.failures.front();
  return "; nearest is " + std::to_string(best.index) +
         (other != nullptr ? " (" + why(best, *other) + ")" : std::string()) + ", which fails at " +
         describe_place(first.instance) + " by " + first.keyword;
}

}  // namespace

bool Evaluator::none_fits(const Rule& rule, std::string_view keyword,
                          const std::vector<RuleIndex>& choices, NodeIndex at) {
  if (quick()) return false;
  constexpr size_t kMostPerChoice = 8;
  Report* const asked = report_;
  Choice best;
  Choice second;
  for (size_t i = 0; i < choices.size(); ++i) {
    Report one;
    one.limit = kMostPerChoice;
    report_ = &one;
    check(choices[i], at);
    // Nothing: the bounds were reached, and nobody knows.
    if (one.failures.empty()) continue;
    Choice choice{i, std::move(one.failures)};
    measure(pointer_, choice);
    if (best.failures.empty() || choice.distance() < best.distance()) std::swap(choice, best);
    const bool nearer = second.failures.empty() || choice.distance() < second.distance();
    if (!choice.failures.empty() && nearer) second = std::move(choice);
  }
  report_ = asked;
  const bool told = !best.failures.empty();
  fail(rule, keyword, told ? worst_class(best.failures) : FailureClass::kValue, [&] {
    Finding finding{"to fit one of " + std::to_string(choices.size()) + " schemas",
                    describe_value(doc_, at)};
    if (told) finding.hint = describe_nearest(best, second.failures.empty() ? nullptr : &second);
    return finding;
  });
  for (SchemaFailure& failure : best.failures) {
    if (quick()) break;  // the report is full
    add(std::move(failure));
  }
  return false;
}

}  // namespace sluice::schema
