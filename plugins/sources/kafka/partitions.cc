// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/partitions.h"

#include <algorithm>
#include <charconv>
#include <sluice/error.hpp>

namespace sluice::kafka_source {

std::string lane_name(std::string_view topic, std::int32_t number) {
  return std::string(topic) + "/" + std::to_string(number);
}

PartitionName partition_name(std::string_view lane) {
  const std::size_t slash = lane.rfind('/');
  PartitionName name;
  const char* end = lane.data() + lane.size();
  const char* digits = slash == std::string_view::npos ? end : lane.data() + slash + 1;
  const auto [last, error] = std::from_chars(digits, end, name.number);
  if (digits == end || error != std::errc() || last != end || name.number < 0 || slash == 0) {
    throw BadConfig("\"" + std::string(lane) + "\" names no partition; expected topic/number");
  }
  name.topic = lane.substr(0, slash);
  return name;
}

Partition& PartitionTable::add(std::string topic, std::int32_t number, std::uint32_t lane) {
  last_ = nullptr;
  const auto key = std::pair(topic, number);
  Partition& partition = partitions_[key];
  partition = Partition();
  partition.topic = std::move(topic);
  partition.number = number;
  partition.lane = lane;
  by_lane_[lane] = &partition;
  return partition;
}

void PartitionTable::remove(std::string_view topic, std::int32_t number) {
  last_ = nullptr;
  const auto at = partitions_.find(std::pair(std::string(topic), number));
  if (at == partitions_.end()) return;
  by_lane_.erase(at->second.lane);
  partitions_.erase(at);
}

void PartitionTable::clear() {
  last_ = nullptr;
  by_lane_.clear();
  partitions_.clear();
}

void PartitionTable::renumber(Partition& partition, std::uint32_t lane) {
  by_lane_.erase(partition.lane);
  partition.lane = lane;
  by_lane_[lane] = &partition;
}

Partition* PartitionTable::find(std::string_view topic, std::int32_t number) {
  const auto at = partitions_.find(std::pair(std::string(topic), number));
  return at == partitions_.end() ? nullptr : &at->second;
}

Partition* PartitionTable::of(const rd_kafka_message_t& message) {
  if (last_ != nullptr && message.rkt == last_topic_ && message.partition == last_number_) {
    return last_;
  }
  last_ = find(rd_kafka_topic_name(message.rkt), message.partition);
  last_topic_ = message.rkt;
  last_number_ = message.partition;
  return last_;
}

void PartitionTable::settled(std::uint32_t lane, std::uint64_t position) {
  const auto at = by_lane_.find(lane);
  if (at == by_lane_.end()) return;  // given back meanwhile
  Partition& partition = *at->second;
  partition.settled = std::max(partition.settled.value_or(0), position);
}

}  // namespace sluice::kafka_source
