// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/answers.h"

#include "runtime/base/text.h"
#include "runtime/record/document.h"
#include "runtime/schema/registry/identity.h"

namespace sluice::registry {
namespace {

constexpr long kOk = 200;
constexpr long kUnauthorized = 401;
constexpr long kForbidden = 403;
constexpr long kNotFound = 404;
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

// Does it say that there is no such id?
bool says_unknown(const HttpAnswer& answer) {
  if (answer.status != kNotFound) return false;
  Document document;
  if (!document.parse(answer.body, kAnswerLimits)) return false;
  if (document.kind(Document::root()) != JsonKind::kObject) return false;
  const NodeIndex code = document.find(Document::root(), "error_code");
  uint64_t number = 0;
  return code != kNoNode && document.kind(code) == JsonKind::kNumber &&
         document.uint64(code, &number) && number == kUnknownSchema;
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
  // Left out for Avro, the first type there was.
  const std::string type =
      text_member(document, Document::root(), "schemaType", arena).value_or("AVRO");
  SchemaAnswer out;
  if (type != "JSON") {
    out.kind = SchemaAnswer::Kind::kOtherType;
    append_escaped(out.type, shorten(type.empty() ? "nameless" : type, kShownOfBody));
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
    const NodeIndex version = document.find(item, "version");
    uint64_t number = 0;
    const bool whole = version != kNoNode && document.kind(version) == JsonKind::kNumber &&
                       document.uint64(version, &number) && number <= UINT32_MAX;
    if (!subject || subject->size() > kLongestName || !whole) {
      return not_a_registry(answer, expected);
    }
    out.emplace_back(*subject, static_cast<uint32_t>(number));
    item = document.next(item);
  }
  return out;
}

}  // namespace sluice::registry
