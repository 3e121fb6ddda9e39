// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "runtime/base/text.h"
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
  if (doc().kind(value) != JsonKind::kNumber) return wrong(value, "a number");
  (ensure(rule(item).*Group).*Member).emplace(doc().slice(value));
  return Status::ok();
}

// In draft-04 `exclusiveMinimum: true` changes what `minimum` means.
template <auto End, auto ExclusiveEnd>
Status Compiler::on_exclusive(Item& item, NodeIndex value) {
  SLUICE_RETURN_IF_ERROR(on_boolean(item, value));
  NumberRules& number = ensure(rule(item).number);
  if (doc().kind(value) == JsonKind::kTrue) std::swap(number.*End, number.*ExclusiveEnd);
  return Status::ok();
}

template <auto Group, auto Range, auto End>
Status Compiler::on_count(Item& item, NodeIndex value) {
  auto number = count(value);
  if (!number) return wrong(value, "a whole number, 0 or more");
  ensure(rule(item).*Group).*Range.*End = *number;
  return Status::ok();
}

template <auto Group, auto Member>
Status Compiler::on_schema(Item& item, NodeIndex value) {
  const RuleIndex index = enqueue(value, item.resource);
  ensure(rule(item).*Group).*Member = index;
  return Status::ok();
}

template <auto Member>
Status Compiler::on_schema_list(Item& item, NodeIndex value) {
  if (doc().kind(value) != JsonKind::kArray || doc().count(value) == 0) {
    return wrong(value, "an array of at least one schema");
  }
  NodeIndex element = doc().first_child(value);
  for (uint32_t i = doc().count(value); i > 0; --i, element = doc().next(element)) {
    const RuleIndex index = enqueue(element, item.resource);
    (ensure(rule(item).combined).*Member).push_back(index);
  }
  return Status::ok();
}

Result<uint64_t> Compiler::count(NodeIndex value) const {
  if (doc().kind(value) != JsonKind::kNumber) return invalid("not a number");
  const Decimal decimal = parse_decimal(doc().slice(value));
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

Status Compiler::on_type(Item& item, NodeIndex value) {
  std::vector<NodeIndex> names;
  if (doc().kind(value) == JsonKind::kString) {
    names.push_back(value);
  } else if (doc().kind(value) == JsonKind::kArray && doc().count(value) > 0) {
    SLUICE_RETURN_IF_ERROR(string_list(value).status());
    NodeIndex element = doc().first_child(value);
    for (uint32_t i = doc().count(value); i > 0; --i, element = doc().next(element)) {
      names.push_back(element);
    }
  } else {
    return wrong(value, "a type name or an array of type names");
  }
  uint8_t bits = 0;
  for (const NodeIndex node : names) {
    const std::string name = text_of(node);
    const auto* known = std::find_if(kTypes.begin(), kTypes.end(),
                                     [&name](const TypeName& type) { return type.name == name; });
    if (known == kTypes.end()) {
      return at(node,
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
  allowed.is_string = doc().kind(value) == JsonKind::kString;
  allowed.text = allowed.is_string ? text_of(value) : std::string(doc().json(value));
  allowed.hash = hash_value(doc(), value, arena_);
  AllowedValues& all = ensure(to.allowed);
  all.in_order.push_back(allowed.hash);
  all.values.push_back(std::move(allowed));
}

Status Compiler::on_enum(Item& item, NodeIndex value) {
  if (doc().kind(value) != JsonKind::kArray || doc().count(value) == 0) {
    return wrong(value, "an array of at least one value");
  }
  NodeIndex element = doc().first_child(value);
  for (uint32_t i = doc().count(value); i > 0; --i, element = doc().next(element)) {
    allow(rule(item), element);
  }
  std::vector<ValueHash>& hashes = rule(item).allowed->in_order;
  std::sort(hashes.begin(), hashes.end());
  return Status::ok();
}

Status Compiler::on_const(Item& item, NodeIndex value) {
  RuleIndex to = item.rule;
  if (rule(item).allowed) {
    // Beside an enum, both must hold: const becomes a schema of its own.
    to = new_rule(item.spot, item.resource);
    ensure(rule(item).combined).all_of.push_back(to);
  }
  allow(program_.rules[to], value);
  program_.rules[to].allowed->is_const = true;
  return Status::ok();
}

Result<std::shared_ptr<const Pattern>> Compiler::pattern(NodeIndex text) {
  // All patterns of one schema together: each instruction takes some 30 bytes, and as much again
  // while it runs.
  constexpr uint64_t kMaxInstructions = 2'000'000;
  const std::string spelled = text_of(text);
  auto& known = patterns_[spelled];
  if (known) return known;
  const auto unusable = [&](const std::string& why) {
    return at(text, "the pattern " + in_quotes(spelled) + " cannot be used: " + why);
  };
  auto compiled = compile_pattern(spelled);
  if (!compiled) return unusable(compiled.status().message());
  pattern_size_ += (*compiled)->size();
  if (pattern_size_ > kMaxInstructions) {
    return unusable(
        "with it the patterns of this schema grow too large together; say it with "
        "fewer or shorter repetitions");
  }
  known = std::move(*compiled);
  return known;
}

Status Compiler::on_pattern(Item& item, NodeIndex value) {
  SLUICE_RETURN_IF_ERROR(on_string(item, value));
  SLUICE_ASSIGN_OR_RETURN(auto compiled, pattern(value));
  StringRules& string = ensure(rule(item).string);
  string.pattern = std::move(compiled);
  string.pattern_text = text_of(value);
  return Status::ok();
}

Status Compiler::on_format(Item& item, NodeIndex value) {
  SLUICE_RETURN_IF_ERROR(on_string(item, value));
  const bool asserted = formats_ == SchemaOptions::Formats::kAssert ||
                        (formats_ == SchemaOptions::Formats::kDialectDefault &&
                         (dialect(item).vocabularies & kFormatAssertion) != 0);
  const std::string name = text_of(value);
  const FormatCheck check = find_format(name);
  if (!asserted || check == nullptr) return Status::ok();
  StringRules& string = ensure(rule(item).string);
  string.format = check;
  string.format_name = name;
  return Status::ok();
}

Status Compiler::on_multiple_of(Item& item, NodeIndex value) {
  auto divisor =
      doc().kind(value) == JsonKind::kNumber ? Divisor::parse(doc().slice(value)) : std::nullopt;
  if (!divisor) {
    return wrong(value, "a number above 0 of at most 18 significant digits");
  }
  ensure(rule(item).number).multiple_of = std::move(divisor);
  return Status::ok();
}

Status Compiler::on_string(Item&, NodeIndex value) {
  return doc().kind(value) == JsonKind::kString ? Status::ok() : wrong(value, "a string");
}

Status Compiler::on_boolean(Item&, NodeIndex value) {
  const JsonKind kind = doc().kind(value);
  return kind == JsonKind::kTrue || kind == JsonKind::kFalse ? Status::ok()
                                                             : wrong(value, "true or false");
}

Status Compiler::on_array(Item&, NodeIndex value) {
  return doc().kind(value) == JsonKind::kArray ? Status::ok() : wrong(value, "an array");
}

Status Compiler::on_later_draft(Item& item, NodeIndex value) {
  const std::string here(dialect_name(dialect(item).draft));
  return at(value, "this keyword belongs to a later draft and " + here +
                       " would ignore it, letting records through; say it with keywords of " +
                       here + ", or name a later draft in \"$schema\"");
}

const std::vector<Compiler::Keyword>& Compiler::keywords() {
  // In this order: `items` before `additionalItems`, `properties` before `required`, `enum` before
  // `const`, limits before what makes them exclusive.
  static const std::vector<Keyword> list = {
      {"type", kEveryDraft, kValidation, &Compiler::on_type},
      {"enum", kEveryDraft, kValidation, &Compiler::on_enum},
      {"const", kFromDraft6, kValidation, &Compiler::on_const},
      {"minimum", kEveryDraft, kValidation,
       &Compiler::on_limit<&Rule::number, &NumberRules::minimum>},
      {"maximum", kEveryDraft, kValidation,
       &Compiler::on_limit<&Rule::number, &NumberRules::maximum>},
      {"exclusiveMinimum", kFromDraft6, kValidation,
       &Compiler::on_limit<&Rule::number, &NumberRules::exclusive_minimum>},
      {"exclusiveMaximum", kFromDraft6, kValidation,
       &Compiler::on_limit<&Rule::number, &NumberRules::exclusive_maximum>},
      {"exclusiveMinimum", kDraft4, kValidation,
       &Compiler::on_exclusive<&NumberRules::minimum, &NumberRules::exclusive_minimum>},
      {"exclusiveMaximum", kDraft4, kValidation,
       &Compiler::on_exclusive<&NumberRules::maximum, &NumberRules::exclusive_maximum>},
      {"multipleOf", kEveryDraft, kValidation, &Compiler::on_multiple_of},
      {"minLength", kEveryDraft, kValidation,
       &Compiler::on_count<&Rule::string, &StringRules::length, &CountRange::min>},
      {"maxLength", kEveryDraft, kValidation,
       &Compiler::on_count<&Rule::string, &StringRules::length, &CountRange::max>},
      {"pattern", kEveryDraft, kValidation, &Compiler::on_pattern},
      {"format", kEveryDraft, kEveryVocabulary, &Compiler::on_format},
      {"prefixItems", kDraft2020, kApplicator, &Compiler::on_prefix_items},
      {"items", kEveryDraft, kApplicator, &Compiler::on_items},
      {"additionalItems", kUntil2019, kApplicator, &Compiler::on_additional_items},
      {"minItems", kEveryDraft, kValidation,
       &Compiler::on_count<&Rule::array, &ArrayRules::count, &CountRange::min>},
      {"maxItems", kEveryDraft, kValidation,
       &Compiler::on_count<&Rule::array, &ArrayRules::count, &CountRange::max>},
      {"uniqueItems", kEveryDraft, kValidation, &Compiler::on_unique_items},
      {"contains", kFromDraft6, kApplicator, &Compiler::on_contains},
      {"minContains", kFrom2019, kValidation,
       &Compiler::on_count<&Rule::array, &ArrayRules::contained, &CountRange::min>},
      {"maxContains", kFrom2019, kValidation,
       &Compiler::on_count<&Rule::array, &ArrayRules::contained, &CountRange::max>},
      {"unevaluatedItems", kFrom2019, kUnevaluated,
       &Compiler::on_schema<&Rule::array, &ArrayRules::unevaluated>},
      {"properties", kEveryDraft, kApplicator, &Compiler::on_properties},
      {"required", kEveryDraft, kValidation, &Compiler::on_required},
      {"patternProperties", kEveryDraft, kApplicator, &Compiler::on_pattern_properties},
      {"additionalProperties", kEveryDraft, kApplicator,
       &Compiler::on_schema<&Rule::object, &ObjectRules::additional>},
      {"propertyNames", kFromDraft6, kApplicator,
       &Compiler::on_schema<&Rule::object, &ObjectRules::property_names>},
      {"minProperties", kEveryDraft, kValidation,
       &Compiler::on_count<&Rule::object, &ObjectRules::count, &CountRange::min>},
      {"maxProperties", kEveryDraft, kValidation,
       &Compiler::on_count<&Rule::object, &ObjectRules::count, &CountRange::max>},
      {"dependencies", kEveryDraft, kApplicator, &Compiler::on_dependencies},
      {"dependentRequired", kEveryDraft, kValidation, &Compiler::on_dependent_required},
      {"dependentSchemas", kEveryDraft, kApplicator, &Compiler::on_dependent_schemas},
      {"unevaluatedProperties", kFrom2019, kUnevaluated,
       &Compiler::on_schema<&Rule::object, &ObjectRules::unevaluated>},
      {"allOf", kEveryDraft, kApplicator, &Compiler::on_schema_list<&Combinators::all_of>},
      {"anyOf", kEveryDraft, kApplicator, &Compiler::on_schema_list<&Combinators::any_of>},
      {"oneOf", kEveryDraft, kApplicator, &Compiler::on_schema_list<&Combinators::one_of>},
      {"not", kEveryDraft, kApplicator, &Compiler::on_schema<&Rule::combined, &Combinators::none>},
      {"if", kFromDraft7, kApplicator,
       &Compiler::on_schema<&Rule::combined, &Combinators::condition>},
      {"then", kFromDraft7, kApplicator,
       &Compiler::on_schema<&Rule::combined, &Combinators::consequence>},
      {"else", kFromDraft7, kApplicator,
       &Compiler::on_schema<&Rule::combined, &Combinators::alternative>},
      {"definitions", kEveryDraft, kEveryVocabulary, &Compiler::on_definitions},
      {"$defs", kEveryDraft, kEveryVocabulary, &Compiler::on_definitions},
      {"contentSchema", kFrom2019, kEveryVocabulary, &Compiler::on_mere_schema},
      {"title", kEveryDraft, kEveryVocabulary, &Compiler::on_string},
      {"description", kEveryDraft, kEveryVocabulary, &Compiler::on_string},
      {"$comment", kEveryDraft, kEveryVocabulary, &Compiler::on_string},
      {"contentEncoding", kEveryDraft, kEveryVocabulary, &Compiler::on_string},
      {"contentMediaType", kEveryDraft, kEveryVocabulary, &Compiler::on_string},
      {"readOnly", kEveryDraft, kEveryVocabulary, &Compiler::on_boolean},
      {"writeOnly", kEveryDraft, kEveryVocabulary, &Compiler::on_boolean},
      {"deprecated", kEveryDraft, kEveryVocabulary, &Compiler::on_boolean},
      {"examples", kFromDraft6, kEveryVocabulary, &Compiler::on_array},
      {"const", kDraft4, kEveryVocabulary, &Compiler::on_later_draft},
      {"contains", kDraft4, kEveryVocabulary, &Compiler::on_later_draft},
      {"propertyNames", kDraft4, kEveryVocabulary, &Compiler::on_later_draft},
      {"if", kDraft4 | kDraft6, kEveryVocabulary, &Compiler::on_later_draft},
      {"unevaluatedProperties", kBefore2019, kEveryVocabulary, &Compiler::on_later_draft},
      {"unevaluatedItems", kBefore2019, kEveryVocabulary, &Compiler::on_later_draft},
      {"minContains", kBefore2019, kEveryVocabulary, &Compiler::on_later_draft},
      {"maxContains", kBefore2019, kEveryVocabulary, &Compiler::on_later_draft},
      {"$recursiveRef", kBefore2019, kEveryVocabulary, &Compiler::on_later_draft},
      {"$dynamicRef", kBefore2019, kEveryVocabulary, &Compiler::on_later_draft},
      {"prefixItems", kUntil2019, kEveryVocabulary, &Compiler::on_later_draft},
  };
  return list;
}

}  // namespace sluice::schema
