// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evaluator.h"

#include <algorithm>
#include <utility>

#include "runtime/base/text.h"
#include "runtime/record/pointer.h"
#include "runtime/schema/describe.h"

namespace sluice::schema {
namespace {

constexpr size_t kMaxShown = 60;
// What a schema that is `false` reports as its keyword.
constexpr std::string_view kFalseSchema = "false";

std::optional<int64_t> small_integer(const Document& document, NodeIndex node) {
  int64_t value = 0;
  return document.int64(node, &value) ? std::optional(value) : std::nullopt;
}

// Code points of well-formed UTF-8.
uint64_t code_points(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

}  // namespace

bool Evaluator::fits() {
  report_ = nullptr;
  explaining_ = false;
  steps_ = 0;
  exhausted_ = false;
  work_.marks.clear();
  work_.scope.clear();
  return check(program_.root, Document::root()) && !exhausted_;
}

std::vector<SchemaFailure> Evaluator::explain(size_t limit) {
  Report report;
  report.limit = std::max<size_t>(limit, 1);
  report_ = &report;
  explaining_ = true;
  work_.marks.clear();
  work_.scope.clear();
  check(program_.root, Document::root());
  report_ = nullptr;
  if (exhausted_ && report.failures.size() < report.limit) {
    report.failures.emplace_back().message =
        "checking this record takes more than " + std::to_string(max_steps_) + " steps or " +
        std::to_string(kMaxDepth) +
        " nested schemas, so it is refused; simplify nested anyOf, oneOf and allOf";
  }
  return std::move(report.failures);
}

void Evaluator::note(const Rule& rule, std::string_view keyword, FailureClass failure_class,
                     Finding finding) {
  std::string where = program_.place(rule);
  if (keyword != kFalseSchema) append_pointer_token(where, keyword);
  add({pointer_, std::move(where), std::string(keyword),
       "expected " + finding.expected + ", found " + finding.found + finding.hint, failure_class,
       std::move(finding.expected), std::move(finding.found)});
}

void Evaluator::add(SchemaFailure failure) {
  report_->failures.push_back(std::move(failure));
  // Nobody reads more: go on as if nobody asked.
  if (report_->failures.size() >= report_->limit) report_ = nullptr;
}

std::string_view Evaluator::decoded(NodeIndex string) {
  work_.arena.reset();
  return doc_.string(string, work_.arena);
}

bool Evaluator::check(RuleIndex index, NodeIndex at) {
  if (exhausted_ || ++steps_ > max_steps_ || depth_ >= kMaxDepth) {
    exhausted_ = true;
    return false;
  }
  ++depth_;
  const Rule& rule = program_.rules[index];
  const bool ok = program_.dynamic ? check_in_scope(rule, at) : check_groups(rule, at);
  --depth_;
  return ok;
}

// A resource counts from where it is first entered until that is left.
bool Evaluator::check_in_scope(const Rule& rule, NodeIndex at) {
  std::vector<uint32_t>& scope = work_.scope;
  if (std::find(scope.begin(), scope.end(), rule.resource) != scope.end()) {
    return check_groups(rule, at);
  }
  scope.push_back(rule.resource);
  const bool ok = check_groups(rule, at);
  scope.pop_back();
  return ok;
}

bool Evaluator::check_groups(const Rule& rule, NodeIndex at) {
  if (rule.never) {
    return fail(rule, kFalseSchema, FailureClass::kDrift, [&] {
      return Finding{"no value here (the schema is false)", describe_value(doc_, at)};
    });
  }
  // The other keywords would only repeat what a wrong type already says.
  if (!type(rule, at)) return false;
  if (rule.only_type) return true;
  bool ok = true;
  if (rule.allowed) ok = allowed(rule, at);
  if (!ok && quick()) return false;
  if (rule.tracks) {
    const RuleIndex unevaluated = unevaluated_rule(rule, at);
    if (unevaluated != kNoRule) return check_unevaluated(rule, unevaluated, at) && ok;
  }
  return check_kind(rule, at) && ok;
}

// The groups for this kind of value, and the schemas that look at the same value.
bool Evaluator::check_kind(const Rule& rule, NodeIndex at) {
  bool ok = true;
  switch (doc_.kind(at)) {
    case JsonKind::kNumber:
      if (rule.number) ok = number(rule, at);
      break;
    case JsonKind::kString:
      if (rule.string) ok = string(rule, at);
      break;
    case JsonKind::kArray:
      if (rule.array) ok = array(rule, at);
      break;
    case JsonKind::kObject:
      if (rule.object) ok = object(rule, at);
      break;
    case JsonKind::kNull:
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      break;
  }
  if (!ok && quick()) return false;
  return (!rule.combined || combined(rule, at)) && ok;
}

// A value whose kind alone does not give it one of the types: an integer, or a wrong value.
bool Evaluator::other_type(const Rule& rule, NodeIndex at) {
  if (doc_.kind(at) == JsonKind::kNumber && (rule.types & kTypeInteger) != 0) {
    const bool written_so = (doc_.node(at).info & TapeNode::kInteger) != 0;
    if (written_so || is_integer(parse_decimal(doc_.slice(at)))) return true;
  }
  return fail(rule, "type", FailureClass::kDrift, [&] {
    return Finding{describe_types(rule.types), describe_value(doc_, at)};
  });
}

bool Evaluator::allowed(const Rule& rule, NodeIndex at) {
  const std::vector<AllowedValues::Value>& values = rule.allowed->values;
  constexpr size_t kFewValues = 16;
  bool ok = false;
  if (doc_.kind(at) == JsonKind::kString && values.size() <= kFewValues) {
    const std::string_view found = text(at);
    ok = std::any_of(values.begin(), values.end(), [found](const AllowedValues::Value& value) {
      return value.is_string && value.text == found;
    });
  } else {
    work_.arena.reset();
    const ValueHash found = hash_value(doc_, at, work_.arena);
    const std::vector<ValueHash>& hashes = rule.allowed->in_order;
    ok = std::binary_search(hashes.begin(), hashes.end(), found);
  }
  return ok || fail(rule, rule.allowed->is_const ? "const" : "enum", FailureClass::kValue, [&] {
           std::string list;
           for (const AllowedValues::Value& value : values) {
             if (!list.empty()) list += ", ";
             list += value.is_string ? "\"" + value.text + "\"" : value.text;
             if (list.size() > kMaxShown * 2) break;
           }
           return Finding{(rule.allowed->is_const ? "" : "one of ") + shorten(list, kMaxShown * 2),
                          describe_value(doc_, at)};
         });
}

bool Evaluator::number(const Rule& rule, NodeIndex at) {
  const NumberRules& limits = *rule.number;
  const std::string_view json = doc_.slice(at);
  const std::optional<int64_t> value64 = small_integer(doc_, at);
  bool ok = true;
  const auto bound = [&](const std::optional<Limit>& limit, std::string_view keyword,
                         std::string_view expected, auto&& holds) {
    if (!limit || holds(limit->compare_from(json, value64))) return;
    ok = fail(rule, keyword, FailureClass::kValue, [&] {
      return Finding{std::string(expected) + " " + limit->text(), describe_value(doc_, at)};
    });
  };
  bound(limits.minimum, "minimum", "at least", [](int c) { return c >= 0; });
  bound(limits.maximum, "maximum", "at most", [](int c) { return c <= 0; });
  bound(limits.exclusive_minimum, "exclusiveMinimum", "more than", [](int c) { return c > 0; });
  bound(limits.exclusive_maximum, "exclusiveMaximum", "less than", [](int c) { return c < 0; });
  if (limits.multiple_of && !limits.multiple_of->divides(json, value64)) {
    ok = fail(rule, "multipleOf", FailureClass::kValue, [&] {
      return Finding{"a multiple of " + limits.multiple_of->text(), describe_value(doc_, at)};
    });
  }
  return ok;
}

bool Evaluator::string(const Rule& rule, NodeIndex at) {
  const StringRules& rules = *rule.string;
  const std::string_view found = text(at);
  bool ok = true;
  // Most texts are decided by their bytes: a code point has one to four of them.
  const bool surely = found.size() / 4 >= rules.length.min && found.size() <= rules.length.max;
  if (!surely) {
    ok = in_range(rule, rules.length, code_points(found), "minLength", "maxLength", "character",
                  FailureClass::kValue);
  }
  if ((ok || !quick()) && rules.pattern && !rules.pattern->found_in(found)) {
    ok = fail(rule, "pattern", FailureClass::kValue, [&] {
      return Finding{"text matching " + in_quotes(rules.pattern_text), describe_value(doc_, at)};
    });
  }
  if ((ok || !quick()) && rules.format != nullptr && !rules.format(found)) {
    ok = fail(rule, "format", FailureClass::kValue, [&] {
      return Finding{"format " + rules.format_name, describe_value(doc_, at)};
    });
  }
  return ok;
}

bool Evaluator::in_range(const Rule& rule, const CountRange& range, uint64_t count,
                         std::string_view min_keyword, std::string_view max_keyword,
                         std::string_view unit, FailureClass failure_class) {
  const auto units = [unit](uint64_t n) {
    return std::to_string(n) + " " + std::string(unit) + (n == 1 ? "" : "s");
  };
  bool ok = true;
  if (count < range.min) {
    ok = fail(rule, min_keyword, failure_class, [&] {
      return Finding{"at least " + units(range.min), std::to_string(count)};
    });
  }
  if (count > range.max) {
    ok = fail(rule, max_keyword, failure_class, [&] {
      return Finding{"at most " + units(range.max), std::to_string(count)};
    });
  }
  return ok;
}

}  // namespace sluice::schema
