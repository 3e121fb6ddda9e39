// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/drop/sink.h"

namespace sluice::drop_sink {

DropSink::DropSink(Context context, const Config&) : context_(context) {}

void DropSink::write(const Batch& batch, Outcomes out) {
  if (batch.empty()) return;
  std::uint64_t bytes = 0;
  for (const sluice_record& record : batch) bytes += record.value.size;
  out.ok_all();
  context_.metric(Metric::kRecords, static_cast<double>(batch.size()));
  context_.metric(Metric::kBytes, static_cast<double>(bytes));
}

namespace {

constexpr auto kMetrics = metric_table<Metric>(
    counter(Metric::kRecords, "dropped_records", "Records taken and forgotten."),
    counter(Metric::kBytes, "dropped_bytes", "Bytes of their values."));

constexpr char kConfigSchema[] = R"json({
  "type": "object",
  "description": "Takes every record and forgets it; has no options.",
  "additionalProperties": false,
  "properties": {}
})json";

}  // namespace

constinit const sluice_component kDropSink = sink_component<DropSink, kNoReasons, kMetrics>(
    {.id = "drop",
     .summary = "Takes every record, counts it and forgets it.",
     .config_schema = kConfigSchema,
     .example_config = "{}",
     .caps = SLUICE_CAP_IDEMPOTENT | SLUICE_CAP_ORDERED});

}  // namespace sluice::drop_sink
