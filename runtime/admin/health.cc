// SPDX-License-Identifier: Apache-2.0
#include "runtime/admin/health.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <string_view>

#include "runtime/base/text.h"

namespace sluice {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

// Names and errors may carry what a plugin or a record said: bytes that are not UTF-8 become '?'.
void put_text(Writer& writer, std::string_view text) {
  std::string out(text);
  for (size_t at = utf8_valid_prefix(out); at < out.size(); at = utf8_valid_prefix(out)) {
    out[at] = '?';
  }
  writer.String(out.data(), static_cast<rapidjson::SizeType>(out.size()));
}

void put_text_or_null(Writer& writer, std::string_view text) {
  if (text.empty()) {
    writer.Null();
  } else {
    put_text(writer, text);
  }
}

void put_time(Writer& writer, int64_t us) {
  if (us == 0) {
    writer.Null();
  } else {
    put_text(writer, format_time_us(us));
  }
}

// JSON has no infinity and no NaN.
void put_number(Writer& writer, const std::optional<double>& value) {
  if (value && std::isfinite(*value)) {
    writer.Double(*value);
  } else {
    writer.Null();
  }
}

void put_count(Writer& writer, const char* name, uint64_t value) {
  writer.Key(name);
  writer.Uint64(value);
}

void put_backpressure(Writer& writer, const BackpressureHealth& health) {
  writer.StartObject();
  writer.Key("state");
  put_text(writer, health.state);
  writer.Key("since");
  put_time(writer, health.since_us);
  writer.Key("reasons");
  writer.StartArray();
  for (const std::string& reason : health.reasons) put_text(writer, reason);
  writer.EndArray();
  put_count(writer, "in_flight", health.in_flight);
  put_count(writer, "queue_depth", health.queue_depth);
  put_count(writer, "concurrency", health.concurrency);
  writer.Key("tokens");
  put_number(writer, health.tokens);
  put_count(writer, "deferred", health.deferred);
  writer.Key("drained");
  writer.Bool(health.drained);
  writer.EndObject();
}

void put_adapter(Writer& writer, const AdapterHealth& adapter) {
  writer.StartObject();
  writer.Key("kind");
  put_text(writer, adapter.kind);
  writer.Key("state");
  put_text(writer, adapter.state);
  writer.Key("healthy");
  writer.Bool(adapter.healthy);
  writer.Key("lag_seconds");
  put_number(writer, adapter.lag_seconds);
  writer.Key("lag_records");
  if (adapter.lag_records) {
    writer.Uint64(*adapter.lag_records);
  } else {
    writer.Null();
  }
  writer.Key("last_record_at");
  put_time(writer, adapter.last_record_at_us);
  writer.Key("last_error");
  put_text_or_null(writer, adapter.last_error);
  writer.Key("breaker");
  put_text_or_null(writer, adapter.breaker);
  writer.EndObject();
}

void put_group(Writer& writer, const GroupHealth& group) {
  writer.StartObject();
  writer.Key("group");
  put_text(writer, group.group);
  uint64_t total = 0;
  for (const auto& partition : group.partitions) total += partition.lag.value_or(0);
  put_count(writer, "total", total);
  writer.Key("partitions");
  writer.StartArray();
  for (const auto& partition : group.partitions) {
    writer.StartObject();
    writer.Key("topic");
    put_text(writer, partition.topic);
    put_count(writer, "partition", partition.partition);
    writer.Key("committed");
    if (partition.lag) {
      writer.Uint64(partition.committed);
    } else {
      writer.Null();
    }
    put_count(writer, "end", partition.end);
    writer.Key("lag");
    if (partition.lag) {
      writer.Uint64(*partition.lag);
    } else {
      writer.Null();
    }
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("captured_at");
  put_time(writer, group.captured_us);
  writer.EndObject();
}

void put_pipeline(Writer& writer, const PipelineHealth& pipeline) {
  writer.StartObject();
  writer.Key("state");
  put_text(writer, pipeline.state);
  writer.Key("accounting");
  writer.StartObject();
  const AccountingHealth& counts = pipeline.accounting;
  put_count(writer, "received", counts.received);
  put_count(writer, "committed", counts.committed);
  put_count(writer, "duplicate", counts.duplicate);
  put_count(writer, "filtered", counts.filtered);
  put_count(writer, "dead_lettered", counts.dead_lettered);
  put_count(writer, "shed", counts.shed);
  put_count(writer, "in_flight", counts.in_flight);
  writer.Key("unaccounted");
  writer.Int64(counts.unaccounted);
  writer.EndObject();
  writer.Key("schema");
  put_text_or_null(writer, pipeline.schema);
  writer.Key("script");
  put_text_or_null(writer, pipeline.script);
  writer.EndObject();
}

}  // namespace

std::string render_health(const HealthSnapshot& snapshot) {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  writer.Key("status");
  put_text(writer, snapshot.status);
  writer.Key("backpressure");
  put_backpressure(writer, snapshot.backpressure);
  writer.Key("adapters");
  writer.StartObject();
  for (const AdapterHealth& adapter : snapshot.adapters) {
    put_text(writer, adapter.name);
    put_adapter(writer, adapter);
  }
  writer.EndObject();
  writer.Key("kafka");
  writer.StartObject();
  for (const GroupHealth& group : snapshot.kafka) {
    put_text(writer, group.source);
    put_group(writer, group);
  }
  writer.EndObject();
  writer.Key("telemetry");
  writer.Null();
  writer.Key("pipelines");
  writer.StartObject();
  for (const PipelineHealth& pipeline : snapshot.pipelines) {
    put_text(writer, pipeline.name);
    put_pipeline(writer, pipeline);
  }
  writer.EndObject();
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace sluice
