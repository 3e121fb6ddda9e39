// SPDX-License-Identifier: Apache-2.0
// The record path's side of a lineage: which version a record is of, and the way to the newest.
#include "runtime/pipeline/record_path.h"

#include <algorithm>

namespace sluice {

Status RecordPath::prepare_lineage() {
  const ParseLimits limits{context_.config->script_limits.output, limits_.max_depth};
  SLUICE_ASSIGN_OR_RETURN(lifter_, Lifter::create(bundle_->lineage, limits));
  versions_seen_.assign(bundle_->lineage->versions().size() + 1, 0);
  return Status::ok();
}

// The record as one of the newest version, or nullptr: refused or filtered, which is noted then.
Document* RecordPath::to_newest(Batch& batch, uint32_t index, Document& document,
                                std::vector<LetterRequest>& letters) {
  const auto version = find_version(batch, index, document, letters);
  if (!version) return nullptr;
  if (!skips_schema_ && !bundle_->versions->tries() && !lifter_->fits(*version, document)) {
    const LineageVersion& own = bundle_->lineage->versions()[*version];
    refuse_misfit(index, document, *own.schema, "version " + own.name + ": ", letters);
    return nullptr;
  }
  if (*version + 1 == bundle_->lineage->versions().size()) return &document;
  // Without a script the lifted text itself is delivered and has to live as long as the batch.
  Arena* arena = runner_ ? nullptr : &batch.arena();
  Lifter::Answer answer = lifter_->lift(document, *version, meta(batch, index), arena);
  switch (answer.outcome) {
    case Lifter::Outcome::kLifted:
      return answer.document;
    case Lifter::Outcome::kFiltered:
      batch.note(index, Outcome::kFiltered);
      return nullptr;
    case Lifter::Outcome::kRejected:
      break;
  }
  refuse_lift(index, std::move(answer), letters);
  return nullptr;
}

// Notes the version for letters, counts and scripts.
std::optional<size_t> RecordPath::find_version(Batch& batch, uint32_t index,
                                               const Document& document,
                                               std::vector<LetterRequest>& letters) {
  const sluice_record& record = batch.record(index);
  const VersionFinder& finder = *bundle_->versions;
  std::optional<size_t> version;
  if (finder.tries()) {
    version = lifter_->newest_fit(document);
    if (!version) {
      const LineageVersion& newest = bundle_->lineage->newest();
      refuse_misfit(index, document, *newest.schema,
                    "fits none of " + bundle_->lineage->range_text() + "; version " + newest.name +
                        " wants: ",
                    letters);
    }
  } else {
    fill_headers(record);
    const VersionFinder::Input input{{record.value.data, static_cast<size_t>(record.value.size)},
                                     document,
                                     headers_,
                                     batch.schema_ids.get()};
    version = finder.find(input);
    if (!version) {
      const bool hidden = !finder.pointer().empty() && is_sensitive(finder.pointer(), "");
      refuse(index, "validate", "SCHEMA_DRIFT",
             hidden ? "no known schema version in " + finder.place_text() + "; " +
                          bundle_->lineage->there_is_text()
                    : finder.explain(input),
             finder.pointer(), letters);
    }
  }
  note_version(batch, index, version);
  return version;
}

void RecordPath::note_version(Batch& batch, uint32_t index, std::optional<size_t> version) {
  const auto place = static_cast<uint16_t>(version ? *version + 1 : 0);
  batch.set_schema_version(index, place);
  ++versions_seen_[place];
}

// What is not JSON may be so because of what stands in front of it, or because its schema says so.
void RecordPath::refuse_unreadable(Batch& batch, uint32_t index, std::string reason,
                                   std::string detail, std::vector<LetterRequest>& letters) {
  if (lifter_) {
    const sluice_str& value = batch.record(index).value;
    const auto why = bundle_->versions->explain_unreadable(
        {value.data, static_cast<size_t>(value.size)}, batch.schema_ids.get());
    if (why.id) {
      note_version(batch, index, std::nullopt);
      return refuse(index, "validate", "SCHEMA_DRIFT", why.text, "", letters);
    }
    if (!why.text.empty()) detail += "; " + why.text;
  }
  refuse(index, "parse", std::move(reason), std::move(detail), "", letters);
}

void RecordPath::refuse_lift(uint32_t index, Lifter::Answer answer,
                             std::vector<LetterRequest>& letters) {
  std::string pointer;
  if (answer.failure) {
    pointer = answer.failure->instance;
    answer.detail += ": " + failure_text(*answer.failure);
  }
  refuse(index, "lift", std::string(answer.reason), std::move(answer.detail), std::move(pointer),
         letters);
}

void RecordPath::count_versions(Batch& batch) {
  if (context_.version_counts != nullptr) {
    context_.version_counts->add(batch.source, *bundle_->lineage, versions_seen_,
                                 batch.received_us);
  }
  std::fill(versions_seen_.begin(), versions_seen_.end(), 0);
}

}  // namespace sluice
