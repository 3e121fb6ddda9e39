// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/probe_message.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sluice/plugin.h>

#include "runtime/plugin_host/json_internal.h"

namespace sluice {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& writer, const char* key, std::string_view value) {
  writer.Key(key);
  writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void put_report(Writer& writer, const ProbeReport& report) {
  put(writer, "name", report.name);
  put(writer, "version", report.version);
  put(writer, "license", report.license);
  put(writer, "build", report.build);
  put(writer, "abi", report.abi);
  put(writer, "sha256", report.sha256);
  writer.Key("components");
  writer.StartArray();
  for (const ProbedComponent& component : report.components) {
    writer.StartObject();
    put(writer, "kind", kind_name(component.kind));
    put(writer, "id", component.id);
    put(writer, "summary", component.summary);
    writer.EndObject();
  }
  writer.EndArray();
}

std::string column(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

std::string_view kind_name(int32_t kind) { return kind == SLUICE_KIND_SOURCE ? "source" : "sink"; }

std::string encode_probe(const Result<ProbeReport>& result) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  if (result) {
    put_report(writer, *result);
  } else {
    writer.Key("code");
    writer.Int(static_cast<int>(result.status().code()));
    put(writer, "error", result.status().message());
  }
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

Result<ProbeReport> decode_probe(std::string_view text) {
  host_json::Document document;
  const Status parsed = host_json::parse(text, document);
  if (!parsed.is_ok() || !document.IsObject()) {
    return internal("the probing process gave an answer that is not ours; " + parsed.message());
  }
  const auto field = [&](const char* key) {
    return std::string(host_json::text_member(document, key));
  };
  if (host_json::member(document, "error") != nullptr) {
    const host_json::Value* code = host_json::member(document, "code");
    const int number = code != nullptr && code->IsInt() ? code->GetInt() : 0;
    const bool known = number > 0 && number <= static_cast<int>(Code::kInternal);
    return Status(known ? static_cast<Code>(number) : Code::kInternal, field("error"));
  }
  ProbeReport report{field("name"),
                     field("version"),
                     field("license"),
                     field("build"),
                     field("abi"),
                     field("sha256"),
                     {}};
  const host_json::Value* list = host_json::member(document, "components");
  if (list == nullptr || !list->IsArray()) {
    return internal("the probing process gave an answer without components");
  }
  for (const host_json::Value& entry : list->GetArray()) {
    const bool source = host_json::text_member(entry, "kind") == "source";
    report.components.push_back({source ? SLUICE_KIND_SOURCE : SLUICE_KIND_SINK,
                                 std::string(host_json::text_member(entry, "id")),
                                 std::string(host_json::text_member(entry, "summary"))});
  }
  return report;
}

std::string list_text(const std::vector<ListedPlugin>& plugins) {
  size_t width = 0;
  for (const ListedPlugin& plugin : plugins) {
    if (!plugin.report) continue;
    for (const ProbedComponent& component : plugin.report->components) {
      width = std::max(width, component.id.size());
    }
  }
  std::string out;
  std::string refused;
  for (const ListedPlugin& plugin : plugins) {
    if (!plugin.report) {
      refused += "  " + plugin.report.status().message() + "\n";
      continue;
    }
    for (const ProbedComponent& component : plugin.report->components) {
      out += column(std::string(kind_name(component.kind)), 8) + column(component.id, width + 2) +
             column(plugin.report->version, 9) + column(plugin.file.string(), 0) + "  " +
             component.summary + "\n";
    }
  }
  if (!refused.empty()) out += "refused:\n" + refused;
  return out;
}

std::string list_json(const std::vector<ListedPlugin>& plugins) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartArray();
  for (const ListedPlugin& plugin : plugins) {
    writer.StartObject();
    put(writer, "file", plugin.file.string());
    if (plugin.report) {
      put_report(writer, *plugin.report);
    } else {
      put(writer, "error", plugin.report.status().message());
    }
    writer.EndObject();
  }
  writer.EndArray();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace sluice
