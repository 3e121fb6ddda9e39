// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "runtime/schema/compiler.h"
#include "runtime/schema/describe.h"

// What happens once every schema object has its rule: references are short-circuited, and schemas
// that would call themselves for ever on one value are refused.
namespace sluice::schema {
namespace {

template <typename Function>
void for_each_link(Rule& rule, Function&& visit) {
  if (rule.array) {
    for (RuleIndex& index : rule.array->tuple) visit(index);
    visit(rule.array->items);
    visit(rule.array->contains);
  }
  if (rule.object) {
    for (auto& property : rule.object->patterns) visit(property.rule);
    for (auto& dependency : rule.object->dependencies) visit(dependency.rule);
    visit(rule.object->additional);
    visit(rule.object->property_names);
    rule.object->names.for_each_rule(visit);
  }
  if (rule.combined) {
    Combinators& c = *rule.combined;
    for (auto* list : {&c.all_of, &c.any_of, &c.one_of}) {
      for (RuleIndex& index : *list) visit(index);
    }
    for (RuleIndex* index : {&c.none, &c.condition, &c.consequence, &c.alternative}) visit(*index);
  }
}

// The rules that look at the same value as this one.
std::vector<RuleIndex> in_place(const Rule& rule) {
  std::vector<RuleIndex> out;
  const auto add = [&out](RuleIndex index) {
    if (index != kNoRule) out.push_back(index);
  };
  if (rule.combined) {
    const Combinators& c = *rule.combined;
    for (const auto* list : {&c.all_of, &c.any_of, &c.one_of}) {
      for (const RuleIndex index : *list) add(index);
    }
    for (const RuleIndex index : {c.none, c.condition, c.consequence, c.alternative}) add(index);
  }
  if (rule.object) {
    for (const auto& dependency : rule.object->dependencies) add(dependency.rule);
  }
  return out;
}

}  // namespace

Status Compiler::follow_references() {
  std::vector<RuleIndex> final_of(program_.rules.size(), kNoRule);
  std::vector<RuleIndex> path;
  for (RuleIndex i = 0; i < final_of.size(); ++i) {
    RuleIndex to = i;
    path.clear();
    while (final_of[to] == kNoRule && target_of_[to] != kNoRule) {
      if (path.size() > final_of.size()) {
        return at(program_.rules[i].pointer + "/$ref",
                  "the reference leads in a circle and never reaches a schema");
      }
      path.push_back(to);
      to = target_of_[to];
    }
    if (final_of[to] != kNoRule) to = final_of[to];
    final_of[to] = to;
    for (const RuleIndex passed : path) final_of[passed] = to;
  }
  for (Rule& one : program_.rules) {
    for_each_link(one, [&final_of](RuleIndex& index) {
      if (index != kNoRule) index = final_of[index];
    });
  }
  program_.root = final_of[0];
  return Status::ok();
}

Status Compiler::refuse_loops() const {
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  struct Frame {
    RuleIndex rule;
    std::vector<RuleIndex> links;
    size_t next = 0;
  };
  std::vector<Mark> marks(program_.rules.size(), Mark::kNew);
  std::vector<Frame> stack;
  for (RuleIndex start = 0; start < marks.size(); ++start) {
    if (marks[start] != Mark::kNew) continue;
    marks[start] = Mark::kOpen;
    stack.push_back({start, in_place(program_.rules[start])});
    while (!stack.empty()) {
      Frame& top = stack.back();
      if (top.next == top.links.size()) {
        marks[top.rule] = Mark::kDone;
        stack.pop_back();
        continue;
      }
      const RuleIndex next = top.links[top.next++];
      if (marks[next] == Mark::kOpen) {
        return at(program_.rules[top.rule].pointer,
                  "this schema comes back to " + describe_place(program_.rules[next].pointer) +
                      " for the same value, without end; a schema may refer to itself only for a "
                      "member or an item");
      }
      if (marks[next] == Mark::kNew) {
        marks[next] = Mark::kOpen;
        stack.push_back({next, in_place(program_.rules[next])});
      }
    }
  }
  return Status::ok();
}

}  // namespace sluice::schema
