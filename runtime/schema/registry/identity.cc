// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/registry/identity.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/record/document.h"
#include "runtime/schema/number.h"
#include "runtime/schema/sources.h"

namespace sluice::registry {
namespace {

// Writes a value in the one form that all equal values share. Recursion is bounded by the depth the
// parser allowed.
class CanonicalWriter {
 public:
  explicit CanonicalWriter(const Document& document) : document_(document) {}

  void value(NodeIndex node) {
    switch (document_.kind(node)) {
      case JsonKind::kNull:
        out_ += "null";
        return;
      case JsonKind::kFalse:
        out_ += "false";
        return;
      case JsonKind::kTrue:
        out_ += "true";
        return;
      case JsonKind::kNumber:
        return number(node);
      case JsonKind::kString:
        return append_json_string(out_, document_.string(node, arena_));
      case JsonKind::kArray:
        return array(node);
      case JsonKind::kObject:
        return object(node);
    }
  }
  [[nodiscard]] const std::string& text() const { return out_; }

 private:
  void number(NodeIndex node) {
    const schema::Decimal decimal = schema::parse_decimal(document_.slice(node));
    if (decimal.zero()) {
      out_ += '0';
      return;
    }
    if (decimal.negative) out_ += '-';
    out_ += decimal.digits_a;
    out_ += decimal.digits_b;
    out_ += 'e' + std::to_string(decimal.exponent);
  }

  void array(NodeIndex node) {
    out_ += '[';
    NodeIndex child = document_.first_child(node);
    for (uint32_t i = document_.count(node); i > 0; --i, child = document_.next(child)) {
      value(child);
      out_ += ',';
    }
    out_ += ']';
  }

  void object(NodeIndex node) {
    std::vector<std::pair<std::string_view, NodeIndex>> members;
    NodeIndex name = document_.first_child(node);
    for (uint32_t i = document_.count(node); i > 0; --i) {
      const NodeIndex child = document_.next(name);
      const std::string_view key = document_.string(name, arena_);
      if (node != Document::root() || !is_name_of_schema(key, child)) {
        members.emplace_back(key, child);
      }
      name = document_.next(child);
    }
    std::sort(members.begin(), members.end());
    out_ += '{';
    for (const auto& [key, child] : members) {
      append_json_string(out_, key);
      out_ += ':';
      value(child);
      out_ += ',';
    }
    out_ += '}';
  }

  [[nodiscard]] bool is_name_of_schema(std::string_view key, NodeIndex value) const {
    return (key == "$id" || key == "id") && document_.kind(value) == JsonKind::kString;
  }

  const Document& document_;
  Arena arena_;
  std::string out_;
};

}  // namespace

std::optional<Sha256Digest> schema_identity(std::string_view text) {
  Document document;
  const ParseLimits limits{.max_bytes = kMaxRegisteredBytes, .max_depth = schema::kMaxSchemaDepth};
  if (!document.parse(text, limits)) return std::nullopt;
  CanonicalWriter writer(document);
  writer.value(Document::root());
  return sha256(writer.text());
}

}  // namespace sluice::registry
