// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/answers.h"

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/record/document.h"
#include "runtime/schema/registry/identity.h"

namespace sluice::registry {
namespace {

constexpr long kOk = 200;
constexpr long kUnauthorized = 401;
constexpr long kForbidden = 403;
constexpr long kNotFound = 404;
constexpr uint64_t kUnknownSubject = 40401;
constexpr uint64_t kUnknownSchema = 40403;
constexpr size_t kShownOfBody = 120;
constexpr size_t kLongestName = 1000;

// The schema is a string in it, so each of its bytes may be escaped.
constexpr ParseLimits kAnswerLimits{.max_bytes = 8 * kMaxRegisteredBytes, .max_depth = 16};

std::string excerpt(std::string_view body) {
  std::string out;
  append_escaped(out, shorten(body, kShownOfBody));
  return out.empty() ? "nothing" : out;
}

Status not_a_registry(const HttpAnswer& answer, std::string_view expected) {
  return unavailable("answers " + std::to_string(answer.status) + " with " + excerpt(answer.body) +
                     ", which is not " + std::string(expected) +
                     "; does the url lead to a schema registry, with the path it has there (such "
                     "as /apis/ccompat/v7)?");
}

// A member that is text; nothing if it is not there or something else.
std::optional<std::string> text_member(const Document& document, NodeIndex object,
                                       std::string_view name, Arena& arena) {
  const NodeIndex node = document.find(object, name);
  if (node == kNoNode || document.kind(node) != JsonKind::kString) return std::nullopt;
  return std::string(document.string(node, arena));
}

// Does it say that there is no such id (or subject, by its code)?
bool says_unknown(const HttpAnswer& answer, uint64_t expected = kUnknownSchema) {
  if (answer.status != kNotFound) return false;
  Document document;
  if (!document.parse(answer.body, kAnswerLimits)) return false;
  if (document.kind(Document::root()) != JsonKind::kObject) return false;
  const NodeIndex code = document.find(Document::root(), "error_code");
  uint64_t number = 0;
  return code != kNoNode && document.kind(code) == JsonKind::kNumber &&
         document.uint64(code, &number) && number == expected;
}

// A member that is a number of 32 bits.
std::optional<uint32_t> number_at(const Document& document, NodeIndex node) {
  uint64_t number = 0;
  const bool whole = node != kNoNode && document.kind(node) == JsonKind::kNumber &&
                     document.uint64(node, &number) && number <= UINT32_MAX;
  return whole ? std::optional(static_cast<uint32_t>(number)) : std::nullopt;
}

// Left out for Avro, the first type there was.
std::string type_of(const Document& document, Arena& arena) {
  const auto type = text_member(document, Document::root(), "schemaType", arena).value_or("AVRO");
  std::string out;
  append_escaped(out, shorten(type.empty() ? "nameless" : type, kShownOfBody));
  return out;
}

SchemaAnswer unusable(std::string detail) {
  SchemaAnswer out;
  out.kind = SchemaAnswer::Kind::kUnusable;
  out.detail = std::move(detail);
  return out;
}

}  // namespace

Status refusal(const HttpAnswer& answer) {
  if (answer.status == kUnauthorized || answer.status == kForbidden) {
    return unavailable("does not let us in (" + std::to_string(answer.status) +
                       "); check user and password");
  }
  if (answer.status >= 500 || answer.status == 429) {
    return unavailable("answers " + std::to_string(answer.status) + " with " +
                       excerpt(answer.body));
  }
  return not_a_registry(answer, "what a schema registry says");
}

Result<SchemaAnswer> read_schema(const HttpAnswer& answer) {
  if (says_unknown(answer)) return SchemaAnswer{};
  if (answer.status != kOk) return refusal(answer);
  if (answer.cut) {
    return unusable("the registry's answer is larger than " + format_size(answer.body.size()) +
                    "; no such schema is read");
  }
  Document document;
  Arena arena;
  const std::string_view expected = "a JSON object with the member \"schema\"";
  if (!document.parse(answer.body, kAnswerLimits) ||
      document.kind(Document::root()) != JsonKind::kObject) {
    return not_a_registry(answer, expected);
  }
  const auto schema = text_member(document, Document::root(), "schema", arena);
  if (!schema) return not_a_registry(answer, expected);
  SchemaAnswer out;
  const std::string type = type_of(document, arena);
  if (type != "JSON") {
    out.kind = SchemaAnswer::Kind::kOtherType;
    out.type = type;
    return out;
  }
  const auto identity = schema_identity(*schema);
  if (!identity) {
    return unusable("what is registered as JSON Schema is not JSON of at most " +
                    format_size(kMaxRegisteredBytes));
  }
  out.kind = SchemaAnswer::Kind::kJson;
  out.identity = *identity;
  return out;
}

Result<std::vector<SubjectVersion>> read_places(const HttpAnswer& answer) {
  std::vector<SubjectVersion> out;
  if (says_unknown(answer)) return out;
  if (answer.status != kOk) return refusal(answer);
  Document document;
  Arena arena;
  const std::string_view expected = "a JSON list of subjects and versions";
  if (answer.cut || !document.parse(answer.body, kAnswerLimits) ||
      document.kind(Document::root()) != JsonKind::kArray) {
    return not_a_registry(answer, expected);
  }
  NodeIndex item = document.first_child(Document::root());
  for (uint32_t i = document.count(Document::root()); i > 0 && out.size() < kMostPlaces; --i) {
    if (document.kind(item) != JsonKind::kObject) return not_a_registry(answer, expected);
    const auto subject = text_member(document, item, "subject", arena);
    const auto version = number_at(document, document.find(item, "version"));
    if (!subject || subject->size() > kLongestName || !version) {
      return not_a_registry(answer, expected);
    }
    out.emplace_back(*subject, *version);
    item = document.next(item);
  }
  return out;
}

Result<std::vector<uint32_t>> read_versions(const HttpAnswer& answer) {
  if (says_unknown(answer, kUnknownSubject)) return invalid("has no such subject");
  if (answer.status != kOk) return refusal(answer);
  const std::string_view expected = "a JSON list of the subject's versions";
  Document document;
  if (answer.cut || !document.parse(answer.body, kAnswerLimits) ||
      document.kind(Document::root()) != JsonKind::kArray) {
    return not_a_registry(answer, expected);
  }
  std::vector<uint32_t> out;
  NodeIndex item = document.first_child(Document::root());
  for (uint32_t i = document.count(Document::root()); i > 0 && out.size() < kMostPlaces; --i) {
    const auto number = number_at(document, item);
    if (!number) return not_a_registry(answer, expected);
    out.push_back(*number);
    item = document.next(item);
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<Registered> read_registered(const HttpAnswer& answer) {
  if (answer.status != kOk) return refusal(answer);
  if (answer.cut) return invalid("has a schema there that is larger than is taken");
  const std::string_view expected = "a JSON object with the members \"schema\" and \"id\"";
  Document document;
  Arena arena;
  if (!document.parse(answer.body, kAnswerLimits) ||
      document.kind(Document::root()) != JsonKind::kObject) {
    return not_a_registry(answer, expected);
  }
  const auto text = text_member(document, Document::root(), "schema", arena);
  const auto id = number_at(document, document.find(Document::root(), "id"));
  if (!text || !id) return not_a_registry(answer, expected);
  return Registered{*id, type_of(document, arena), *text};
}

}  // namespace sluice::registry
