// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/transformers.h"

#include "runtime/admin/answer_json.h"

namespace sluice {
namespace {

using admin::put;
using admin::put_change;
using admin::put_time;
using admin::text_of;
using admin::Writer;

void put_pipeline(Writer& writer, const PipelineSnapshot& pipeline,
                  const ReloadHistory::Pipeline& past) {
  const Bundle& bundle = *pipeline.bundle;
  writer.StartObject();
  put(writer, "hash", bundle.hash);
  put(writer, "script", bundle.script ? bundle.script->hash() : "");
  put(writer, "file", bundle.script_file.string());
  put_time(writer, "authored_at", authored_us(bundle));
  put_time(writer, "active_since", past.active_since_us);
  // Where `sluice transform rollback` leads.
  const auto good = past.good();
  put(writer, "previous", good.size() < 2 ? "" : good[good.size() - 2]);
  writer.Key("rollout");
  if (pipeline.rollout) {
    const std::string object = pipeline.rollout->json();
    writer.StartObject();
    put(writer, "candidate", pipeline.rollout->activation()->bundle()->hash);
    writer.Key("state");
    writer.RawValue(object.data(), object.size(), rapidjson::kObjectType);
    writer.EndObject();
  } else {
    writer.Null();
  }
  writer.Key("versions");
  writer.StartArray();
  for (auto change = past.changes.rbegin(); change != past.changes.rend(); ++change) {
    put_change(writer, *change);
  }
  writer.EndArray();
  writer.EndObject();
}

}  // namespace

std::string render_transformers(const RuntimeSnapshot& snapshot,
                                const std::map<std::string, ReloadHistory::Pipeline>& history) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("pipelines");
  writer.StartObject();
  for (const PipelineSnapshot& pipeline : snapshot.pipelines) {
    const auto past = history.find(pipeline.name);
    writer.Key(pipeline.name.c_str());
    put_pipeline(writer, pipeline,
                 past != history.end() ? past->second : ReloadHistory::Pipeline{});
  }
  writer.EndObject();
  writer.EndObject();
  return text_of(buffer);
}

}  // namespace sluice
