// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/compiler.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtime/schema/describe.h"
#include "runtime/schema/uri.h"

namespace sluice::schema {
namespace {

// The name under which `$recursiveAnchor: true` is kept; no `$dynamicAnchor` can be called so.
constexpr std::string_view kRecursiveAnchor = "$recursiveAnchor";

}  // namespace

void Compiler::look_at(uint32_t document) {
  document_ = document;
  doc_ = &sources_.at(document).document;
}

std::string Compiler::place(Spot spot) const {
  const SchemaDocument& document = sources_.at(spot.document);
  const std::string pointer = describe_place(document.pointer(spot.node));
  return spot.document == 0 ? "at " + pointer : "in " + document.name + " at " + pointer;
}

Status Compiler::at(Spot spot, std::string_view text) const {
  return invalid(place(spot) + ": " + std::string(text));
}

Status Compiler::at(NodeIndex value, std::string_view text) const {
  return at(Spot{document_, value}, text);
}

Status Compiler::wrong(NodeIndex value, std::string_view expected) const {
  return at(value, "expected " + std::string(expected) + ", found " + describe_value(doc(), value));
}

std::string Compiler::text_of(NodeIndex string_node) const {
  return std::string(doc().string(string_node, arena_));
}

Result<Program> Compiler::run() {
  look_at(0);
  SLUICE_RETURN_IF_ERROR(resource_of(sources_.at(0).uri).status());
  while (!queue_.empty() || !references_.empty()) {
    // References wait until every `$id` that the files show has been seen.
    if (!queue_.empty()) {
      Item item = queue_.front();
      queue_.pop_front();
      SLUICE_RETURN_IF_ERROR(compile(item));
      continue;
    }
    const Reference reference = references_.front();
    references_.pop_front();
    look_at(reference.spot.document);
    SLUICE_RETURN_IF_ERROR(resolve(reference));
  }
  settle_dynamic_references();
  SLUICE_RETURN_IF_ERROR(follow_references());
  SLUICE_RETURN_IF_ERROR(refuse_loops());
  return std::move(program_);
}

RuleIndex Compiler::new_rule(Spot spot, ResourceIndex resource) {
  Rule& added = program_.rules.emplace_back();
  added.document = spot.document;
  added.node = spot.node;
  added.resource = resource;
  target_of_.push_back(kNoRule);
  reference_of_.push_back(spot);
  return static_cast<RuleIndex>(program_.rules.size() - 1);
}

RuleIndex Compiler::enqueue(Spot spot, ResourceIndex resource) {
  const auto [at, added] =
      rule_of_.try_emplace(spot, static_cast<RuleIndex>(program_.rules.size()));
  if (added) {
    new_rule(spot, resource);
    queue_.push_back(Item{at->second, spot, resource});
  }
  return at->second;
}

RuleIndex Compiler::enqueue(NodeIndex node, ResourceIndex resource) {
  return enqueue(Spot{document_, node}, resource);
}

Status Compiler::compile(Item item) {
  look_at(item.spot.document);
  switch (doc().kind(item.spot.node)) {
    case JsonKind::kTrue:
      return Status::ok();
    case JsonKind::kFalse:
      rule(item).never = true;
      return Status::ok();
    case JsonKind::kObject:
      break;
    default:
      return wrong(item.spot.node, "a schema (an object, true or false)");
  }
  SLUICE_RETURN_IF_ERROR(note_identity(item));
  SLUICE_RETURN_IF_ERROR(note_references(item));
  // Beside a $ref the older drafts ignore every other keyword; what the file keeps under
  // `definitions` there is still checked.
  if (dialect(item).before_2019() && doc().find(item.spot.node, "$ref") != kNoNode) {
    for (const std::string_view name : {"definitions", "$defs"}) {
      const NodeIndex definitions = doc().find(item.spot.node, name);
      if (definitions != kNoNode) SLUICE_RETURN_IF_ERROR(on_definitions(item, definitions));
    }
    return Status::ok();
  }
  return compile_keywords(item);
}

Status Compiler::compile_keywords(Item& item) {
  const Dialect dialect = resources_[item.resource].dialect;
  for (const Keyword& keyword : keywords()) {
    if ((keyword.drafts & dialect.draft) == 0) continue;
    if ((keyword.vocabulary & dialect.vocabularies) == 0) continue;
    const NodeIndex value = doc().find(item.spot.node, keyword.name);
    if (value == kNoNode) continue;
    SLUICE_RETURN_IF_ERROR((this->*keyword.handler)(item, value));
  }
  return Status::ok();
}

// What the schema calls itself: `$schema`, `$id`, anchors.
Status Compiler::note_identity(Item& item) {
  const NodeIndex node = item.spot.node;
  const auto root = resource_at_.find(item.spot);
  const bool is_root = root != resource_at_.end();
  if (is_root) item.resource = root->second;
  Dialect dialect = resources_[item.resource].dialect;
  SLUICE_RETURN_IF_ERROR(own_dialect(item, is_root, &dialect));
  if (is_root) resources_[item.resource].dialect = dialect;
  const bool referring = dialect.before_2019() && doc().find(node, "$ref") != kNoNode;
  const NodeIndex id = doc().find(node, dialect.id_keyword());
  if (id != kNoNode && !referring) {
    SLUICE_RETURN_IF_ERROR(note_id(item, id));
    if (resources_[item.resource].root == item.spot) resources_[item.resource].dialect = dialect;
  }
  rule(item).resource = item.resource;
  return dialect.before_2019() ? Status::ok() : note_anchors(item);
}

// `$schema` counts at the root of a file, and where a schema inside it has its own `$id`.
Status Compiler::own_dialect(const Item& item, bool is_root, Dialect* dialect) {
  const NodeIndex value = doc().find(item.spot.node, "$schema");
  if (value == kNoNode) return Status::ok();
  if (doc().kind(value) != JsonKind::kString) return wrong(value, "a string");
  auto named = dialect_of(text_of(value), value);
  const bool has_id = named.is_ok() && doc().find(item.spot.node, named->id_keyword()) != kNoNode;
  if (!is_root && !has_id) return Status::ok();
  if (!named) return std::move(named).status();
  *dialect = *named;
  return Status::ok();
}

Result<Dialect> Compiler::dialect_of(const std::string& uri, NodeIndex from) {
  const auto unknown = [&](const std::string& why) {
    return at(from, "expected " + list_dialects() + " or no $schema, found " + in_quotes(uri) +
                        why + "; change it to the draft the schema is written in");
  };
  if (const auto known = find_dialect(uri)) return *known;
  // A metaschema of the user's own: it says which vocabularies count, in a dialect of its own. Its
  // own `$schema` is followed once more at most, by what find_dialect knows.
  std::string_view fragment;
  const auto found = sources_.find(std::string(split_fragment(uri, &fragment)));
  if (!found) return unknown(", which " + found.status().message());
  const Document& meta = sources_.at(*found).document;
  const auto member = [&meta](std::string_view name) {
    return meta.kind(Document::root()) == JsonKind::kObject ? meta.find(Document::root(), name)
                                                            : kNoNode;
  };
  const NodeIndex schema = member("$schema");
  const bool has_schema = schema != kNoNode && meta.kind(schema) == JsonKind::kString;
  const auto base =
      has_schema ? find_dialect(meta.string(schema, arena_)) : std::optional<Dialect>();
  if (!base) return unknown(", whose own $schema is none of them");
  const NodeIndex vocabularies = member("$vocabulary");
  if (vocabularies == kNoNode || meta.kind(vocabularies) != JsonKind::kObject ||
      base->before_2019()) {
    return *base;
  }
  Dialect out{base->draft, kCore};
  NodeIndex name = meta.first_child(vocabularies);
  for (uint32_t i = meta.count(vocabularies); i > 0; --i, name = meta.next(meta.next(name))) {
    const std::string_view vocabulary = meta.string(name, arena_);
    if (const auto bit = find_vocabulary(vocabulary)) {
      out.vocabularies |= *bit;
    } else if (meta.kind(meta.next(name)) == JsonKind::kTrue) {
      return unknown(", which requires the vocabulary " + in_quotes(vocabulary) +
                     " that is not known here");
    }
  }
  return out;
}

// The resource that a file's root is; reads and queues the file when it is new.
Result<Compiler::ResourceIndex> Compiler::resource_of(const std::string& uri) {
  uint32_t document = 0;
  if (!resources_.empty()) {
    SLUICE_ASSIGN_OR_RETURN(document, sources_.find(uri));
  }
  const Spot root{document, Document::root()};
  const auto known = resource_at_.find(root);
  const auto index =
      known != resource_at_.end() ? known->second : static_cast<ResourceIndex>(resources_.size());
  if (!uri.empty()) resource_of_uri_.emplace(uri, index);
  if (known != resource_at_.end()) return index;
  // Without a `$schema` of its own a file speaks the dialect of the one that led to it.
  const Dialect inherited = resources_.empty() ? default_dialect_ : resources_.front().dialect;
  resources_.push_back({uri, root, inherited});
  resource_at_.emplace(root, index);
  enqueue(root, index);
  return index;
}

Status Compiler::note_id(Item& item, NodeIndex value) {
  if (doc().kind(value) != JsonKind::kString) return wrong(value, "a string");
  const std::string id = text_of(value);
  std::string_view fragment;
  const std::string_view uri = split_fragment(id, &fragment);
  if (!fragment.empty() && !dialect(item).before_2019()) {
    return at(value, in_quotes(id) + " has a fragment; name this place with \"$anchor\"");
  }
  if (!uri.empty()) {
    std::string whole = resolve_uri(resources_[item.resource].uri, uri);
    const auto root = resource_at_.find(item.spot);
    const auto index =
        root != resource_at_.end() ? root->second : static_cast<ResourceIndex>(resources_.size());
    const auto [known, added] = resource_of_uri_.try_emplace(whole, index);
    if (!added && known->second != index) {
      return at(value, in_quotes(whole) + " is given twice, also " +
                           place(resources_[known->second].root));
    }
    if (root == resource_at_.end()) {
      resources_.push_back({whole, item.spot, dialect(item)});
      resource_at_.emplace(item.spot, index);
    } else {
      resources_[index].uri = whole;
    }
    item.resource = index;
    if (item.spot.node == Document::root()) sources_.learn_place(item.spot.document, whole);
  }
  return fragment.empty() ? Status::ok() : add_anchor(item, value, std::string(fragment), false);
}

Status Compiler::note_anchors(Item& item) {
  for (const bool dynamic : {false, true}) {
    const std::string_view keyword = dynamic ? "$dynamicAnchor" : "$anchor";
    if (dynamic && dialect(item).draft != kDraft2020) continue;
    const NodeIndex value = doc().find(item.spot.node, keyword);
    if (value == kNoNode) continue;
    const std::string name = doc().kind(value) == JsonKind::kString ? text_of(value) : "";
    const auto starts_well = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto goes_on_well = [&](char c) {
      return starts_well(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
    };
    if (name.empty() || !starts_well(name.front()) ||
        !std::all_of(name.begin(), name.end(), goes_on_well)) {
      return wrong(value, "a name of letters, digits, '-', '_' and '.', a letter first");
    }
    SLUICE_RETURN_IF_ERROR(add_anchor(item, value, name, dynamic));
  }
  const NodeIndex recursive = doc().find(item.spot.node, "$recursiveAnchor");
  if (recursive == kNoNode || dialect(item).draft != kDraft2019) return Status::ok();
  SLUICE_RETURN_IF_ERROR(on_boolean(item, recursive));
  // It counts at the root of a resource only.
  if (doc().kind(recursive) == JsonKind::kTrue && resources_[item.resource].root == item.spot) {
    return add_anchor(item, recursive, std::string(kRecursiveAnchor), true);
  }
  return Status::ok();
}

Status Compiler::add_anchor(const Item& item, NodeIndex at_value, std::string name, bool dynamic) {
  const Target here{item.spot, item.resource, dynamic};
  const auto [known, added] = anchors_.try_emplace({item.resource, name}, here);
  if (!added && known->second.spot != item.spot) {
    return at(at_value, in_quotes(name) + " is given twice, also " + place(known->second.spot));
  }
  if (!added) known->second.by_dynamic_anchor |= dynamic;
  if (dynamic) dynamic_anchors_[std::move(name)].emplace_back(item.resource, item.rule);
  return Status::ok();
}

// True if nothing beside the reference can make a difference, so that whoever comes here can go
// straight to where it leads.
bool Compiler::only_a_reference(const Item& item) const {
  constexpr std::array<std::string_view, 8> kHarmless = {
      "$ref", "$comment", "title", "description", "definitions", "$defs", "default", "examples"};
  if (dialect(item).before_2019()) return true;
  NodeIndex name = doc().first_child(item.spot.node);
  for (uint32_t i = doc().count(item.spot.node); i > 0; --i, name = doc().next(doc().next(name))) {
    const std::string_view text = doc().string(name, arena_);
    if (std::find(kHarmless.begin(), kHarmless.end(), text) == kHarmless.end()) return false;
  }
  return true;
}

Status Compiler::note_references(Item& item) {
  using Kind = Reference::Kind;
  struct Spelling {
    std::string_view keyword;
    Kind kind;
    uint8_t drafts;
  };
  constexpr std::array kSpellings = {Spelling{"$ref", Kind::kPlain, kEveryDraft},
                                     Spelling{"$dynamicRef", Kind::kDynamic, kDraft2020},
                                     Spelling{"$recursiveRef", Kind::kRecursive, kDraft2019}};
  for (const Spelling& spelling : kSpellings) {
    if ((spelling.drafts & dialect(item).draft) == 0) continue;
    const NodeIndex value = doc().find(item.spot.node, spelling.keyword);
    if (value == kNoNode) continue;
    if (doc().kind(value) != JsonKind::kString) return wrong(value, "a string");
    RuleIndex from = item.rule;
    if (spelling.kind != Kind::kPlain || !only_a_reference(item)) {
      // Beside other keywords it is one more schema that must fit.
      from = new_rule(item.spot, item.resource);
      ensure(rule(item).combined).all_of.push_back(from);
    }
    references_.push_back({from, Spot{document_, value}, item.resource, spelling.kind});
  }
  return Status::ok();
}

}  // namespace sluice::schema
