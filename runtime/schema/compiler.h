// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/schema/program.h"

namespace sluice::schema {

// Checks a parsed draft-07 schema against the rules of its metaschema and turns it into a Program.
// Works through a list of schema objects, never by recursion, so nothing in the file can exhaust
// the stack. One object a schema; errors begin with the place, "at /properties/id: ...".
class Compiler {
 public:
  explicit Compiler(const Document& document) : doc_(document) {}

  Result<Program> run();

 private:
  // A schema object that waits to be compiled. `resource` is the nearest enclosing object with its
  // own `$id`, against which references inside are resolved.
  struct Item {
    RuleIndex rule = 0;
    NodeIndex node = 0;
    std::string pointer;
    NodeIndex resource = 0;
  };
  struct Reference {
    RuleIndex from = 0;
    std::string text;
    std::string pointer;
    NodeIndex resource = 0;
  };
  struct Resource {
    std::string uri;  // empty if it has none
    std::string pointer;
  };
  struct Target {
    NodeIndex node = 0;
    std::string pointer;
    NodeIndex resource = 0;
  };
  using Handler = Status (Compiler::*)(Item&, NodeIndex);
  struct Keyword {
    std::string_view name;
    Handler handler;
  };
  static const std::vector<Keyword>& keywords();

  // compiler.cc: the list, references, cycles.
  RuleIndex enqueue(NodeIndex node, std::string pointer, NodeIndex resource);
  Status compile(Item item);
  Status note_id(Item& item, NodeIndex value);
  Status check_dialect();
  Status resolve(const Reference& reference);
  Result<Target> locate(const Reference& reference) const;
  Result<Target> walk(const Reference& reference, NodeIndex resource,
                      std::string_view fragment) const;
  Status follow_references();
  Status refuse_loops() const;
  [[nodiscard]] std::string resolve_uri(NodeIndex resource, std::string_view uri) const;

  // keywords.cc
  Status on_type(Item& item, NodeIndex value);
  Status on_enum(Item& item, NodeIndex value);
  Status on_const(Item& item, NodeIndex value);
  Status on_properties(Item& item, NodeIndex value);
  Status on_required(Item& item, NodeIndex value);
  Status on_pattern_properties(Item& item, NodeIndex value);
  Status on_dependencies(Item& item, NodeIndex value);
  Status on_dependent_required(Item& item, NodeIndex value);
  Status on_dependent_schemas(Item& item, NodeIndex value);
  Status on_definitions(Item& item, NodeIndex value);
  Status on_items(Item& item, NodeIndex value);
  Status on_additional_items(Item& item, NodeIndex value);
  Status on_unique_items(Item& item, NodeIndex value);
  Status on_pattern(Item& item, NodeIndex value);
  Status on_format(Item& item, NodeIndex value);
  Status on_multiple_of(Item& item, NodeIndex value);
  Status on_string(Item& item, NodeIndex value);
  Status on_boolean(Item& item, NodeIndex value);
  Status on_array(Item& item, NodeIndex value);
  Status on_later_draft(Item& item, NodeIndex value);
  template <auto Group, auto Member>
  Status on_limit(Item& item, NodeIndex value);
  template <auto Group, auto Range, auto End>
  Status on_count(Item& item, NodeIndex value);
  template <auto Group, auto Member>
  Status on_schema(Item& item, NodeIndex value);
  template <auto Member>
  Status on_schema_list(Item& item, NodeIndex value);

  Result<std::vector<std::string>> string_list(NodeIndex value, const std::string& where);
  Result<uint64_t> count(NodeIndex value) const;
  void allow(Rule& rule, NodeIndex value);

  // "expected X, found Y" at the place.
  [[nodiscard]] Status wrong(std::string_view where, std::string_view expected,
                             NodeIndex found) const;
  [[nodiscard]] static Status at(std::string_view where, std::string_view text);
  [[nodiscard]] std::string member_pointer(NodeIndex name) const;
  [[nodiscard]] std::string text_of(NodeIndex string_node) const;
  [[nodiscard]] Rule& rule(const Item& item) { return program_.rules[item.rule]; }

  const Document& doc_;
  mutable Arena arena_;  // decoded strings, for the time of the run
  Program program_;
  std::deque<Item> queue_;
  std::unordered_map<NodeIndex, RuleIndex> rule_of_;
  std::deque<Reference> references_;
  std::vector<RuleIndex> target_of_;  // per rule: what its $ref leads to, or kNoRule
  std::unordered_map<NodeIndex, Resource> resources_;
  std::map<std::string, NodeIndex, std::less<>> resource_of_uri_;
  std::map<std::pair<NodeIndex, std::string>, Target> anchors_;
  std::string keyword_pointer_;  // where the handler being run looks
};

}  // namespace sluice::schema
