// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/sink_options.h"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "runtime/config/options.h"
#include "runtime/pipeline/record_keys.h"

namespace sluice {
namespace {

bool has_option(const char* schema_json, const char* name) {
  rapidjson::Document schema;
  schema.Parse<rapidjson::kParseIterativeFlag>(schema_json);
  return schema.IsObject() && schema.HasMember("properties") && schema["properties"].IsObject() &&
         schema["properties"].HasMember(name);
}

}  // namespace

Result<std::string> complete_sink_options(const SinkConfig& sink,
                                          const sluice_component& component) {
  SLUICE_ASSIGN_OR_RETURN(
      std::string json, type_placeholders(sink.config_json, sink.options, component.config_schema));
  if (!sink.overwrite_equal) return json;
  if (!has_option(component.config_schema, "on_equal")) {
    return invalid(sink.place.text() + ": sinks." + sink.name + ".on_equal: the sink '" +
                   component.id + "' has no revision guard; remove the key");
  }
  rapidjson::Document options;
  options.Parse<rapidjson::kParseIterativeFlag>(json.c_str());
  options.RemoveMember("on_equal");
  options.AddMember("on_equal", "overwrite", options.GetAllocator());
  rapidjson::StringBuffer out;
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  options.Accept(writer);
  return std::string(out.GetString(), out.GetSize());
}

bool may_keep_marks(const PipelineConfig& pipeline, const SinkConfig& sink) {
  return sink.order == SinkOrder::kLane && !RecordKeys::wanted(pipeline);
}

}  // namespace sluice
