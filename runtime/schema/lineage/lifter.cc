// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/lineage/lifter.h"

namespace sluice {
namespace {

constexpr std::string_view kTransformError = "TRANSFORM_ERROR";

}  // namespace

Result<std::unique_ptr<Lifter>> Lifter::create(std::shared_ptr<const Lineage> lineage,
                                               const ParseLimits& limits) {
  std::unique_ptr<Lifter> lifter(new Lifter(std::move(lineage), limits));
  for (const LineageVersion& version : lifter->lineage_->versions()) {
    lifter->scratches_.push_back(version.schema->make_scratch());
    if (!version.lift) continue;
    auto runner = ScriptRunner::create(version.lift);
    if (!runner) return std::move(runner).status().with_context(version.lift_file.string());
    lifter->runners_.push_back(std::move(runner).value());
  }
  return lifter;
}

std::optional<size_t> Lifter::newest_fit(const Document& document) {
  for (size_t i = lineage_->versions().size(); i > 0; --i) {
    if (fits(i - 1, document)) return i - 1;
  }
  return std::nullopt;
}

Lifter::Answer Lifter::lift(Document& document, size_t version, const RecordMeta& meta,
                            Arena* arena) {
  Answer answer;
  answer.document = &document;
  arena_.reset();
  for (; version < runners_.size(); ++version) {
    const bool last = version + 1 == runners_.size();
    Arena& into = last && arena != nullptr ? *arena : arena_;
    if (!step(*answer.document, version, meta, into, &answer)) return answer;
  }
  return answer;
}

// One lift, its result parsed and checked. False: the answer is final.
bool Lifter::step(Document& document, size_t version, const RecordMeta& meta, Arena& arena,
                  Answer* answer) {
  parts_.clear();
  ScriptResult result = runners_[version]->run(document, meta, arena, parts_);
  if (result.outcome == ScriptOutcome::kRejected) {
    reject(version, result.reason, result.detail, answer);
    return false;
  }
  if (result.outcome == ScriptOutcome::kFiltered || parts_.empty()) {
    answer->outcome = Outcome::kFiltered;
    return false;
  }
  if (parts_.size() > 1) {
    reject(version, kTransformError,
           "gave back " + std::to_string(parts_.size()) +
               " records, expected one; a lift changes a record, emit several in the transform",
           answer);
    return false;
  }
  const ScriptPart& part = parts_.front();
  if (part.has_key || !part.sink.empty()) {
    reject(version, kTransformError,
           "set a key or a sink; a lift changes a record, route it in the transform", answer);
    return false;
  }
  Document& lifted = documents_[version % documents_.size()];
  const Schema& schema = *lineage_->versions()[version + 1].schema;
  const ParseResult parsed = lifted.parse(part.value, limits_);
  if (!parsed) {
    reject(version, kTransformError, std::string("the result cannot be read: ") + parsed.message,
           answer);
    return false;
  }
  if (!schema.validate(lifted, *scratches_[version + 1])) {
    answer->failure = schema.explain(lifted, 1).front();
    reject(version, kTransformError,
           "the result does not fit version " + lineage_->versions()[version + 1].name, answer);
    return false;
  }
  answer->document = &lifted;
  return true;
}

void Lifter::reject(size_t version, std::string_view reason, std::string_view what,
                    Answer* answer) {
  const auto& versions = lineage_->versions();
  answer->outcome = Outcome::kRejected;
  answer->document = nullptr;
  answer->reason = reason;
  answer->detail = "lift " + versions[version].name + "_to_" + versions[version + 1].name + ": ";
  answer->detail += what;
}

}  // namespace sluice
