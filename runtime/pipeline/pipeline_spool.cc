// SPDX-License-Identifier: Apache-2.0
// The pipeline's side of its sinks' spools: names, and the account of what is inside.
#include <algorithm>
#include <charconv>

#include "runtime/pipeline/pipeline.h"

namespace sluice {
namespace {

// A writer has the lanes of its number among so many, and so has its spool.
std::string spool_name(const SinkConfig& sink, uint32_t writer) {
  if (sink.writers == 1) return sink.name;
  return sink.name + "#" + std::to_string(writer + 1) + "of" + std::to_string(sink.writers);
}

// Of how many writers it is: 0 when it is none of this sink's.
uint32_t writers_of_spool(const std::string& name, const SinkConfig& sink) {
  if (name == sink.name) return 1;
  if (!name.starts_with(sink.name + "#")) return 0;
  const size_t at = name.rfind("of");
  uint32_t writers = 0;
  const char* const end = name.data() + name.size();
  if (at == std::string::npos) return 0;
  const auto [last, error] = std::from_chars(name.data() + at + 2, end, writers);
  return error == std::errc() && last == end ? writers : 0;
}

}  // namespace

// With another number of writers a lane may belong to another one, and its records of before lie
// where that one does not look.
Status Pipeline::expect_no_other_spool(const SinkConfig& sink) const {
  if (context_.state_dir.empty()) return Status::ok();
  for (const std::string& name : spools_in(context_.state_dir)) {
    const uint32_t writers = writers_of_spool(name, sink);
    if (writers == 0 || writers == sink.writers) continue;
    SpoolOptions options;
    options.state_dir = context_.state_dir;
    options.sink = name;
    options.clock = context_.clock;
    const auto spool = open_spool(options);
    if (!spool) return Status(spool.status()).with_context("sinks." + sink.name);
    const uint64_t records = (*spool)->stats().records;
    if (records == 0) continue;
    return invalid(sink.place.text() + ": sinks." + sink.name + ": the spool " + name +
                   " still holds " + std::to_string(records) + " records; run it with `writers: " +
                   std::to_string(writers) + "` until that is empty");
  }
  return Status::ok();
}

// One that holds records is opened even where the configuration does not ask for it any more: what
// was promised to be kept is delivered.
Result<std::unique_ptr<Spool>> Pipeline::open_spool_of(const SinkConfig& sink,
                                                       uint32_t writer) const {
  if (context_.state_dir.empty()) return std::unique_ptr<Spool>();
  const auto known = spools_in(context_.state_dir);
  const std::string name = spool_name(sink, writer);
  const bool exists = std::find(known.begin(), known.end(), name) != known.end();
  if (sink.spool_bytes == 0 && !exists) return std::unique_ptr<Spool>();
  SpoolOptions options;
  options.state_dir = context_.state_dir;
  options.sink = name;
  options.limit_bytes = sink.spool_bytes / sink.writers;
  options.clock = context_.clock;
  auto spool = open_spool(options);
  if (!spool) return std::move(spool).status().with_context("sinks." + sink.name);
  if (sink.spool_bytes == 0 && (*spool)->stats().records == 0) return std::unique_ptr<Spool>();
  return spool;
}

uint32_t Pipeline::source_count() const { return static_cast<uint32_t>(config_.sources.size()); }

uint32_t Pipeline::source_number(std::string_view name) const {
  for (uint32_t i = 0; i < config_.sources.size(); ++i) {
    if (config_.sources[i].name == name) return i;
  }
  return 0;
}

RecordNames Pipeline::names(const Batch& batch, uint32_t record) const {
  const Source& source = *sources_[batch.source];
  RecordNames out;
  out.source = source.driver->config().name;
  out.lane = source.lanes.name_of(batch.record(record).lane);
  const Bundle& bundle = batch.bundle_of(record);  // the one it met, whatever runs now
  out.schema_version = version_met(batch, record);
  if (bundle.script) out.script_hash = bundle.script->hash();
  out.bundle_hash = bundle.hash;
  for (const std::string& sink : sinks_of(parts_of(batch, record), config_.sinks)) {
    if (!out.sinks.empty()) out.sinks += ',';
    out.sinks += sink;
  }
  return out;
}

std::string Pipeline::lane_name(uint32_t source, uint32_t lane) const {
  return sources_[source]->lanes.name_of(lane);
}

std::optional<uint64_t> Pipeline::settled_before(uint32_t source, std::string_view lane) const {
  return sources_[source]->lanes.restored(lane);
}

void Pipeline::fill_spooled(const LetterRequest& request, DeadLetter& letter) {
  const SpoolOrigin::Names names = request.batch->spooled->names(request.record);
  letter.source = names.source;
  letter.lane = names.lane;
  letter.schema_version = names.schema_version;
  letter.script_hash = names.script_hash;
  letter.bundle_hash = names.bundle_hash;
  for (std::string_view left = names.sinks; !left.empty();) {
    const size_t end = std::min(left.find(','), left.size());
    letter.done_sinks.emplace_back(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
  }
}

void Pipeline::recovered(uint32_t source, uint64_t records) {
  accounting_.recovered(source, records);
}

void Pipeline::note_elsewhere(const Batch& batch, uint32_t record) {
  const sluice_record& from = batch.record(record);
  MutexLock lock(elsewhere_mutex_);
  lettered_elsewhere_.emplace(batch.source, sources_[batch.source]->lanes.name_of(from.lane),
                              from.position);
}

void Pipeline::drained(uint32_t source, std::string_view lane, uint64_t position, Outcome outcome) {
  {
    MutexLock lock(elsewhere_mutex_);
    if (!lettered_elsewhere_.empty() &&
        lettered_elsewhere_.erase({source, std::string(lane), position}) != 0) {
      outcome = Outcome::kDeadLettered;
    }
  }
  if (accounting_.drained(source, outcome)) return;
  // The last one. What was noted after its record had left already is of no use.
  MutexLock lock(elsewhere_mutex_);
  lettered_elsewhere_.clear();
}

}  // namespace sluice
