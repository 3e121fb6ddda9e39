// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <utility>

#include "runtime/schema/compiler.h"
#include "runtime/schema/describe.h"
#include "runtime/schema/uri.h"

// Where references lead, and what happens once every schema object has its rule: references are
// short-circuited, and schemas that would call themselves for ever on one value are refused.
namespace sluice::schema {
namespace {

std::string unescape_token(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

template <typename Function>
void for_each_link(Rule& rule, Function&& visit) {
  if (rule.array) {
    for (RuleIndex& index : rule.array->tuple) visit(index);
    for (RuleIndex* index : {&rule.array->items, &rule.array->contains, &rule.array->unevaluated}) {
      visit(*index);
    }
  }
  if (rule.object) {
    ObjectRules& o = *rule.object;
    for (auto& property : o.patterns) visit(property.rule);
    for (auto& dependency : o.dependencies) visit(dependency.rule);
    for (RuleIndex* index : {&o.additional, &o.property_names, &o.unevaluated}) visit(*index);
    o.names.for_each_rule(visit);
  }
  if (rule.combined) {
    Combinators& c = *rule.combined;
    for (auto* list : {&c.all_of, &c.any_of, &c.one_of}) {
      for (RuleIndex& index : *list) visit(index);
    }
    for (RuleIndex* index : {&c.none, &c.condition, &c.consequence, &c.alternative}) visit(*index);
    for (auto& choice : c.dynamic) visit(choice.rule);
  }
}

// The rules that look at the same value as this one, whatever the value.
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
    // Of a dynamic reference only the target it has by itself: which of the others is met depends
    // on the way there, and a circle among them ends at the evaluator's bounds.
    if (!c.dynamic.empty()) add(c.dynamic.back().rule);
  }
  if (rule.object) {
    for (const auto& dependency : rule.object->dependencies) add(dependency.rule);
  }
  return out;
}

}  // namespace

Status Compiler::resolve(const Reference& reference) {
  const size_t known = resources_.size();
  SLUICE_ASSIGN_OR_RETURN(const Target target, locate(reference));
  if (resources_.size() != known) {
    // A file was read for it; look again when its own names are known.
    references_.push_back(reference);
    return Status::ok();
  }
  const RuleIndex to = enqueue(target.spot, target.resource);
  target_of_[reference.from] = to;
  reference_of_[reference.from] = reference.spot;
  if (reference.kind == Reference::Kind::kDynamic && target.by_dynamic_anchor) {
    std::string_view fragment;
    const std::string text = text_of(reference.spot.node);
    split_fragment(text, &fragment);
    dynamic_references_.push_back({reference.from, std::string(fragment)});
  }
  if (reference.kind == Reference::Kind::kRecursive &&
      anchors_.contains({target.resource, "$recursiveAnchor"})) {
    dynamic_references_.push_back({reference.from, "$recursiveAnchor"});
  }
  return Status::ok();
}

Result<Compiler::Target> Compiler::locate(const Reference& reference) {
  const std::string text = text_of(reference.spot.node);
  const std::string subject = "the reference " + in_quotes(text) + " ";
  std::string_view encoded;
  const std::string_view uri = split_fragment(text, &encoded);
  const auto fragment = percent_decode(encoded);
  if (!fragment) {
    return at(reference.spot, subject + "has a '%' that needs two hexadecimal digits");
  }
  ResourceIndex resource = reference.resource;
  if (!uri.empty()) {
    const std::string whole = resolve_uri(resources_[resource].uri, uri);
    const auto known = resource_of_uri_.find(whole);
    if (known != resource_of_uri_.end()) {
      resource = known->second;
    } else {
      const size_t before = resources_.size();
      auto read = resource_of(whole);
      if (!read) return at(reference.spot, subject + read.status().message());
      resource = *read;
      if (resources_.size() != before) return Target{};
    }
  }
  return walk(reference, resource, *fragment);
}

// The member or element a token names, or kNoNode.
NodeIndex Compiler::step(Spot from, const std::string& token) const {
  const Document& doc = sources_.at(from.document).document;
  if (doc.kind(from.node) == JsonKind::kObject) return member(from, token);
  if (doc.kind(from.node) != JsonKind::kArray) return kNoNode;
  uint32_t index = 0;
  const auto [stop, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool number = error == std::errc{} && stop == token.data() + token.size();
  if (!number || index >= doc.count(from.node)) return kNoNode;
  NodeIndex next = doc.first_child(from.node);
  for (; index > 0; --index) next = doc.next(next);
  return next;
}

// Thousands of references into one large `definitions` must not each look through all of it.
NodeIndex Compiler::member(Spot object, const std::string& name) const {
  constexpr uint32_t kFewMembers = 16;
  const Document& doc = sources_.at(object.document).document;
  const uint32_t count = doc.count(object.node);
  if (count <= kFewMembers) return doc.find(object.node, name);
  auto& members = members_of_[object];
  if (members.empty()) {
    NodeIndex at = doc.first_child(object.node);
    for (uint32_t i = 0; i < count; ++i, at = doc.next(doc.next(at))) {
      members.emplace(doc.string(at, arena_), doc.next(at));
    }
  }
  const auto found = members.find(name);
  return found == members.end() ? kNoNode : found->second;
}

Result<Compiler::Target> Compiler::walk(const Reference& reference, ResourceIndex resource,
                                        std::string_view fragment) const {
  const auto missing = [&](std::string_view what) {
    return at(reference.spot, "the reference " + in_quotes(text_of(reference.spot.node)) +
                                  " finds nothing: " + std::string(what));
  };
  Target target{resources_[resource].root, resource};
  if (!fragment.empty() && fragment.front() != '/') {
    const auto anchor = anchors_.find({resource, std::string(fragment)});
    if (anchor == anchors_.end()) {
      return missing("no schema there has the $anchor (in older drafts the $id \"#...\") it names");
    }
    return anchor->second;
  }
  while (!fragment.empty()) {
    fragment.remove_prefix(1);
    const size_t end = fragment.find('/');
    const std::string token = unescape_token(fragment.substr(0, end));
    fragment = end == std::string_view::npos ? std::string_view() : fragment.substr(end);
    target.spot.node = step(target.spot, token);
    if (target.spot.node == kNoNode) return missing("there is no " + in_quotes(token));
    const auto inner = resource_at_.find(target.spot);
    if (inner != resource_at_.end()) target.resource = inner->second;
  }
  return target;
}

void Compiler::settle_dynamic_references() {
  for (const DynamicReference& reference : dynamic_references_) {
    const auto& carriers = dynamic_anchors_[reference.anchor];
    // With one carrier every way leads there.
    if (carriers.size() < 2) continue;
    program_.dynamic = true;
    auto& choices = ensure(program_.rules[reference.from].combined).dynamic;
    for (const auto& [resource, rule] : carriers) choices.push_back({resource, rule});
    choices.push_back({UINT32_MAX, target_of_[reference.from]});
    target_of_[reference.from] = kNoRule;
  }
  if (!program_.dynamic) return;
  // Which resources were passed counts now, so no reference may be taken for its target.
  for (RuleIndex i = 0; i < target_of_.size(); ++i) {
    if (target_of_[i] == kNoRule) continue;
    ensure(program_.rules[i].combined).all_of.push_back(target_of_[i]);
    target_of_[i] = kNoRule;
  }
}

Status Compiler::follow_references() {
  std::vector<RuleIndex> final_of(program_.rules.size(), kNoRule);
  std::vector<RuleIndex> path;
  for (RuleIndex i = 0; i < final_of.size(); ++i) {
    RuleIndex to = i;
    path.clear();
    while (final_of[to] == kNoRule && target_of_[to] != kNoRule) {
      if (path.size() > final_of.size()) {
        return at(reference_of_[i], "the reference leads in a circle and never reaches a schema");
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
  for (Rule& one : program_.rules) {
    finish(one);
    if (one.object) program_.hints = one.object->names.take_hints(program_.hints);
  }
  return Status::ok();
}

Status Compiler::refuse_loops() const {
  enum class Mark : uint8_t { kNew, kOpen, kDone };
  struct Frame {
    RuleIndex rule;
    std::vector<RuleIndex> links;
    size_t next = 0;
  };
  const auto spot_of = [this](RuleIndex index) {
    return Spot{program_.rules[index].document, program_.rules[index].node};
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
        return at(spot_of(top.rule),
                  "this schema comes back to the one " + place(spot_of(next)) +
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
