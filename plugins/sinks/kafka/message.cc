// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/message.h"

#include <algorithm>

namespace sluice::kafka_sink {
namespace {

using Set = std::span<const std::pair<std::string, std::string>>;

bool is_set(Set set, std::string_view name) {
  return std::any_of(set.begin(), set.end(),
                     [&](const auto& entry) { return entry.first == name; });
}

}  // namespace

Headers headers_of(const Message& message) {
  const std::size_t count = message.kept.size() + message.set.size();
  if (count == 0) return nullptr;
  Headers list(rd_kafka_headers_new(count));
  for (const sluice_header& header : message.kept) {
    const std::string_view name = view(header.key);
    if (is_set(message.set, name)) continue;
    rd_kafka_header_add(list.get(), name.data(), static_cast<ssize_t>(name.size()),
                        header.value.data, static_cast<ssize_t>(header.value.size));
  }
  for (const auto& [name, value] : message.set) {
    rd_kafka_header_add(list.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  }
  return list;
}

std::string_view key_of(const sluice_cell& cell) {
  switch (cell.kind) {
    case SLUICE_CELL_TEXT:
    case SLUICE_CELL_I64:
    case SLUICE_CELL_U64:
    case SLUICE_CELL_F64:
      return view(cell.text);
    case SLUICE_CELL_BOOL:
      return cell.v.u64 != 0 ? "true" : "false";
    default:
      return {};
  }
}

Message message_of(const sluice_record& record, const Options& options) {
  Message out;
  if (options.key == KeyFrom::kRecord || (options.key == KeyFrom::kPointer && is_delete(record))) {
    out.key = view(record.key);
  }
  if (!is_delete(record)) out.value = view(record.value);
  if (options.record_time && record.time_us > 0) out.time_ms = record.time_us / 1000;
  if (options.keep_headers) out.kept = headers(record);
  out.set = options.headers;
  return out;
}

}  // namespace sluice::kafka_sink
