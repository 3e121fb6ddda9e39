// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <numeric>

#include "runtime/schema/describe.h"
#include "runtime/schema/evolve/shape_reader.h"
#include "runtime/schema/number.h"

// What each keyword becomes. A handler that enqueues schemas moves `graph_.shapes`: look the shape
// up again after that.
namespace sluice::schema {
namespace {

struct KindName {
  std::string_view name;
  uint8_t kinds;
};
// In the order in which people name them.
constexpr std::array kNames = {KindName{"object", kKindObject},   KindName{"array", kKindArray},
                               KindName{"string", kKindString},   KindName{"number", kNumberKinds},
                               KindName{"integer", kKindInteger}, KindName{"boolean", kKindBoolean},
                               KindName{"null", kKindNull}};

uint8_t kind_of(const Document& document, NodeIndex node) {
  switch (document.kind(node)) {
    case JsonKind::kNull:
      return kKindNull;
    case JsonKind::kFalse:
    case JsonKind::kTrue:
      return kKindBoolean;
    case JsonKind::kNumber:
      return is_integer(parse_decimal(document.slice(node))) ? kKindInteger : kKindFraction;
    case JsonKind::kString:
      return kKindString;
    case JsonKind::kArray:
      return kKindArray;
    case JsonKind::kObject:
      return kKindObject;
  }
  return 0;
}

std::vector<std::string_view> names_of(uint8_t kinds) {
  std::vector<std::string_view> out;
  for (const KindName& name : kNames) {
    if ((kinds & name.kinds) != name.kinds) continue;
    if (name.kinds == kKindInteger && (kinds & kKindFraction) != 0) continue;
    out.push_back(name.name);
  }
  // Fractions alone have no name of their own.
  if ((kinds & kNumberKinds) == kKindFraction) out.emplace_back("number");
  return out;
}

// A whole number of `minLength` and the like, saturated.
std::optional<uint64_t> whole_number(std::string_view json) {
  const Decimal decimal = parse_decimal(json);
  if (decimal.zero()) return 0;
  if (decimal.negative || !is_integer(decimal)) return std::nullopt;
  constexpr int64_t kMaxDigits = 19;
  if (static_cast<int64_t>(decimal.digits()) + decimal.exponent > kMaxDigits) return UINT64_MAX;
  uint64_t out = 0;
  for (size_t i = 0; i < decimal.digits(); ++i) {
    out = out * 10 + static_cast<uint64_t>(decimal.digit(i) - '0');
  }
  for (int64_t i = 0; i < decimal.exponent; ++i) out *= 10;
  return out;
}

}  // namespace

std::string describe_kinds(uint8_t kinds) {
  if (kinds == kAllKinds) return "any";
  if (kinds == 0) return "nothing";
  std::string out;
  for (const std::string_view name : names_of(kinds)) {
    if (!out.empty()) out += " or ";
    out += name;
  }
  return out;
}

std::string kinds_json(uint8_t kinds) {
  if (kinds == kAllKinds) return "true";
  if (kinds == 0) return "false";
  std::string out;
  const auto names = names_of(kinds);
  for (const std::string_view name : names) {
    out += out.empty() ? "\"" : ",\"";
    out += name;
    out += '"';
  }
  return names.size() == 1 ? out : "[" + out + "]";
}

Status ShapeReader::on_type(const Item& item, NodeIndex value) {
  const bool list = doc_.kind(value) == JsonKind::kArray;
  uint8_t kinds = 0;
  NodeIndex name = list ? doc_.first_child(value) : value;
  for (uint32_t i = list ? doc_.count(value) : 1; i > 0; --i, name = doc_.next(name)) {
    const std::string text = doc_.kind(name) == JsonKind::kString ? text_of(name) : "";
    const auto* const known = std::find_if(kNames.begin(), kNames.end(),
                                           [&](const KindName& n) { return n.name == text; });
    if (known == kNames.end()) return wrong(name, "the name of a type");
    kinds |= known->kinds;
  }
  shape(item).kinds = kinds;
  return Status::ok();
}

void ShapeReader::add_value(Shape& to, NodeIndex value) {
  ShapeValue one;
  one.hash = hash_value(doc_, value, arena_);
  const bool known = std::any_of(to.values.begin(), to.values.end(),
                                 [&](const ShapeValue& other) { return other.hash == one.hash; });
  if (known) return;
  one.kind = kind_of(doc_, value);
  one.json = doc_.json(value);
  if (one.kind == kKindString) one.text = text_of(value);
  to.values.push_back(std::move(one));
}

Status ShapeReader::on_enum(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kArray) return wrong(value, "an array of values");
  constexpr uint32_t kMaxValues = 10'000;
  if (doc_.count(value) > kMaxValues) return at(value, "more than 10,000 values to compare");
  Shape& to = shape(item);
  to.has_values = true;
  NodeIndex child = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, child = doc_.next(child)) add_value(to, child);
  return Status::ok();
}

// Runs after `enum`: with both, only the constant can be left.
Status ShapeReader::on_const(const Item& item, NodeIndex value) {
  Shape& to = shape(item);
  std::vector<ShapeValue> listed;
  const bool had = to.has_values;
  listed.swap(to.values);
  to.has_values = true;
  to.is_const = true;
  add_value(to, value);
  const auto same = [&](const ShapeValue& other) { return other.hash == to.values[0].hash; };
  if (had && std::none_of(listed.begin(), listed.end(), same)) to.values.clear();
  return Status::ok();
}

Status ShapeReader::on_default(const Item& item, NodeIndex value) {
  shape(item).fallback = std::string(doc_.json(value));
  return Status::ok();
}

Status ShapeReader::on_properties(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kObject) return wrong(value, "an object of schemas");
  NodeIndex name = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, name = doc_.next(doc_.next(name))) {
    const ShapeIndex index = enqueue(doc_.next(name), item.resource);
    shape(item).members.push_back({text_of(name), index, false});
  }
  Shape& to = shape(item);
  to.by_name.resize(to.members.size());
  std::iota(to.by_name.begin(), to.by_name.end(), 0U);
  std::sort(to.by_name.begin(), to.by_name.end(),
            [&to](uint32_t a, uint32_t b) { return to.members[a].name < to.members[b].name; });
  return Status::ok();
}

// Runs after `properties`.
Status ShapeReader::on_required(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kArray) return wrong(value, "an array of names");
  std::set<std::string> names;
  NodeIndex child = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, child = doc_.next(child)) {
    if (doc_.kind(child) != JsonKind::kString) return wrong(child, "a string");
    names.insert(text_of(child));
  }
  Shape& to = shape(item);
  for (ShapeMember& member : to.members) {
    if (names.erase(member.name) != 0) member.required = true;
  }
  for (const std::string& name : names) {
    to.by_name.push_back(static_cast<uint32_t>(to.members.size()));
    to.members.push_back({name, kNoShape, true});
  }
  std::sort(to.by_name.begin(), to.by_name.end(),
            [&to](uint32_t a, uint32_t b) { return to.members[a].name < to.members[b].name; });
  return Status::ok();
}

Status ShapeReader::on_pattern_properties(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kObject) return wrong(value, "an object of schemas");
  NodeIndex name = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, name = doc_.next(doc_.next(name))) {
    const ShapeIndex index = enqueue(doc_.next(name), item.resource);
    shape(item).patterns.emplace_back(text_of(name), index);
  }
  return Status::ok();
}

// `dependencies` and its two halves.
Status ShapeReader::on_dependencies(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kObject) return wrong(value, "an object");
  NodeIndex name = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, name = doc_.next(doc_.next(name))) {
    const NodeIndex needs = doc_.next(name);
    if (doc_.kind(needs) != JsonKind::kArray) {
      const ShapeIndex index = enqueue(needs, item.resource);
      shape(item).needs_shape[text_of(name)] = index;
      continue;
    }
    std::set<std::string>& names = shape(item).needs[text_of(name)];
    NodeIndex child = doc_.first_child(needs);
    for (uint32_t j = doc_.count(needs); j > 0; --j, child = doc_.next(child)) {
      if (doc_.kind(child) != JsonKind::kString) return wrong(child, "a string");
      names.insert(text_of(child));
    }
  }
  return Status::ok();
}

Status ShapeReader::on_items(const Item& item, NodeIndex value) {
  if (doc_.kind(value) == JsonKind::kArray && dialect_.draft != kDraft2020) {
    return on_prefix_items(item, value);
  }
  const ShapeIndex index = enqueue(value, item.resource);
  shape(item).rest = index;
  return Status::ok();
}

Status ShapeReader::on_prefix_items(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kArray) return wrong(value, "an array of schemas");
  NodeIndex child = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, child = doc_.next(child)) {
    const ShapeIndex index = enqueue(child, item.resource);
    shape(item).prefix.push_back(index);
  }
  return Status::ok();
}

// It counts only beside `items` as a list.
Status ShapeReader::on_additional_items(const Item& item, NodeIndex value) {
  if (shape(item).prefix.empty()) return Status::ok();
  const ShapeIndex index = enqueue(value, item.resource);
  shape(item).rest = index;
  return Status::ok();
}

Status ShapeReader::on_unique_items(const Item& item, NodeIndex value) {
  shape(item).unique = doc_.kind(value) == JsonKind::kTrue;
  return Status::ok();
}

Status ShapeReader::on_multiple_of(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kNumber) return wrong(value, "a number");
  shape(item).multiple_of = doc_.slice(value);
  return Status::ok();
}

// `minimum` and `exclusiveMinimum` (and so for maximum) become the stricter of the two.
template <bool Upper, bool Exclusive>
Status ShapeReader::on_bound(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kNumber) return wrong(value, "a number");
  auto& bound = Upper ? shape(item).upper : shape(item).lower;
  const ShapeBound found{std::string(doc_.slice(value)), Exclusive};
  if (bound) {
    const int order = compare(parse_decimal(found.text), parse_decimal(bound->text));
    const bool stricter = Upper ? order < 0 : order > 0;
    if (!stricter && !(order == 0 && Exclusive)) return Status::ok();
  }
  bound = found;
  return Status::ok();
}

// Draft-04: a flag of the limit, which was read before.
template <auto Bound>
Status ShapeReader::on_exclusive_flag(const Item& item, NodeIndex value) {
  auto& bound = shape(item).*Bound;
  if (bound && doc_.kind(value) == JsonKind::kTrue) bound->exclusive = true;
  return Status::ok();
}

template <auto Range, auto End>
Status ShapeReader::on_count(const Item& item, NodeIndex value) {
  const auto number =
      doc_.kind(value) == JsonKind::kNumber ? whole_number(doc_.slice(value)) : std::nullopt;
  if (!number) return wrong(value, "a whole number, 0 or more");
  shape(item).*Range.*End = *number;
  return Status::ok();
}

template <auto Member>
Status ShapeReader::on_text(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kString) return wrong(value, "a string");
  shape(item).*Member = text_of(value);
  return Status::ok();
}

template <auto Member>
Status ShapeReader::on_schema(const Item& item, NodeIndex value) {
  const ShapeIndex index = enqueue(value, item.resource);
  shape(item).*Member = index;
  return Status::ok();
}

template <auto Member>
Status ShapeReader::on_list(const Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kArray) return wrong(value, "an array of schemas");
  NodeIndex child = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, child = doc_.next(child)) {
    const ShapeIndex index = enqueue(child, item.resource);
    (shape(item).*Member).push_back(index);
  }
  return Status::ok();
}

const std::vector<ShapeReader::Keyword>& ShapeReader::keywords() {
  using R = ShapeReader;
  using S = Shape;
  using Range = ShapeRange;
  static const std::vector<Keyword> list = {
      {"type", kEveryDraft, &R::on_type},
      {"enum", kEveryDraft, &R::on_enum},
      {"const", kFromDraft6, &R::on_const},
      {"default", kEveryDraft, &R::on_default},
      {"minimum", kEveryDraft, &R::on_bound<false, false>},
      {"exclusiveMinimum", kFromDraft6, &R::on_bound<false, true>},
      {"maximum", kEveryDraft, &R::on_bound<true, false>},
      {"exclusiveMaximum", kFromDraft6, &R::on_bound<true, true>},
      {"exclusiveMinimum", kDraft4, &R::on_exclusive_flag<&S::lower>},
      {"exclusiveMaximum", kDraft4, &R::on_exclusive_flag<&S::upper>},
      {"multipleOf", kEveryDraft, &R::on_multiple_of},
      {"minLength", kEveryDraft, &R::on_count<&S::length, &Range::min>},
      {"maxLength", kEveryDraft, &R::on_count<&S::length, &Range::max>},
      {"pattern", kEveryDraft, &R::on_text<&S::pattern>},
      {"format", kEveryDraft, &R::on_text<&S::format>},
      {"prefixItems", kDraft2020, &R::on_prefix_items},
      {"items", kEveryDraft, &R::on_items},
      {"additionalItems", kUntil2019, &R::on_additional_items},
      {"minItems", kEveryDraft, &R::on_count<&S::items, &Range::min>},
      {"maxItems", kEveryDraft, &R::on_count<&S::items, &Range::max>},
      {"uniqueItems", kEveryDraft, &R::on_unique_items},
      {"contains", kFromDraft6, &R::on_schema<&S::contains>},
      {"minContains", kFrom2019, &R::on_count<&S::contains_count, &Range::min>},
      {"maxContains", kFrom2019, &R::on_count<&S::contains_count, &Range::max>},
      {"properties", kEveryDraft, &R::on_properties},
      {"required", kEveryDraft, &R::on_required},
      {"patternProperties", kEveryDraft, &R::on_pattern_properties},
      {"additionalProperties", kEveryDraft, &R::on_schema<&S::additional>},
      {"propertyNames", kFromDraft6, &R::on_schema<&S::names>},
      {"minProperties", kEveryDraft, &R::on_count<&S::properties, &Range::min>},
      {"maxProperties", kEveryDraft, &R::on_count<&S::properties, &Range::max>},
      {"dependencies", kEveryDraft, &R::on_dependencies},
      {"dependentRequired", kEveryDraft, &R::on_dependencies},
      {"dependentSchemas", kEveryDraft, &R::on_dependencies},
      {"allOf", kEveryDraft, &R::on_list<&S::all_of>},
      {"anyOf", kEveryDraft, &R::on_list<&S::any_of>},
      {"oneOf", kEveryDraft, &R::on_list<&S::one_of>},
      {"not", kEveryDraft, &R::on_schema<&S::none>},
      {"if", kFromDraft7, &R::on_schema<&S::condition>},
      {"then", kFromDraft7, &R::on_schema<&S::consequence>},
      {"else", kFromDraft7, &R::on_schema<&S::alternative>},
      {"unevaluatedProperties", kFrom2019, &R::on_schema<&S::unevaluated_properties>},
      {"unevaluatedItems", kFrom2019, &R::on_schema<&S::unevaluated_items>},
  };
  return list;
}

}  // namespace sluice::schema
