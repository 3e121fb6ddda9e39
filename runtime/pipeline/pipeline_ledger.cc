// SPDX-License-Identifier: Apache-2.0
// The pipeline's side of settlement: what the ledger asks of it.
#include <algorithm>

#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/pipeline/pipeline.h"

namespace sluice {
namespace {

constexpr size_t kMostShownBytes = 1000;  // of one field

std::string text(sluice_str from) { return {from.data, static_cast<size_t>(from.size)}; }

}  // namespace

Outcome Pipeline::outcome_of(const LetterRequest& failure) {
  return failure.waits ? Outcome::kDeferred : Outcome::kDeadLettered;
}

// In a retry topic, to be tried again later: where the sink has some, and may take it then.
bool Pipeline::may_wait(const LetterRequest& failure) const {
  if (!failure.passing) return false;
  for (const SinkConfig& sink : config_.sinks) {
    if (sink.name != failure.sink) continue;
    if (!sink.retry_topics) return false;
    const auto& redrive = failure.batch->redrive;
    const bool again = redrive && redrive->from_topic;
    const uint32_t retries = again ? redrive->letters[failure.record].retries : 0;
    return retries < sink.retry_topics->max_retries;
  }
  return false;
}

void Pipeline::segment_settled(std::shared_ptr<Batch> batch, uint32_t segment) {
  context_.ledger->post_settled(*this, std::move(batch), segment);
}

void Pipeline::batch_gone(const Batch& batch) {
  budget_.refund(batch.charged_bytes);
  if (batch.settled_records < batch.count() && !giving_up_) {
    accounting_.vanished(batch.place, batch.count() - batch.settled_records);
  }
}

void Pipeline::post(LetterRequest request) {
  request.waits = may_wait(request);
  if (const BatchPtr batch = request.batch; batch->redrive) {
    // Written when all is known of its record: until then the old letter stands for it.
    const uint32_t record = request.record;
    const auto receipt = request.receipt;
    const Outcome outcome = outcome_of(request);
    if (keys_) keys_->refused(request);
    batch->redrive->fail(std::move(request));
    if (receipt) receipt->durable();  // as the old letter is, which stays until then
    batch->note(record, outcome);
    batch->meet(batch->segment_of(record), 1);
    return;
  }
  context_.ledger->post_letter(*this, std::move(request));
}

void Pipeline::delivered(std::span<const DeliveredParts> parts) {
  // Those of one call come from one source. A redriven record leaves a mark of its key, but none of
  // its origin: that was passed when its letter was written.
  if (!parts.empty() && parts.front().batch->redrive && !keys_) return;
  context_.ledger->post_delivered(*this, parts);
}

void Pipeline::given_back(const BatchPtr& batch, const Part& part, uint16_t sink) {
  if (keys_) keys_->given_back(batch, part, sink);
}

Status Pipeline::note_delivered(std::span<const DeliveredParts> parts) {
  for (const DeliveredParts& of : parts) {
    if (of.batch->redrive) continue;
    if (auto& ranges = sources_[of.batch->source]->delivered) ranges->add(of);
  }
  return keys_ ? keys_->mark_done(parts) : Status::ok();
}

DeadLetter Pipeline::make_letter(const LetterRequest& request) {
  const Batch& batch = *request.batch;
  const sluice_record& record = batch.record(request.record);
  DeadLetter letter;
  letter.tenant = config_.tenant;
  letter.pipeline = config_.name;
  letter.position = record.position;
  letter.part = request.part;
  letter.sink = request.sink;
  describe_failure(batch, request, letter);
  if (batch.spooled != nullptr) {
    fill_spooled(request, letter);
  } else {
    const Source& source = *sources_[batch.source];
    letter.source = source.driver->config().name;
    letter.lane = source.lanes.name_of(record.lane);
    if (!request.sink.empty()) {
      letter.done_sinks = sinks_of(parts_of(batch, request.record), config_.sinks);
    }
  }
  std::erase(letter.done_sinks, request.sink);
  letter.flags = record.flags;
  letter.no_value = record.value.data == nullptr;
  if (!letter.no_value) letter.raw = text(record.value);
  if (record.key.data != nullptr) letter.key = text(record.key);
  for (uint32_t i = 0; i < record.header_count; ++i) {
    letter.headers.emplace_back(text(record.headers[i].key), text(record.headers[i].value));
  }
  const int64_t received_us = batch.spooled != nullptr
                                  ? batch.spooled->names(request.record).received_us
                                  : batch.received_us;
  letter.event_time_us = record.time_us != 0 ? record.time_us : received_us;
  add_shown_fields(letter, shown_document_);
  letter.first_at_us = letter.last_at_us = context_.clock->wall_us();
  letter.id = letter_id(letter);
  return letter;
}

// What failed, and what the record was read with.
void Pipeline::describe_failure(const Batch& batch, const LetterRequest& request,
                                DeadLetter& letter) const {
  letter.stage = request.stage;
  letter.reason = request.reason;
  letter.detail = request.detail;
  letter.pointer = request.pointer;
  letter.rendered = request.rendered;
  letter.rendered_key = request.rendered_key;
  letter.attempts = request.attempts;
  letter.waits = request.waits;
  // What a sink was given before met no bundle this time; with what is in a spool stands what it
  // met.
  if (batch.redrive && batch.redrive->from == RedriveFrom::kSink) return;
  if (batch.spooled != nullptr) return;
  const Bundle& bundle = batch.bundle_of(request.record);  // the one it met, whatever runs now
  letter.schema_version = version_met(batch, request.record);
  letter.script_hash = bundle.script ? bundle.script->hash() : std::string();
  letter.bundle_hash = bundle.hash;
}

std::string Pipeline::version_met(const Batch& batch, uint32_t record) {
  const Bundle& bundle = batch.bundle_of(record);
  if (const uint16_t version = batch.schema_version(record); version != 0) {
    return bundle.lineage->versions()[version - 1U].name;
  }
  return bundle.schema && !bundle.lineage ? bundle.schema->hash().substr(0, 12) : std::string();
}

// What `dead_letters.show` asks for, as far as the record can be read.
void Pipeline::add_shown_fields(DeadLetter& letter, Document& document) const {
  if (shown_.empty()) return;
  std::string_view text = letter.raw;
  if (const auto bundle = this->bundle(); bundle->versions) text = bundle->versions->payload(text);
  if (!document.parse(text, {config_.limits.record_bytes, config_.limits.depth})) return;
  Arena arena(1024);
  for (const JsonPointer& pointer : shown_) {
    const NodeIndex at = pointer.find(document);
    if (at == kNoNode) continue;
    const bool string = document.kind(at) == JsonKind::kString;
    const std::string_view value = string ? document.string(at, arena) : document.json(at);
    letter.fields.emplace_back(pointer.text(), shorten(value, kMostShownBytes));
  }
}

void Pipeline::letter_written(const LetterRequest& request) {
  Batch& batch = *request.batch;
  if (batch.spooled != nullptr) {
    accounting_.letter(source_number(batch.spooled->names(request.record).source), request.reason);
    batch.spooled->letter_written(request.record);
    return;
  }
  // A record with several parts counts once; its reason is that of the first letter.
  const bool first = !request.waits && batch.outcome(request.record) != Outcome::kDeadLettered;
  batch.note(request.record, outcome_of(request));
  if (!request.waits) accounting_.letter(batch.source, first ? request.reason : std::string());
  if (request.receipt) request.receipt->durable();
  if (keys_) keys_->refused(request);
  if (first && config_.dlq_burst.on && !batch.redrive && request.reason != "OLDER_REVISION") {
    batch.dead_lettered.emplace_back(request.record, request.reason);
  }
  batch.meet(batch.segment_of(request.record), 1);
}

void Pipeline::account(Batch& batch, uint32_t segment_index) {
  const Batch::Segment& segment = batch.segments()[segment_index];
  OutcomeCounts counts{};
  uint64_t spooled = 0;
  uint64_t returned = 0;
  for (uint32_t i = 0; i < batch.count(); ++i) {
    if (batch.segment_of(i) != segment_index) continue;
    if (batch.in_spool(i)) {
      ++spooled;  // its outcome is not known yet
      if (batch.outcome(i) == Outcome::kDeadLettered) note_elsewhere(batch, i);
    } else if (batch.given_back(i)) {
      ++returned;
    } else {
      ++counts[static_cast<size_t>(batch.outcome(i))];
    }
  }
  batch.settled_records += segment.count;
  if (spooled != 0) accounting_.moved(Place::kDelivery, Place::kSpool, spooled);
  if (batch.redrive) {
    accounting_.settled(batch.source, counts);
    return account_redriven(batch, segment_index);
  }
  Source& source = *sources_[batch.source];
  settle_lane(batch, segment_index);
  accounting_.settled(batch.source, counts);
  if (returned != 0) accounting_.returned(batch.source, returned);
  watch_for_burst(batch, segment_index);
  const double lag = static_cast<double>(context_.clock->wall_us() - batch.received_us) / 1e6;
  source.lag_seconds.observe(lag, segment.count - returned);
}

// Whatever comes after a record that was dropped is not settled for its source.
void Pipeline::settle_lane(Batch& batch, uint32_t segment_index) {
  const Batch::Segment& segment = batch.segments()[segment_index];
  LaneTable& lanes = sources_[batch.source]->lanes;
  if (!segment.left()) return lanes.settle(segment);
  std::optional<uint64_t> settled;
  for (uint32_t i = 0; i < batch.count(); ++i) {
    if (batch.segment_of(i) != segment_index) continue;
    if (batch.given_back(i)) return lanes.settle_up_to(segment, settled);
    settled = batch.record(i).position;
  }
  lanes.settle(segment);
}

// In the order of the records, so that a batch of many good and some bad ones is no burst.
void Pipeline::watch_for_burst(Batch& batch, uint32_t segment_index) {
  if (!config_.dlq_burst.on) return;
  Source& source = *sources_[batch.source];
  uint64_t left = batch.segments()[segment_index].count;
  std::sort(batch.dead_lettered.begin(), batch.dead_lettered.end());
  uint32_t from = 0;  // the first record of the batch that is not counted
  for (const auto& [record, reason] : batch.dead_lettered) {
    if (batch.segment_of(record) != segment_index) continue;
    uint64_t good = 0;
    for (; from < record; ++from) good += batch.segment_of(from) == segment_index ? 1U : 0U;
    source.burst.good(batch.sequence, good);
    if (source.burst.bad(batch.sequence, reason)) {
      log::error("source.paused",
                 "a flood of dead letters: " + source.burst.status().cause +
                     "; look at `sluice dlq analyze`, and let it go on by POST /admin/resume",
                 {{"source", source.driver->config().name}, {"reason", reason}});
    }
    ++from;
    left -= good + 1;
  }
  source.burst.good(batch.sequence, left);
}

std::vector<std::string> Pipeline::resume_bursts() {
  std::vector<std::string> out;
  for (const auto& source : sources_) {
    if (!source->burst.resume()) continue;
    out.push_back(source->driver->config().name);
    log::info("source.resumed", "an operator lets it go on", {{"source", out.back()}});
  }
  return out;
}

std::optional<Status> Pipeline::burst() const {
  for (const auto& source : sources_) {
    const BurstGuard::Status status = source->burst.status();
    if (status.bursts == 0) continue;
    return unavailable("source " + source->driver->config().name +
                       ": a flood of dead letters: " + status.cause);
  }
  return std::nullopt;
}

void Pipeline::collect(std::vector<Commit>& commits) {
  for (size_t i = 0; i < sources_.size(); ++i) {
    Source& source = *sources_[i];
    LaneTable::Advance advance = source.lanes.take_advance();
    if (source.delivered) source.delivered->take(source.lanes, advance.update);
    if (advance.empty() && advance.update.delivered.empty()) continue;
    Commit commit;
    commit.update = std::move(advance.update);
    commit.update.pipeline = config_.name;
    commit.update.tenant = config_.tenant;
    commit.update.source = source.driver->config().name;
    commit.source = i;
    commit.marks = std::move(advance.marks);
    commits.push_back(std::move(commit));
  }
}

void Pipeline::committed(const Commit& commit) {
  for (const std::string& lane : commit.update.forget) {
    for (const auto& sink : sinks_) {
      if (sink->keeps_marks()) sink->forget_lane(static_cast<uint32_t>(commit.source), lane);
    }
  }
  if (commit.marks.empty()) return;
  sources_[commit.source]->lanes.committed(commit.marks);
  sources_[commit.source]->driver->settled(commit.marks);
}

PipelineSnapshot Pipeline::snapshot() const {
  PipelineSnapshot out;
  out.name = config_.name;
  out.tenant = config_.tenant;
  out.flow = flow_.status();
  out.account = accounting_.snapshot();
  for (const auto& source : sources_) {
    out.sources.push_back(source->driver->status());
    out.sources.back().lag = source->lag_seconds.snapshot();
    out.sources.back().burst = source->burst.status();
  }
  for (const auto& sink : sinks_) out.sinks.push_back(sink->status());
  for (uint32_t i = 0; context_.drift != nullptr && i < sources_.size(); ++i) {
    out.drift.push_back(context_.drift->counts(i));
  }
  out.bundle = bundle();
  out.rollout = rollout();
  if (out.bundle->lineage) out.versions = version_counts_.snapshot();
  out.script_counts = script_counts_.snapshot();
  out.held_bytes = budget_.used();
  out.held_bytes_limit = budget_.limit();
  if (bucket_) {
    out.tokens = bucket_->tokens();
    out.multiplier = bucket_->multiplier();
  }
  out.low_priority = has_low_priority();
  out.unkeyed = unkeyed_;
  if (keys_) out.keys = keys_->status();
  if (versions_) out.registry = versions_->status();
  out.transform_seconds = transform_seconds_.snapshot();
  out.scripts = script_versions_.snapshot();
  return out;
}

}  // namespace sluice
