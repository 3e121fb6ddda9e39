// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "runtime/base/text.h"
#include "runtime/record/pointer.h"
#include "runtime/schema/compiler.h"
#include "runtime/schema/describe.h"

// What each keyword may hold, and what it becomes. A handler may enqueue schemas, which moves
// `program_.rules`: look the rule up again after that.
namespace sluice::schema {
namespace {

struct TypeName {
  std::string_view name;
  uint8_t bits;
};
constexpr std::array kTypes = {TypeName{"null", kTypeNull},
                               TypeName{"boolean", kTypeBoolean},
                               TypeName{"number", kTypeNumber | kTypeInteger},
                               TypeName{"integer", kTypeInteger},
                               TypeName{"string", kTypeString},
                               TypeName{"array", kTypeArray},
                               TypeName{"object", kTypeObject}};

}  // namespace

template <auto Group, auto Member>
Status Compiler::on_limit(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kNumber) return wrong(keyword_pointer_, "a number", value);
  (ensure(rule(item).*Group).*Member).emplace(doc_.slice(value));
  return Status::ok();
}

template <auto Group, auto Range, auto End>
Status Compiler::on_count(Item& item, NodeIndex value) {
  auto number = count(value);
  if (!number) return wrong(keyword_pointer_, "a whole number, 0 or more", value);
  ensure(rule(item).*Group).*Range.*End = *number;
  return Status::ok();
}

template <auto Group, auto Member>
Status Compiler::on_schema(Item& item, NodeIndex value) {
  const RuleIndex index = enqueue(value, keyword_pointer_, item.resource);
  ensure(rule(item).*Group).*Member = index;
  return Status::ok();
}

template <auto Member>
Status Compiler::on_schema_list(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kArray || doc_.count(value) == 0) {
    return wrong(keyword_pointer_, "an array of at least one schema", value);
  }
  NodeIndex element = doc_.first_child(value);
  for (uint32_t i = 0; i < doc_.count(value); ++i, element = doc_.next(element)) {
    const RuleIndex index =
        enqueue(element, keyword_pointer_ + "/" + std::to_string(i), item.resource);
    (ensure(rule(item).combined).*Member).push_back(index);
  }
  return Status::ok();
}

Result<uint64_t> Compiler::count(NodeIndex value) const {
  if (doc_.kind(value) != JsonKind::kNumber) return invalid("not a number");
  const Decimal decimal = parse_decimal(doc_.slice(value));
  if (decimal.zero()) return uint64_t{0};
  if (decimal.negative || !is_integer(decimal)) return invalid("not a whole number");
  constexpr int64_t kMaxDigits = 19;
  if (static_cast<int64_t>(decimal.digits()) + decimal.exponent > kMaxDigits) return kNoLimit;
  uint64_t out = 0;
  for (size_t i = 0; i < decimal.digits(); ++i) {
    out = out * 10 + static_cast<uint64_t>(decimal.digit(i) - '0');
  }
  for (int64_t i = 0; i < decimal.exponent; ++i) out *= 10;
  return out;
}

Result<std::vector<std::string>> Compiler::string_list(NodeIndex value, const std::string& where) {
  if (doc_.kind(value) != JsonKind::kArray) return wrong(where, "an array of strings", value);
  std::vector<std::string> out;
  std::set<std::string, std::less<>> seen;
  NodeIndex element = doc_.first_child(value);
  for (uint32_t i = 0; i < doc_.count(value); ++i, element = doc_.next(element)) {
    const std::string place = where + "/" + std::to_string(i);
    if (doc_.kind(element) != JsonKind::kString) return wrong(place, "a string", element);
    out.push_back(text_of(element));
    if (!seen.insert(out.back()).second) {
      return at(place, in_quotes(out.back()) + " is listed twice; remove one");
    }
  }
  return out;
}

Status Compiler::on_type(Item& item, NodeIndex value) {
  std::vector<std::pair<std::string, std::string>> names;  // with their places
  if (doc_.kind(value) == JsonKind::kString) {
    names.emplace_back(text_of(value), keyword_pointer_);
  } else if (doc_.kind(value) == JsonKind::kArray && doc_.count(value) > 0) {
    SLUICE_ASSIGN_OR_RETURN(auto list, string_list(value, keyword_pointer_));
    for (size_t i = 0; i < list.size(); ++i) {
      names.emplace_back(std::move(list[i]), keyword_pointer_ + "/" + std::to_string(i));
    }
  } else {
    return wrong(keyword_pointer_, "a type name or an array of type names", value);
  }
  uint8_t bits = 0;
  for (const auto& [name, place] : names) {
    const auto* known = std::find_if(kTypes.begin(), kTypes.end(),
                                     [&n = name](const TypeName& type) { return type.name == n; });
    if (known == kTypes.end()) {
      return at(place,
                "expected one of null, boolean, object, array, number, string and integer, found " +
                    in_quotes(name));
    }
    bits = static_cast<uint8_t>(bits | known->bits);
  }
  rule(item).types = bits;
  return Status::ok();
}

void Compiler::allow(Rule& to, NodeIndex value) {
  AllowedValues::Value allowed;
  allowed.is_string = doc_.kind(value) == JsonKind::kString;
  allowed.text = allowed.is_string ? text_of(value) : std::string(doc_.json(value));
  allowed.hash = hash_value(doc_, value, arena_);
  ensure(to.allowed).values.push_back(std::move(allowed));
}

Status Compiler::on_enum(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kArray || doc_.count(value) == 0) {
    return wrong(keyword_pointer_, "an array of at least one value", value);
  }
  NodeIndex element = doc_.first_child(value);
  for (uint32_t i = doc_.count(value); i > 0; --i, element = doc_.next(element)) {
    allow(rule(item), element);
  }
  return Status::ok();
}

Status Compiler::on_const(Item& item, NodeIndex value) {
  // Beside an enum, both must hold: const becomes a schema of its own.
  if (rule(item).allowed) {
    program_.rules.emplace_back().pointer = item.pointer;
    target_of_.push_back(kNoRule);
    const auto extra = static_cast<RuleIndex>(program_.rules.size() - 1);
    ensure(rule(item).combined).all_of.push_back(extra);
    allow(program_.rules[extra], value);
    program_.rules[extra].allowed->is_const = true;
    return Status::ok();
  }
  allow(rule(item), value);
  rule(item).allowed->is_const = true;
  return Status::ok();
}

Status Compiler::on_items(Item& item, NodeIndex value) {
  if (doc_.kind(value) != JsonKind::kArray) {
    return on_schema<&Rule::array, &ArrayRules::items>(item, value);
  }
  if (doc_.count(value) == 0) {
    return wrong(keyword_pointer_, "a schema or an array of at least one schema", value);
  }
  NodeIndex element = doc_.first_child(value);
  for (uint32_t i = 0; i < doc_.count(value); ++i, element = doc_.next(element)) {
    const RuleIndex index =
        enqueue(element, keyword_pointer_ + "/" + std::to_string(i), item.resource);
    ensure(rule(item).array).tuple.push_back(index);
  }
  return Status::ok();
}

Status Compiler::on_additional_items(Item& item, NodeIndex value) {
  const RuleIndex index = enqueue(value, keyword_pointer_, item.resource);
  // Without a tuple the keyword says nothing.
  if (rule(item).array && !rule(item).array->tuple.empty()) rule(item).array->items = index;
  return Status::ok();
}

Status Compiler::on_unique_items(Item& item, NodeIndex value) {
  SLUICE_RETURN_IF_ERROR(on_boolean(item, value));
  ensure(rule(item).array).unique = doc_.kind(value) == JsonKind::kTrue;
  return Status::ok();
}

Status Compiler::on_pattern(Item& item, NodeIndex value) {
  SLUICE_RETURN_IF_ERROR(on_string(item, value));
  auto pattern = compile_pattern(doc_.string(value, arena_));
  if (!pattern) {
    return at(keyword_pointer_, "the pattern " + in_quotes(text_of(value)) +
                                    " cannot be used: " + pattern.status().message());
  }
  StringRules& string = ensure(rule(item).string);
  string.pattern = std::move(*pattern);
  string.pattern_text = text_of(value);
  return Status::ok();
}

Status Compiler::on_format(Item& item, NodeIndex value) {
  SLUICE_RETURN_IF_ERROR(on_string(item, value));
  const std::string name = text_of(value);
  const FormatCheck check = find_format(name);
  if (check == nullptr) return Status::ok();
  StringRules& string = ensure(rule(item).string);
  string.format = check;
  string.format_name = name;
  return Status::ok();
}

Status Compiler::on_multiple_of(Item& item, NodeIndex value) {
  auto divisor =
      doc_.kind(value) == JsonKind::kNumber ? Divisor::parse(doc_.slice(value)) : std::nullopt;
  if (!divisor) {
    return wrong(keyword_pointer_, "a number above 0 of at most 18 significant digits", value);
  }
  ensure(rule(item).number).multiple_of = std::move(divisor);
  return Status::ok();
}

Status Compiler::on_string(Item&, NodeIndex value) {
  return doc_.kind(value) == JsonKind::kString ? Status::ok()
                                               : wrong(keyword_pointer_, "a string", value);
}

Status Compiler::on_boolean(Item&, NodeIndex value) {
  const JsonKind kind = doc_.kind(value);
  return kind == JsonKind::kTrue || kind == JsonKind::kFalse
             ? Status::ok()
             : wrong(keyword_pointer_, "true or false", value);
}

Status Compiler::on_array(Item&, NodeIndex value) {
  return doc_.kind(value) == JsonKind::kArray ? Status::ok()
                                              : wrong(keyword_pointer_, "an array", value);
}

Status Compiler::on_later_draft(Item&, NodeIndex) {
  return at(keyword_pointer_,
            "this keyword belongs to a later draft and draft-07 would ignore it, letting records "
            "through; say it with draft-07 keywords");
}

const std::vector<Compiler::Keyword>& Compiler::keywords() {
  // In this order: `items` before `additionalItems`, `properties` before `required`, `enum` before
  // `const`.
  static const std::vector<Keyword> list = {
      {"type", &Compiler::on_type},
      {"enum", &Compiler::on_enum},
      {"const", &Compiler::on_const},
      {"minimum", &Compiler::on_limit<&Rule::number, &NumberRules::minimum>},
      {"maximum", &Compiler::on_limit<&Rule::number, &NumberRules::maximum>},
      {"exclusiveMinimum", &Compiler::on_limit<&Rule::number, &NumberRules::exclusive_minimum>},
      {"exclusiveMaximum", &Compiler::on_limit<&Rule::number, &NumberRules::exclusive_maximum>},
      {"multipleOf", &Compiler::on_multiple_of},
      {"minLength", &Compiler::on_count<&Rule::string, &StringRules::length, &CountRange::min>},
      {"maxLength", &Compiler::on_count<&Rule::string, &StringRules::length, &CountRange::max>},
      {"pattern", &Compiler::on_pattern},
      {"format", &Compiler::on_format},
      {"items", &Compiler::on_items},
      {"additionalItems", &Compiler::on_additional_items},
      {"minItems", &Compiler::on_count<&Rule::array, &ArrayRules::count, &CountRange::min>},
      {"maxItems", &Compiler::on_count<&Rule::array, &ArrayRules::count, &CountRange::max>},
      {"uniqueItems", &Compiler::on_unique_items},
      {"contains", &Compiler::on_schema<&Rule::array, &ArrayRules::contains>},
      {"properties", &Compiler::on_properties},
      {"required", &Compiler::on_required},
      {"patternProperties", &Compiler::on_pattern_properties},
      {"additionalProperties", &Compiler::on_schema<&Rule::object, &ObjectRules::additional>},
      {"propertyNames", &Compiler::on_schema<&Rule::object, &ObjectRules::property_names>},
      {"minProperties", &Compiler::on_count<&Rule::object, &ObjectRules::count, &CountRange::min>},
      {"maxProperties", &Compiler::on_count<&Rule::object, &ObjectRules::count, &CountRange::max>},
      {"dependencies", &Compiler::on_dependencies},
      {"dependentRequired", &Compiler::on_dependent_required},
      {"dependentSchemas", &Compiler::on_dependent_schemas},
      {"allOf", &Compiler::on_schema_list<&Combinators::all_of>},
      {"anyOf", &Compiler::on_schema_list<&Combinators::any_of>},
      {"oneOf", &Compiler::on_schema_list<&Combinators::one_of>},
      {"not", &Compiler::on_schema<&Rule::combined, &Combinators::none>},
      {"if", &Compiler::on_schema<&Rule::combined, &Combinators::condition>},
      {"then", &Compiler::on_schema<&Rule::combined, &Combinators::consequence>},
      {"else", &Compiler::on_schema<&Rule::combined, &Combinators::alternative>},
      {"definitions", &Compiler::on_definitions},
      {"$defs", &Compiler::on_definitions},
      {"title", &Compiler::on_string},
      {"description", &Compiler::on_string},
      {"$comment", &Compiler::on_string},
      {"contentEncoding", &Compiler::on_string},
      {"contentMediaType", &Compiler::on_string},
      {"readOnly", &Compiler::on_boolean},
      {"examples", &Compiler::on_array},
      {"unevaluatedProperties", &Compiler::on_later_draft},
      {"unevaluatedItems", &Compiler::on_later_draft},
      {"prefixItems", &Compiler::on_later_draft},
      {"minContains", &Compiler::on_later_draft},
      {"maxContains", &Compiler::on_later_draft},
      {"$recursiveRef", &Compiler::on_later_draft},
      {"$dynamicRef", &Compiler::on_later_draft}};
  return list;
}

}  // namespace sluice::schema
