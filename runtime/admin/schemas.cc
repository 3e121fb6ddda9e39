// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/schemas.h"

#include <algorithm>

#include "runtime/admin/answer_json.h"

namespace sluice {
namespace {

using admin::put;
using admin::put_change;
using admin::put_text;
using admin::put_time;
using admin::text_of;
using admin::Writer;
using Count = VersionCounts::Count;

void put_count(Writer& writer, const Count& count) {
  writer.Key("records");
  writer.Uint64(count.records);
  put_time(writer, "last_record_at", count.last_at_us);
}

Count& operator+=(Count& sum, const Count& more) {
  sum.records += more.records;
  sum.last_at_us = std::max(sum.last_at_us, more.last_at_us);
  return sum;
}

// One version: `version` is nullptr for one whose file is gone, though records of it were seen.
void put_version(Writer& writer, const PipelineSnapshot& pipeline, uint32_t number,
                 const LineageVersion* version) {
  writer.StartObject();
  writer.Key("version");
  writer.Uint(number);
  put(writer, "file", version != nullptr ? version->file.string() : "");
  put(writer, "hash", version != nullptr ? version->schema->hash() : "");
  put(writer, "lift", version != nullptr ? version->lift_file.string() : "");
  put(writer, "lift_hash", version != nullptr && version->lift ? version->lift->hash() : "");
  Count sum;
  for (const auto& source : pipeline.versions) {
    if (const auto at = source.versions.find(number); at != source.versions.end()) {
      sum += at->second;
    }
  }
  put_count(writer, sum);
  writer.Key("sources");
  writer.StartObject();
  for (size_t i = 0; i < pipeline.versions.size() && i < pipeline.sources.size(); ++i) {
    const auto at = pipeline.versions[i].versions.find(number);
    writer.Key(pipeline.sources[i].name.c_str());
    writer.Uint64(at != pipeline.versions[i].versions.end() ? at->second.records : 0);
  }
  writer.EndObject();
  writer.EndObject();
}

void put_versions(Writer& writer, const PipelineSnapshot& pipeline) {
  writer.Key("versions");
  writer.StartArray();
  std::map<uint32_t, const LineageVersion*> all;
  for (const auto& source : pipeline.versions) {
    for (const auto& [number, count] : source.versions) all[number] = nullptr;
  }
  if (pipeline.bundle->lineage) {
    for (const LineageVersion& version : pipeline.bundle->lineage->versions()) {
      all[version.number] = &version;
    }
  }
  for (const auto& [number, version] : all) put_version(writer, pipeline, number, version);
  writer.EndArray();
  Count unknown;
  for (const auto& source : pipeline.versions) unknown += source.unknown;
  writer.Key("unknown_version");
  writer.StartObject();
  put_count(writer, unknown);
  writer.EndObject();
}

void put_file(Writer& writer, const char* name, const std::string& file, const std::string& hash) {
  writer.Key(name);
  if (file.empty()) {
    writer.Null();
    return;
  }
  writer.StartObject();
  put(writer, "file", file);
  put(writer, "hash", hash);
  writer.EndObject();
}

void put_schema(Writer& writer, const Bundle& bundle) {
  if (!bundle.lineage) {
    return put_file(writer, "schema", bundle.schema_place.string(), bundle.schema_hash());
  }
  writer.Key("schema");
  writer.StartObject();
  put(writer, "lineage", bundle.schema_place.string());
  put(writer, "version_from", bundle.versions->place_text());
  put(writer, "hash", bundle.schema_hash());
  writer.EndObject();
}

void put_history(Writer& writer, const ReloadHistory::Pipeline& history) {
  writer.Key("history");
  writer.StartArray();
  for (auto change = history.changes.rbegin(); change != history.changes.rend(); ++change) {
    put_change(writer, *change);
  }
  writer.EndArray();
}

unsigned status_of(ReloadReport::Answer answer) {
  switch (answer) {
    case ReloadReport::Answer::kDone:
      return 200;
    case ReloadReport::Answer::kFailed:
      return 422;
    case ReloadReport::Answer::kUnknownPipeline:
      return 404;
    case ReloadReport::Answer::kNotNow:
      return 503;
    case ReloadReport::Answer::kFixed:
    case ReloadReport::Answer::kNoWayBack:
      return 409;
  }
  return 500;
}

}  // namespace

std::string render_schemas(const RuntimeSnapshot& snapshot,
                           const std::map<std::string, ReloadHistory::Pipeline>& history,
                           const std::set<std::string>& watched) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("pipelines");
  writer.StartObject();
  for (const PipelineSnapshot& pipeline : snapshot.pipelines) {
    const Bundle& bundle = *pipeline.bundle;
    const auto past = history.find(pipeline.name);
    writer.Key(pipeline.name.c_str());
    writer.StartObject();
    put(writer, "hash", bundle.hash);
    put_time(writer, "active_since", past != history.end() ? past->second.active_since_us : 0);
    put(writer, "reload", watched.contains(pipeline.name) ? "watch" : "manual");
    put_schema(writer, bundle);
    put_versions(writer, pipeline);
    put_file(writer, "script", bundle.script_file.string(),
             bundle.script ? bundle.script->hash() : "");
    put_file(writer, "output_schema", bundle.output_schema_file.string(),
             bundle.output_schema ? bundle.output_schema->hash() : "");
    put_history(writer, past != history.end() ? past->second : ReloadHistory::Pipeline{});
    writer.EndObject();
  }
  writer.EndObject();
  writer.EndObject();
  return text_of(buffer);
}

AdminBackend::Reply render_reload(const ReloadReport& report) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  if (!report.keys.empty()) {
    writer.Key("keys");
    writer.StartArray();
    for (const std::string& key : report.keys) put_text(writer, key);
    writer.EndArray();
  }
  writer.Key("pipelines");
  writer.StartObject();
  for (const BundleChange& change : report.changes) {
    writer.Key(change.pipeline.c_str());
    put_change(writer, change);
  }
  writer.EndObject();
  writer.EndObject();
  const std::string object = text_of(buffer);
  return {status_of(report.answer), report.message, object.substr(1, object.size() - 2)};
}

}  // namespace sluice
