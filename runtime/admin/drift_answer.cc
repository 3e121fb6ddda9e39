// SPDX-License-Identifier: Apache-2.0
// GET /admin/drift.
#include <filesystem>
#include <string>
#include <utility>

#include "runtime/admin/query.h"
#include "runtime/admin/runtime_backend.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

Status set_parameter(DriftFilter& filter, const std::string& name, std::string value) {
  if (name == "pipeline") {
    filter.pipeline = std::move(value);
  } else if (name == "source") {
    filter.source = std::move(value);
  } else if (name == "severity") {
    if (!value.empty() && drift_severity_rank(value) < 0) {
      return invalid("severity: expected info, warning or breaking, found '" + shorten(value, 40) +
                     "'");
    }
    filter.severity = std::move(value);
  } else if (name == "since") {
    if (value.empty()) return Status::ok();
    auto duration = parse_duration(value);
    if (!duration) return std::move(duration).status().with_context("since");
    filter.since_us = Clock::real().wall_us() - duration->count() * 1000;
  } else {
    return invalid("unknown parameter '" + shorten(name, 40) +
                   "'; expected pipeline, source, severity or since");
  }
  return Status::ok();
}

Result<DriftFilter> filter_of(std::string_view query) {
  SLUICE_ASSIGN_OR_RETURN(const auto pairs, admin::parse_query(query));
  DriftFilter filter;
  for (const auto& [name, value] : pairs) {
    SLUICE_RETURN_IF_ERROR(set_parameter(filter, name, value));
  }
  return filter;
}

void append_source(std::string& out, const DriftKeeper::Source& source) {
  const drift::SourceCounts& counts = source.counts;
  out += "{\"pipeline\":";
  append_json_string(out, source.pipeline);
  out += ",\"source\":";
  append_json_string(out, source.source);
  const std::pair<const char*, uint64_t> numbers[] = {
      {"records", counts.records},   {"observed", counts.observed}, {"learned", counts.learned},
      {"baseline", source.baseline}, {"paths", counts.paths},       {"refused", counts.refused},
      {"evicted", counts.evicted}};
  for (const auto& [name, number] : numbers) {
    out += std::string(",\"") + name + "\":" + std::to_string(number);
  }
  out += std::string(",\"settled\":") + (counts.settled ? "true}" : "false}");
}

}  // namespace

Result<std::string> RuntimeBackend::drift_json(std::string_view query, bool samples) {
  SLUICE_ASSIGN_OR_RETURN(const DriftFilter filter, filter_of(query));
  std::error_code error;
  const auto& dir = runtime_.config().runtime.state_dir;
  const auto whole = std::filesystem::weakly_canonical(dir, error);
  std::string out = "{\"state_dir\":";
  append_json_string(out, error ? dir.string() : whole.string());
  out += ",\"sources\":[";
  bool first = true;
  for (const DriftKeeper::Source& source : runtime_.drift().sources()) {
    if (!std::exchange(first, false)) out += ',';
    append_source(out, source);
  }
  out += "],\"drift\":[";
  first = true;
  for (const DriftRow& row : runtime_.drift().rows(filter)) {
    if (!std::exchange(first, false)) out += ',';
    out += ::sluice::drift_json(row, samples);
  }
  return out + "]}\n";
}

}  // namespace sluice
