// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/record_path.h"

#include <chrono>

#include "runtime/base/text.h"
#include "runtime/pipeline/redrive_batch.h"
#include "runtime/record/compact.h"

namespace sluice {
namespace {

constexpr size_t kFailuresShown = 8;

std::string_view view(sluice_str text) { return {text.data, static_cast<size_t>(text.size)}; }

}  // namespace

RecordPath::RecordPath(const RecordPathContext& context, std::shared_ptr<const Bundle> bundle)
    : context_(context),
      bundle_(std::move(bundle)),
      limits_{context.config->limits.record_bytes, context.config->limits.depth} {}

Result<std::unique_ptr<RecordPath>> RecordPath::create(const RecordPathContext& context,
                                                       std::shared_ptr<const Bundle> bundle) {
  std::unique_ptr<RecordPath> path(new RecordPath(context, std::move(bundle)));
  if (path->bundle_->schema) path->scratch_ = path->bundle_->schema->make_scratch();
  if (path->bundle_->output_schema) {
    path->output_scratch_ = path->bundle_->output_schema->make_scratch();
  }
  if (path->bundle_->script) {
    SLUICE_ASSIGN_OR_RETURN(path->runner_, ScriptRunner::create(path->bundle_->script));
    if (context.script_versions != nullptr) {
      path->tally_ =
          std::make_unique<ScriptTally>(*context.script_versions, path->bundle_->script->hash());
    }
  }
  path->keys_ = RecordKeys::create(*context.config);
  path->drift_ = DriftWatch::create(*context.config, context.drift, *path->bundle_);
  if (path->bundle_->lineage) SLUICE_RETURN_IF_ERROR(path->prepare_lineage());
  return path;
}

void RecordPath::begin(Batch& batch) {
  began_ = std::chrono::steady_clock::now();
  records_ = 0;
  batch.parts().reserve(batch.count());
  skips_schema_ = batch.redrive && batch.redrive->from == RedriveFrom::kTransform;
  if (lifter_) batch.keep_schema_versions();
  if (keys_) keys_->begin(batch);
  if (drift_) drift_->begin(batch);
}

void RecordPath::end(Batch& batch) {
  if (keys_) {
    const uint64_t unkeyed = keys_->end(batch);
    if (context_.unkeyed != nullptr) *context_.unkeyed += unkeyed;
  }
  if (drift_) drift_->end();
  if (lifter_ && !batch.redrive) count_versions(batch);
  take_script_counts();
  if (tally_) tally_->end(*runner_);
  if (context_.transform_seconds != nullptr && runner_ && batch.count() != 0) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    context_.transform_seconds->observe(took.count() / batch.count(), records_);
  }
}

void RecordPath::take_script_counts() {
  if (context_.script_counts == nullptr) return;
  if (runner_) context_.script_counts->take(runner_->counts());
  if (!lifter_) return;
  lifter_->each_count(
      [this](std::span<ScriptCount> counts) { context_.script_counts->take(counts); });
}

void RecordPath::refuse_misfit(uint32_t index, const Document& document, const Schema& schema,
                               const std::string& prefix, std::vector<LetterRequest>& letters) {
  const auto failures = schema.explain(document, kFailuresShown);
  if (drift_) drift_->failed(index, document, failures, &schema == bundle_->schema.get());
  std::string detail;
  for (const SchemaFailure& failure : failures) {
    if (!detail.empty()) detail += "; ";
    detail += failure_text(failure);
  }
  refuse(index, "validate",
         worst_class(failures) == FailureClass::kDrift ? "SCHEMA_DRIFT" : "VALIDATION_FAIL",
         prefix + detail, failures.empty() ? "" : failures.front().instance, letters);
}

std::string RecordPath::failure_text(const SchemaFailure& failure) const {
  std::string out = failure.instance.empty() ? "the record" : failure.instance;
  out += ": ";
  out += is_sensitive(failure.instance, failure.keyword)
             ? failure.keyword + " (value hidden: sensitive)"
             : failure.message;
  return out;
}

void RecordPath::transform(Batch& batch, Staged& staged, std::vector<LetterRequest>& letters) {
  if (gathers_) return let_wait(batch, staged, letters);
  script_parts_.clear();
  const RecordMeta about = meta(batch, staged.index);
  if (tally_) tally_->before();
  const ScriptResult result = runner_->run(*staged.newest, about, batch.arena(), script_parts_);
  if (tally_) tally_->after();
  take_result(batch, staged.index, result, script_parts_, letters);
}

void RecordPath::take_result(Batch& batch, uint32_t index, const ScriptResult& result,
                             std::span<const ScriptPart> parts,
                             std::vector<LetterRequest>& letters) {
  if (result.outcome == ScriptOutcome::kRejected) {
    return reject_script(batch, index, result, letters);
  }
  if (result.outcome == ScriptOutcome::kFiltered || parts.empty()) {
    batch.note(index, Outcome::kFiltered);
    if (tally_) tally_->filtered();
    return;
  }
  // All parts are checked before any is delivered.
  if (!check_parts(index, parts, letters)) {
    return tally_reject(batch, index, letters.back().reason, letters.back());
  }
  const sluice_record& record = batch.record(index);
  uint32_t number = 0;
  for (const ScriptPart& from : parts) {
    Part part;
    part.value = from.value;
    part.key = from.has_key ? from.key : view(record.key);
    part.record = index;
    part.part = number++;
    part.flags = record.flags;
    part.sink = *route(from.sink);
    batch.parts().push_back(part);
  }
}

void RecordPath::reject_script(Batch& batch, uint32_t index, const ScriptResult& result,
                               std::vector<LetterRequest>& letters) {
  refuse(index, "transform", std::string(result.reason), result.detail, "", letters);
  const std::string_view own = std::string_view(result.detail).substr(0, result.code_bytes);
  tally_reject(batch, index, own.empty() ? result.reason : own, letters.back());
}

void RecordPath::tally_reject(const Batch& batch, uint32_t index, std::string_view code,
                              const LetterRequest& letter) {
  if (!tally_) return;
  const std::string& source = batch.redrive ? batch.redrive->letters[index].source
                                            : context_.config->sources[batch.source].name;
  tally_->rejected(code, letter.detail, letter.pointer, batch, index, source, lane_name_);
}

bool RecordPath::check_parts(uint32_t index, std::span<const ScriptPart> parts,
                             std::vector<LetterRequest>& letters) {
  uint32_t number = 0;
  for (const ScriptPart& part : parts) {
    if (!route(part.sink)) {
      refuse(index, "transform", "TRANSFORM_ERROR",
             "the script routed a record to sink '" + shorten(part.sink, 64) +
                 "', which this pipeline does not have",
             "", letters);
      return false;
    }
    if (bundle_->output_schema && !check_output(part, number, index, letters)) return false;
    ++number;
  }
  return true;
}

bool RecordPath::check_output(const ScriptPart& part, uint32_t number, uint32_t index,
                              std::vector<LetterRequest>& letters) {
  const ParseLimits limits{context_.config->script_limits.output, limits_.max_depth + 1};
  const ParseResult parsed = output_document_.parse(part.value, limits);
  if (parsed && bundle_->output_schema->validate(output_document_, *output_scratch_)) return true;
  std::string detail = "part " + std::to_string(number) + ": ";
  std::string pointer;
  if (!parsed) {
    detail += parsed.message;
  } else {
    const auto failures = bundle_->output_schema->explain(output_document_, 1);
    pointer = failures.front().instance;
    detail += (pointer.empty() ? "the record" : pointer) + ": " + failures.front().message;
  }
  refuse(index, "output", "TRANSFORM_ERROR", std::move(detail), std::move(pointer), letters);
  return false;
}

void RecordPath::pass_through(Batch& batch, uint32_t index, const Document& document) {
  const sluice_record& record = batch.record(index);
  Part part;
  // A record is one line for every sink; one that was written over several is set anew.
  part.value = document.has_line_breaks() ? compact_json(document.text(), batch.arena())
                                          : document.json(Document::root());
  part.key = view(record.key);
  part.record = index;
  part.flags = record.flags;
  batch.parts().push_back(part);
}

std::optional<uint16_t> RecordPath::route(std::string_view sink) const {
  if (sink.empty()) return Part::kAllSinks;
  for (size_t i = 0; i < context_.sink_names.size(); ++i) {
    if (context_.sink_names[i] == sink) return static_cast<uint16_t>(i);
  }
  return std::nullopt;
}

void RecordPath::refuse(uint32_t index, std::string stage, std::string reason, std::string detail,
                        std::string pointer, std::vector<LetterRequest>& letters) const {
  LetterRequest letter;
  letter.record = index;
  letter.stage = std::move(stage);
  letter.reason = std::move(reason);
  letter.detail = std::move(detail);
  letter.pointer = std::move(pointer);
  letters.push_back(std::move(letter));
}

bool RecordPath::is_sensitive(std::string_view pointer, std::string_view keyword) const {
  for (const std::string& sensitive : context_.config->sensitive) {
    const bool below = pointer.starts_with(sensitive);
    // An object that holds the field: what is said of its names is no secret, its value is.
    const bool above = sensitive.starts_with(pointer) && keyword != "required" &&
                       keyword != "additionalProperties" && keyword != "dependencies";
    if (above || below) return true;
  }
  return false;
}

RecordMeta RecordPath::meta(const Batch& batch, uint32_t index) {
  const sluice_record& record = batch.record(index);
  RecordMeta meta;
  if (batch.redrive) {
    // A script sees the record as it did at first, so that what it makes up is the same again.
    const DeadLetter& letter = batch.redrive->letters[index];
    lane_name_ = letter.lane;
    meta_source_ = UINT32_MAX;
    meta.source = letter.source;
    meta.position = letter.position;
  } else {
    if (meta_source_ != batch.source || meta_lane_ != record.lane) {
      meta_source_ = batch.source;
      meta_lane_ = record.lane;
      lane_name_ = context_.lane_name(batch.source, record.lane);
    }
    meta.source = context_.config->sources[batch.source].name;
    meta.position = record.position;
  }
  fill_headers(record);
  meta.tenant = context_.config->tenant;
  meta.pipeline = context_.config->name;
  meta.lane = lane_name_;
  meta.key = view(record.key);
  meta.has_key = record.key.data != nullptr;
  // A record without a time of its own has that of its receipt, which its letter keeps.
  meta.time_us = record.time_us != 0 ? record.time_us : batch.received_us;
  meta.headers = headers_.data();
  meta.header_count = static_cast<uint32_t>(headers_.size());
  if (const uint16_t version = batch.schema_version(index); version != 0) {
    meta.schema_version = bundle_->lineage->versions()[version - 1U].name;
  }
  return meta;
}

void RecordPath::fill_headers(const sluice_record& record) {
  headers_.clear();
  for (uint32_t i = 0; i < record.header_count; ++i) {
    headers_.push_back({view(record.headers[i].key), view(record.headers[i].value)});
  }
}

}  // namespace sluice
