// SPDX-License-Identifier: Apache-2.0
//
// Where a finite run ends.
#include <algorithm>

#include "plugins/common/kafka_errors.h"
#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {
namespace {

using common::kafka::Partitions;
using std::chrono::milliseconds;

constexpr milliseconds kLookAtOthersEvery{250};

}  // namespace

std::int64_t KafkaSource::end_of(const std::string& topic, std::int32_t number) {
  switch (options_.until->kind) {
    case Until::Kind::kOffset:
      return options_.until->value;
    case Until::Kind::kTime:
      return offset_at(topic, number, options_.until->value);
    case Until::Kind::kEnd:
      break;
  }
  return watermarks(topic, number).high;
}

// The first record of that time or later; the end where there is none.
std::int64_t KafkaSource::offset_at(const std::string& topic, std::int32_t number,
                                    std::int64_t time_ms) {
  const Partitions list = common::kafka::new_partitions(1);
  auto* entry = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), number);
  ask_broker("the offset of a time in " + lane_name(topic, number) + " cannot be read",
             [&](int limit) {
               entry->offset = time_ms;
               return rd_kafka_offsets_for_times(client_.get(), list.get(), limit);
             });
  return entry->offset >= 0 ? entry->offset : watermarks(topic, number).high;
}

// What we have was read to its end, and so was what other members have. Those may be dead: their
// partitions come to us once the group has noticed, and were passed over otherwise.
bool KafkaSource::all_ended() {
  if (!assigned_ || (!options_.until && !replaying_)) return false;
  bool ended = true;
  table_.each([&](const Partition& partition) { ended = ended && partition.ended; });
  if (!ended) return false;
  return replaying_ || others_ended();
}

bool KafkaSource::others_ended() {
  const auto now = Clock::now();
  if (!others_) {
    others_.emplace();
    others_->due = now;
    others_->moved = now;
  }
  if (now < others_->due) return false;
  others_->due = now + kLookAtOthersEvery;
  const Partitions list = partitions_of_others();
  if (list->cnt == 0) return true;
  const Partitions committed = committed_of(*list);
  int open = 0;
  std::int64_t sum = 0;
  for (int i = 0; i < committed->cnt; ++i) {
    const auto& entry = committed->elems[i];
    sum += std::max<std::int64_t>(entry.offset, 0);
    if (!read_to_end(entry)) ++open;
  }
  if (open == 0) return true;
  if (sum != others_->sum) {
    others_->sum = sum;
    others_->moved = now;
  }
  // Twice: one for the group to notice a death, one to share the partitions anew.
  const bool given_up = now - others_->moved > 2 * options_.session_timeout;
  if (given_up || !others_->told) tell_of_others(open, given_up);
  return given_up;
}

bool KafkaSource::read_to_end(const rd_kafka_topic_partition_t& committed) {
  auto [at, is_new] =
      others_->ends.try_emplace(lane_name(committed.topic, committed.partition), kNoOffset);
  if (is_new) {
    at->second = end_of(committed.topic, committed.partition);
    // One that holds nothing need never be committed.
    if (committed.offset < 0 &&
        watermarks(committed.topic, committed.partition).low >= at->second) {
      at->second = 0;
    }
  }
  return std::max<std::int64_t>(committed.offset, 0) >= at->second;
}

// The partitions of our topics that we do not have.
Partitions KafkaSource::partitions_of_others() {
  const Partitions there = partitions_there();
  Partitions list = common::kafka::new_partitions(static_cast<std::size_t>(there->cnt));
  for (int i = 0; i < there->cnt; ++i) {
    const auto& entry = there->elems[i];
    if (table_.find(entry.topic, entry.partition) != nullptr) continue;
    rd_kafka_topic_partition_list_add(list.get(), entry.topic, entry.partition);
  }
  return list;
}

void KafkaSource::tell_of_others(int open, bool given_up) {
  others_->told = true;
  const std::string text = "all of ours is read to its end; other members of group " +
                           options_.group_id + " have " + std::to_string(open) +
                           (open == 1 ? " partition that is not" : " partitions that are not");
  if (given_up) {
    context_.warn(text +
                  ", and they do not get on; ending without them. What is left is read by "
                  "the next run");
  } else {
    context_.info(text + "; waiting for them");
  }
}

}  // namespace sluice::kafka_source
