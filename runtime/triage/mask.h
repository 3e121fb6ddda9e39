// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/document.h"
#include "runtime/record/pointer.h"
#include "runtime/store/dead_letter.h"

namespace sluice::triage {

// Hides what a pipeline calls sensitive in letters that people look at: at these places in the
// original record and in what a sink was given, and wherever else in the letter such a value stands
// (detail, key, headers, shown fields). A record that cannot be parsed is hidden whole: where its
// values are cannot be told. Not thread-safe.
class LetterMask {
 public:
  static constexpr std::string_view kHidden = "(hidden: sensitive)";

  // JSON Pointers, as in the configuration; `*` stands for any element of an array.
  explicit LetterMask(const std::vector<std::string>& sensitive);

  // Marks the letter as masked if something was, or could have been, hidden.
  void apply(DeadLetter& letter);

 private:
  // The text with what is sensitive in it hidden; `learn`: and noted as a secret.
  std::string hide(std::string_view text, bool learn);
  void find_places(const std::vector<std::string>& steps, std::vector<NodeIndex>& out) const;
  void learn_values(NodeIndex from);
  bool scrub(std::string& text) const;

  std::vector<std::vector<std::string>> places_;  // by their steps, decoded
  std::vector<std::string> secrets_;              // of the letter at hand
  Document document_;
  Arena arena_{4096};
};

}  // namespace sluice::triage
