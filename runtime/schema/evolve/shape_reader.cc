// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/evolve/shape_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/base/text.h"
#include "runtime/record/pointer.h"
#include "runtime/schema/describe.h"
#include "runtime/schema/evolve/shape.h"

namespace sluice::schema {
namespace {

constexpr uint64_t kMaxBytes = 16ULL << 20;
constexpr uint32_t kMaxDepth = 256;
constexpr size_t kMaxShapes = 50'000;

}  // namespace

std::string ShapeReader::text_of(NodeIndex node) const {
  return std::string(doc_.string(node, arena_));
}

// Errors are rare, so places are found when they are needed instead of being kept for every schema.
std::string ShapeReader::pointer_of(NodeIndex node) const {
  std::string pointer;
  NodeIndex at = Document::root();
  while (at != node && doc_.kind(at) >= JsonKind::kArray) {
    const bool object = doc_.kind(at) == JsonKind::kObject;
    NodeIndex child = doc_.first_child(at);
    NodeIndex next = kNoNode;
    for (uint32_t i = 0; i < doc_.count(at); ++i) {
      const NodeIndex value = object ? doc_.next(child) : child;
      if (node >= child && node < doc_.next(value)) {
        append_pointer_token(pointer, object ? text_of(child) : std::to_string(i));
        next = value;
        break;
      }
      child = doc_.next(value);
    }
    if (next == kNoNode || node < next) break;  // the root, or a member's name
    at = next;
  }
  return pointer;
}

Status ShapeReader::at(NodeIndex node, std::string_view text) const {
  return invalid("at " + describe_place(pointer_of(node)) + ": " + std::string(text));
}

Status ShapeReader::wrong(NodeIndex node, std::string_view expected) const {
  return at(node, "expected " + std::string(expected) + ", found " + describe_value(doc_, node));
}

ShapeIndex ShapeReader::enqueue(NodeIndex node, NodeIndex resource) {
  const auto [at, added] =
      shape_of_.try_emplace(node, static_cast<ShapeIndex>(graph_.shapes.size()));
  if (added) {
    graph_.shapes.emplace_back().node = node;
    alias_of_.push_back(kNoShape);
    queue_.push_back({at->second, node, resource});
  }
  return at->second;
}

Status ShapeReader::read_dialect() {
  const bool object = doc_.kind(Document::root()) == JsonKind::kObject;
  const NodeIndex own = object ? doc_.find(Document::root(), "$schema") : kNoNode;
  if (own != kNoNode) {
    if (doc_.kind(own) != JsonKind::kString) return wrong(own, "a string");
    const auto known = find_dialect(text_of(own));
    if (!known) {
      return at(own, "expected " + list_dialects() + ", found " + in_quotes(text_of(own)) +
                         ": schemas of other dialects cannot be compared");
    }
    dialect_ = *known;
  } else if (!options_.dialect.empty()) {
    auto known = find_dialect_by_name(options_.dialect);
    if (!known) known = find_dialect(options_.dialect);
    if (!known) return invalid("the dialect " + in_quotes(options_.dialect) + " is not known");
    dialect_ = *known;
  }
  graph_.asserts_format =
      options_.formats == SchemaOptions::Formats::kAssert ||
      (options_.formats == SchemaOptions::Formats::kDialectDefault && dialect_.before_2019());
  return Status::ok();
}

Result<ShapeGraph> ShapeReader::run() {
  SLUICE_RETURN_IF_ERROR(read_dialect());
  uri_of_[Document::root()] = "";
  enqueue(Document::root(), Document::root());
  while (!queue_.empty() || !references_.empty()) {
    if (graph_.shapes.size() > kMaxShapes) {
      return invalid("the file holds more than 50,000 schemas, too many to compare");
    }
    // References wait until every `$id` that the file shows has been seen.
    if (queue_.empty()) {
      const Reference reference = references_.front();
      references_.pop_front();
      SLUICE_RETURN_IF_ERROR(resolve(reference));
      continue;
    }
    const Item item = queue_.front();
    queue_.pop_front();
    SLUICE_RETURN_IF_ERROR(read(item));
  }
  SLUICE_RETURN_IF_ERROR(follow_aliases());
  return std::move(graph_);
}

void ShapeReader::note_names(Item& item) {
  const auto string_at = [&](std::string_view name) {
    const NodeIndex value = doc_.find(item.node, name);
    return value != kNoNode && doc_.kind(value) == JsonKind::kString ? text_of(value)
                                                                     : std::string();
  };
  std::string id = string_at(dialect_.id_keyword());
  if (id.starts_with('#')) {
    anchors_[{item.resource, id.substr(1)}] = item.node;
  } else if (!id.empty()) {
    if (id.ends_with('#')) id.pop_back();
    const std::string uri = absolute(item.resource, id);
    item.resource = item.node;
    uri_of_[item.node] = uri;
    resource_of_.try_emplace(uri, item.node);
  }
  if (dialect_.before_2019()) return;
  for (const std::string_view name : {"$anchor", "$dynamicAnchor"}) {
    const std::string anchor = string_at(name);
    if (anchor.empty()) continue;
    anchors_[{item.resource, anchor}] = item.node;
    if (name == "$dynamicAnchor") ++dynamic_anchors_[anchor];
  }
}

Status ShapeReader::read_references(const Item& item) {
  bool alone = true;
  if (!dialect_.before_2019()) {
    // Beside a reference the later dialects keep the other keywords.
    NodeIndex name = doc_.first_child(item.node);
    for (uint32_t i = doc_.count(item.node); i > 0; --i, name = doc_.next(doc_.next(name))) {
      const std::string text = text_of(name);
      const auto is = [this, &text](const Keyword& keyword) {
        return keyword.name == text && (keyword.drafts & dialect_.draft) != 0 && text != "default";
      };
      alone = alone && std::none_of(keywords().begin(), keywords().end(), is);
    }
    alone = alone && (doc_.find(item.node, "$ref") == kNoNode ||
                      doc_.find(item.node, "$dynamicRef") == kNoNode);
  }
  if (dialect_.draft == kDraft2019 && doc_.find(item.node, "$recursiveRef") != kNoNode) {
    shape(item).unjudged = "$recursiveRef";
  }
  const bool embedded = item.node != Document::root() && item.node == item.resource;
  if (embedded && doc_.find(item.node, "$schema") != kNoNode) {
    shape(item).unjudged = "an embedded schema with a $schema of its own";
  }
  for (const std::string_view name : {"$ref", "$dynamicRef"}) {
    const NodeIndex value = doc_.find(item.node, name);
    if (value == kNoNode || (name == "$dynamicRef" && dialect_.draft != kDraft2020)) continue;
    if (doc_.kind(value) != JsonKind::kString) return wrong(value, "a string");
    references_.push_back({item.shape, value, item.resource, alone});
  }
  return Status::ok();
}

Status ShapeReader::read(Item item) {
  switch (doc_.kind(item.node)) {
    case JsonKind::kTrue:
      return Status::ok();
    case JsonKind::kFalse:
      shape(item).kinds = 0;
      return Status::ok();
    case JsonKind::kObject:
      break;
    default:
      return wrong(item.node, "a schema (an object, true or false)");
  }
  const bool replaced = dialect_.before_2019() && doc_.find(item.node, "$ref") != kNoNode;
  if (!replaced) note_names(item);
  resource_at_[item.node] = item.resource;
  SLUICE_RETURN_IF_ERROR(read_references(item));
  for (const std::string_view name : {"definitions", "$defs"}) {
    const NodeIndex definitions = doc_.find(item.node, name);
    if (definitions == kNoNode || doc_.kind(definitions) != JsonKind::kObject) continue;
    NodeIndex member = doc_.first_child(definitions);
    for (uint32_t i = doc_.count(definitions); i > 0; --i, member = doc_.next(doc_.next(member))) {
      enqueue(doc_.next(member), item.resource);
    }
  }
  for (const Keyword& keyword : keywords()) {
    // Beside a `$ref` draft-07 ignores every other keyword.
    if (replaced && keyword.name != "default") continue;
    if ((keyword.drafts & dialect_.draft) == 0) continue;
    const NodeIndex value = doc_.find(item.node, keyword.name);
    if (value != kNoNode) SLUICE_RETURN_IF_ERROR((this->*keyword.handler)(item, value));
  }
  return Status::ok();
}

Result<ShapeGraph> read_shapes(std::string_view json, const std::string& name,
                               const SchemaOptions& options) {
  Document document;
  const ParseLimits limits{.max_bytes = kMaxBytes, .max_depth = kMaxDepth};
  if (const ParseResult result = document.parse(json, limits); !result) {
    return invalid(name + ": not JSON at byte " + std::to_string(result.offset) + ": " +
                   (result.code == ParseCode::kTooLarge ? "larger than 16 MiB" : result.message));
  }
  auto graph = ShapeReader(document, options).run();
  if (!graph) return std::move(graph).status().with_context(name);
  return graph;
}

}  // namespace sluice::schema
