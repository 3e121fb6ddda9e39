// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "runtime/base/text.h"
#include "runtime/schema/compiler.h"
#include "runtime/schema/describe.h"

// The keywords that speak of an object's members. A handler may enqueue schemas, which moves
// `program_.rules`: look the rule up again after that.
namespace sluice::schema {

Status Compiler::on_properties(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kObject) {
    return wrong(keyword_pointer_, "an object of schemas", value);
  }
  ensure(rule(item).object);
  NodeIndex name = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, name = doc_.next(doc_.next(name))) {
    const RuleIndex index = enqueue(doc_.next(name), member_pointer(name), item.resource);
    rule(item).object->names.add(doc_.string(name, arena_)).rule = index;
  }
  return Status::ok();
}

Status Compiler::on_required(Item& item, NodeIndex value) {
  SLUICE_ASSIGN_OR_RETURN(const auto names, string_list(value, keyword_pointer_));
  ObjectRules& object = ensure(rule(item).object);
  for (const std::string& name : names) object.names.add(name).required = true;
  object.required = static_cast<uint32_t>(names.size());
  return Status::ok();
}

Status Compiler::on_pattern_properties(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kObject) {
    return wrong(keyword_pointer_, "an object of schemas", value);
  }
  ensure(rule(item).object);
  NodeIndex name = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, name = doc_.next(doc_.next(name))) {
    auto pattern = compile_pattern(doc_.string(name, arena_));
    if (!pattern) {
      return at(member_pointer(name), "the pattern " + in_quotes(text_of(name)) +
                                          " cannot be used: " + pattern.status().message());
    }
    const RuleIndex index = enqueue(doc_.next(name), member_pointer(name), item.resource);
    rule(item).object->patterns.push_back({std::move(*pattern), index});
  }
  return Status::ok();
}

Status Compiler::on_dependencies(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kObject) {
    return wrong(keyword_pointer_, "an object of schemas or arrays of names", value);
  }
  NodeIndex name = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, name = doc_.next(doc_.next(name))) {
    const NodeIndex needs = doc_.next(name);
    ObjectRules::Dependency dependency;
    dependency.name = text_of(name);
    dependency.keyword = "dependencies";
    if (doc_.kind(needs) == JsonKind::kArray) {
      SLUICE_ASSIGN_OR_RETURN(dependency.required, string_list(needs, member_pointer(name)));
    } else {
      dependency.rule = enqueue(needs, member_pointer(name), item.resource);
    }
    ensure(rule(item).object).dependencies.push_back(std::move(dependency));
  }
  return Status::ok();
}

// The two halves of `dependencies` under the names of later drafts.
Status Compiler::on_dependent_required(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kObject) {
    return wrong(keyword_pointer_, "an object of arrays of names", value);
  }
  NodeIndex name = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, name = doc_.next(doc_.next(name))) {
    ObjectRules::Dependency dependency;
    dependency.name = text_of(name);
    dependency.keyword = "dependentRequired";
    SLUICE_ASSIGN_OR_RETURN(dependency.required,
                            string_list(doc_.next(name), member_pointer(name)));
    ensure(rule(item).object).dependencies.push_back(std::move(dependency));
  }
  return Status::ok();
}

Status Compiler::on_dependent_schemas(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kObject) {
    return wrong(keyword_pointer_, "an object of schemas", value);
  }
  NodeIndex name = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, name = doc_.next(doc_.next(name))) {
    ObjectRules::Dependency dependency;
    dependency.name = text_of(name);
    dependency.keyword = "dependentSchemas";
    dependency.rule = enqueue(doc_.next(name), member_pointer(name), item.resource);
    ensure(rule(item).object).dependencies.push_back(std::move(dependency));
  }
  return Status::ok();
}

Status Compiler::on_definitions(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kObject) {
    return wrong(keyword_pointer_, "an object of schemas", value);
  }
  NodeIndex name = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, name = doc_.next(doc_.next(name))) {
    enqueue(doc_.next(name), member_pointer(name), item.resource);
  }
  return Status::ok();
}

}  // namespace sluice::schema
