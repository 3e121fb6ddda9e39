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
                                   &kFakeSourceOps};
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
