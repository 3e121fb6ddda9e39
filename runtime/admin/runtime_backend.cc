// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/runtime_backend.h"

#include "runtime/admin/metrics.h"
#include "runtime/admin/schemas.h"
#include "runtime/admin/transformers.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

unsigned status_of(Code code) {
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kInvalid:
      return 400;
    case Code::kNotFound:
      return 404;
    case Code::kExists:
      return 409;
    case Code::kUnavailable:
    case Code::kExhausted:
    case Code::kCorrupt:
    case Code::kCancelled:
    case Code::kInternal:
      return 503;
  }
  return 503;
}

}  // namespace

AdminBackend::Reply refused(const Status& status) {
  return {status_of(status.code()), status.message(), ""};
}

std::string RuntimeBackend::health_detailed_json() {
  return render_health(to_health(runtime_.snapshot()));
}

AdminBackend::Ready RuntimeBackend::ready() {
  const RuntimeSnapshot snapshot = runtime_.snapshot();
  if (!snapshot.ledger.healthy) {
    return {false, "the state folder cannot be written: " + snapshot.ledger.last_error};
  }
  for (const PipelineSnapshot& pipeline : snapshot.pipelines) {
    // Held back is ready all the same: what is let in goes through.
    if (pipeline.flow.state >= FlowState::kDrain) {
      return {false, "pipeline " + pipeline.name + " is in state " +
                         std::string(name_of(pipeline.flow.state)) + ": " + pipeline.flow.cause};
    }
    for (const SourceStatus& source : pipeline.sources) {
      if (source.burst.state == BurstGuard::State::kPaused) {
        return {false, "source " + source.name + " is paused: " + source.burst.cause};
      }
      if (source.state == "connecting" || source.state == "failed") {
        return {false, "source " + source.name + " is " + source.state + ": " + source.last_error};
      }
    }
    for (const SinkStatus& sink : pipeline.sinks) {
      // One that is probed is let at: its next record decides.
      if (sink.required && sink.state != "ok" && sink.state != "probing") {
        return {false, "sink " + sink.name + " is " + sink.state + ": " + sink.last_error};
      }
    }
  }
  return {true, ""};
}

std::string RuntimeBackend::metrics_text() {
  MetricsSnapshot metrics = to_metrics(runtime_.snapshot());
  for (PipelineMetrics& pipeline : metrics.pipelines) {
    const auto& stored = stored_letters();
    if (const auto at = stored.find(pipeline.name); at != stored.end()) {
      pipeline.dlq_stored = at->second;
    }
  }
  if (const auto dropped = runtime_.dead_letters().dropped()) metrics.dlq_dropped = *dropped;
  return render_metrics(metrics);
}

std::string RuntimeBackend::schemas_json() {
  // In this order: a change is noted with its swap, so the history knows every bundle shown.
  const RuntimeSnapshot snapshot = runtime_.snapshot();
  return render_schemas(snapshot, runtime_.history().snapshot(), runtime_.watched());
}

std::string RuntimeBackend::transformers_json() {
  const RuntimeSnapshot snapshot = runtime_.snapshot();  // first, as above
  return render_transformers(snapshot, runtime_.history().snapshot());
}

AdminBackend::Reply RuntimeBackend::reload(std::string_view pipeline) {
  return render_reload(runtime_.reload(pipeline));
}

AdminBackend::Reply RuntimeBackend::roll_back(std::string_view pipeline) {
  return render_reload(runtime_.roll_back(pipeline));
}

const std::map<std::string, std::map<std::string, uint64_t>>& RuntimeBackend::stored_letters() {
  const auto now = std::chrono::steady_clock::now();
  if (!stored_.empty() && now - counted_at_ < std::chrono::seconds(10)) return stored_;
  for (const PipelineConfig& pipeline : runtime_.config().pipelines) {
    LetterFilter filter;
    filter.pipeline = pipeline.name;
    // On failure the last count stays: the ledger's health already says that the store is ill.
    if (auto counts = runtime_.dead_letters().count_by_reason(filter)) {
      stored_[pipeline.name] = std::move(counts).value();
    }
  }
  counted_at_ = now;
  return stored_;
}

}  // namespace sluice
