// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "runtime/record/document.h"
#include "runtime/script/script.h"
#include "runtime/script/workshop/test_runner.h"

namespace sluice::cli {

// {"line":3,"code":"negative_total","text":"total is -5"} and a line break.
std::string rejection_json(uint64_t line, const workshop::Rejection& rejection);

// Says what a script made of a record: for people (coloured on request) or as JSON lines.
class Explainer {
 public:
  Explainer(bool json, bool colour) : json_(json), colour_(colour) {}

  [[nodiscard]] std::string rejected(uint64_t line, const workshop::Rejection& rejection) const;
  [[nodiscard]] std::string filtered(uint64_t line, const std::string& why) const;
  // What changed from the record to one that came of it, `number` (from 1) of `parts`.
  std::string part(uint64_t line, const Document& before, const ScriptPart& part, size_t number,
                   size_t parts);

 private:
  struct Part;
  [[nodiscard]] std::string part_text(const Part& part) const;
  [[nodiscard]] std::string paint(const char* colour, const std::string& text) const;

  const bool json_;
  const bool colour_;
  Document after_;
};

}  // namespace sluice::cli
