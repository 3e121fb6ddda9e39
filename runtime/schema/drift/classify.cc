// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/drift/classify.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "runtime/base/text.h"
#include "runtime/record/arena.h"
#include "runtime/record/pointer.h"

namespace sluice::drift {
namespace {

constexpr std::array<std::string_view, kKinds> kKindNames = {
    "new_field",           "missing_field", "presence_changed", "type_changed", "null_appeared",
    "new_enum_value",      "range_widened", "form_widened",     "became_array", "became_object",
    "array_became_object", "became_scalar", "size_changed",     "rule_broken"};
constexpr std::array<std::string_view, kSeverities> kSeverityNames = {"info", "warning",
                                                                      "breaking"};
constexpr size_t kValuesShown = 8;

struct KeywordKind {
  std::string_view keyword;
  Kind kind;
};
constexpr std::array kKeywordKinds = {
    KeywordKind{"required", Kind::kMissingField},
    KeywordKind{"dependentRequired", Kind::kMissingField},
    KeywordKind{"dependencies", Kind::kMissingField},
    KeywordKind{"additionalProperties", Kind::kNewField},
    KeywordKind{"unevaluatedProperties", Kind::kNewField},
    KeywordKind{"propertyNames", Kind::kNewField},
    KeywordKind{"enum", Kind::kNewEnumValue},
    KeywordKind{"const", Kind::kNewEnumValue},
    KeywordKind{"minimum", Kind::kRangeWidened},
    KeywordKind{"maximum", Kind::kRangeWidened},
    KeywordKind{"exclusiveMinimum", Kind::kRangeWidened},
    KeywordKind{"exclusiveMaximum", Kind::kRangeWidened},
    KeywordKind{"multipleOf", Kind::kRangeWidened},
    KeywordKind{"minLength", Kind::kFormWidened},
    KeywordKind{"maxLength", Kind::kFormWidened},
    KeywordKind{"pattern", Kind::kFormWidened},
    KeywordKind{"format", Kind::kFormWidened},
    KeywordKind{"contentEncoding", Kind::kFormWidened},
    KeywordKind{"contentMediaType", Kind::kFormWidened},
    KeywordKind{"minItems", Kind::kSizeChanged},
    KeywordKind{"maxItems", Kind::kSizeChanged},
    KeywordKind{"uniqueItems", Kind::kSizeChanged},
    KeywordKind{"contains", Kind::kSizeChanged},
    KeywordKind{"minContains", Kind::kSizeChanged},
    KeywordKind{"maxContains", Kind::kSizeChanged},
    KeywordKind{"additionalItems", Kind::kSizeChanged},
    KeywordKind{"unevaluatedItems", Kind::kSizeChanged},
    KeywordKind{"items", Kind::kSizeChanged},
    KeywordKind{"minProperties", Kind::kSizeChanged},
    KeywordKind{"maxProperties", Kind::kSizeChanged},
};

void add_or(std::string& out, const std::string& text) {
  if (!out.empty()) out += " or ";
  out += text;
}

std::string string_text(const Found& found) {
  std::string forms;
  for (unsigned i = 0; i < kForms; ++i) {
    const auto form = static_cast<Form>(i);
    if ((found.forms & form_bit(form)) == 0) continue;
    if (form == Form::kPlain && forms.empty() && found.forms == form_bit(form)) break;
    forms += (forms.empty() ? "" : ", ") + std::string(form_name(form));
  }
  return forms.empty() ? "string" : "string (" + forms + ")";
}

// The tokens of two pointers, compared one by one.
bool next_token(std::string_view& rest, std::string_view& token) {
  if (rest.empty()) return false;
  rest.remove_prefix(1);  // '/'
  token = rest.substr(0, rest.find('/'));
  rest.remove_prefix(token.size());
  return true;
}

bool is_index(std::string_view token) {
  return !token.empty() &&
         std::all_of(token.begin(), token.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string unescaped(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size()) {
      out += token[++i] == '0' ? '~' : '/';
    } else {
      out += token[i];
    }
  }
  return out;
}

}  // namespace

std::string_view kind_name(Kind kind) { return kKindNames[static_cast<size_t>(kind)]; }

std::string_view severity_name(Severity severity) {
  return kSeverityNames[static_cast<size_t>(severity)];
}

std::optional<Kind> kind_of(std::string_view name) {
  const auto* const at = std::find(kKindNames.begin(), kKindNames.end(), name);
  if (at == kKindNames.end()) return std::nullopt;
  return static_cast<Kind>(at - kKindNames.begin());
}

std::optional<Severity> severity_of(std::string_view name) {
  const auto* const at = std::find(kSeverityNames.begin(), kSeverityNames.end(), name);
  if (at == kSeverityNames.end()) return std::nullopt;
  return static_cast<Severity>(at - kSeverityNames.begin());
}

std::string number_text(double value) {
  char text[40];
  const bool whole = std::floor(value) == value && std::fabs(value) < 1e15;
  std::snprintf(text, sizeof text, whole ? "%.0f" : "%.10g", value);
  return text;
}

std::string describe_values(std::span<const std::string> values, size_t total) {
  std::string out;
  const size_t shown = std::min(values.size(), kValuesShown);
  for (size_t i = 0; i < shown; ++i) out += (i == 0 ? "" : ", ") + values[i];
  if (total > shown) out += " and " + std::to_string(total - shown) + " more";
  return out;
}

std::string describe(const Found& found, bool hidden) {
  std::string out;
  const TypeMask numbers = found.types & (kInteger | kFraction);
  if (numbers != 0) {
    std::string text = numbers == kInteger ? "integer" : "number";
    if (found.has_range() && !hidden) {
      text += ' ' + number_text(found.low);
      if (found.high > found.low) text += ".." + number_text(found.high);
    }
    add_or(out, text);
  }
  if ((found.types & kString) != 0) {
    std::string text = hidden ? "string" : string_text(found);
    if (!found.values.empty() && !hidden) {
      text += ' ' + describe_values(found.values, found.values.size());
    }
    add_or(out, text);
  }
  if ((found.types & kBoolean) != 0) add_or(out, "boolean");
  if ((found.types & kArray) != 0) add_or(out, "array");
  if ((found.types & kObject) != 0) add_or(out, "object");
  if ((found.types & kNull) != 0) add_or(out, "null");
  return out.empty() ? "nothing" : out;
}

Kind type_change(TypeMask before, TypeMask found) {
  if (found == kNull) return Kind::kNullAppeared;
  const TypeMask known = before & ~kNull;
  if (found == kArray) return known == 0 ? Kind::kTypeChanged : Kind::kBecameArray;
  if (found == kObject) {
    if (known == 0) return Kind::kTypeChanged;
    return (known & kArray) != 0 ? Kind::kArrayBecameObject : Kind::kBecameObject;
  }
  const bool nested = known != 0 && (known & kScalar) == 0;
  return nested ? Kind::kBecameScalar : Kind::kTypeChanged;
}

Kind keyword_kind(std::string_view keyword, TypeMask found) {
  if (keyword == "type") return found == kNull ? Kind::kNullAppeared : Kind::kTypeChanged;
  for (const KeywordKind& entry : kKeywordKinds) {
    if (entry.keyword == keyword) return entry.kind;
  }
  return Kind::kRuleBroken;
}

Severity type_severity(TypeMask before, TypeMask found, TypeMask declared) {
  // A field that has only ever been null says nothing of what it will hold.
  if (before == kNull || (declared & found) != 0) return Severity::kInfo;
  return Severity::kWarning;
}

std::string sample_of(std::string_view json, size_t bytes) {
  std::string out;
  append_escaped(out, shorten(json, bytes));
  return out;
}

std::string fold_pointer(const Document& document, std::string_view pointer) {
  std::string out;
  NodeIndex at = document.size() == 0 ? kNoNode : Document::root();
  std::string_view token;
  while (next_token(pointer, token)) {
    const bool array = at != kNoNode && document.kind(at) == JsonKind::kArray;
    if (array && is_index(token)) {
      out += "/*";
      uint64_t index = 0;
      for (const char c : token.substr(0, 9)) index = index * 10 + static_cast<uint64_t>(c - '0');
      const bool inside = index < document.count(at);
      at = inside ? document.first_child(at) : kNoNode;
      for (uint64_t i = 0; inside && i < index; ++i) at = document.next(at);
      continue;
    }
    out += '/';
    out += token;
    if (at != kNoNode) at = document.find(at, unescaped(token));
  }
  return out;
}

bool Sensitive::hides(std::string_view path) const {
  return std::any_of(pointers_.begin(), pointers_.end(), [&](std::string_view pointer) {
    std::string_view rest = path;
    std::string_view ours;
    std::string_view theirs;
    // Equal as far as both go: one lies inside the other.
    while (!rest.empty() && !pointer.empty()) {
      next_token(rest, theirs);
      next_token(pointer, ours);
      const bool same = ours == theirs || (theirs == "*" && is_index(ours)) || ours == "*";
      if (!same) return false;
    }
    return true;
  });
}

}  // namespace sluice::drift
