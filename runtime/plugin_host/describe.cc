// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/describe.h"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <vector>

#include "runtime/plugin_host/json_internal.h"
#include "runtime/plugin_host/probe.h"

namespace sluice {
namespace {

using host_json::member;
using host_json::Value;

struct Option {
  std::string pointer;
  std::string type;
  std::string fallback;  // JSON text, "required", or "" for absent
  std::string description;
};

struct Row {
  std::vector<std::string> cells;
};

struct Table {
  std::string title;
  Row head;
  std::vector<Row> rows;
};

class OptionLister {
 public:
  explicit OptionLister(const Value& root) : root_(root) {}

  std::vector<Option> run() {
    walk(root_, "", 0);
    return std::move(options_);
  }

 private:
  // A schema may refer to itself; a table that deep helps nobody.
  static constexpr int kMaxDepth = 6;

  void walk(const Value& schema, const std::string& pointer, int depth) {
    const Value* real = host_json::follow_refs(root_, &schema);
    if (real == nullptr || depth > kMaxDepth) return;
    if (const Value* properties = member(*real, "properties")) {
      for (const auto& entry : properties->GetObject()) {
        const std::string_view name = host_json::text(entry.name);
        const std::string inner = host_json::child_pointer(pointer, name);
        add(entry.value, inner, requires_property(*real, name));
        walk(entry.value, inner, depth + 1);
      }
    }
    if (const Value* rest = member(*real, "additionalProperties"); rest && rest->IsObject()) {
      walk_unnamed(*rest, pointer + "/*", depth);
    }
    if (const Value* items = member(*real, "items"); items && items->IsObject()) {
      walk_unnamed(*items, pointer + "/-", depth);
    }
    if (const Value* list = member(*real, "oneOf"); list && list->IsArray()) {
      for (const Value& alternative : list->GetArray()) walk(alternative, pointer, depth + 1);
    }
  }

  // Elements and map entries have a row only if they have words of their own.
  void walk_unnamed(const Value& schema, const std::string& pointer, int depth) {
    if (!description(schema).empty()) add(schema, pointer, false);
    walk(schema, pointer, depth + 1);
  }

  void add(const Value& schema, const std::string& pointer, bool is_required) {
    const Value* real = host_json::follow_refs(root_, &schema);
    const Value* fallback = member(schema, "default");
    if (fallback == nullptr && real != nullptr) fallback = member(*real, "default");
    Option option{pointer, host_json::expected_text(root_, schema),
                  is_required           ? "required"
                  : fallback == nullptr ? ""
                                        : host_json::print(*fallback),
                  description(schema)};
    const bool secret = host_json::true_member(schema, "writeOnly") ||
                        (real != nullptr && host_json::true_member(*real, "writeOnly"));
    if (secret) option.type += ", secret";
    options_.push_back(std::move(option));
  }

  std::string description(const Value& schema) const {
    if (const auto text = host_json::text_member(schema, "description"); !text.empty()) {
      return std::string(text);
    }
    const Value* real = host_json::follow_refs(root_, &schema);
    return real == nullptr ? "" : std::string(host_json::text_member(*real, "description"));
  }

  static bool requires_property(const Value& schema, std::string_view name) {
    const Value* list = member(schema, "required");
    return list != nullptr && list->IsArray() &&
           std::any_of(list->Begin(), list->End(), [&](const Value& entry) {
             return entry.IsString() && host_json::text(entry) == name;
           });
  }

  const Value& root_;
  std::vector<Option> options_;
};

std::vector<std::string> caps_of(uint32_t caps) {
  std::vector<std::string> out;
  if ((caps & SLUICE_CAP_REPLAY) != 0) out.emplace_back("replay");
  if ((caps & SLUICE_CAP_FINITE) != 0) out.emplace_back("finite");
  if ((caps & SLUICE_CAP_IDEMPOTENT) != 0) out.emplace_back("idempotent");
  if ((caps & SLUICE_CAP_ORDERED) != 0) out.emplace_back("ordered");
  if ((caps & SLUICE_CAP_MARKS) != 0) out.emplace_back("marks");
  return out;
}

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

const char* verdict_name(sluice_verdict verdict) {
  return verdict == SLUICE_REC_RETRY ? "retry" : "reject";
}

const char* metric_kind_name(int32_t kind) {
  if (kind == SLUICE_METRIC_COUNTER) return "counter";
  return kind == SLUICE_METRIC_GAUGE ? "gauge" : "histogram";
}

std::vector<Table> tables(const sluice_component& component, const std::vector<Option>& options) {
  Table option_table{"Options", {{"option", "type", "default", "meaning"}}, {}};
  for (const Option& option : options) {
    option_table.rows.push_back(
        {{option.pointer, option.type, option.fallback.empty() ? "-" : option.fallback,
          option.description}});
  }
  Table reasons{"Reasons", {{"reason", "verdict", "counts as", "meaning"}}, {}};
  for (uint32_t i = 0; i < component.reason_count; ++i) {
    const sluice_reason& reason = *component.reasons[i];
    reasons.rows.push_back(
        {{reason.code, verdict_name(reason.verdict), reason.maps_to, reason.help}});
  }
  Table metrics{"Metrics", {{"metric", "kind", "meaning"}}, {}};
  for (uint32_t i = 0; i < component.metric_count; ++i) {
    const sluice_metric& metric = *component.metrics[i];
    metrics.rows.push_back({{metric.name, metric_kind_name(metric.kind), metric.help}});
  }
  return {option_table, reasons, metrics};
}

std::string markdown_cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string markdown(const Table& table) {
  std::string out = "### " + table.title + "\n\n|";
  for (const std::string& cell : table.head.cells) out.append(" ").append(cell).append(" |");
  out += "\n|";
  for (size_t i = 0; i < table.head.cells.size(); ++i) out += "---|";
  out += "\n";
  for (const Row& row : table.rows) {
    out.append("| `").append(markdown_cell(row.cells[0])).append("` |");
    for (size_t i = 1; i < row.cells.size(); ++i) {
      out.append(" ").append(markdown_cell(row.cells[i])).append(" |");
    }
    out += '\n';
  }
  return out + "\n";
}

std::string plain(const Table& table) {
  std::vector<size_t> widths(table.head.cells.size(), 0);
  std::vector<Row> rows{table.head};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  for (const Row& row : rows) {
    for (size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row.cells[i].size());
  }
  std::string out = table.title + "\n";
  for (const Row& row : rows) {
    out += "  ";
    for (size_t i = 0; i < row.cells.size(); ++i) {
      out += row.cells[i];
      if (i + 1 < row.cells.size()) out.append(widths[i] - row.cells[i].size() + 2, ' ');
    }
    out += "\n";
  }
  return out + "\n";
}

std::string pretty(const char* json) {
  host_json::Document document;
  if (!host_json::parse(json, document).is_ok()) return json;
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  document.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string as_json(const sluice_component& component, const std::vector<Option>& options) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  const auto put = [&](const char* key, std::string_view value) {
    writer.Key(key);
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  };
  const auto put_raw = [&](const char* key, const std::string& json) {
    writer.Key(key);
    writer.RawValue(json.data(), json.size(), rapidjson::kObjectType);
  };
  host_json::Document schema;
  host_json::Document example;
  const bool parsed = host_json::parse(component.config_schema, schema).is_ok() &&
                      host_json::parse(component.example_config, example).is_ok();
  writer.StartObject();
  put("kind", kind_name(component.kind));
  put("id", component.id);
  put("summary", component.summary);
  writer.Key("capabilities");
  writer.StartArray();
  for (const std::string& cap : caps_of(component.caps)) writer.String(cap.c_str());
  writer.EndArray();
  writer.Key("options");
  writer.StartArray();
  for (const Option& option : options) {
    writer.StartObject();
    put("pointer", option.pointer);
    put("type", option.type);
    put("default", option.fallback);
    put("description", option.description);
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("reasons");
  writer.StartArray();
  for (uint32_t i = 0; i < component.reason_count; ++i) {
    writer.StartObject();
    put("code", component.reasons[i]->code);
    put("verdict", verdict_name(component.reasons[i]->verdict));
    put("maps_to", component.reasons[i]->maps_to);
    put("help", component.reasons[i]->help);
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("metrics");
  writer.StartArray();
  for (uint32_t i = 0; i < component.metric_count; ++i) {
    writer.StartObject();
    put("name", component.metrics[i]->name);
    put("kind", metric_kind_name(component.metrics[i]->kind));
    put("help", component.metrics[i]->help);
    writer.EndObject();
  }
  writer.EndArray();
  if (parsed) {
    put_raw("config_schema", host_json::print(schema));
    put_raw("example", host_json::print(example));
  }
  writer.EndObject();
  return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

}  // namespace

std::string describe_component(const sluice_component& component, DescribeFormat format) {
  host_json::Document schema;
  std::vector<Option> options;
  if (host_json::parse(component.config_schema, schema).is_ok()) {
    options = OptionLister(schema).run();
  }
  if (format == DescribeFormat::kJson) return as_json(component, options);

  const bool md = format == DescribeFormat::kMarkdown;
  const std::string title = std::string(kind_name(component.kind)) + " " + component.id;
  const std::string caps = join(caps_of(component.caps));
  std::string out = md ? "## " + title + "\n\n" : title + ": ";
  out += std::string(component.summary) + "\n\n";
  out += "Capabilities: " + (caps.empty() ? "none" : caps) + "\n\n";
  for (const Table& table : tables(component, options)) {
    if (!table.rows.empty()) out += md ? markdown(table) : plain(table);
  }
  const std::string example = pretty(component.example_config);
  out += md ? "### Example\n\n```json\n" + example + "\n```\n" : "Example\n" + example + "\n";
  return out;
}

}  // namespace sluice
