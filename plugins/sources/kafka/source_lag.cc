// SPDX-License-Identifier: Apache-2.0
//
// How far behind the partitions are: for whoever asks, in the log and in a topic.
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <utility>

#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLagEvery{1000};

std::int64_t now_ms() {
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& writer, const char* name, std::string_view text) {
  writer.Key(name);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put(Writer& writer, const char* name, std::int64_t number) {
  writer.Key(name);
  if (number < 0) {
    writer.Null();  // not known
  } else {
    writer.Int64(number);
  }
}

}  // namespace

// In the form of /health/detailed.
std::string KafkaSource::snapshot_of(const std::vector<LagBoard::Row>& rows, std::int64_t total,
                                     std::int64_t captured_us) const {
  rapidjson::StringBuffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  put(writer, "source", context_.name());
  put(writer, "group", std::string_view(options_.group_id));
  put(writer, "total", total);
  writer.Key("partitions");
  writer.StartArray();
  for (const LagBoard::Row& row : rows) {
    writer.StartObject();
    put(writer, "topic", std::string_view(row.topic));
    put(writer, "partition", row.partition);
    put(writer, "committed", row.committed);
    put(writer, "end", row.end);
    put(writer, "lag", row.behind());
    writer.EndObject();
  }
  writer.EndArray();
  put(writer, "captured_at_us", captured_us);
  writer.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

void KafkaSource::look_at_lag(bool now) {
  const auto time = Clock::now();
  if (!now && time < lag_due_) return;
  lag_due_ = time + kLagEvery;
  std::vector<LagBoard::Row> rows;
  std::int64_t total = 0;
  table_.each([&](Partition& partition) {
    Range range;
    if (rd_kafka_get_watermark_offsets(client_.get(), partition.topic.c_str(), partition.number,
                                       &range.low, &range.high) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        range.high >= 0) {
      partition.end = range.high;
    }
    LagBoard::Row row{lane_name(partition.topic, partition.number),
                      partition.topic,
                      partition.number,
                      partition.lane,
                      partition.committed,
                      partition.end};
    if (row.behind() == 0) {
      row.seconds = 0;
    } else if (partition.time_ms > 0) {
      row.seconds = std::max(0.0, static_cast<double>(now_ms() - partition.time_ms) / 1000);
    }
    total += std::max<std::int64_t>(row.behind(), 0);
    rows.push_back(std::move(row));
  });
  if (options_.publish_lag && time >= lag_told_ + options_.lag_interval) {
    lag_told_ = time;
    std::string text = "lag of group " + options_.group_id + ": " + std::to_string(total) +
                       " records in " + std::to_string(rows.size()) + " partitions";
    constexpr std::size_t kMostNamed = 20;
    for (std::size_t i = 0; i < std::min(rows.size(), kMostNamed); ++i) {
      text += (i == 0 ? ": " : ", ") + rows[i].name + " " + std::to_string(rows[i].behind());
    }
    context_.info(text);
  }
  const std::int64_t captured_us = now_ms() * 1000;
  if (!options_.lag_topic.empty() && time >= lag_written_ + options_.lag_interval) {
    lag_written_ = time;
    lag_topic_.publish(snapshot_of(rows, total, captured_us));
  }
  board_.set(std::move(rows), captured_us);
}

}  // namespace sluice::kafka_source
