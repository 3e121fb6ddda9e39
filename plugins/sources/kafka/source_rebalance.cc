// SPDX-License-Identifier: Apache-2.0
//
// Partitions that come and go. All records read before are handed over by now.
#include <algorithm>

#include "plugins/common/kafka_errors.h"
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
  const Lanes lanes = context_.lanes();
  const auto starts = common::kafka::new_partitions(static_cast<std::size_t>(list.cnt));
  std::vector<std::uint32_t> ids;
  std::vector<Partition> added;
  std::size_t with_offset = 0;
  for (int i = 0; i < list.cnt; ++i) {
    const auto& entry = committed->elems[i];
    Partition partition;
    partition.topic = entry.topic;
    partition.number = entry.partition;
    const Lane lane = lanes.open(lane_name(entry.topic, entry.partition));
    partition.lane = lane.id;
    if (entry.offset >= 0) {
      partition.committed = entry.offset;
      ++with_offset;
    }
    partition.passed =
        start_of(partition.topic, partition.number, partition.committed, lane.resume);
    if (options_.until) {
      partition.until = end_of(partition.topic, partition.number);
      partition.ended = partition.passed >= partition.until;
    }
    rd_kafka_topic_partition_list_add(starts.get(), entry.topic, entry.partition)->offset =
        partition.passed;
    ids.push_back(lane.id);
    added.push_back(std::move(partition));
  }
  lanes.assigned(ids);
  for (const Partition& partition : added) {
    table_.add(partition.topic, partition.number, partition.lane) = partition;
  }
  if (cooperative(client_.get())) {
    check(ErrorHandle(rd_kafka_incremental_assign(client_.get(), starts.get())),
          "rd_kafka_incremental_assign");
  } else if (const auto error = rd_kafka_assign(client_.get(), starts.get())) {
    throw Fatal(common::kafka::sentence("rd_kafka_assign", error));
  }
  if (paused_) {
    paused_ = false;
    pause(true);
  }
  assigned_ = true;
  if (list.cnt > 0) tell_committed(with_offset, static_cast<std::size_t>(list.cnt));
}

void KafkaSource::tell_committed(std::size_t with_offset, std::size_t all) {
  if (with_offset == 0 || std::exchange(told_committed_, true)) return;
  context_.info("group " + options_.group_id + " has committed offsets for " +
                std::to_string(with_offset) + " of " + std::to_string(all) +
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
