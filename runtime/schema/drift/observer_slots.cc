// SPDX-License-Identifier: Apache-2.0
// What a walk met that is news, kept until the next report; off the usual path.
#include <algorithm>
#include <cmath>

#include "runtime/base/sha256.h"
#include "runtime/base/text.h"
#include "runtime/schema/drift/observer.h"

namespace sluice::drift {
namespace {

constexpr size_t kSampleBytes = 120;
constexpr uint32_t kNewInRecord = 64;
constexpr size_t kValuesShown = 4;
constexpr uint32_t kPathsOfOne = 32;
constexpr size_t kMaxSlots = 4000;
constexpr std::string_view kHiddenText = "(hidden: sensitive)";

constexpr std::initializer_list<Kind> kAbsences = {Kind::kMissingField, Kind::kPresenceChanged};
constexpr std::initializer_list<Kind> kTypeKinds = {Kind::kTypeChanged,       Kind::kNullAppeared,
                                                    Kind::kBecameArray,       Kind::kBecameObject,
                                                    Kind::kArrayBecameObject, Kind::kBecameScalar};

// "a" in quotes; the texts are as they stood in the record.
std::vector<std::string> quoted(const ValueSet& values) {
  std::vector<std::string> out;
  for (const std::string& text : values.texts()) out.push_back('"' + text + '"');
  return out;
}

bool beyond_digits(double magnitude, uint8_t digits) {
  return digits != 255 && magnitude >= std::pow(10.0, digits);
}

}  // namespace

void Observer::odd_type(NodeId id, NodeIndex at, TypeMask type) {
  const Node& node = nodes_[id];
  const Declared::Shape* const shape = shape_of(id);
  const TypeMask declared = shape == nullptr ? TypeMask{0} : shape->types;
  hit(id, type_change(node.types, type), type_severity(node.types, type, declared), at);
}

// Too many digits, or an exponent.
void Observer::odd_number(NodeId id, NodeIndex at) {
  const Node& node = nodes_[id];
  double value = 0;
  const bool fits = document_->number(at, &value);
  const bool odd = !fits || (value < 0 ? beyond_digits(-value, node.digits_below)
                                       : beyond_digits(value, node.digits_above));
  if (!odd) return;
  // Past these, consumers with 32-bit or 64-bit columns, or with doubles, lose records or digits.
  constexpr double kInt32 = 2147483648.0;
  constexpr double kDoubleExact = 9007199254740992.0;
  double learned = 0;
  if (rest_[id].learned != Profile::kNone && baseline_ != nullptr) {
    const Found& found = baseline_->path(rest_[id].learned).facts.found;
    learned = std::max(std::fabs(found.low), std::fabs(found.high));
  }
  const double magnitude = std::fabs(value);
  const bool crosses = (magnitude >= kInt32 && learned < kInt32) ||
                       (magnitude >= kDoubleExact && learned < kDoubleExact) || !fits;
  hit(id, Kind::kRangeWidened, crosses ? Severity::kWarning : Severity::kInfo, at);
}

void Observer::absent(NodeId id, uint32_t visit) {
  for (NodeId child = nodes_[id].child; child != kNone; child = nodes_[child].sibling) {
    const Node& node = nodes_[child];
    if ((node.flags & kAlways) == 0 || node.stamp == visit) continue;
    const bool required = (node.flags & kRequired) != 0;
    hit(child, required ? Kind::kMissingField : Kind::kPresenceChanged, Severity::kWarning,
        kNoNode);
  }
}

bool Observer::allowed(Kind kind) {
  double& left = kind == Kind::kNewField ? new_fields_allowed_ : new_others_allowed_;
  if (left < 1 || new_in_record_ >= kNewInRecord || slots_.size() >= kMaxSlots) {
    ++refused_;
    return false;
  }
  left -= 1;
  ++new_in_record_;
  return true;
}

// Counts one kind of drift, once a record. Null: it is not kept.
Observer::Slot* Observer::hit(NodeId id, Kind kind, Severity severity, NodeIndex at,
                              std::string_view path) {
  if (!options_.record) return nullptr;
  Slot* slot = nullptr;
  for (SlotId i = nodes_[id].slot; i != kNone; i = slots_[i].next) {
    if (slots_[i].kind == kind && (path.empty() || slots_[i].path == path)) {
      slot = &slots_[i];
      break;
    }
  }
  if (slot == nullptr) {
    if (!allowed(kind)) return nullptr;
    slot = make_slot(id, kind, at, path);
  }
  if (slot->stamp != record_) {
    slot->stamp = record_;
    slot->count += weight_;
    if (!slot->listed) {
      slot->listed = true;
      dirty_.push_back(static_cast<SlotId>(slot - slots_.data()));
    }
  }
  if (severity > slot->severity) slot->severity = severity;
  if (at != kNoNode) see(*slot, at);
  return slot;
}

Observer::Slot* Observer::make_slot(NodeId id, Kind kind, NodeIndex at, std::string_view path) {
  Slot slot;
  slot.node = id;
  slot.kind = kind;
  slot.next = nodes_[id].slot;
  slot.path = path.empty() ? pointer(id) : std::string(path);
  slot.hidden = (nodes_[id].flags & kHidden) != 0 || options_.sensitive.hides(slot.path);
  slot.before = before_text(id, kind);
  if (slot.hidden) {
    slot.sample = kHiddenText;
    slot.values.forget();
  } else if (at != kNoNode) {
    slot.sample = sample_of(document_->json(at), kSampleBytes);
  }
  if (record_sha256_.empty()) {
    record_sha256_ = sha256_hex(raw_.data() == nullptr ? document_->text() : raw_);
  }
  slot.sha256 = record_sha256_;
  nodes_[id].slot = static_cast<SlotId>(slots_.size());
  slots_.push_back(std::move(slot));
  return &slots_.back();
}

// Adds the value to what was found.
void Observer::see(Slot& slot, NodeIndex at) {
  const TypeMask type = type_of(document_->node(at).info);
  Found& found = slot.found;
  slot.changed |= (found.types & type) == 0;
  found.types |= type;
  if (slot.hidden) return;
  if (type == kString) {
    const std::string_view text = document_->slice(at);
    const FormMask form = form_bit(form_of(text));
    slot.changed |= (found.forms & form) == 0 || text.size() > found.longest;
    found.forms |= form;
    found.longest = std::max(found.longest, static_cast<uint32_t>(text.size()));
    if (!slot.values.over()) {
      slot.values.add(text);
      slot.changed = true;
    }
  } else if ((type & (kInteger | kFraction)) != 0) {
    double value = 0;
    if (!document_->number(at, &value)) return;
    slot.changed |= value < found.low || value > found.high;
    found.low = std::min(found.low, value);
    found.high = std::max(found.high, value);
  }
}

std::string Observer::before_text(NodeId id, Kind kind) const {
  const Node& node = nodes_[id];
  const Declared::Shape* const shape = shape_of(id);
  const bool hidden = (node.flags & kHidden) != 0;
  if (kind == Kind::kNewField) {
    return (node.flags & kFresh) != 0 ? "absent" : "not declared by the schema";
  }
  if (kind == Kind::kMissingField) return "required";
  std::string learned;
  if (rest_[id].learned != Profile::kNone && baseline_ != nullptr) {
    const Facts& facts = baseline_->path(rest_[id].learned).facts;
    if (kind == Kind::kPresenceChanged) {
      return "in each of " + std::to_string(facts.seen) + " records";
    }
    if (kind == Kind::kNewEnumValue && facts.values.few() && !hidden) {
      learned = "one of " + describe_values(quoted(facts.values), facts.values.texts().size());
    } else {
      Found found = facts.found;
      if (facts.values.few() && facts.values.texts().size() <= kValuesShown) {
        found.values = quoted(facts.values);
      }
      learned = describe(found, hidden);
      const bool text = kind == Kind::kFormWidened && facts.found.longest != 0 && !hidden;
      if (text) learned += ", up to " + std::to_string(facts.found.longest) + " bytes";
    }
  }
  const std::string says = shape == nullptr ? "" : shape->says;
  if (says.empty()) return learned.empty() ? "always present" : learned;
  return learned.empty() || learned == says ? says : learned + "; schema: " + says;
}

std::string Observer::after_text(const Slot& slot) const {
  if (slot.kind == Kind::kMissingField || slot.kind == Kind::kPresenceChanged) return "absent";
  if (!slot.after.empty() && slot.found.types == 0) return slot.after;
  const bool strings = slot.found.types == kString && !slot.hidden;
  if (slot.kind == Kind::kNewEnumValue && strings && slot.values.few()) {
    return describe_values(quoted(slot.values), slot.values.texts().size());
  }
  Found found = slot.found;
  if (slot.values.few() && slot.values.texts().size() <= kValuesShown) {
    found.values = quoted(slot.values);
  }
  std::string text = describe(found, slot.hidden);
  if (slot.kind == Kind::kFormWidened && strings) {
    text += ", up to " + std::to_string(slot.found.longest) + " bytes";
  }
  return text;
}

void Observer::raise(Slot& slot) {
  slot.severity = Severity::kBreaking;
  if (slot.raised == record_) return;
  slot.raised = record_;
  if (weight_ == 0) ++slot.count;
}

bool Observer::raise_met(NodeId id, std::initializer_list<Kind> kinds) {
  bool any = false;
  for (SlotId i = nodes_[id].slot; i != kNone; i = slots_[i].next) {
    Slot& slot = slots_[i];
    if (slot.stamp != record_) continue;
    if (std::find(kinds.begin(), kinds.end(), slot.kind) == kinds.end()) continue;
    raise(slot);
    any = true;
  }
  return any;
}

bool Observer::raise_met_below(NodeId id, std::initializer_list<Kind> kinds) {
  bool any = false;
  for (NodeId child = nodes_[id].child; child != kNone; child = nodes_[child].sibling) {
    any |= raise_met(child, kinds);
  }
  return any;
}

// The node of a place in the record, or of the nearest one around it.
Observer::Place Observer::locate(std::string_view pointer) {
  Place place{0, Document::root(), true};
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    NodeId next = kNone;
    if (place.at != kNoNode && document_->kind(place.at) == JsonKind::kArray) {
      next = nodes_[place.node].element;
      uint64_t index = 0;
      for (const char c : token.substr(0, 9)) index = index * 10 + static_cast<uint64_t>(c - '0');
      const bool inside = index < document_->count(place.at);
      NodeIndex at = inside ? document_->first_child(place.at) : kNoNode;
      for (uint64_t i = 0; inside && i < index; ++i) at = document_->next(at);
      place.at = at;
    } else {
      std::string name;
      for (size_t i = 0; i < token.size(); ++i) {
        const bool escape = token[i] == '~' && i + 1 < token.size();
        name += escape ? (token[++i] == '0' ? '~' : '/') : token[i];
      }
      if (place.exact) next = find(place.node, name);
      if (next == kNone && place.exact) next = nodes_[place.node].element;
      if (place.at != kNoNode) place.at = document_->find(place.at, name);
    }
    if (!place.exact || next == kNone) {
      place.exact = false;
    } else {
      place.node = next;
    }
  }
  return place;
}

// A path for the ledger. Of places that have no node the names come from the record, so that those
// around one node are kept up to a number.
std::string Observer::failure_path(const Place& place, std::string_view pointer) const {
  std::string path = this->pointer(place.node);
  if (place.exact) return path;
  uint32_t others = 0;
  for (SlotId i = nodes_[place.node].slot; i != kNone; i = slots_[i].next) {
    others += slots_[i].path != path ? 1U : 0U;
  }
  return others < kPathsOfOne ? fold_pointer(*document_, pointer) : path + "/*";
}

// What the schema said of the record: what the walk met there is breaking. What it did not meet is
// taken up from the keyword.
void Observer::failure(const SchemaFailure& failure) {
  const Place place = locate(failure.instance);
  const TypeMask found =
      place.at == kNoNode ? TypeMask{0} : type_of(document_->node(place.at).info);
  Kind kind = keyword_kind(failure.keyword, found);
  if (place.exact) {
    const bool absence = kind == Kind::kMissingField;
    if (absence && raise_met_below(place.node, kAbsences)) return;
    if (kind == Kind::kNewField &&
        (raise_met(place.node, {kind}) || raise_met_below(place.node, {kind}))) {
      return;
    }
    if (failure.keyword == "type") {
      if (raise_met(place.node, kTypeKinds)) return;
      const Declared::Shape* const shape = shape_of(place.node);
      kind = type_change(shape == nullptr ? TypeMask{0} : shape->types, found);
    }
    // A rule that leads to another: a member that must not be there at all, for one.
    if (kind == Kind::kRuleBroken && raise_met(place.node, {Kind::kNewField})) return;
  }
  const std::string path = failure_path(place, failure.instance);
  const bool whole = kind == Kind::kMissingField || kind == Kind::kNewField ||
                     kind == Kind::kRuleBroken || kind == Kind::kSizeChanged;
  Slot* const slot = hit(place.node, kind, Severity::kBreaking, whole ? kNoNode : place.at, path);
  if (slot == nullptr) return;
  raise(*slot);
  if (whole && !slot->told && slot->after.empty()) {
    slot->before = failure.keyword;
    slot->after = slot->hidden ? std::string(kHiddenText) : shorten(failure.message, 200);
  }
}

// Texts of a slot for the ledger.
void Observer::tell(Slot& slot) {
  Delta delta;
  delta.path = slot.path;
  delta.kind = slot.kind;
  delta.severity = slot.severity;
  delta.count = slot.count;
  if (!slot.told || slot.changed) slot.after = after_text(slot);
  // All of it each time: the ledger may have dropped the entry meanwhile.
  delta.before = slot.before;
  delta.after = slot.after;
  delta.sample = slot.sample;
  delta.record_sha256 = slot.sha256;
  deltas_.push_back(delta);
}

void Observer::end() {
  deltas_.clear();
  for (const SlotId id : dirty_) {
    Slot& slot = slots_[id];
    slot.listed = false;
    if (slot.count == 0) continue;
    tell(slot);
    slot.count = 0;
    slot.told = true;
    slot.changed = false;
  }
  dirty_.clear();
  Report report;
  report.source = source_;
  report.now_us = now_us_;
  report.records = records_;
  report.observed = observed_;
  report.refused = refused_;
  report.schema_version = options_.schema_version;
  report.deltas = deltas_;
  if (learned_.records() != 0) report.learned = &learned_;
  const Baseline baseline = ledger_.report(report);
  records_ = observed_ = refused_ = 0;
  if (learned_.records() != 0) learned_ = Profile(bounds_);
  to_learn_ = baseline.to_learn;
  const bool settled = baseline.settled != nullptr && baseline_ == nullptr;
  if (settled) baseline_ = baseline.settled;
  if (settled || slots_.size() >= kMaxSlots) rebuild();
}

}  // namespace sluice::drift
