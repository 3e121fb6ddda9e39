// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/drift/profile.h"

#include <algorithm>

#include "runtime/record/pointer.h"
#include "runtime/schema/drift/hash.h"

namespace sluice::drift {
namespace {

constexpr uint64_t kManyRecords = 100;  // from here on, what was seen once is chance
constexpr uint32_t kManyMembers = 32;   // from here on, an object may be a map

// The outside chooses names, so the table's order must not be known outside. One seed a process:
// profiles are compared and merged by name, never by hash.
uint64_t seed() {
  static const auto seed = [] {
    static const int anywhere = 0;  // address space layout is random
    return reinterpret_cast<uint64_t>(&anywhere) * 0x9E3779B97F4A7C15ULL;
  }();
  return seed;
}

uint32_t hash_of(Profile::Id parent, std::string_view name) {
  return static_cast<uint32_t>(text_hash(name, seed() + parent * 0xD6E8FEB86659FD93ULL));
}

}  // namespace

uint32_t value_tag(std::string_view text) { return static_cast<uint32_t>(text_hash(text)); }

bool ValueSet::has(uint32_t tag) const {
  const auto* const end = tags_.begin() + static_cast<ptrdiff_t>(texts_.size());
  return std::find(tags_.begin(), end, tag) != end;
}

void ValueSet::forget() {
  over_ = true;
  texts_ = {};
}

void ValueSet::add(std::string_view text) {
  if (over_) return;
  if (text.size() > kLongest) return forget();
  const uint32_t tag = value_tag(text);
  if (has(tag)) return;
  if (texts_.size() == kMost) return forget();
  tags_[texts_.size()] = tag;
  texts_.emplace_back(text);
}

void Facts::merge(const Facts& other) {
  seen += other.seen;
  objects += other.objects;
  found.types |= other.found.types;
  found.forms |= other.found.forms;
  found.low = std::min(found.low, other.found.low);
  found.high = std::max(found.high, other.found.high);
  found.longest = std::max(found.longest, other.found.longest);
  if (other.values.over()) values.forget();
  for (const std::string& text : other.values.texts()) values.add(text);
}

Profile::Profile(const Bounds& bounds) : bounds_(bounds) {
  paths_.emplace_back();
  table_.assign(64, kNone);
}

Profile::Id Profile::lookup(Id parent, std::string_view name, uint32_t hash) const {
  const size_t mask = table_.size() - 1;
  for (size_t at = hash & mask; table_[at] != kNone; at = (at + 1) & mask) {
    const Path& path = paths_[table_[at]];
    if (path.hash == hash && path.parent == parent && !path.element && path.name == name) {
      return table_[at];
    }
  }
  return kNone;
}

Profile::Id Profile::find(Id parent, std::string_view name) const {
  return lookup(parent, name, hash_of(parent, name));
}

// The element of an array is kept in the table under a name no member is looked up by: `element`
// differs.
Profile::Id Profile::element(Id parent) const {
  const size_t mask = table_.size() - 1;
  const uint32_t hash = hash_of(parent, "*");
  for (size_t at = hash & mask; table_[at] != kNone; at = (at + 1) & mask) {
    const Path& path = paths_[table_[at]];
    if (path.element && path.parent == parent) return table_[at];
  }
  return kNone;
}

void Profile::index(Id id) {
  const size_t mask = table_.size() - 1;
  size_t at = paths_[id].hash & mask;
  while (table_[at] != kNone) at = (at + 1) & mask;
  table_[at] = id;
}

Profile::Id Profile::add(Id parent, std::string_view name, bool element) {
  Path& above = paths_[parent];
  if (paths_.size() >= bounds_.paths || above.depth >= bounds_.depth ||
      name.size() > bounds_.name_bytes || above.children >= bounds_.members || new_left_ == 0) {
    ++refused_;
    return kNone;
  }
  --new_left_;
  ++above.children;
  const auto id = static_cast<Id>(paths_.size());
  Path path;
  path.parent = parent;
  path.depth = static_cast<uint16_t>(above.depth + 1);
  path.element = element;
  path.hash = hash_of(parent, element ? "*" : name);
  path.name = name;
  paths_.push_back(std::move(path));
  if (paths_.size() * 2 > table_.size()) {
    table_.assign(table_.size() * 2, kNone);
    for (Id i = 1; i < id; ++i) index(i);
  }
  index(id);
  return id;
}

void Profile::learn(const Document& document, const Sensitive& sensitive) {
  ++records_;
  new_left_ = bounds_.paths_a_record;
  if (records_ == 1) paths_[kRoot].hidden = sensitive.hides("");
  Arena arena(4096);
  std::vector<Frame> open;
  NodeIndex at = Document::root();
  Id id = kRoot;
  for (;;) {
    see(document, at, id);
    const bool container = document.kind(at) >= JsonKind::kArray && document.count(at) != 0;
    if (container) {
      const bool object = document.kind(at) == JsonKind::kObject;
      open.push_back(
          {document.next(at), id, object, object ? bounds_.strangers : bounds_.elements});
      at = document.first_child(at);
    } else {
      at = document.next(at);
    }
    // The next value that has a path.
    for (;;) {
      while (!open.empty() && (at >= open.back().end || open.back().left == 0)) {
        at = open.back().end;
        open.pop_back();
      }
      if (open.empty()) return;
      Frame& frame = open.back();
      if (frame.object) {
        const std::string_view name = document.string(at, arena);
        const uint32_t hash = hash_of(frame.path, name);
        id = lookup(frame.path, name, hash);
        if (id == kNone) id = add(frame.path, name, false);
        if (id == kNone) --frame.left;
        ++at;
      } else {
        --frame.left;
        id = element(frame.path);
        if (id == kNone) id = add(frame.path, {}, true);
      }
      if (id != kNone) break;
      at = document.next(at);
    }
    Path& path = paths_[id];
    if (path.facts.seen == 0) path.hidden = sensitive.hides(pointer(id));
  }
}

void Profile::see(const Document& document, NodeIndex node, Id id) {
  Path& path = paths_[id];
  Facts& facts = path.facts;
  const TypeMask type = type_of(document.node(node).info);
  ++facts.seen;
  facts.found.types |= type;
  if (type == kObject) {
    ++facts.objects;
  } else if (type == kString) {
    see_string(document.slice(node), path);
  } else if ((type & (kInteger | kFraction)) != 0 && !path.hidden) {
    double value = 0;
    if (!document.number(node, &value)) return;
    facts.found.low = std::min(facts.found.low, value);
    facts.found.high = std::max(facts.found.high, value);
  }
}

void Profile::see_string(std::string_view text, Path& path) {
  Facts& facts = path.facts;
  facts.found.forms |= form_bit(form_of(text));
  facts.found.longest = std::max(facts.found.longest, static_cast<uint32_t>(text.size()));
  if (path.hidden) {
    facts.values.forget();
  } else {
    facts.values.add(text);
  }
}

void Profile::merge(const Profile& other) {
  records_ += other.records_;
  refused_ += other.refused_;
  std::vector<Id> ours(other.paths_.size(), kNone);
  ours[kRoot] = kRoot;
  for (Id i = 0; i < other.paths_.size(); ++i) {
    const Path& from = other.paths_[i];
    if (i != kRoot) {
      const Id parent = ours[from.parent];
      if (parent == kNone) continue;
      ours[i] = from.element ? element(parent) : find(parent, from.name);
      new_left_ = 1;
      if (ours[i] == kNone) ours[i] = add(parent, from.name, from.element);
      if (ours[i] == kNone) continue;
    }
    Path& to = paths_[ours[i]];
    to.hidden |= from.hidden;
    to.facts.merge(from.facts);
  }
}

void Profile::settle() {
  std::vector<uint64_t> commonest(paths_.size(), 0);
  for (const Path& path : paths_) {
    if (path.parent != kNone) {
      commonest[path.parent] = std::max(commonest[path.parent], path.facts.seen);
    }
  }
  std::vector<bool> kept(paths_.size(), true);
  for (Id i = 0; i < paths_.size(); ++i) {
    Path& path = paths_[i];
    // A map: many names, and none of them in a quarter of the objects.
    path.map_like = path.children >= kManyMembers && commonest[i] * 4 <= path.facts.objects;
    if (i == kRoot) continue;
    const bool chance = records_ >= kManyRecords && path.facts.seen <= 1 && !path.element &&
                        paths_[path.parent].facts.objects >= kManyRecords;
    kept[i] = kept[path.parent] && !paths_[path.parent].map_like && !chance;
  }
  keep_if(kept);
}

void Profile::keep_if(const std::vector<bool>& kept) {
  std::vector<Path> old;
  old.swap(paths_);
  std::vector<Id> moved(old.size(), kNone);
  for (Path& path : old) path.children = 0;
  for (Id i = 0; i < old.size(); ++i) {
    if (!kept[i]) continue;
    moved[i] = static_cast<Id>(paths_.size());
    paths_.push_back(std::move(old[i]));
    Path& path = paths_.back();
    if (path.parent == kNone) continue;
    path.parent = moved[path.parent];
    path.hash = hash_of(path.parent, path.element ? "*" : path.name);
    ++paths_[path.parent].children;
  }
  std::fill(table_.begin(), table_.end(), kNone);
  for (Id i = 1; i < paths_.size(); ++i) index(i);
}

std::string Profile::pointer(Id id) const {
  std::vector<Id> way;
  for (; id != kRoot; id = paths_[id].parent) way.push_back(id);
  std::string out;
  for (auto at = way.rbegin(); at != way.rend(); ++at) {
    if (paths_[*at].element) {
      out += "/*";
    } else {
      append_pointer_token(out, paths_[*at].name);
    }
  }
  return out;
}

bool Profile::always_there(Id id, uint64_t evidence) const {
  if (id == kRoot || paths_[id].element) return false;
  const uint64_t objects = paths_[paths_[id].parent].facts.objects;
  return objects >= evidence && paths_[id].facts.seen == objects;
}

}  // namespace sluice::drift
