// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/schema/describe.h"
#include "runtime/schema/evaluator.h"
#include "runtime/schema/evaluator_place.h"

// The keywords of arrays and objects.
namespace sluice::schema {
bool Evaluator::array(const Rule& rule, NodeIndex at) {
  const ArrayRules& rules = *rule.array;
  const Unmarked children(*this);
  bool ok =
      rules.count.holds(doc_.count(at)) || in_range(rule, rules.count, doc_.count(at), "minItems",
                                                    "maxItems", "item", FailureClass::kDrift);
  if (!ok && quick()) return false;
  if (!rules.tuple.empty() || rules.items != kNoRule) {
    ok = array_items(rule, at, children.outer()) && ok;
  }
  if (!ok && quick()) return false;
  if (rules.unique) ok = unique(rule, at) && ok;
  if (!ok && quick()) return false;
  return (rules.contains == kNoRule || contains(rule, at, children.outer())) && ok;
}

bool Evaluator::array_items(const Rule& rule, NodeIndex at, const Marks& marks) {
  const ArrayRules& rules = *rule.array;
  const uint32_t count = doc_.count(at);
  bool ok = true;
  Place place(*this);
  NodeIndex item = doc_.first_child(at);
  for (uint32_t i = 0; i < count; ++i, item = doc_.next(item)) {
    const bool in_tuple = i < rules.tuple.size();
    const RuleIndex index = in_tuple ? rules.tuple[i] : rules.items;
    if (index == kNoRule) break;
    place.item(i);
    mark(marks, i);
    if (!in_tuple && !rules.tuple.empty() && program_.rules[index].never) {
      mark_all(marks);
      return fail(rule, rules.items_keyword, FailureClass::kDrift, [&] {
        const size_t most = rules.tuple.size();
        return Finding{"at most " + std::to_string(most) + (most == 1 ? " item" : " items"),
                       std::to_string(count)};
      });
    }
    ok = check(index, item) && ok;
    if (!ok && quick()) return false;
  }
  return ok;
}

bool Evaluator::contains(const Rule& rule, NodeIndex at, const Marks& marks) {
  const ArrayRules& rules = *rule.array;
  const CountRange& range = rules.contained;
  // Enough is enough, unless there may be too many or it matters which they are.
  const bool all = range.max != kNoLimit || (marks.words != 0 && rules.contains_evaluates);
  uint64_t fitting = 0;
  NodeIndex item = doc_.first_child(at);
  const uint32_t count = doc_.count(at);
  for (uint32_t i = 0; i < count && (all || fitting < range.min); ++i, item = doc_.next(item)) {
    if (!check_quietly(rules.contains, item)) continue;
    ++fitting;
    if (rules.contains_evaluates) mark(marks, i);
  }
  if (fitting < range.min && range.min == 1) {
    return fail(rule, "contains", FailureClass::kValue, [&] {
      return Finding{"at least one item that fits this schema", describe_value(doc_, at)};
    });
  }
  if (fitting >= range.min && fitting <= range.max) return true;
  const bool few = fitting < range.min;
  return fail(rule, few ? "minContains" : "maxContains", FailureClass::kValue, [&] {
    return Finding{(few ? "at least " : "at most ") + std::to_string(few ? range.min : range.max) +
                       " items that fit \"contains\"",
                   std::to_string(fitting)};
  });
}

// Sorted hashes instead of each item against each other: a long array must not cost its square.
bool Evaluator::unique(const Rule& rule, NodeIndex at) {
  if (doc_.count(at) < 2) return true;
  work_.hashes.clear();
  NodeIndex item = doc_.first_child(at);
  for (uint32_t i = doc_.count(at); i > 0; --i, item = doc_.next(item)) {
    work_.arena.reset();
    work_.hashes.push_back(hash_value(doc_, item, work_.arena));
  }
  std::vector<ValueHash> in_order;
  if (!quick()) in_order = work_.hashes;
  std::sort(work_.hashes.begin(), work_.hashes.end());
  const auto twin = std::adjacent_find(work_.hashes.begin(), work_.hashes.end());
  if (twin == work_.hashes.end()) return true;
  return fail(rule, "uniqueItems", FailureClass::kValue, [&] {
    const auto first = std::find(in_order.begin(), in_order.end(), *twin);
    const auto second = std::find(first + 1, in_order.end(), *twin);
    return Finding{"items that all differ",
                   "items " + std::to_string(first - in_order.begin()) + " and " +
                       std::to_string(second - in_order.begin()) + " to be equal"};
  });
}

bool Evaluator::object(const Rule& rule, NodeIndex at) {
  const ObjectRules& rules = *rule.object;
  const uint32_t count = doc_.count(at);
  uint32_t required_seen = 0;
  size_t cursor = 0;
  bool ok = true;
  {
    const Unmarked children(*this);
    Place place(*this);
    NodeIndex name = doc_.first_child(at);
    for (uint32_t i = 0; i < count; ++i) {
      if (rules.property_names != kNoRule) ok = member_name(rule, name) && ok;
      place.member(name);
      bool evaluated = false;
      ok = member(rule, name, &cursor, &required_seen, &evaluated) && ok;
      if (evaluated) mark(children.outer(), i);
      if (!ok && quick()) return false;
      name = doc_.next(doc_.next(name));
    }
  }
  // Names are unique within their object, so the number tells whether all are there.
  if (required_seen < rules.required) ok = missing_members(rule, at);
  if (!ok && quick()) return false;
  if (!rules.count.holds(count)) {
    ok = in_range(rule, rules.count, count, "minProperties", "maxProperties", "member",
                  FailureClass::kValue);
  }
  if (!ok && quick()) return false;
  return (rules.dependencies.empty() || dependencies(rule, at)) && ok;
}

bool Evaluator::member(const Rule& rule, NodeIndex name, size_t* cursor, uint32_t* required_seen,
                       bool* evaluated) {
  const ObjectRules& rules = *rule.object;
  const NodeIndex value = doc_.next(name);
  bool known = false;
  bool ok = true;
  const NameTable::Entry* entry = rules.names.find(text(name), cursor, work_.hints.data());
  if (entry != nullptr) {
    if (entry->required) ++*required_seen;
    if (entry->rule != kNoRule) {
      known = true;
      // Most members are decided by their kind: no call for them.
      const Rule& its = program_.rules[entry->rule];
      const bool decided = its.only_type && (its.kinds & kind_bit(doc_.kind(value))) != 0;
      ok = decided || check(entry->rule, value);
    }
  }
  for (const ObjectRules::PatternProperty& property : rules.patterns) {
    if (!property.pattern->found_in(text(name))) continue;
    known = true;
    ok = check(property.rule, value) && ok;
  }
  *evaluated = known || rules.additional != kNoRule;
  if (known || rules.additional == kNoRule) return ok;
  if (program_.rules[rules.additional].never) return unknown_member(rule, name);
  return check(rules.additional, value) && ok;
}

bool Evaluator::unknown_member(const Rule& rule, NodeIndex name) {
  return fail(rule, "additionalProperties", FailureClass::kDrift, [&] {
    constexpr size_t kMaxCandidates = 200;
    constexpr size_t kLongestName = 60;
    const std::string_view found = text(name);
    std::vector<std::string> known;
    for (const NameTable::Entry& entry : rule.object->names.entries()) {
      if (entry.rule != kNoRule && known.size() < kMaxCandidates) known.push_back(entry.name);
    }
    const auto near = found.size() <= kLongestName ? did_you_mean(found, known) : std::nullopt;
    return Finding{"only members the schema names", in_quotes(found),
                   near ? "; did you mean " + in_quotes(*near) + "?" : std::string()};
  });
}

bool Evaluator::member_name(const Rule& rule, NodeIndex name) {
  if (check_quietly(rule.object->property_names, name)) return true;
  return fail(rule, "propertyNames", FailureClass::kDrift, [&] {
    return Finding{"names of members to fit this schema", in_quotes(text(name))};
  });
}

bool Evaluator::missing_members(const Rule& rule, NodeIndex at) {
  if (quick()) return false;
  // One pass over the members: many names may be required of an object with many.
  const NameTable& names = rule.object->names;
  std::vector<bool> there(names.entries().size());
  size_t cursor = 0;
  NodeIndex name = doc_.first_child(at);
  for (uint32_t i = doc_.count(at); i > 0; --i, name = doc_.next(doc_.next(name))) {
    const NameTable::Entry* found = names.find(text(name), &cursor, work_.hints.data());
    if (found != nullptr) there[static_cast<size_t>(found - names.entries().data())] = true;
  }
  for (size_t i = 0; i < there.size() && !quick(); ++i) {  // quick: the report is full
    const NameTable::Entry& entry = names.entries()[i];
    if (!entry.required || there[i]) continue;
    fail(rule, "required", FailureClass::kDrift, [&] {
      return Finding{"a member " + in_quotes(entry.name), "none"};
    });
  }
  return false;
}

bool Evaluator::dependencies(const Rule& rule, NodeIndex at) {
  bool ok = true;
  for (const ObjectRules::Dependency& dependency : rule.object->dependencies) {
    if (doc_.find(at, dependency.name) == kNoNode) continue;
    for (const std::string& name : dependency.required) {
      if (doc_.find(at, name) != kNoNode) continue;
      ok = fail(rule, dependency.keyword, FailureClass::kDrift, [&] {
        return Finding{"a member " + in_quotes(name) + " beside " + in_quotes(dependency.name),
                       "none"};
      });
    }
    if (dependency.rule != kNoRule) ok = check(dependency.rule, at) && ok;
    if (!ok && quick()) return false;
  }
  return ok;
}

}  // namespace sluice::schema
