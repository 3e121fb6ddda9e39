// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/deliver/letter_box.h"
#include "runtime/record/document.h"
#include "runtime/record/pointer.h"
#include "runtime/schema/drift/classify.h"

namespace sluice {

// What a bundle made of one record: a letter, or parts; neither: it was dropped.
struct ShadowResult {
  const LetterRequest* letter = nullptr;
  std::span<const Part> parts;
};

struct ShadowDifference {
  std::string_view kind;
  std::string_view source;
  std::string_view lane;
  const sluice_record& record;
  const ShadowResult& before;
  const ShadowResult& after;
};

// Tells how results differ without giving away what is sensitive: values at sensitive places, and
// texts that hold what a sensitive place of the original record held, wherever a script put it. Not
// thread-safe.
class DifferenceDescriber {
 public:
  explicit DifferenceDescriber(const std::vector<std::string>& sensitive);

  // Equal as JSON, part by part, with keys and routes.
  bool same(const ShadowResult& a, const ShadowResult& b);
  // One JSON object: kind, place of the record, and what each bundle made of it.
  std::string json(const ShadowDifference& difference);

 private:
  void learn_secrets(const sluice_record& record);
  [[nodiscard]] std::string shown(std::string_view pointer, std::string_view text) const;
  void add_fields(std::string& out, std::string_view before, std::string_view after);
  void add_result(std::string& out, std::string_view name, const ShadowResult& result) const;

  const drift::Sensitive hidden_;
  std::vector<JsonPointer> pointers_;
  std::vector<std::string> secrets_;  // texts in the record at hand
  Document original_;
  Document before_;
  Document after_;
};

}  // namespace sluice
