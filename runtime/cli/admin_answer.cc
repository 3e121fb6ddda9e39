// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/admin_answer.h"

#include <system_error>

namespace sluice::cli {

NodeIndex AnswerReader::find(std::string_view name, JsonKind kind) const {
  if (document_.kind(object_) != JsonKind::kObject) return kNoNode;
  const NodeIndex at = document_.find(object_, name);
  return at != kNoNode && document_.kind(at) == kind ? at : kNoNode;
}

std::string AnswerReader::text(std::string_view name) {
  const NodeIndex at = find(name, JsonKind::kString);
  return at == kNoNode ? std::string() : std::string(document_.string(at, arena_));
}

uint64_t AnswerReader::number(std::string_view name) const {
  const NodeIndex at = find(name, JsonKind::kNumber);
  uint64_t value = 0;
  if (at != kNoNode) static_cast<void>(document_.uint64(at, &value));
  return value;
}

NodeIndex AnswerReader::object(std::string_view name) const {
  return find(name, JsonKind::kObject);
}

std::map<std::string, uint64_t> AnswerReader::counts(NodeIndex object) {
  std::map<std::string, uint64_t> out;
  NodeIndex name = document_.first_child(object);
  for (uint32_t i = document_.count(object); i > 0; --i) {
    const NodeIndex value = document_.next(name);
    uint64_t n = 0;
    if (document_.kind(value) == JsonKind::kNumber) {
      static_cast<void>(document_.uint64(value, &n));
    }
    out[std::string(document_.string(name, arena_))] = n;
    name = document_.next(value);
  }
  return out;
}

bool answers_for(const Document& answer, const std::filesystem::path& state_dir) {
  std::error_code error;
  const auto whole = std::filesystem::weakly_canonical(state_dir, error);
  const std::filesystem::path there(AnswerReader(answer, Document::root()).text("state_dir"));
  return (error ? state_dir : whole) == there;
}

}  // namespace sluice::cli
