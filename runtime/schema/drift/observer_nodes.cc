// SPDX-License-Identifier: Apache-2.0
// The nodes that a record is compared with: out of the baseline, and of what the schema declares as
// it is met.
#include <algorithm>
#include <cmath>
#include <map>

#include "runtime/record/pointer.h"
#include "runtime/schema/drift/hash.h"
#include "runtime/schema/drift/observer.h"

namespace sluice::drift {
namespace {

constexpr uint32_t kNewFieldsOfOne = 64;
constexpr uint8_t kNoLimit = 255;
// What the values of an enum look like; dates and addresses are never one, however few they are.
constexpr FormMask kNameForms =
    form_bit(Form::kPlain) | form_bit(Form::kInteger) | form_bit(Form::kEmpty);

Form first_form(FormMask forms) {
  unsigned i = 0;
  while ((forms >> i & 1) == 0) ++i;
  return static_cast<Form>(i);
}

// Decimal digits of the integer part, one more: what was learned may grow to the next power of ten.
uint8_t digits_with_room(double magnitude) {
  if (!(magnitude < 1e200)) return kNoLimit;
  uint8_t digits = 1;
  // NOLINTNEXTLINE(clang-analyzer-security.FloatLoopCounter): powers of ten, at most 200
  for (double bound = 10; magnitude >= bound; bound *= 10) ++digits;
  return static_cast<uint8_t>(digits + 1);
}

}  // namespace

void Observer::rebuild() {
  nodes_.clear();
  rest_.clear();
  tags_.clear();
  slots_.clear();
  dirty_.clear();
  names_.reset();
  table_.assign(256, kNone);
  nodes_.emplace_back();
  nodes_[0].name_size = UINT32_MAX;
  rest_.emplace_back();
  if (options_.declared) {
    rest_[0].shape = Declared::kRoot;
    const TypeMask types = options_.declared->shape(Declared::kRoot).types;
    if (types != 0) nodes_[0].types = types;
  }
  if (baseline_ != nullptr) load_baseline();
}

void Observer::load_baseline() {
  const Profile& profile = *baseline_;
  std::vector<NodeId> node_of(profile.size(), kNone);
  // Maps that the schema describes were learned key by key: what was learned of the keys is put
  // together here, theirs and all below.
  std::vector<bool> in_map(profile.size(), false);
  std::map<NodeId, Facts> together;
  for (Profile::Id id = 0; id < profile.size(); ++id) {
    const Profile::Path& path = profile.path(id);
    NodeId node = 0;
    if (id != Profile::kRoot) {
      if (node_of[path.parent] == kNone) continue;
      node = baseline_child(node_of[path.parent], path);
      in_map[id] = in_map[path.parent] || (!path.element && (nodes_[node].flags & kElement) != 0);
    }
    node_of[id] = node;
    if (path.hidden) nodes_[node].flags |= kHidden;
    if (path.map_like && !describes_keys(node)) nodes_[node].flags |= kUnwatched;
    if (in_map[id]) {
      together[node].merge(path.facts);
      continue;
    }
    rest_[node].learned = id;
    set_limits(node, path.facts);
    if (profile.always_there(id, evidence_)) need(node, kAlways);
  }
  for (const auto& [node, facts] : together) set_limits(node, facts);
}

// Does the schema say what members of any name are?
bool Observer::describes_keys(NodeId id) const {
  const Declared::Shape* const shape = shape_of(id);
  return shape != nullptr && (shape->others != Declared::kNone || !shape->patterns.empty());
}

Observer::NodeId Observer::baseline_child(NodeId parent, const Profile::Path& path) {
  const Declared::Shape* const shape = shape_of(parent);
  if (path.element) return element_of(parent, shape != nullptr ? shape->items : Declared::kNone);
  NodeId node = declared_child(parent, path.name);
  if (node != kNone) return node;
  node = find(parent, path.name);
  if (node == kNone) node = add(parent, path.name, false, Declared::kNone);
  if (shape != nullptr && shape->lists_members) nodes_[node].flags |= kStrange;
  return node;
}

void Observer::set_limits(NodeId id, const Facts& facts) {
  Node& node = nodes_[id];
  const Declared::Shape* const shape = shape_of(id);
  if (facts.seen == 0) return;
  node.types = facts.found.types;
  if ((node.types & kFraction) != 0) node.types |= kInteger;
  if (facts.seen < evidence_) return;
  if (facts.found.forms != 0) {
    node.forms = widened(facts.found.forms);
    node.form = first_form(facts.found.forms);
    const bool limited = shape != nullptr && shape->limits_text;
    if (!limited) node.longest = std::max(2 * facts.found.longest, facts.found.longest + 16);
  }
  if (facts.found.has_range()) {
    const bool low = shape != nullptr && shape->limits_low;
    const bool high = shape != nullptr && shape->limits_high;
    if (!high) node.digits_above = digits_with_room(std::max(0.0, facts.found.high));
    if (!low) node.digits_below = facts.found.low < 0 ? digits_with_room(-facts.found.low) : 0;
  }
  const bool listed = shape != nullptr && shape->lists_values;
  const bool names = (facts.found.forms & ~kNameForms) == 0;
  if (listed || !names || !facts.values.few() || facts.seen < 10 * facts.values.texts().size())
    return;
  Tags tags;
  const auto& texts = facts.values.texts();
  // Free places repeat the first: every place then holds a known value.
  for (size_t i = 0; i < ValueSet::kMost; ++i) {
    tags.tag[i] = value_tag(texts[i < texts.size() ? i : 0]);
  }
  node.tags = static_cast<uint32_t>(tags_.size());
  tags_.push_back(tags);
}

const Declared::Shape* Observer::shape_of(NodeId id) const {
  const Declared::Id shape = rest_[id].shape;
  return shape == Declared::kNone ? nullptr : &options_.declared->shape(shape);
}

uint32_t Observer::hash_of(NodeId parent, std::string_view name) const {
  // The table is this process's own, and where it lies is not known outside.
  const uint64_t seed = reinterpret_cast<uint64_t>(this) * 0x9E3779B97F4A7C15ULL;
  return static_cast<uint32_t>(text_hash(name, seed + parent * 0xD6E8FEB86659FD93ULL));
}

void Observer::index(NodeId id) {
  const size_t mask = table_.size() - 1;
  size_t at = rest_[id].hash & mask;
  while (table_[at] != kNone) at = (at + 1) & mask;
  table_[at] = id;
}

Observer::NodeId Observer::find(NodeId parent, std::string_view name) const {
  const uint32_t hash = hash_of(parent, name);
  const size_t mask = table_.size() - 1;
  for (size_t at = hash & mask; table_[at] != kNone; at = (at + 1) & mask) {
    if (rest_[table_[at]].hash != hash) continue;
    const Node& node = nodes_[table_[at]];
    if (node.parent == parent && std::string_view(node.name, node.name_size) == name) {
      return table_[at];
    }
  }
  return kNone;
}

Observer::NodeId Observer::add(NodeId parent, std::string_view name, bool element,
                               Declared::Id shape) {
  const auto id = static_cast<NodeId>(nodes_.size());
  Node node;
  const std::string_view kept = element ? std::string_view("*") : names_.copy(name);
  node.name = kept.data();
  node.name_size = static_cast<uint32_t>(kept.size());
  node.parent = parent;
  node.sibling = nodes_[parent].child;
  rest_.push_back({hash_of(parent, kept), 0, shape, Profile::kNone});
  if (shape != Declared::kNone) {
    const TypeMask types = options_.declared->shape(shape).types;
    if (types != 0) node.types = types;
  }
  if (element) node.flags |= kElement;
  nodes_.push_back(node);
  nodes_[parent].child = id;
  if (options_.sensitive.hides(pointer(id))) nodes_[id].flags |= kHidden;
  if (element) {
    nodes_[parent].element = id;  // found through its parent, never by name
    return id;
  }
  if (nodes_.size() * 2 > table_.size()) {
    table_.assign(table_.size() * 2, kNone);
    for (NodeId i = 1; i < id; ++i) {
      if ((nodes_[i].flags & kElement) == 0) index(i);
    }
  }
  index(id);
  return id;
}

Observer::NodeId Observer::element_of(NodeId parent, Declared::Id shape) {
  const NodeId known = nodes_[parent].element;
  return known != kNone ? known : add(parent, {}, true, shape);
}

// The node of a member that the schema declares, made when it is met first; kNone: it does not.
Observer::NodeId Observer::declared_child(NodeId parent, std::string_view name) {
  const Declared::Shape* const shape = shape_of(parent);
  if (shape == nullptr) return kNone;
  if (const Declared::Member* const member = shape->find(name)) {
    const NodeId known = find(parent, name);
    return known != kNone ? known : add(parent, name, false, member->shape);
  }
  for (const auto& [pattern, id] : shape->patterns) {
    if (pattern->found_in(name)) return element_of(parent, id);
  }
  return shape->others == Declared::kNone ? kNone : element_of(parent, shape->others);
}

// Before a container is opened for the first time: nodes for what must be in it, and for the
// elements of an array that the schema describes.
void Observer::expand(NodeId id) {
  nodes_[id].flags |= kExpanded;
  const Declared::Shape* const shape = shape_of(id);
  if (shape == nullptr) return;
  if (shape->items != Declared::kNone && nodes_.size() < bounds_.paths) {
    element_of(id, shape->items);
  }
  for (const Declared::Member& member : shape->members) {
    if (!member.required || nodes_.size() >= bounds_.paths) continue;
    need(declared_child(id, member.name), kAlways | kRequired);
  }
}

void Observer::need(NodeId id, uint8_t flags) {
  Node& node = nodes_[id];
  if ((node.flags & kAlways) == 0) ++nodes_[node.parent].always;
  node.flags |= flags;
}

// A member whose name was not guessed.
Observer::NodeId Observer::search(Frame& frame, NodeIndex name_at) {
  const std::string_view name = document_->string(name_at, scratch_);
  NodeId id = find(frame.node, name);
  if (id != kNone) return id;
  if (frame.left == 0) {
    frame.cut = true;
    return kNone;
  }
  if (nodes_.size() < bounds_.paths && name.size() <= bounds_.name_bytes) {
    id = declared_child(frame.node, name);
    if (id != kNone) return id;
  }
  --frame.left;
  return stranger_node(frame, name);
}

// A member that neither baseline nor schema know. Its node, or kNone when it is not looked at.
Observer::NodeId Observer::stranger_node(Frame& frame, std::string_view name) {
  const Declared::Shape* const shape = shape_of(frame.node);
  const bool undeclared = shape != nullptr && shape->lists_members;
  if (!undeclared && !has_baseline()) return kNone;
  if (undeclared && strangers_ == Strangers::kReject) found_stranger_ = true;
  if (!options_.record || strangers_ == Strangers::kIgnore) return kNone;
  if (name.size() > bounds_.name_bytes || nodes_.size() >= 2 * bounds_.paths) {
    ++refused_;
    return kNone;
  }
  // Past a number they share a node, so that made-up names cannot fill anything.
  const bool many = rest_[frame.node].strangers >= kNewFieldsOfOne;
  if (!many && new_fields_allowed_ < 1) {
    ++refused_;
    return kNone;
  }
  const NodeId shared = nodes_[frame.node].element;
  if (many && shared != kNone && (nodes_[shared].flags & kUnwatched) == 0) {
    ++refused_;  // it stands for what the schema allows
    return kNone;
  }
  const NodeId id = many ? element_of(frame.node, Declared::kNone)
                         : add(frame.node, name, false, Declared::kNone);
  if (!many) ++rest_[frame.node].strangers;
  nodes_[id].flags |= kUnwatched;
  if (undeclared) nodes_[id].flags |= kStrange;
  if (has_baseline()) nodes_[id].flags |= kFresh;
  return id;
}

// A member whose being there is drift. Its node, if it is to be looked at all the same.
Observer::NodeId Observer::strange(NodeId id, NodeIndex name_at) {
  const uint8_t flags = nodes_[id].flags;
  if (strangers_ == Strangers::kIgnore) return kNone;
  if (strangers_ == Strangers::kReject && (flags & kStrange) != 0) found_stranger_ = true;
  Severity severity = Severity::kInfo;
  if ((flags & (kStrange | kFresh)) == (kStrange | kFresh)) severity = Severity::kWarning;
  if (found_stranger_) severity = Severity::kBreaking;
  hit(id, Kind::kNewField, severity, name_at + 1);
  return found_stranger_ || (flags & kUnwatched) != 0 ? kNone : id;
}

std::string Observer::pointer(NodeId id) const {
  std::vector<NodeId> way;
  for (; id != 0; id = nodes_[id].parent) way.push_back(id);
  std::string out;
  for (auto at = way.rbegin(); at != way.rend(); ++at) {
    append_pointer_token(out, {nodes_[*at].name, nodes_[*at].name_size});
  }
  return out;
}

// The pointer into the record of where the walk is.
std::string Observer::here(uint32_t depth) const {
  std::string out;
  Arena arena(4096);
  for (uint32_t i = 0; i < depth; ++i) {
    const Frame& frame = frames_[i];
    if (frame.object) {
      append_pointer_token(out, document_->string(frame.name, arena));
    } else {
      out += '/' + std::to_string(UINT32_MAX - 1 - frame.left);
    }
  }
  return out;
}

}  // namespace sluice::drift
