// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/schema/check_schema.h"

#include <array>

#include "runtime/record/document.h"
#include "runtime/schema/validator.h"
#include "tests/unit/schema/valijson_oracle.h"

namespace sluice {
namespace {

constexpr ParseLimits kLimits{.max_bytes = 1U << 20U, .max_depth = 64};

// Every keyword valijson does as draft-07 says; any other name is beyond its reach (or ours to
// ignore, which it does too, but not where it means something to it alone).
constexpr std::array<std::string_view, 27> kKeywords = {
    "type",          "const",      "enum",
    "maximum",       "minimum",    "exclusiveMaximum",
    "minLength",     "maxLength",  "items",
    "maxItems",      "minItems",   "uniqueItems",
    "contains",      "properties", "required",
    "maxProperties", "allOf",      "minProperties",
    "propertyNames", "anyOf",      "oneOf",
    "not",           "if",         "then",
    "else",          "a",          "exclusiveMinimum"};

bool in_list(std::string_view name) {
  for (const std::string_view known : kKeywords) {
    if (known == name) return true;
  }
  return false;
}

// Only small whole numbers without an exponent: elsewhere valijson's doubles and its way to tell
// integers by their spelling differ from ours, as the differential test explains.
bool within_reach(const Document& document, bool schema) {
  for (NodeIndex i = 0; i < document.size(); ++i) {
    const TapeNode& node = document.node(i);
    if (document.kind(i) == JsonKind::kNumber) {
      int64_t value = 0;
      constexpr int64_t kSmall = 1 << 20;
      if (!document.int64(i, &value) || value > kSmall || value < -kSmall) return false;
      if (document.slice(i) == "-0") return false;
    }
    if ((node.info & TapeNode::kName) == 0) continue;
    if ((node.info & TapeNode::kEscaped) != 0) return false;
    if (schema && !in_list(document.slice(i))) return false;
  }
  return true;
}

// valijson recurses without bounds, compares items with each other, and answers an empty array of
// types or names in its own way; all of that is kept small here.
bool has_second_opinion(const Document& schema, const Document& record) {
  constexpr uint32_t kFewNodes = 200;
  return schema.size() <= kFewNodes && record.size() <= kFewNodes &&
         schema.kind(Document::root()) == JsonKind::kObject && within_reach(schema, true) &&
         within_reach(record, false);
}

std::string check_one(std::string_view text, std::string_view record_text, const Document& record,
                      const SchemaOptions& options) {
  const auto schema = compile_schema_text(text, "fuzz", options);
  if (!schema) return schema.status().message().empty() ? "a refusal without a message" : "";
  const auto scratch = (*schema)->make_scratch();
  const bool fits = (*schema)->validate(record, *scratch);
  if (fits != (*schema)->validate(record, *scratch)) return "the verdict changes";
  const auto failures = (*schema)->explain(record, 5);
  if (failures.empty() || failures.size() > 5) return "more or fewer failures than asked for";
  const bool refused = failures.front().message.find("so it is refused") != std::string::npos;
  if (!refused && fits != failures.front().keyword.empty()) {
    return "explain() and validate() disagree";
  }
  if (!options.dialect.empty()) return "";
  Document parsed;
  if (!parsed.parse(text, kLimits) || !has_second_opinion(parsed, record)) return "";
  const testing::ValijsonOracle oracle(text);
  if (oracle.usable() && oracle.fits(record_text) != fits) return "valijson disagrees";
  return "";
}

}  // namespace

std::string check_schema(std::string_view schema, std::string_view record_text) {
  Document record;
  if (!record.parse(record_text, kLimits)) return "";
  for (const char* dialect : {"", "2020-12", "2019-09"}) {
    SchemaOptions options;
    options.dialect = dialect;
    if (std::string wrong = check_one(schema, record_text, record, options); !wrong.empty()) {
      return wrong;
    }
  }
  return "";
}

}  // namespace sluice
