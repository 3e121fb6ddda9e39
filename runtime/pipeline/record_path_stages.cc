// SPDX-License-Identifier: Apache-2.0
// The stages of the record path. Some records go through each of them together: the code and the
// guesses of one stage then stay in the processor, which saves about a fifteenth of the time of
// all.
#include "runtime/pipeline/record_path.h"
#include "runtime/pipeline/redrive_batch.h"

namespace sluice {
namespace {

// A larger record goes alone: what several large ones take would be held for good.
constexpr uint64_t kLargestTogether = 16 * 1024;

std::string_view view(sluice_str text) { return {text.data, static_cast<size_t>(text.size)}; }

bool is_tombstone(const sluice_record& record) {
  return (record.flags & SLUICE_RECORDF_DELETE) != 0 || record.value.data == nullptr;
}

std::string parse_reason(ParseCode code) {
  return code == ParseCode::kTooLarge ? "TOO_LARGE" : "PARSE_ERROR";
}

}  // namespace

void RecordPath::process(Batch& batch, std::vector<LetterRequest>& letters) {
  begin(batch);
  gathers_ = runner_ && runner_->batch_records() > 1;
  for (uint32_t i = 0; i < batch.count();) {
    const uint32_t n = together(batch, i);
    process_some(batch, i, n, letters);
    i += n;
  }
  run_waiting(batch, letters);
  gathers_ = false;
  end(batch);
}

void RecordPath::process_record(Batch& batch, uint32_t index, std::vector<LetterRequest>& letters) {
  process_some(batch, index, 1, letters);
}

void RecordPath::read_keys(Batch& batch) {
  if (!keys_) return;
  keys_->begin(batch);
  for (uint32_t i = 0; i < batch.count(); ++i) {
    const sluice_record& record = batch.record(i);
    if (is_tombstone(record)) {
      keys_->read(batch, i, nullptr);
    } else if (staged_[0].document.parse(payload(record), limits_)) {
      keys_->read(batch, i, &staged_[0].document);
    }
  }
  const uint64_t unkeyed = keys_->end(batch);
  if (context_.unkeyed != nullptr) *context_.unkeyed += unkeyed;
}

std::string_view RecordPath::payload(const sluice_record& record) const {
  return lifter_ ? bundle_->versions->payload(view(record.value)) : view(record.value);
}

// How many records from this one on go through the stages together.
uint32_t RecordPath::together(const Batch& batch, uint32_t first) const {
  if (lifter_) return 1;  // which holds one record at a time
  uint32_t n = 0;
  while (n < kRecordsTogether && first + n < batch.count() &&
         batch.record(first + n).value.size <= kLargestTogether) {
    ++n;
  }
  return n == 0 ? 1 : n;
}

void RecordPath::process_some(Batch& batch, uint32_t first, uint32_t n,
                              std::vector<LetterRequest>& letters) {
  records_ += n;
  const std::span<Staged> group = std::span(staged_).first(n);
  for (uint32_t i = 0; i < n; ++i) read(batch, first + i, group[i], letters);
  if (bundle_->schema && !lifter_ && !skips_schema_) {
    for (Staged& staged : group) {
      if (staged.newest != nullptr) {
        staged.fits = bundle_->schema->validate(staged.document, *scratch_);
      }
    }
  }
  if (bundle_->schema || lifter_ || drift_) {
    for (Staged& staged : group) {
      if (staged.newest != nullptr && !admit(batch, staged, letters)) staged.newest = nullptr;
    }
  }
  for (Staged& staged : group) {
    if (staged.tombstone) {
      pass_tombstone(batch, staged.index, letters);
    } else if (staged.newest == nullptr) {
      continue;  // refused or filtered, which is noted
    } else if (runner_) {
      transform(batch, staged, letters);
    } else {
      pass_through(batch, staged.index, *staged.newest);
    }
  }
}

void RecordPath::read(Batch& batch, uint32_t index, Staged& to,
                      std::vector<LetterRequest>& letters) {
  const sluice_record& record = batch.record(index);
  to.index = index;
  to.fits = true;
  to.newest = nullptr;
  to.tombstone = is_tombstone(record);
  if (to.tombstone) {
    if (keys_) keys_->read(batch, index, nullptr);
    return;
  }
  const std::string_view value = payload(record);
  const ParseResult parsed = to.document.parse(value, limits_);
  if (!parsed) {
    const size_t skipped = static_cast<size_t>(record.value.size) - value.size();
    refuse_unreadable(batch, index, parse_reason(parsed.code),
                      std::string(parsed.message) + " (at byte " +
                          std::to_string(parsed.offset + skipped) + " of " +
                          std::to_string(record.value.size) + ")",
                      letters);
    return;
  }
  to.newest = &to.document;
  if (keys_) keys_->read(batch, index, &to.document);  // as received
}

// False: refused, which is noted.
bool RecordPath::admit(Batch& batch, Staged& staged, std::vector<LetterRequest>& letters) {
  if (lifter_) {
    staged.newest = to_newest(batch, staged.index, staged.document, letters);
    if (staged.newest == nullptr) return false;
  } else if (!staged.fits) {
    refuse_misfit(staged.index, staged.document, *bundle_->schema, "", letters);
    return false;
  }
  if (drift_ && !skips_schema_ && !drift_->passed(staged.index, *staged.newest)) {
    refuse(staged.index, "validate", "SCHEMA_DRIFT",
           drift_->stranger() +
               ": expected only members the schema declares "
               "(unknown_fields: reject)",
           drift_->stranger(), letters);
    return false;
  }
  return true;
}

// It has no value to read, and goes to the sinks as it is.
void RecordPath::pass_tombstone(Batch& batch, uint32_t index, std::vector<LetterRequest>& letters) {
  run_waiting(batch, letters);
  const sluice_record& record = batch.record(index);
  Part part;
  part.record = index;
  part.key = view(record.key);
  part.flags = record.flags | SLUICE_RECORDF_DELETE;
  batch.parts().push_back(part);
}

}  // namespace sluice
