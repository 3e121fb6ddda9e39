// SPDX-License-Identifier: Apache-2.0
//
// Partitions that come and go. All records read before are handed over by now.
#include <algorithm>
#include <utility>

#include "plugins/common/kafka_errors.h"
#include "plugins/sources/kafka/commit_note.h"
#include "plugins/sources/kafka/metrics.h"
#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {
namespace {

using common::kafka::ErrorHandle;

bool cooperative(rd_kafka_t* client) {
  const char* protocol = rd_kafka_rebalance_protocol(client);
  return protocol != nullptr && std::string_view(protocol) == "COOPERATIVE";
}

void check(const ErrorHandle& error, const char* call) {
  if (!error) return;
  throw Fatal(common::kafka::sentence(call, rd_kafka_error_code(error.get()),
                                      rd_kafka_error_string(error.get())));
}

}  // namespace

void KafkaSource::on_rebalance(rd_kafka_event_t* event) {
  const auto* list = rd_kafka_event_topic_partition_list(event);
  const auto what = rd_kafka_event_error(event);
  context_.metric(Metric::kRebalances, 1);
  others_.reset();
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    on_assigned(*list);
  } else {
    if (what != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
      tell_once(SLUICE_LOG_WARN, common::kafka::sentence("a change of the group failed", what));
    }
    on_revoked(*list);
  }
  context_.metric(Metric::kPartitions, static_cast<double>(table_.size()));
  look_at_lag(true);
}

void KafkaSource::on_assigned(const rd_kafka_topic_partition_list_t& list) {
  const auto committed = committed_of(list);
  const std::vector<sluice_lane_place> places = places_of(*committed);
  const auto starts = common::kafka::new_partitions(static_cast<std::size_t>(list.cnt));
  std::vector<Partition> added;
  for (int i = 0; i < list.cnt; ++i) {
    added.push_back(partition_of(committed->elems[i], places[static_cast<std::size_t>(i)]));
    const Partition& partition = added.back();
    rd_kafka_topic_partition_list_add(starts.get(), partition.topic.c_str(), partition.number)
        ->offset = partition.passed;
  }
  if (cooperative(client_.get())) {
    check(ErrorHandle(rd_kafka_incremental_assign(client_.get(), starts.get())),
          "rd_kafka_incremental_assign");
  } else if (const auto error = rd_kafka_assign(client_.get(), starts.get())) {
    throw Fatal(common::kafka::sentence("rd_kafka_assign", error));
  }
  for (const Partition& partition : added) {
    table_.add(partition.topic, partition.number, partition.lane) = partition;
  }
  if (std::exchange(paused_, false)) pause(true);
  assigned_ = true;
  tell_committed(*committed);
}

// Where each of the partitions goes on, by what the group and the host know of it.
std::vector<sluice_lane_place> KafkaSource::places_of(
    const rd_kafka_topic_partition_list_t& committed) {
  const Lanes lanes = context_.lanes();
  std::vector<std::uint32_t> ids;
  for (int i = 0; i < committed.cnt; ++i) {
    const auto& entry = committed.elems[i];
    ids.push_back(lanes.open(lane_name(entry.topic, entry.partition)).id);
  }
  if (ids.empty()) return {};
  lanes.assigned(ids);
  const auto epochs = context_.try_epochs();
  std::vector<sluice_lane_place> places;
  for (int i = 0; i < committed.cnt; ++i) {
    const auto& entry = committed.elems[i];
    sluice_lane_place place{ids[static_cast<std::size_t>(i)], 0, 0, 0, 0};
    if (entry.offset >= 0) {
      place.flags = SLUICE_PLACE_KNOWN;
      place.next = static_cast<std::uint64_t>(entry.offset);
    } else if (!epochs) {
      const Lane lane = lanes.open(lane_name(entry.topic, entry.partition));
      if (lane.resume) place = {lane.id, SLUICE_PLACE_KNOWN, *lane.resume + 1, 0, 0};
    }
    const auto note = note_of(entry);
    if (note) {
      place.flags |= SLUICE_PLACE_OURS;
      place.epoch = note->epoch;
    }
    if (const auto start = start_to_apply(entry, note)) {
      // As if other hands had moved it.
      place = {place.lane, SLUICE_PLACE_KNOWN, static_cast<std::uint64_t>(*start), 0, 0};
    }
    places.push_back(place);
  }
  if (epochs) epochs->resume(places);
  return places;
}

// A partition that is new to us, with where it starts.
Partition KafkaSource::partition_of(const rd_kafka_topic_partition_t& committed,
                                    const sluice_lane_place& place) {
  Partition partition;
  partition.topic = committed.topic;
  partition.number = committed.partition;
  partition.lane = place.lane;
  const auto note = note_of(committed);
  if (note) partition.note = *note;
  if (options_.start) partition.note.start = options_.start->text;
  partition.passed = start_of(partition.topic, partition.number, committed.offset, place);
  partition.from = partition.passed;
  const bool same = note && note->epoch >= place.epoch && note->start == partition.note.start;
  if (same && partition.passed == committed.offset) partition.committed = committed.offset;
  if (options_.until) {
    partition.until = end_of(partition.topic, partition.number);
    // Above the end is not at the end: the topic is another one, which the first fetch will tell.
    const bool to_end = options_.until->kind == Until::Kind::kEnd;
    partition.ended =
        to_end ? partition.passed == partition.until : partition.passed >= partition.until;
  }
  return partition;
}

void KafkaSource::tell_committed(const rd_kafka_topic_partition_list_t& committed) {
  const auto with_offset =
      std::count_if(committed.elems, committed.elems + committed.cnt,
                    [](const rd_kafka_topic_partition_t& entry) { return entry.offset >= 0; });
  if (with_offset == 0 || std::exchange(told_committed_, true)) return;
  context_.info("group " + options_.group_id + " has committed offsets for " +
                std::to_string(with_offset) + " of " + std::to_string(committed.cnt) +
                " partitions and goes on there; auto_offset_reset counts only where there is none. "
                "To reprocess: sluice offsets reset --group " +
                options_.group_id + " --topic " + options_.topics.front() + " --to earliest");
}

void KafkaSource::on_revoked(const rd_kafka_topic_partition_list_t& list) {
  std::vector<std::uint32_t> ids;
  for (int i = 0; i < list.cnt; ++i) {
    const Partition* partition = table_.find(list.elems[i].topic, list.elems[i].partition);
    if (partition != nullptr) ids.push_back(partition->lane);
  }
  if (!ids.empty() && rd_kafka_assignment_lost(client_.get()) != 0) {
    context_.warn("group " + options_.group_id + " has given " + std::to_string(ids.size()) +
                  " partitions to others without asking, because this member was not heard of in "
                  "time; what was not committed is read again by them");
    context_.lanes().lost(ids);
  } else if (!ids.empty()) {
    const auto deadline = Clock::now() + options_.revoke_timeout;
    const auto marks = context_.lanes().revoked(ids, options_.revoke_timeout);
    for (const sluice_mark& mark : marks) table_.settled(mark.lane, mark.position);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    committer_.flush(std::max(left, std::chrono::milliseconds(1000)));
  }
  forget(list);
  unassign(list);
}

// Lets the client read a partition from where it is `passed`. A seek does not do: librdkafka takes
// it for a partition it has given up.
void KafkaSource::assign_anew(const Partition& partition) {
  const auto list = common::kafka::new_partitions(table_.size());
  const auto add = [&](const Partition& one) {
    rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), one.number)->offset =
        one.passed;
  };
  if (cooperative(client_.get())) {
    add(partition);
    check(ErrorHandle(rd_kafka_incremental_unassign(client_.get(), list.get())),
          "rd_kafka_incremental_unassign");
    check(ErrorHandle(rd_kafka_incremental_assign(client_.get(), list.get())),
          "rd_kafka_incremental_assign");
  } else {
    table_.each(add);
    if (const auto error = rd_kafka_assign(client_.get(), list.get())) {
      throw Fatal(common::kafka::sentence("rd_kafka_assign", error));
    }
  }
  if (std::exchange(paused_, false)) pause(true);
}

void KafkaSource::forget(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) table_.remove(list.elems[i].topic, list.elems[i].partition);
  // What was taken off the queue and not handed over comes again, to whoever has them then.
  std::erase_if(waiting_, [&](const Waiting& next) {
    return table_.find(rd_kafka_topic_name(next.message->rkt), next.message->partition) == nullptr;
  });
}

void KafkaSource::unassign(const rd_kafka_topic_partition_list_t& list) {
  if (cooperative(client_.get())) {
    check(ErrorHandle(rd_kafka_incremental_unassign(client_.get(), &list)),
          "rd_kafka_incremental_unassign");
  } else if (const auto error = rd_kafka_assign(client_.get(), nullptr)) {
    throw Fatal(common::kafka::sentence("rd_kafka_assign", error));
  }
}

}  // namespace sluice::kafka_source
