// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <utility>

#include "runtime/schema/compiler.h"
#include "runtime/schema/describe.h"

// The keywords that speak of an object's members and an array's items. A handler may enqueue
// schemas, which moves `program_.rules`: look the rule up again after that.
namespace sluice::schema {

// visit(name) for each member; its value is the node after.
template <typename Visit>
Status Compiler::each_member(NodeIndex object, std::string_view expected, Visit&& visit) {
  if (doc().kind(object) != JsonKind::kObject) return wrong(object, expected);
  NodeIndex name = doc().first_child(object);
  for (uint32_t i = doc().count(object); i > 0; --i, name = doc().next(doc().next(name))) {
    SLUICE_RETURN_IF_ERROR(visit(name));
  }
  return Status::ok();
}

Result<std::vector<std::string>> Compiler::string_list(NodeIndex value) {
  if (doc().kind(value) != JsonKind::kArray) return wrong(value, "an array of strings");
  std::vector<std::string> out;
  std::set<std::string, std::less<>> seen;
  NodeIndex element = doc().first_child(value);
  for (uint32_t i = doc().count(value); i > 0; --i, element = doc().next(element)) {
    if (doc().kind(element) != JsonKind::kString) return wrong(element, "a string");
    out.push_back(text_of(element));
    if (!seen.insert(out.back()).second) {
      return at(element, in_quotes(out.back()) + " is listed twice; remove one");
    }
  }
  return out;
}

Status Compiler::on_properties(Item& item, NodeIndex value) {
  ensure(rule(item).object);
  return each_member(value, "an object of schemas", [&](NodeIndex name) {
    const RuleIndex index = enqueue(doc().next(name), item.resource);
    rule(item).object->names.add(doc().string(name, arena_)).rule = index;
    return Status::ok();
  });
}

Status Compiler::on_required(Item& item, NodeIndex value) {
  SLUICE_ASSIGN_OR_RETURN(const auto names, string_list(value));
  ObjectRules& object = ensure(rule(item).object);
  for (const std::string& name : names) object.names.add(name).required = true;
  object.required = static_cast<uint32_t>(names.size());
  return Status::ok();
}

Status Compiler::on_pattern_properties(Item& item, NodeIndex value) {
  ensure(rule(item).object);
  return each_member(value, "an object of schemas", [&](NodeIndex name) -> Status {
    SLUICE_ASSIGN_OR_RETURN(auto compiled, pattern(name));
    const RuleIndex index = enqueue(doc().next(name), item.resource);
    rule(item).object->patterns.push_back({std::move(compiled), index});
    return Status::ok();
  });
}

// The value of `name` is a list of names or a schema; `dependentRequired` and `dependentSchemas`
// are the two halves of `dependencies` under the names of later drafts.
Status Compiler::add_dependency(Item& item, NodeIndex name, std::string_view keyword) {
  const NodeIndex needs = doc().next(name);
  ObjectRules::Dependency dependency;
  dependency.name = text_of(name);
  dependency.keyword = keyword;
  const bool names = keyword == "dependentRequired" ||
                     (keyword == "dependencies" && doc().kind(needs) == JsonKind::kArray);
  if (names) {
    SLUICE_ASSIGN_OR_RETURN(dependency.required, string_list(needs));
  } else {
    dependency.rule = enqueue(needs, item.resource);
  }
  ensure(rule(item).object).dependencies.push_back(std::move(dependency));
  return Status::ok();
}

Status Compiler::on_dependencies(Item& item, NodeIndex value) {
  return each_member(value, "an object of schemas or arrays of names",
                     [&](NodeIndex name) { return add_dependency(item, name, "dependencies"); });
}

Status Compiler::on_dependent_required(Item& item, NodeIndex value) {
  return each_member(value, "an object of arrays of names", [&](NodeIndex name) {
    return add_dependency(item, name, "dependentRequired");
  });
}

Status Compiler::on_dependent_schemas(Item& item, NodeIndex value) {
  return each_member(value, "an object of schemas", [&](NodeIndex name) {
    return add_dependency(item, name, "dependentSchemas");
  });
}

// Schemas that say nothing by themselves, yet may be referred to and must be well formed.
Status Compiler::on_definitions(Item& item, NodeIndex value) {
  return each_member(value, "an object of schemas", [&](NodeIndex name) {
    enqueue(doc().next(name), item.resource);
    return Status::ok();
  });
}

Status Compiler::on_mere_schema(Item& item, NodeIndex value) {
  enqueue(value, item.resource);
  return Status::ok();
}

Status Compiler::on_prefix_items(Item& item, NodeIndex value) {
  if (doc().kind(value) != JsonKind::kArray || doc().count(value) == 0) {
    return wrong(value, "an array of at least one schema");
  }
  NodeIndex element = doc().first_child(value);
  for (uint32_t i = doc().count(value); i > 0; --i, element = doc().next(element)) {
    const RuleIndex index = enqueue(element, item.resource);
    ensure(rule(item).array).tuple.push_back(index);
  }
  return Status::ok();
}

Status Compiler::on_items(Item& item, NodeIndex value) {
  if (doc().kind(value) != JsonKind::kArray) {
    const RuleIndex index = enqueue(value, item.resource);
    ensure(rule(item).array).items = index;
    return Status::ok();
  }
  if (dialect(item).draft == kDraft2020) {
    return wrong(value, "a schema (schemas by position stand under \"prefixItems\")");
  }
  if (doc().count(value) == 0) return wrong(value, "a schema or an array of at least one schema");
  return on_prefix_items(item, value);
}

Status Compiler::on_additional_items(Item& item, NodeIndex value) {
  const RuleIndex index = enqueue(value, item.resource);
  // Without a tuple the keyword says nothing.
  if (!rule(item).array || rule(item).array->tuple.empty()) return Status::ok();
  rule(item).array->items = index;
  rule(item).array->items_keyword = "additionalItems";
  return Status::ok();
}

Status Compiler::on_contains(Item& item, NodeIndex value) {
  const RuleIndex index = enqueue(value, item.resource);
  ensure(rule(item).array).contains = index;
  rule(item).array->contains_evaluates = dialect(item).draft == kDraft2020;
  return Status::ok();
}

Status Compiler::on_unique_items(Item& item, NodeIndex value) {
  SLUICE_RETURN_IF_ERROR(on_boolean(item, value));
  ensure(rule(item).array).unique = doc().kind(value) == JsonKind::kTrue;
  return Status::ok();
}

}  // namespace sluice::schema
