// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/drift/declared.h"

#include <algorithm>
#include <array>
#include <map>

#include "runtime/base/text.h"
#include "runtime/record/pointer.h"

namespace sluice::drift {
namespace {

constexpr ParseLimits kLimits = {16ULL << 20, 512};
// Sub-schemas that speak of one place; more than that is no place a person reads drift of.
constexpr size_t kMaxParts = 256;
constexpr size_t kValueBytes = 40;
constexpr std::array<std::string_view, 5> kPassingOn = {"$ref", "$dynamicRef", "allOf", "anyOf",
                                                        "oneOf"};

struct TypeName {
  std::string_view name;
  TypeMask types;
};
constexpr std::array kTypeNames = {
    TypeName{"null", kNull},       TypeName{"boolean", kBoolean},
    TypeName{"integer", kInteger}, TypeName{"number", kInteger | kFraction},
    TypeName{"string", kString},   TypeName{"array", kArray},
    TypeName{"object", kObject}};

// A sub-schema that speaks of a place: always, or as one of several possibilities.
struct PartOf {
  NodeIndex node;
  bool maybe;
  bool operator<(const PartOf& other) const {
    return node != other.node ? node < other.node : maybe < other.maybe;
  }
  bool operator==(const PartOf& other) const = default;
};
using Parts = std::vector<PartOf>;

}  // namespace

// Works through a list of places, each the set of sub-schemas that speak of it, so that neither
// depth nor circles of references matter.
class DeclaredReader {
 public:
  explicit DeclaredReader(Declared& out) : out_(out) {}

  Status read(std::string_view text) {
    const ParseResult parsed = document_.parse(text, kLimits);
    if (!parsed) return invalid(std::string("the schema cannot be read: ") + parsed.message);
    name_places();
    place({{Document::root(), false}});
    for (size_t i = 0; i < out_.shapes_.size(); ++i) {
      const Parts parts = *places_[i];
      Declared::Shape shape = read_shape(parts);
      out_.shapes_[i] = std::move(shape);
    }
    return Status::ok();
  }

 private:
  using Id = Declared::Id;

  // The number of a place; it is read later.
  Id place(Parts parts) {
    if (parts.empty()) return Declared::kNone;
    std::sort(parts.begin(), parts.end());
    parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
    if (parts.size() > kMaxParts) return Declared::kNone;
    const auto known = ids_.find(parts);
    if (known != ids_.end()) return known->second;
    if (out_.shapes_.size() >= Declared::kMaxShapes) return Declared::kNone;
    const auto id = static_cast<Id>(out_.shapes_.size());
    places_.push_back(&ids_.emplace(std::move(parts), id).first->first);
    out_.shapes_.emplace_back();
    return id;
  }

  [[nodiscard]] NodeIndex get(NodeIndex schema, std::string_view keyword) const {
    return document_.find(schema, keyword);
  }
  [[nodiscard]] bool is_object(NodeIndex i) const {
    return i != kNoNode && document_.kind(i) == JsonKind::kObject;
  }
  [[nodiscard]] bool is_array(NodeIndex i) const {
    return i != kNoNode && document_.kind(i) == JsonKind::kArray;
  }
  template <typename Visit>
  void each_member(NodeIndex object, const Visit& visit) {
    if (!is_object(object)) return;
    const NodeIndex end = document_.next(object);
    for (NodeIndex name = object + 1; name < end; name = document_.next(name + 1)) {
      visit(std::string(document_.string(name, arena_)), name + 1);
    }
  }
  template <typename Visit>
  void each_element(NodeIndex array, const Visit& visit) const {
    if (!is_array(array)) return;
    const NodeIndex end = document_.next(array);
    for (NodeIndex i = array + 1; i < end; i = document_.next(i)) visit(i);
  }

  // What references may name beside pointers: the schema itself, and anchors.
  void name_places() {
    if (const NodeIndex id = get(Document::root(), "$id"); id != kNoNode) {
      own_uri_ = document_.string(id, arena_);
      if (own_uri_.ends_with('#')) own_uri_.pop_back();
    }
    for (NodeIndex i = 0; i + 1 < document_.size(); ++i) {
      const TapeNode& name = document_.node(i);
      const uint32_t distance = name.info >> TapeNode::kCountShift;
      if ((name.info & TapeNode::kName) == 0 || distance == 0) continue;
      if (document_.kind(i + 1) != JsonKind::kString) continue;
      if (!document_.string_equals(i, "$anchor") && !document_.string_equals(i, "$dynamicAnchor")) {
        continue;
      }
      anchors_.emplace(document_.string(i + 1, arena_), i - distance);
    }
  }

  // Where a reference leads; kNoNode when out of this file or to nowhere.
  NodeIndex resolve(NodeIndex reference) {
    if (document_.kind(reference) != JsonKind::kString) return kNoNode;
    std::string_view text = document_.string(reference, arena_);
    if (!own_uri_.empty() && text.starts_with(own_uri_)) text.remove_prefix(own_uri_.size());
    if (text.empty()) return Document::root();
    if (text[0] != '#') return kNoNode;
    text.remove_prefix(1);
    const auto anchor = anchors_.find(text);
    if (anchor != anchors_.end()) return anchor->second;
    auto pointer = JsonPointer::parse(text);
    return pointer ? pointer->find(document_) : kNoNode;
  }

  // `parts` with all they bring in from the same place: references, allOf, alternatives.
  Parts closure(Parts parts, bool* lost) {
    for (size_t i = 0; i < parts.size() && parts.size() <= kMaxParts; ++i) {
      const PartOf part = parts[i];
      if (!is_object(part.node)) continue;
      const auto add = [&](NodeIndex node, bool maybe) {
        const PartOf more{node, maybe};
        if (std::find(parts.begin(), parts.end(), more) == parts.end()) parts.push_back(more);
      };
      for (const char* keyword : {"$ref", "$dynamicRef", "$recursiveRef"}) {
        const NodeIndex reference = get(part.node, keyword);
        if (reference == kNoNode) continue;
        const NodeIndex target = resolve(reference);
        if (target == kNoNode) {
          *lost = true;
        } else {
          add(target, part.maybe);
        }
      }
      each_element(get(part.node, "allOf"), [&](NodeIndex n) { add(n, part.maybe); });
      for (const char* keyword : {"anyOf", "oneOf"}) {
        each_element(get(part.node, keyword), [&](NodeIndex n) { add(n, true); });
      }
      for (const char* keyword : {"if", "then", "else"}) {
        const NodeIndex branch = get(part.node, keyword);
        if (branch != kNoNode) add(branch, true);
      }
      for (const char* keyword : {"dependentSchemas", "dependencies"}) {
        each_member(get(part.node, keyword),
                    [&](const std::string&, NodeIndex n) { add(n, true); });
      }
    }
    if (parts.size() > kMaxParts) *lost = true;
    return parts;
  }

  [[nodiscard]] TypeMask named_types(NodeIndex type) const {
    TypeMask types = 0;
    const auto add = [&](NodeIndex name) {
      for (const TypeName& entry : kTypeNames) {
        if (document_.kind(name) == JsonKind::kString && document_.string_equals(name, entry.name))
          types |= entry.types;
      }
    };
    if (is_array(type)) {
      each_element(type, add);
    } else {
      add(type);
    }
    return types;
  }

  // The types one sub-schema allows by itself; 0 when it does not say.
  TypeMask own_types(NodeIndex schema) {
    const NodeIndex type = get(schema, "type");
    if (type != kNoNode) return named_types(type);
    TypeMask types = 0;
    const auto add = [&](NodeIndex value) { types |= type_of(document_.node(value).info); };
    each_element(get(schema, "enum"), add);
    const NodeIndex value = get(schema, "const");
    if (value != kNoNode) add(value);
    return types;
  }

  [[nodiscard]] bool passes_on(NodeIndex schema) const {
    return std::any_of(kPassingOn.begin(), kPassingOn.end(),
                       [&](std::string_view keyword) { return get(schema, keyword) != kNoNode; });
  }

  Declared::Shape read_shape(const Parts& from) {
    Declared::Shape shape;
    bool lost = false;
    const Parts parts = closure(from, &lost);
    TypeMask always = kAnyType;
    TypeMask maybe = 0;
    std::map<std::string, std::pair<Parts, bool>> members;
    Parts items;
    Parts others;
    for (const PartOf& part : parts) {
      if (!is_object(part.node)) continue;
      const TypeMask own = own_types(part.node);
      if (part.maybe) {
        // A branch that does not say leaves all types open, unless it only passes on.
        maybe |= own != 0 || passes_on(part.node) ? own : kAnyType;
      } else if (own != 0) {
        always &= own;
      }
      read_limits(part.node, shape);
      read_members(part, members, others, shape);
      read_items(part, items);
    }
    const auto common = static_cast<TypeMask>(maybe != 0 ? always & maybe : always);
    shape.types =
        always == kAnyType ? (maybe == kAnyType ? 0 : maybe) : (common != 0 ? common : always);
    for (auto& [name, member] : members) {
      shape.members.push_back({name, place(std::move(member.first)), member.second});
    }
    shape.items = place(std::move(items));
    shape.others = place(std::move(others));
    if (lost) shape.lists_members = false;
    say(parts, shape);
    return shape;
  }

  void read_limits(NodeIndex schema, Declared::Shape& shape) const {
    const auto has = [&](std::string_view keyword) { return get(schema, keyword) != kNoNode; };
    shape.limits_low |= has("minimum") || has("exclusiveMinimum");
    shape.limits_high |= has("maximum") || has("exclusiveMaximum");
    shape.lists_values |= has("enum") || has("const");
    shape.limits_text |= has("maxLength") || has("pattern") || has("format");
  }

  void read_members(const PartOf& part, std::map<std::string, std::pair<Parts, bool>>& members,
                    Parts& others, Declared::Shape& shape) {
    const NodeIndex properties = get(part.node, "properties");
    each_member(properties, [&](const std::string& name, NodeIndex value) {
      members[name].first.push_back({value, part.maybe});
    });
    each_element(get(part.node, "required"), [&](NodeIndex name) {
      auto& member = members[std::string(document_.string(name, arena_))];
      member.second |= !part.maybe;
    });
    const NodeIndex patterns = get(part.node, "patternProperties");
    each_member(patterns, [&](const std::string& pattern, NodeIndex value) {
      auto compiled = schema::compile_pattern(pattern);
      if (!compiled) return;  // the schema's own compiler refuses what we cannot match
      shape.patterns.emplace_back(std::move(compiled).value(), place({{value, part.maybe}}));
    });
    bool free = false;
    for (const char* keyword : {"additionalProperties", "unevaluatedProperties"}) {
      const NodeIndex rest = get(part.node, keyword);
      if (rest == kNoNode) continue;
      if (is_object(rest) && document_.count(rest) != 0) others.push_back({rest, part.maybe});
      if (document_.kind(rest) == JsonKind::kFalse) shape.lists_members = true;
      free |= document_.kind(rest) != JsonKind::kFalse;
    }
    // A sub-schema that names no member leaves the object free: a bag of whatever.
    if (is_object(properties) && (document_.count(properties) != 0 || !free)) {
      shape.lists_members = true;
    }
    if (patterns != kNoNode) shape.lists_members = true;
  }

  void read_items(const PartOf& part, Parts& items) const {
    for (const char* keyword : {"items", "prefixItems", "additionalItems"}) {
      const NodeIndex value = get(part.node, keyword);
      if (is_array(value)) {
        each_element(value, [&](NodeIndex n) { items.push_back({n, true}); });
      } else if (is_object(value)) {
        items.push_back({value, part.maybe});
      }
    }
  }

  void say(const Parts& parts, Declared::Shape& shape) {
    std::string out;
    if (shape.types != 0) out = describe({.types = shape.types, .values = {}}, false);
    const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
    const auto value_of = [&](NodeIndex i) { return shorten(document_.json(i), kValueBytes); };
    for (const PartOf& part : parts) {
      if (!is_object(part.node) || part.maybe) continue;
      std::vector<std::string> values;
      each_element(get(part.node, "enum"), [&](NodeIndex i) { values.push_back(value_of(i)); });
      if (!values.empty()) add("one of " + describe_values(values, values.size()));
      if (const NodeIndex i = get(part.node, "const"); i != kNoNode) add("only " + value_of(i));
      for (const char* keyword :
           {"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "minLength",
            "maxLength", "pattern", "format", "minItems", "maxItems"}) {
        const NodeIndex i = get(part.node, keyword);
        if (i == kNoNode || out.size() > 300) continue;
        add(std::string(keyword) + ' ' +
            shorten(document_.kind(i) == JsonKind::kString ? document_.slice(i) : document_.json(i),
                    kValueBytes));
      }
    }
    shape.says = std::move(out);
  }

  Declared& out_;
  Document document_;
  Arena arena_;
  std::map<Parts, Id> ids_;
  std::string own_uri_;
  std::map<std::string, NodeIndex, std::less<>> anchors_;
  std::vector<const Parts*> places_;
};

const Declared::Member* Declared::Shape::find(std::string_view name) const {
  const auto at = std::lower_bound(
      members.begin(), members.end(), name,
      [](const Member& member, std::string_view wanted) { return member.name < wanted; });
  return at != members.end() && at->name == name ? &*at : nullptr;
}

Result<std::shared_ptr<const Declared>> Declared::read(std::string_view schema) {
  auto declared = std::make_shared<Declared>();
  DeclaredReader reader(*declared);
  SLUICE_RETURN_IF_ERROR(reader.read(schema));
  return std::shared_ptr<const Declared>(std::move(declared));
}

}  // namespace sluice::drift
