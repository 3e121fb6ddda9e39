// SPDX-License-Identifier: Apache-2.0
#include "runtime/cli/summary.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <array>
#include <cstdio>
#include <map>
#include <vector>

#include "runtime/base/text.h"
#include "runtime/cli/terminal.h"

namespace sluice::cli {
namespace {

constexpr std::array kShown = {Outcome::kCommitted, Outcome::kDuplicate, Outcome::kFiltered,
                               Outcome::kDeadLettered, Outcome::kShed};

std::map<std::string, uint64_t> reasons(const Account& account) {
  std::map<std::string, uint64_t> out;
  for (const SourceAccount& source : account.sources) {
    for (const auto& [reason, count] : source.reasons) out[reason] += count;
  }
  return out;
}

// Over all sources: version, or "unknown" -> records.
std::map<std::string, uint64_t> schema_versions(const PipelineSnapshot& pipeline) {
  std::map<std::string, uint64_t> out;
  for (const VersionCounts::Source& source : pipeline.versions) {
    for (const auto& [number, count] : source.versions) {
      out[std::to_string(number)] += count.records;
    }
    if (source.unknown.records != 0) out["unknown"] += source.unknown.records;
  }
  return out;
}

void put_counts(rapidjson::Writer<rapidjson::StringBuffer>& writer, const char* name,
                const std::map<std::string, uint64_t>& counts) {
  writer.Key(name);
  writer.StartObject();
  for (const auto& [key, count] : counts) {
    writer.Key(key.c_str());
    writer.Uint64(count);
  }
  writer.EndObject();
}

}  // namespace

std::string summary_table(const RuntimeSnapshot& snapshot, double seconds) {
  std::vector<std::vector<std::string>> rows{{"pipeline", "received", "committed", "duplicate",
                                              "filtered", "dead-lettered", "shed", "in flight",
                                              "unaccounted"}};
  std::vector<std::vector<std::string>> causes{{"pipeline", "reason", "records"}};
  uint64_t received = 0;
  for (const PipelineSnapshot& pipeline : snapshot.pipelines) {
    const Account& account = pipeline.account;
    received += account.received();
    std::vector<std::string> row{pipeline.name, with_thousands(account.received())};
    for (const Outcome outcome : kShown) row.push_back(with_thousands(account.outcome(outcome)));
    row.push_back(with_thousands(account.in_flight()));
    row.push_back(std::to_string(account.unaccounted()));
    rows.push_back(std::move(row));
    for (const auto& [reason, count] : reasons(account)) {
      causes.push_back({pipeline.name, reason, with_thousands(count)});
    }
  }
  std::string out = format_table(rows);
  if (causes.size() > 1) out += "\n" + format_table(causes);
  const auto rate = seconds > 0 ? static_cast<double>(received) / seconds : 0;
  std::array<char, 32> took{};
  std::snprintf(took.data(), took.size(), "%.3g s", seconds);
  out += "\n" + with_thousands(received) + " records in " + took.data() + ", " +
         with_thousands(static_cast<uint64_t>(rate)) + " a second\n";
  return out;
}

std::string summary_json(const RuntimeSnapshot& snapshot, double seconds) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.StartObject();
  writer.Key("pipelines");
  writer.StartObject();
  for (const PipelineSnapshot& pipeline : snapshot.pipelines) {
    writer.Key(pipeline.name.c_str());
    writer.StartObject();
    writer.Key("received");
    writer.Uint64(pipeline.account.received());
    for (const Outcome outcome : kShown) {
      writer.Key(std::string(outcome_name(outcome)).c_str());
      writer.Uint64(pipeline.account.outcome(outcome));
    }
    writer.Key("in_flight");
    writer.Uint64(pipeline.account.in_flight());
    writer.Key("unaccounted");
    writer.Int64(pipeline.account.unaccounted());
    put_counts(writer, "reasons", reasons(pipeline.account));
    if (!pipeline.versions.empty()) {
      put_counts(writer, "schema_versions", schema_versions(pipeline));
    }
    writer.EndObject();
  }
  writer.EndObject();
  writer.Key("seconds");
  writer.Double(seconds);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

uint64_t total_settled(const RuntimeSnapshot& snapshot) {
  uint64_t sum = 0;
  for (const PipelineSnapshot& pipeline : snapshot.pipelines) {
    sum += pipeline.account.received() - pipeline.account.in_flight();
  }
  return sum;
}

uint64_t total_rejected(const RuntimeSnapshot& snapshot) {
  uint64_t sum = 0;
  for (const PipelineSnapshot& pipeline : snapshot.pipelines) {
    sum += pipeline.account.outcome(Outcome::kDeadLettered);
  }
  return sum;
}

std::string progress_line(const RuntimeSnapshot& now, uint64_t records_per_second) {
  std::string line =
      with_thousands(total_settled(now)) + " records, " + with_thousands(records_per_second) + "/s";
  uint64_t in_flight = 0;
  std::optional<int64_t> behind;
  for (const PipelineSnapshot& pipeline : now.pipelines) {
    in_flight += pipeline.account.in_flight();
    for (const SourceStatus& source : pipeline.sources) {
      if (source.lag_records) behind = behind.value_or(0) + *source.lag_records;
    }
  }
  line += ", in flight " + with_thousands(in_flight);
  if (behind) line += ", behind " + with_thousands(static_cast<uint64_t>(*behind));
  line += ", dead letters " + with_thousands(total_rejected(now));
  for (const PipelineSnapshot& pipeline : now.pipelines) {
    for (const SinkStatus& sink : pipeline.sinks) {
      if (sink.state == "holding") line += ", sink " + sink.name + " holds: " + sink.last_error;
    }
  }
  return shorten(line, 160);
}

}  // namespace sluice::cli
