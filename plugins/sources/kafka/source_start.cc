// SPDX-License-Identifier: Apache-2.0
//
// Where a partition starts.
#include <algorithm>

#include "plugins/common/kafka_errors.h"
#include "plugins/sources/kafka/metrics.h"
#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {
namespace {

using common::kafka::Partitions;
using common::kafka::sentence;
using std::chrono::milliseconds;

constexpr milliseconds kAskAgain{1000};

}  // namespace

// Asks until there is an answer, a stop, or no time left. `ask` gets a time limit in milliseconds.
void KafkaSource::ask_broker(const std::string& what,
                             const std::function<rd_kafka_resp_err_t(int)>& ask) {
  const auto deadline = Clock::now() + options_.connect_timeout;
  for (;;) {
    const rd_kafka_resp_err_t error = ask(static_cast<int>(kAskAgain.count()));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (common::kafka::needs_operator(error)) throw BadConfig(sentence(what, error));
    if (stop_.stopped()) throw Cancelled();
    if (Clock::now() >= deadline) throw Transient(sentence(what, error));
  }
}

Partitions KafkaSource::committed_of(const rd_kafka_topic_partition_list_t& list) {
  Partitions found;
  if (list.cnt == 0) return common::kafka::new_partitions(1);
  ask_broker("the committed offsets of group " + options_.group_id + " cannot be read",
             [&](int limit) {
               found.reset(rd_kafka_topic_partition_list_copy(&list));
               const auto error = rd_kafka_committed(client_.get(), found.get(), limit);
               if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return error;
               for (int i = 0; i < found->cnt; ++i) {
                 if (found->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return found->elems[i].err;
               }
               return error;
             });
  return found;
}

KafkaSource::Range KafkaSource::watermarks(const std::string& topic, std::int32_t number) {
  Range range;
  ask_broker("the offsets of " + lane_name(topic, number) + " cannot be read", [&](int limit) {
    return rd_kafka_query_watermark_offsets(client_.get(), topic.c_str(), number, &range.low,
                                            &range.high, limit);
  });
  return range;
}

// Where the option `start` puts a partition that it was not applied to yet. What the group says of
// that is the truth for all its members: none of them applies it twice. An offset that was set with
// Kafka's own tools is the later word.
std::optional<std::int64_t> KafkaSource::start_to_apply(const rd_kafka_topic_partition_t& committed,
                                                        const std::optional<CommitNote>& note) {
  if (!options_.start) return std::nullopt;
  if (committed.offset >= 0 && (!note || note->start == options_.start->text)) return std::nullopt;
  const std::string topic = committed.topic;
  std::int64_t next = 0;
  switch (options_.start->kind) {
    case Start::Kind::kEarliest:
      next = watermarks(topic, committed.partition).low;
      break;
    case Start::Kind::kLatest:
      next = watermarks(topic, committed.partition).high;
      break;
    case Start::Kind::kTime:
      next = offset_at(topic, committed.partition, options_.start->time_ms);
      break;
  }
  context_.info(lane_name(topic, committed.partition) + ": start: " + options_.start->text +
                " is applied, once: it begins at " + std::to_string(next));
  return next;
}

// What the group has committed decides, and what the host knows of moves. Without either the policy
// does, and its answer is committed at once: records that come before the first commit must not be
// passed over by "latest" after a crash.
std::int64_t KafkaSource::start_of(const std::string& topic, std::int32_t number,
                                   std::int64_t committed, const sluice_lane_place& place) {
  const std::string lane = lane_name(topic, number);
  const bool known = (place.flags & SLUICE_PLACE_KNOWN) != 0;
  if (known && place.next == 0) return committed == 0 ? 0 : watermarks(topic, number).low;
  if (committed < 0 && !options_.start && options_.reset == Reset::kNone) {
    throw BadConfig("group " + options_.group_id + " has no committed offset for " + lane +
                    ", and auto_offset_reset is none; set one (sluice offsets reset --group " +
                    options_.group_id + " --topic " + topic +
                    " --to earliest) or choose auto_offset_reset: earliest or latest");
  }
  if (!known) {
    const Range range = watermarks(topic, number);
    return options_.reset == Reset::kEarliest ? range.low : range.high;
  }
  const auto next = static_cast<std::int64_t>(place.next);
  if (committed < 0 && !options_.start) {
    // It has expired or was deleted. "latest" would pass over what came since.
    context_.info(lane + ": group " + options_.group_id +
                  " has no committed offset (any more); going on at " + std::to_string(next) +
                  ", up to where this pipeline has settled it");
  } else if (committed >= 0 && next != committed) {
    context_.info(
        lane + ": group " + options_.group_id + " has committed " + std::to_string(committed) +
        ", but it was moved or not all of it is settled: " + "going on at " + std::to_string(next));
  }
  return next;
}

// The group's offset lies outside of what the topic holds: its records were deleted before they
// were read, or the topic is another one of the same name.
void KafkaSource::reset_offset(Partition& partition) {
  const std::string lane = lane_name(partition.topic, partition.number);
  const Range range = watermarks(partition.topic, partition.number);
  const std::string found = lane + ": offset " + std::to_string(partition.passed) +
                            ", where group " + options_.group_id +
                            " goes on, is not there: the "
                            "topic holds " +
                            std::to_string(range.low) + " to " + std::to_string(range.high);
  if (options_.reset == Reset::kNone) {
    throw BadConfig(found +
                    "; auto_offset_reset is none, so decide: sluice offsets reset --group " +
                    options_.group_id + " --topic " + partition.topic + " --to earliest");
  }
  const bool expired = partition.passed < range.low;
  const auto missing = expired ? range.low - partition.passed : 0;
  context_.error(found + "; going on at " + std::to_string(range.low) +
                 (expired
                      ? ": " + std::to_string(missing) +
                            " offsets are lost to us; raise the topic's retention, or read faster"
                      : ": the topic was truncated or made anew"));
  context_.metric(Metric::kOffsetResets, 1);
  context_.metric(Metric::kOffsetsMissing, static_cast<double>(missing));
  partition.from = partition.passed = range.low;
  partition.given.reset();
  partition.settled.reset();
  partition.committed = kNoOffset;
  partition.ended = partition.until != kNoOffset && partition.passed >= partition.until;
  begin_lane_anew(partition);
  if (!expired) begin_epoch_at(partition);
  assign_anew(partition);
}

// Positions start below what was handed out: to the host it is another lane.
void KafkaSource::begin_lane_anew(Partition& partition) {
  const Lanes lanes = context_.lanes();
  lanes.lost(std::span<const std::uint32_t>(&partition.lane, 1));
  const Lane lane = lanes.open(lane_name(partition.topic, partition.number));
  lanes.assigned(std::span<const std::uint32_t>(&lane.id, 1));
  table_.renumber(partition, lane.id);
}

// What the partition holds are other records than those that had these offsets before: what is
// known of them must not keep them out.
void KafkaSource::begin_epoch_at(const Partition& partition) {
  const auto epochs = context_.try_epochs();
  if (!epochs) return;
  sluice_lane_place place{partition.lane, SLUICE_PLACE_KNOWN,
                          static_cast<std::uint64_t>(partition.passed), 0, 0};
  epochs->resume(std::span(&place, 1));
}

}  // namespace sluice::kafka_source
