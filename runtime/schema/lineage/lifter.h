// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/record/arena.h"
#include "runtime/record/document.h"
#include "runtime/schema/lineage/lineage.h"
#include "runtime/script/script.h"

namespace sluice {

// Checks records against their version of a lineage and makes older ones the newest version's, step
// by step. One a worker: holds a Lua state a lift. Memory is kept between records, so a steady load
// allocates nothing. Not thread-safe.
class Lifter {
 public:
  // `limits` are those of a lift's result.
  static Result<std::unique_ptr<Lifter>> create(std::shared_ptr<const Lineage> lineage,
                                                const ParseLimits& limits);

  // Does the record fit this version? `version` is a place in the lineage's versions().
  [[nodiscard]] bool fits(size_t version, const Document& document) {
    return lineage_->versions()[version].schema->validate(document, *scratches_[version]);
  }
  // The newest version that the record fits.
  [[nodiscard]] std::optional<size_t> newest_fit(const Document& document);

  // Calls take(counts) with what the script of each lift counted, see ScriptRunner::counts().
  template <typename Take>
  void each_count(const Take& take) {
    for (const auto& runner : runners_) take(runner->counts());
  }

  enum class Outcome { kLifted, kFiltered, kRejected };
  struct Answer {
    Outcome outcome = Outcome::kLifted;
    Document* document = nullptr;  // kLifted: of the newest version; valid until the next lift()
    std::string_view reason;       // kRejected: reason code
    std::string detail;            // kRejected: begins with the step, "lift 1_to_2: "
    // kRejected because the lifted record does not fit the next version: where and why, which the
    // detail leaves to the caller (who may have to hide a value).
    std::optional<SchemaFailure> failure;
  };
  // `document` fits `version`; it is changed by the call. After each step the result is parsed and
  // checked against the schema it should fit. The newest version's record comes back as it is.
  // The text of the answer's document lies in `arena`, or, when that is nullptr, in memory of the
  // lifter until the next lift().
  Answer lift(Document& document, size_t version, const RecordMeta& meta, Arena* arena);

 private:
  Lifter(std::shared_ptr<const Lineage> lineage, const ParseLimits& limits)
      : lineage_(std::move(lineage)), limits_(limits) {}
  bool step(Document& document, size_t version, const RecordMeta& meta, Arena& arena,
            Answer* answer);
  void reject(size_t version, std::string_view reason, std::string_view what, Answer* answer);

  const std::shared_ptr<const Lineage> lineage_;
  const ParseLimits limits_;
  std::vector<std::unique_ptr<Schema::Scratch>> scratches_;  // by version
  std::vector<std::unique_ptr<ScriptRunner>> runners_;       // by the version they lift
  std::array<Document, 2> documents_;                        // of steps, in turn
  Arena arena_;
  std::vector<ScriptPart> parts_;
};

}  // namespace sluice
