// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plugins/sources/kafka/commit_note.h"

namespace sluice::kafka_source {

inline constexpr std::int64_t kNoOffset = -1;

// A partition this member has. Offsets name the next record, as Kafka counts; positions a record.
struct Partition {
  std::string topic;
  std::int32_t number = 0;
  std::uint32_t lane = 0;
  std::int64_t from = kNoOffset;       // where it began
  std::int64_t passed = kNoOffset;     // everything before it was handed out, skipped or no record
  std::optional<std::uint64_t> given;  // the last record handed out
  std::optional<std::uint64_t> settled;  // the mark
  // What the group has of ours; kNoOffset also where the start itself is to be committed: because
  // it differs from what the group has, or because that was not ours.
  std::int64_t committed = kNoOffset;
  // That of the offset the group had, which another process may have made; a commit never names an
  // earlier epoch.
  CommitNote note;
  std::int64_t until = kNoOffset;  // where a finite run ends
  std::int64_t end = kNoOffset;    // high watermark, as last seen
  std::int64_t time_ms = 0;        // of the last record handed out
  bool ended = false;
  int unreadable = 0;  // times in a row that what comes next could not be read

  // What may be committed: up to here everything is settled. Behind the last record, also what was
  // skipped and what is no record at all (marks of transactions), so that the lag falls to 0.
  [[nodiscard]] std::int64_t settled_to() const {
    if (!given || (settled && *settled >= *given)) return passed;
    return settled ? static_cast<std::int64_t>(*settled) + 1 : from;
  }
  [[nodiscard]] bool to_commit() const { return settled_to() > committed; }
};

std::string lane_name(std::string_view topic, std::int32_t number);

struct PartitionName {
  std::string topic;
  std::int32_t number = 0;
};
// Of a lane. Throws BadConfig where it names no partition.
PartitionName partition_name(std::string_view lane);

// The partitions this member has now. A Partition stays where it is until it is removed.
class PartitionTable {
 public:
  Partition& add(std::string topic, std::int32_t number, std::uint32_t lane);
  void remove(std::string_view topic, std::int32_t number);
  void clear();
  // The host knows the partition's lane by another number now.
  void renumber(Partition& partition, std::uint32_t lane);

  [[nodiscard]] Partition* find(std::string_view topic, std::int32_t number);
  // Of one record after the other: mostly the same as the last time.
  [[nodiscard]] Partition* of(const rd_kafka_message_t& message);
  void settled(std::uint32_t lane, std::uint64_t position);

  [[nodiscard]] std::size_t size() const { return partitions_.size(); }
  [[nodiscard]] bool empty() const { return partitions_.empty(); }
  // Calls f(Partition&) for each.
  template <typename F>
  void each(F&& f) {
    for (auto& [name, partition] : partitions_) f(partition);
  }

 private:
  std::map<std::pair<std::string, std::int32_t>, Partition, std::less<>> partitions_;
  std::unordered_map<std::uint32_t, Partition*> by_lane_;
  // A topic's handle may be made anew at another time, so this holds between two rebalances only.
  const rd_kafka_topic_t* last_topic_ = nullptr;
  std::int32_t last_number_ = -1;
  Partition* last_ = nullptr;
};

}  // namespace sluice::kafka_source
