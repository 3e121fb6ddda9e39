// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/support/fake_plugins.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <memory>

namespace sluice::test {
namespace {

std::mutex g_mutex;
std::map<std::string, std::unique_ptr<SourceLevers>> g_sources;
std::map<std::string, std::unique_ptr<SinkLevers>> g_sinks;

void say(sluice_error* error, const char* text) {
  std::strncpy(error->message, text, sizeof error->message - 1);
}

// ---- source -------------------------------------------------------------------------------------

struct Source {
  const sluice_host* host;
  SourceLevers& levers;
  const sluice_host_lanes* lanes = nullptr;
  std::map<std::string, uint32_t> ids = {};
  std::map<uint32_t, std::string> names = {};
  std::map<std::string, uint64_t> given = {};  // the last position of the lane
  std::set<std::string> elsewhere = {};        // lanes it does not have
  size_t at = 0;
  std::atomic<bool> stopped{false};
};

struct Handed {
  SourceLevers& levers;
  std::vector<sluice_record> records;
  std::deque<std::vector<sluice_header>> headers = {};  // of the records; they stay where they are
};

Source* self(sluice_source* source) { return reinterpret_cast<Source*>(source); }

sluice_rc source_create(const sluice_host* host, sluice_str, sluice_source** out, sluice_error*) {
  SourceLevers& levers = source_levers(host->name);
  const std::lock_guard lock(levers.mutex);
  ++levers.created;
  auto* const source = new Source{host, levers};
  source->elsewhere = levers.elsewhere;
  *out = reinterpret_cast<sluice_source*>(source);
  return SLUICE_OK;
}

void source_destroy(sluice_source* source) {
  {
    const std::lock_guard lock(self(source)->levers.mutex);
    ++self(source)->levers.destroyed;
  }
  delete self(source);
}

sluice_rc source_open(sluice_source* source, sluice_error* error) {
  self(source)->lanes = static_cast<const sluice_host_lanes*>(
      self(source)->host->extension(self(source)->host, SLUICE_EXT_HOST_LANES));
  if (self(source)->levers.open_result != SLUICE_OK) say(error, "not reachable");
  return self(source)->levers.open_result;
}

// Where the lane goes on becomes what is left of it to be given.
uint32_t open_lane(Source& source, const std::string& name) {
  uint32_t id = 0;
  uint64_t mark = 0;
  source.given.erase(name);
  const sluice_rc rc = source.lanes->open(source.host, {name.data(), name.size()}, &id, &mark);
  if (rc == SLUICE_OK) source.given[name] = mark;
  source.ids[name] = id;
  source.names[id] = name;
  const std::lock_guard lock(source.levers.mutex);
  source.levers.resumed_at.erase(name);
  if (rc == SLUICE_OK) source.levers.resumed_at[name] = mark;
  return id;
}

uint32_t lane_id(Source& source, const std::string& name) {
  const auto at = source.ids.find(name);
  return at != source.ids.end() ? at->second : open_lane(source, name);
}

sluice_rc make_move(Source& source, const LaneMove& move) {
  std::vector<uint32_t> ids;
  for (const std::string& name : move.lanes) ids.push_back(lane_id(source, name));
  const auto n = static_cast<uint32_t>(ids.size());
  if (move.kind == LaneMove::Kind::kAssign) {
    const sluice_rc rc = source.lanes->assigned(source.host, ids.data(), n);
    if (rc != SLUICE_OK) return rc;
    for (const std::string& name : move.lanes) {
      open_lane(source, name);
      source.elsewhere.erase(name);
    }
    source.at = 0;  // what was given is passed over
    return rc;
  }
  std::vector<sluice_mark> marks(ids.size());
  uint32_t n_marks = n;
  const sluice_rc rc = move.kind == LaneMove::Kind::kLose
                           ? source.lanes->lost(source.host, ids.data(), n)
                           : source.lanes->revoked(source.host, ids.data(), n, move.limit_ms,
                                                   marks.data(), &n_marks);
  if (move.kind == LaneMove::Kind::kLose) n_marks = 0;
  const std::lock_guard lock(source.levers.mutex);
  source.levers.final_marks.clear();
  for (uint32_t i = 0; i < n_marks; ++i) {
    source.levers.final_marks[source.names[marks[i].lane]] = marks[i].position;
  }
  for (const std::string& name : move.lanes) {
    source.names.erase(source.ids[name]);
    source.ids.erase(name);
    source.elsewhere.insert(name);
  }
  return rc;
}

void make_moves(Source& source) {
  SourceLevers& levers = source.levers;
  for (;;) {
    LaneMove move;
    {
      const std::lock_guard lock(levers.mutex);
      if (levers.moves.empty()) return;
      move = levers.moves.front();
      levers.moves.pop_front();
      levers.moving = true;
    }
    const sluice_rc rc = make_move(source, move);
    const std::lock_guard lock(levers.mutex);
    levers.moving = false;
    levers.last_move = rc;
    levers.moved.notify_all();
  }
}

void source_release(sluice_batch* batch) {
  const std::unique_ptr<Handed> handed(static_cast<Handed*>(batch->owner));
  const std::lock_guard lock(handed->levers.mutex);
  ++handed->levers.released;
}

sluice_rc source_poll(sluice_source* opaque, uint32_t max_records, uint64_t, uint32_t timeout_ms,
                      sluice_batch* out, sluice_error* error) {
  Source& source = *self(opaque);
  if (source.stopped) return SLUICE_CANCELLED;
  if (source.at >= source.levers.fatal_at) {
    source.levers.fatal_at = SIZE_MAX;
    say(error, "the test breaks it");
    return SLUICE_E_FATAL;
  }
  make_moves(source);
  auto handed = std::make_unique<Handed>(Handed{source.levers, {}});
  const size_t end = std::min<size_t>(source.levers.records.size(), source.levers.gate);
  while (source.at < end && handed->records.size() < max_records &&
         handed->records.size() < source.levers.batch) {
    const FakeRecord& from = source.levers.records[source.at++];
    if (source.elsewhere.contains(from.lane)) continue;
    sluice_record record{};
    record.lane = lane_id(source, from.lane);
    const auto [given, first] = source.given.try_emplace(from.lane, 0);
    if (from.position <= given->second) continue;
    given->second = from.position;
    record.position = from.position;
    record.value = {from.value.data(), from.value.size()};
    auto& headers = handed->headers.emplace_back();
    for (const auto& [name, value] : from.headers) {
      headers.push_back({{name.data(), name.size()}, {value.data(), value.size()}});
    }
    record.headers = headers.data();
    record.header_count = static_cast<uint32_t>(headers.size());
    handed->records.push_back(record);
  }
  if (handed->records.empty()) {
    if (source.levers.finite && source.at >= source.levers.records.size()) return SLUICE_END;
    const bool gated = source.at < source.levers.records.size();  // the test is quick
    source.host->wait(source.host, gated ? 1 : timeout_ms);
    return SLUICE_IDLE;
  }
  out->stride = sizeof(sluice_record);
  out->count = static_cast<uint32_t>(handed->records.size());
  out->records = handed->records.data();
  out->release = source_release;
  out->owner = handed.release();
  const std::lock_guard lock(source.levers.mutex);
  ++source.levers.handed_over;
  return SLUICE_OK;
}

sluice_rc source_ack(sluice_source* opaque, const sluice_mark* marks, uint32_t n, sluice_error*) {
  Source& source = *self(opaque);
  const std::lock_guard lock(source.levers.mutex);
  for (uint32_t i = 0; i < n; ++i) {
    const auto name = source.names.find(marks[i].lane);
    if (name != source.names.end()) source.levers.acked[name->second] = marks[i].position;
  }
  return SLUICE_OK;
}

void source_stop(sluice_source* source) { self(source)->stopped = true; }
sluice_rc source_close(sluice_source*, sluice_error*) { return SLUICE_OK; }

// ---- sink ---------------------------------------------------------------------------------------

struct Sink {
  SinkLevers& levers;
  bool stopped = false;
};

Sink* self(sluice_sink* sink) { return reinterpret_cast<Sink*>(sink); }

sluice_rc sink_create(const sluice_host* host, sluice_str, sluice_sink** out, sluice_error*) {
  SinkLevers& levers = sink_levers(host->name);
  const std::lock_guard lock(levers.mutex);
  ++levers.created;
  *out = reinterpret_cast<sluice_sink*>(new Sink{levers});
  return SLUICE_OK;
}

void sink_destroy(sluice_sink* sink) { delete self(sink); }

sluice_rc sink_open(sluice_sink* sink, sluice_error* error) {
  const std::lock_guard lock(self(sink)->levers.mutex);
  if (self(sink)->levers.open_result != SLUICE_OK) say(error, "not reachable");
  return self(sink)->levers.open_result;
}

sluice_rc sink_write(sluice_sink* opaque, const sluice_batch* batch, sluice_outcome* outcomes,
                     sluice_error* error) {
  Sink& sink = *self(opaque);
  std::vector<SeenRecord> seen;
  for (uint32_t i = 0; i < batch->count; ++i) {
    const auto& record = *reinterpret_cast<const sluice_record*>(
        reinterpret_cast<const char*>(batch->records) + static_cast<size_t>(i) * batch->stride);
    seen.push_back({std::string(record.value.data, record.value.size), record.lane, record.position,
                    record.part});
  }
  std::unique_lock lock(sink.levers.mutex);
  sink.levers.changed.wait(lock, [&] { return !sink.levers.corked || sink.stopped; });
  if (sink.stopped) return SLUICE_CANCELLED;
  sink.levers.writes.push_back(seen);
  sluice_rc rc = SLUICE_OK;
  if (sink.levers.answer) {
    rc = sink.levers.answer(seen, outcomes);
    if (rc < 0) say(error, "the test says no");
  } else {
    for (size_t i = 0; i < seen.size(); ++i) outcomes[i].verdict = SLUICE_REC_OK;
  }
  for (size_t i = 0; i < seen.size(); ++i) {
    if (outcomes[i].verdict == SLUICE_REC_OK) sink.levers.committed.push_back(seen[i]);
  }
  return rc;
}

void sink_stop(sluice_sink* sink) {
  const std::lock_guard lock(self(sink)->levers.mutex);
  self(sink)->stopped = true;
  self(sink)->levers.changed.notify_all();
}

sluice_rc sink_close(sluice_sink*, sluice_error*) { return SLUICE_OK; }

sluice_rc sink_probe(sluice_sink* sink, sluice_error* error) {
  const std::lock_guard lock(self(sink)->levers.mutex);
  const sluice_rc rc = self(sink)->levers.probe();
  if (rc < 0) say(error, "the probe says no");
  return rc;
}

constexpr sluice_sink_probe kProbe{sizeof(sluice_sink_probe), 0, sink_probe};

const void* sink_extension(sluice_sink* sink, const char* id) {
  const std::lock_guard lock(self(sink)->levers.mutex);
  const bool wanted = std::strcmp(id, SLUICE_EXT_SINK_PROBE) == 0 && self(sink)->levers.probe;
  return wanted ? &kProbe : nullptr;
}

// ---- descriptor ---------------------------------------------------------------------------------

constexpr const char* kSchema = R"({"type": "object", "additionalProperties": false})";
constexpr sluice_reason kBusy{sizeof(sluice_reason), SLUICE_REC_RETRY, "busy", "Try later.",
                              "RATE_LIMITED"};
constexpr sluice_reason kRefused{sizeof(sluice_reason), SLUICE_REC_REJECT, "refused",
                                 "Mend the record.", "CONSTRAINT_VIOLATION"};
constexpr sluice_reason kOlder{sizeof(sluice_reason), SLUICE_REC_REJECT, "older",
                               "A newer revision is stored.", "OLDER_REVISION"};
constexpr const sluice_reason* kReasons[] = {&kBusy, &kRefused, &kOlder};
constexpr sluice_source_ops kSourceOps{sizeof(sluice_source_ops),
                                       0,
                                       source_create,
                                       source_destroy,
                                       source_open,
                                       source_poll,
                                       source_ack,
                                       source_stop,
                                       source_close,
                                       nullptr};
constexpr sluice_sink_ops kSinkOps{sizeof(sluice_sink_ops),
                                   0,
                                   sink_create,
                                   sink_destroy,
                                   sink_open,
                                   sink_write,
                                   sink_stop,
                                   sink_close,
                                   sink_extension};
constexpr sluice_component kSource{sizeof(sluice_component),
                                   SLUICE_KIND_SOURCE,
                                   "fake",
                                   "Hands over what a test says.",
                                   kSchema,
                                   "{}",
                                   SLUICE_CAP_REPLAY | SLUICE_CAP_FINITE,
                                   0,
                                   nullptr,
                                   0,
                                   0,
                                   nullptr,
                                   &kSourceOps};
constexpr sluice_component kSink{sizeof(sluice_component),
                                 SLUICE_KIND_SINK,
                                 "fake",
                                 "Answers what a test says.",
                                 kSchema,
                                 "{}",
                                 SLUICE_CAP_ORDERED,
                                 3,
                                 kReasons,
                                 0,
                                 0,
                                 nullptr,
                                 &kSinkOps};
constexpr sluice_component kIdempotentSink{sizeof(sluice_component),
                                           SLUICE_KIND_SINK,
                                           "fake_idempotent",
                                           "Answers what a test says.",
                                           kSchema,
                                           "{}",
                                           SLUICE_CAP_ORDERED | SLUICE_CAP_IDEMPOTENT,
                                           3,
                                           kReasons,
                                           0,
                                           0,
                                           nullptr,
                                           &kSinkOps};
constexpr const sluice_component* kComponents[] = {&kSource, &kSink, &kIdempotentSink};
constexpr sluice_plugin_entry kEntry{SLUICE_MAGIC,
                                     sizeof(sluice_plugin_entry),
                                     SLUICE_ABI_MAJOR,
                                     SLUICE_ABI_MINOR,
                                     0,
                                     0,
                                     3,
                                     kComponents,
                                     "fake",
                                     "0.0.1",
                                     "Apache-2.0",
                                     "test"};

}  // namespace

void SourceLevers::move(LaneMove move) {
  std::unique_lock lock(mutex);
  moves.push_back(std::move(move));
  moved.wait(lock, [this] { return moves.empty() && !moving; });
}

void SinkLevers::uncork() {
  const std::lock_guard lock(mutex);
  corked = false;
  changed.notify_all();
}

size_t SinkLevers::write_count() {
  const std::lock_guard lock(mutex);
  return writes.size();
}

SourceLevers& source_levers(const std::string& instance) {
  const std::lock_guard lock(g_mutex);
  auto& slot = g_sources[instance];
  if (!slot) slot = std::make_unique<SourceLevers>();
  return *slot;
}

SinkLevers& sink_levers(const std::string& instance) {
  const std::lock_guard lock(g_mutex);
  auto& slot = g_sinks[instance];
  if (!slot) slot = std::make_unique<SinkLevers>();
  return *slot;
}

void reset_levers() {
  const std::lock_guard lock(g_mutex);
  g_sources.clear();
  g_sinks.clear();
}

const sluice_plugin_entry* fake_plugin() { return &kEntry; }

}  // namespace sluice::test
