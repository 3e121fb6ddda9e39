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
#include "runtime/schema/dialect.h"
#include "runtime/schema/evolve/shape.h"

namespace sluice::schema {

// Turns a parsed schema into a ShapeGraph through a list, never by recursion. One object a schema.
class ShapeReader {
 public:
  ShapeReader(const Document& document, const SchemaOptions& options)
      : doc_(document), options_(options) {}
  Result<ShapeGraph> run();

 private:
  // A schema that waits. `resource`: the nearest object around it with an `$id` of its own.
  struct Item {
    ShapeIndex shape = 0;
    NodeIndex node = 0;
    NodeIndex resource = 0;
  };
  struct Reference {
    ShapeIndex from = 0;
    NodeIndex node = 0;  // the string
    NodeIndex resource = 0;
    bool alone = true;  // nothing else constrains the value
  };
  using Handler = Status (ShapeReader::*)(const Item&, NodeIndex);
  struct Keyword {
    std::string_view name;
    uint8_t drafts;  // that know it; elsewhere it means nothing
    Handler handler;
  };
  static const std::vector<Keyword>& keywords();

  // shape_reader.cc
  Status read_dialect();
  ShapeIndex enqueue(NodeIndex node, NodeIndex resource);
  Status read(Item item);
  Status read_references(const Item& item);
  void note_names(Item& item);
  [[nodiscard]] Status wrong(NodeIndex node, std::string_view expected) const;
  [[nodiscard]] Status at(NodeIndex node, std::string_view text) const;
  [[nodiscard]] std::string text_of(NodeIndex node) const;
  [[nodiscard]] std::string pointer_of(NodeIndex node) const;
  [[nodiscard]] Shape& shape(const Item& item) { return graph_.shapes[item.shape]; }

  // shape_references.cc
  Status resolve(const Reference& reference);
  [[nodiscard]] Result<NodeIndex> walk(const Reference& reference, NodeIndex from,
                                       std::string_view fragment) const;
  [[nodiscard]] std::string absolute(NodeIndex resource, std::string_view uri) const;
  Status follow_aliases();

  // shape_keywords.cc
  Status on_type(const Item& item, NodeIndex value);
  Status on_enum(const Item& item, NodeIndex value);
  Status on_const(const Item& item, NodeIndex value);
  Status on_default(const Item& item, NodeIndex value);
  Status on_properties(const Item& item, NodeIndex value);
  Status on_required(const Item& item, NodeIndex value);
  Status on_pattern_properties(const Item& item, NodeIndex value);
  Status on_dependencies(const Item& item, NodeIndex value);
  Status on_items(const Item& item, NodeIndex value);
  Status on_prefix_items(const Item& item, NodeIndex value);
  Status on_additional_items(const Item& item, NodeIndex value);
  Status on_unique_items(const Item& item, NodeIndex value);
  Status on_multiple_of(const Item& item, NodeIndex value);
  template <bool Upper, bool Exclusive>
  Status on_bound(const Item& item, NodeIndex value);
  template <auto Bound>
  Status on_exclusive_flag(const Item& item, NodeIndex value);
  template <auto Range, auto End>
  Status on_count(const Item& item, NodeIndex value);
  template <auto Member>
  Status on_text(const Item& item, NodeIndex value);
  template <auto Member>
  Status on_schema(const Item& item, NodeIndex value);
  template <auto Member>
  Status on_list(const Item& item, NodeIndex value);
  void add_value(Shape& to, NodeIndex value);

  const Document& doc_;
  const SchemaOptions& options_;
  mutable Arena arena_;
  ShapeGraph graph_;
  Dialect dialect_;
  std::deque<Item> queue_;
  std::deque<Reference> references_;
  std::unordered_map<NodeIndex, ShapeIndex> shape_of_;
  std::vector<ShapeIndex> alias_of_;  // per shape: what stands for it, or kNoShape
  std::unordered_map<NodeIndex, std::string> uri_of_;
  std::map<std::string, NodeIndex, std::less<>> resource_of_;
  std::map<std::pair<NodeIndex, std::string>, NodeIndex> anchors_;
  std::unordered_map<NodeIndex, NodeIndex> resource_at_;  // of every schema that was read
  std::map<std::string, uint32_t> dynamic_anchors_;       // how often each name is given
};

}  // namespace sluice::schema
