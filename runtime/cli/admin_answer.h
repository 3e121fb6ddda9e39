// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "runtime/record/document.h"

namespace sluice::cli {

// Members of one object of an answer of the admin API; what is not there, or of another kind, is
// empty or 0. The document must outlive it.
class AnswerReader {
 public:
  AnswerReader(const Document& document, NodeIndex object) : document_(document), object_(object) {}

  std::string text(std::string_view name);
  [[nodiscard]] uint64_t number(std::string_view name) const;
  [[nodiscard]] NodeIndex object(std::string_view name) const;  // or kNoNode
  // All numbers of an object, by name.
  std::map<std::string, uint64_t> counts(NodeIndex object);

 private:
  [[nodiscard]] NodeIndex find(std::string_view name, JsonKind kind) const;

  const Document& document_;
  const NodeIndex object_;
  Arena arena_{4096};
};

// Is the process that gave this answer (its member `state_dir`) the one of this state folder?
bool answers_for(const Document& answer, const std::filesystem::path& state_dir);

}  // namespace sluice::cli
