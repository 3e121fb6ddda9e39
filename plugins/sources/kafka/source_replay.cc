// SPDX-License-Identifier: Apache-2.0
//
// Reading a time range again, apart from the group.
#include <regex.h>

#include <algorithm>

#include "plugins/common/kafka_errors.h"
#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {
namespace {

sluice_rc estimate_of(sluice_source* source, std::int64_t from_us, std::int64_t to_us,
                      void (*each)(void*, const sluice_range*), void* ctx, sluice_error* error) {
  return guard(error, SLUICE_E_FATAL, [&] {
    self<KafkaSource>(source).estimate(from_us, to_us, each, ctx);
    return SLUICE_OK;
  });
}

sluice_rc read_of(sluice_source* source, const sluice_range* const* ranges, std::uint32_t count,
                  sluice_error* error) {
  return guard(error, SLUICE_E_FATAL, [&] {
    self<KafkaSource>(source).read(ranges, count);
    return SLUICE_OK;
  });
}

constexpr sluice_source_replay kReplayTable{sizeof(sluice_source_replay), 0, &estimate_of,
                                            &read_of};

// The expressions librdkafka takes for topics: POSIX, extended.
class TopicPattern {
 public:
  explicit TopicPattern(const std::string& pattern) {
    if (::regcomp(&pattern_, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
      throw BadConfig("/topics: " + pattern + " is no regular expression");
    }
  }
  ~TopicPattern() { ::regfree(&pattern_); }
  TopicPattern(const TopicPattern&) = delete;
  TopicPattern& operator=(const TopicPattern&) = delete;
  [[nodiscard]] bool matches(const char* topic) const {
    return ::regexec(&pattern_, topic, 0, nullptr, 0) == 0;
  }

 private:
  regex_t pattern_{};
};

}  // namespace

const sluice_source_replay* KafkaSource::replay_table() { return &kReplayTable; }

// All partitions of the source's topics.
common::kafka::Partitions KafkaSource::partitions_there() {
  const rd_kafka_metadata_t* found = nullptr;
  ask_broker("the topics of " + options_.connection.brokers + " cannot be listed", [&](int limit) {
    return rd_kafka_metadata(client_.get(), 1, nullptr, &found, limit);
  });
  const common::kafka::Metadata owned(found);
  auto list = common::kafka::new_partitions(static_cast<std::size_t>(found->topic_cnt));
  for (int i = 0; i < found->topic_cnt; ++i) {
    const auto& topic = found->topics[i];
    const bool wanted =
        std::any_of(options_.topics.begin(), options_.topics.end(), [&](const std::string& name) {
          return name.front() == '^' ? TopicPattern(name).matches(topic.topic)
                                     : name == topic.topic;
        });
    if (!wanted || topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    for (int number = 0; number < topic.partition_cnt; ++number) {
      rd_kafka_topic_partition_list_add(list.get(), topic.topic, number);
    }
  }
  return list;
}

void KafkaSource::estimate(std::int64_t from_us, std::int64_t to_us,
                           void (*each)(void*, const sluice_range*), void* ctx) {
  if (!client_) throw Fatal("estimate before open");
  const auto there = partitions_there();
  for (int i = 0; i < there->cnt; ++i) {
    const std::string topic = there->elems[i].topic;
    const std::int32_t number = there->elems[i].partition;
    // Kafka counts milliseconds: the range holds each record whose time lies in it.
    const std::int64_t first = offset_at(topic, number, from_us / 1000);
    const std::int64_t end = offset_at(topic, number, to_us / 1000 + 1);
    if (end <= first) continue;
    const std::string lane = lane_name(topic, number);
    const sluice_range range{sizeof(sluice_range),
                             0,
                             str(lane),
                             static_cast<std::uint64_t>(first),
                             static_cast<std::uint64_t>(end - 1),
                             static_cast<std::uint64_t>(end - first),
                             UINT64_MAX};
    each(ctx, &range);
  }
}

void KafkaSource::read(const sluice_range* const* ranges, std::uint32_t count) {
  if (!client_ || subscribed_ || assigned_) {
    throw Fatal("ranges are to be given after open and before the first poll");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const PartitionName name = partition_name(view(ranges[i]->lane));
    ReplayRange range;
    range.topic = name.topic;
    range.number = name.number;
    range.first = static_cast<std::int64_t>(ranges[i]->first);
    range.last = static_cast<std::int64_t>(ranges[i]->last);
    replay_.push_back(std::move(range));
  }
  replaying_ = true;
  committer_.close();  // a replay commits nothing
}

void KafkaSource::begin_replay() {
  const auto starts = common::kafka::new_partitions(replay_.size());
  const Lanes lanes = context_.lanes();
  for (const ReplayRange& range : replay_) {
    const Lane lane = lanes.open(lane_name(range.topic, range.number));
    Partition& partition = table_.add(range.topic, range.number, lane.id);
    partition.passed = range.first;
    if (lane.resume) {
      partition.passed = std::max(range.first, static_cast<std::int64_t>(*lane.resume) + 1);
    }
    partition.until = range.last + 1;
    partition.ended = partition.passed >= partition.until;
    rd_kafka_topic_partition_list_add(starts.get(), range.topic.c_str(), range.number)->offset =
        partition.passed;
  }
  if (const auto error = rd_kafka_assign(client_.get(), starts.get())) {
    throw Fatal(common::kafka::sentence("rd_kafka_assign", error));
  }
  assigned_ = true;
}

}  // namespace sluice::kafka_source
