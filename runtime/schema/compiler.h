// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/schema/dialect.h"
#include "runtime/schema/program.h"
#include "runtime/schema/sources.h"
#include "runtime/schema/validator.h"

namespace sluice::schema {

// Checks a schema against the rules of its dialect's metaschema and turns it, with all it refers
// to, into a Program. Works through a list of schema objects, never by recursion, so nothing in a
// file can exhaust the stack. One object a schema; errors begin with the place: "at
// /properties/id: ...", or "in common.json at /properties/id: ...".
class Compiler {
 public:
  // Document 0 of `sources` is the schema; the others are read into it as they are referred to.
  Compiler(SchemaSources& sources, SchemaOptions::Formats formats, Dialect dialect)
      : sources_(sources), formats_(formats), default_dialect_(dialect) {}

  // The program still lacks its documents: the caller moves them from the sources into it.
  Result<Program> run();

 private:
  using ResourceIndex = uint32_t;
  // A value in one of the files.
  struct Spot {
    uint32_t document = 0;
    NodeIndex node = 0;
    auto operator<=>(const Spot&) const = default;
  };
  struct SpotHash {
    size_t operator()(const Spot& spot) const {
      return (static_cast<size_t>(spot.document) << 32U) ^ spot.node;
    }
  };
  // A schema with a URI of its own: references inside it are seen from there, its anchors are its
  // own, and it may have its own dialect.
  struct Resource {
    std::string uri;  // empty if it has none
    Spot root;
    Dialect dialect;
  };
  // A schema object that waits to be compiled.
  struct Item {
    RuleIndex rule = 0;
    Spot spot;
    ResourceIndex resource = 0;
  };
  struct Reference {
    enum class Kind { kPlain, kDynamic, kRecursive };
    RuleIndex from = 0;
    Spot spot;  // of the text
    ResourceIndex resource = 0;
    Kind kind = Kind::kPlain;
  };
  struct Target {
    Spot spot;
    ResourceIndex resource = 0;
    bool by_dynamic_anchor = false;
  };
  // A reference whose target depends on the schemas evaluation came through.
  struct DynamicReference {
    RuleIndex from = 0;
    std::string anchor;
  };
  using Handler = Status (Compiler::*)(Item&, NodeIndex);
  struct Keyword {
    std::string_view name;
    uint8_t drafts;
    uint8_t vocabulary;
    Handler handler;
  };
  static const std::vector<Keyword>& keywords();

  // compiler.cc: the list, resources, dialects.
  RuleIndex enqueue(NodeIndex node, ResourceIndex resource);
  RuleIndex enqueue(Spot spot, ResourceIndex resource);
  RuleIndex new_rule(Spot spot, ResourceIndex resource);
  Status compile(Item item);
  Status compile_keywords(Item& item);
  Status note_identity(Item& item);
  Status note_id(Item& item, NodeIndex value);
  Status note_anchors(Item& item);
  Status add_anchor(const Item& item, NodeIndex at, std::string name, bool dynamic);
  Status own_dialect(const Item& item, bool is_root, Dialect* dialect);
  Result<Dialect> dialect_of(const std::string& uri, NodeIndex at);
  Result<ResourceIndex> resource_of(const std::string& uri);
  bool only_a_reference(const Item& item) const;
  Status note_references(Item& item);

  // references.cc: where references lead, circles.
  Status resolve(const Reference& reference);
  Result<Target> locate(const Reference& reference);
  Result<Target> walk(const Reference& reference, ResourceIndex resource,
                      std::string_view fragment) const;
  NodeIndex step(Spot from, const std::string& token) const;
  NodeIndex member(Spot object, const std::string& name) const;
  void settle_dynamic_references();
  Status follow_references();
  Status refuse_loops() const;

  // keywords.cc
  Status on_type(Item& item, NodeIndex value);
  Status on_enum(Item& item, NodeIndex value);
  Status on_const(Item& item, NodeIndex value);
  Status on_pattern(Item& item, NodeIndex value);
  Status on_format(Item& item, NodeIndex value);
  Status on_multiple_of(Item& item, NodeIndex value);
  Status on_string(Item& item, NodeIndex value);
  Status on_boolean(Item& item, NodeIndex value);
  Status on_array(Item& item, NodeIndex value);
  Status on_later_draft(Item& item, NodeIndex value);
  template <auto End, auto ExclusiveEnd>
  Status on_exclusive(Item& item, NodeIndex value);
  template <auto Group, auto Member>
  Status on_limit(Item& item, NodeIndex value);
  template <auto Group, auto Range, auto End>
  Status on_count(Item& item, NodeIndex value);
  template <auto Group, auto Member>
  Status on_schema(Item& item, NodeIndex value);
  template <auto Member>
  Status on_schema_list(Item& item, NodeIndex value);

  // keywords_containers.cc
  Status on_properties(Item& item, NodeIndex value);
  Status on_required(Item& item, NodeIndex value);
  Status on_pattern_properties(Item& item, NodeIndex value);
  Status on_dependencies(Item& item, NodeIndex value);
  Status on_dependent_required(Item& item, NodeIndex value);
  Status on_dependent_schemas(Item& item, NodeIndex value);
  Status on_definitions(Item& item, NodeIndex value);
  Status on_mere_schema(Item& item, NodeIndex value);
  Status on_items(Item& item, NodeIndex value);
  Status on_prefix_items(Item& item, NodeIndex value);
  Status on_additional_items(Item& item, NodeIndex value);
  Status on_contains(Item& item, NodeIndex value);
  Status on_unique_items(Item& item, NodeIndex value);
  Status add_dependency(Item& item, NodeIndex name, std::string_view keyword);
  template <typename Visit>
  Status each_member(NodeIndex object, std::string_view expected, Visit&& visit);

  Result<std::vector<std::string>> string_list(NodeIndex value);
  Result<uint64_t> count(NodeIndex value) const;
  Result<std::shared_ptr<const Pattern>> pattern(NodeIndex text);
  void allow(Rule& rule, NodeIndex value);

  // "expected X, found Y" at a value of the document being compiled.
  [[nodiscard]] Status wrong(NodeIndex value, std::string_view expected) const;
  [[nodiscard]] Status at(NodeIndex value, std::string_view text) const;
  [[nodiscard]] Status at(Spot spot, std::string_view text) const;
  [[nodiscard]] std::string place(Spot spot) const;
  [[nodiscard]] std::string text_of(NodeIndex string_node) const;
  [[nodiscard]] Rule& rule(const Item& item) { return program_.rules[item.rule]; }
  [[nodiscard]] const Dialect& dialect(const Item& item) const {
    return resources_[item.resource].dialect;
  }
  [[nodiscard]] const Document& doc() const { return *doc_; }
  void look_at(uint32_t document);

  SchemaSources& sources_;
  const SchemaOptions::Formats formats_;
  const Dialect default_dialect_;
  uint32_t document_ = 0;          // whose values the handlers are given
  const Document* doc_ = nullptr;  // the same, parsed
  mutable Arena arena_;            // decoded strings, for the time of the run
  Program program_;
  std::deque<Item> queue_;
  std::unordered_map<Spot, RuleIndex, SpotHash> rule_of_;
  std::deque<Reference> references_;
  std::vector<RuleIndex> target_of_;  // per rule: what its $ref leads to, or kNoRule
  std::vector<Spot> reference_of_;    // per rule: that $ref
  std::vector<Resource> resources_;
  std::unordered_map<Spot, ResourceIndex, SpotHash> resource_at_;
  std::map<std::string, ResourceIndex, std::less<>> resource_of_uri_;
  std::map<std::pair<ResourceIndex, std::string>, Target> anchors_;
  // Of large objects that references lead through.
  mutable std::unordered_map<Spot, std::unordered_map<std::string_view, NodeIndex>, SpotHash>
      members_of_;
  // By name: the rules that carry it, each with its resource.
  std::map<std::string, std::vector<std::pair<ResourceIndex, RuleIndex>>> dynamic_anchors_;
  std::vector<DynamicReference> dynamic_references_;
  std::unordered_map<std::string, std::shared_ptr<const Pattern>> patterns_;
  uint64_t pattern_size_ = 0;
};

}  // namespace sluice::schema
