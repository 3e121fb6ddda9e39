// SPDX-License-Identifier: Apache-2.0
//
// Where the group stands, and moving it: sluice.source.places/1.
#include <array>
#include <map>

#include "plugins/common/kafka_errors.h"
#include "plugins/sources/kafka/commit_note.h"
#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {
namespace {

using common::kafka::ErrorHandle;
using common::kafka::Event;
using common::kafka::Partitions;
using common::kafka::Queue;
using common::kafka::ReleasedBy;
using common::kafka::sentence;
using std::chrono::milliseconds;

using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, ReleasedBy<rd_kafka_AdminOptions_destroy>>;
using OffsetDeletion = std::unique_ptr<rd_kafka_DeleteConsumerGroupOffsets_t,
                                       ReleasedBy<rd_kafka_DeleteConsumerGroupOffsets_destroy>>;

constexpr milliseconds kLookForStop{100};

sluice_rc list_of(sluice_source* source, std::int64_t at_us,
                  void (*each)(void*, const sluice_lane_state*), void* ctx, sluice_error* error) {
  return guard(error, SLUICE_E_FATAL, [&] {
    self<KafkaSource>(source).list_places(at_us, each, ctx);
    return SLUICE_OK;
  });
}

sluice_rc store_of(sluice_source* source, const sluice_lane_state* const* places,
                   std::uint32_t count, sluice_error* error) {
  return guard(error, SLUICE_E_FATAL, [&] {
    self<KafkaSource>(source).store_places({places, count});
    return SLUICE_OK;
  });
}

constexpr sluice_source_places kPlacesTable{sizeof(sluice_source_places), 0, &list_of, &store_of};

AdminOptions admin_options(rd_kafka_t* client, rd_kafka_admin_op_t operation, milliseconds limit) {
  AdminOptions options(rd_kafka_AdminOptions_new(client, operation));
  std::array<char, 256> text{};
  if (rd_kafka_AdminOptions_set_request_timeout(options.get(), static_cast<int>(limit.count()),
                                                text.data(),
                                                text.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw Fatal(std::string("a time limit of the Kafka client: ") + text.data());
  }
  return options;
}

void refuse(const std::string& what, rd_kafka_resp_err_t error, const char* detail) {
  const std::string text = sentence(what, error, detail == nullptr ? "" : detail);
  if (common::kafka::needs_operator(error)) throw BadConfig(text);
  throw Transient(text);
}

}  // namespace

const sluice_source_places* KafkaSource::places_table() { return &kPlacesTable; }

// The answer to a request that tells on a queue. Throws when it does not come.
KafkaSource::Event KafkaSource::answer_on(rd_kafka_queue_t* queue, const std::string& what) {
  const auto deadline = Clock::now() + options_.connect_timeout;
  while (Clock::now() < deadline) {
    Event event(rd_kafka_queue_poll(queue, static_cast<int>(kLookForStop.count())));
    if (event) return event;
    if (stop_.stopped()) throw Cancelled();
  }
  throw Transient(sentence(what, RD_KAFKA_RESP_ERR__TIMED_OUT));
}

KafkaSource::Members KafkaSource::members_of_group() {
  const std::string what = "the members of group " + options_.group_id + " cannot be listed";
  const Queue queue(rd_kafka_queue_new(client_.get()));
  const auto limits = admin_options(client_.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS,
                                    options_.connect_timeout);
  const char* group = options_.group_id.c_str();
  rd_kafka_DescribeConsumerGroups(client_.get(), &group, 1, limits.get(), queue.get());
  const Event event = answer_on(queue.get(), what);
  if (const auto error = rd_kafka_event_error(event.get())) {
    refuse(what, error, rd_kafka_event_error_string(event.get()));
  }
  std::size_t count = 0;
  const auto* const* found = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  Members members;
  if (count != 1) return members;
  if (const auto* error = rd_kafka_ConsumerGroupDescription_error(found[0])) {
    // A group that nobody has joined yet has none.
    if (rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) return members;
    refuse(what, rd_kafka_error_code(error), rd_kafka_error_string(error));
  }
  members.count = rd_kafka_ConsumerGroupDescription_member_count(found[0]);
  for (std::size_t i = 0; i < members.count; ++i) {
    const auto* member = rd_kafka_ConsumerGroupDescription_member(found[0], i);
    const auto* assignment = rd_kafka_MemberDescription_assignment(member);
    const auto* list =
        assignment == nullptr ? nullptr : rd_kafka_MemberAssignment_partitions(assignment);
    const std::string name = std::string(rd_kafka_MemberDescription_consumer_id(member)) + " at " +
                             rd_kafka_MemberDescription_host(member);
    for (int p = 0; list != nullptr && p < list->cnt; ++p) {
      members.of[lane_name(list->elems[p].topic, list->elems[p].partition)] = name;
    }
  }
  return members;
}

void KafkaSource::list_places(std::int64_t at_us, void (*each)(void*, const sluice_lane_state*),
                              void* ctx) {
  if (!client_) throw Fatal("places before open");
  const Partitions there = partitions_there();
  const Partitions committed = committed_of(*there);
  const Members members = members_of_group();
  for (int i = 0; i < there->cnt; ++i) {
    const auto& entry = committed->elems[i];
    const std::string lane = lane_name(entry.topic, entry.partition);
    const Range range = watermarks(entry.topic, entry.partition);
    sluice_lane_state state{};
    state.struct_size = sizeof state;
    state.lane = str(lane);
    state.group = str(options_.group_id);
    state.topic = str(entry.topic);
    if (const auto at = members.of.find(lane); at != members.of.end()) {
      state.member = str(at->second);
    }
    state.members = static_cast<std::uint32_t>(members.count);
    state.low = static_cast<std::uint64_t>(range.low);
    state.end = static_cast<std::uint64_t>(range.high);
    state.at = state.end;
    if (at_us != SLUICE_NO_TIME) {
      // Kafka counts milliseconds.
      state.at = static_cast<std::uint64_t>(
          offset_at(entry.topic, entry.partition, at_us / 1000 + (at_us % 1000 > 0 ? 1 : 0)));
    }
    if (entry.offset >= 0) {
      state.flags |= SLUICE_PLACE_KNOWN;
      state.next = static_cast<std::uint64_t>(entry.offset);
    }
    if (const auto note = note_of(entry)) {
      state.flags |= SLUICE_PLACE_OURS;
      state.epoch = note->epoch;
    }
    each(ctx, &state);
  }
}

void KafkaSource::store_places(std::span<const sluice_lane_state* const> places) {
  if (!client_ || subscribed_ || assigned_) throw Fatal("places are moved after open, unread");
  const Partitions moved = common::kafka::new_partitions(places.size());
  const Partitions forgotten = common::kafka::new_partitions(places.size());
  for (const sluice_lane_state* place : places) {
    const PartitionName name = partition_name(view(place->lane));
    const bool known = (place->flags & SLUICE_PLACE_KNOWN) != 0;
    auto* entry = rd_kafka_topic_partition_list_add((known ? moved : forgotten).get(),
                                                    name.topic.c_str(), name.number);
    if (!known) continue;
    entry->offset = static_cast<std::int64_t>(place->next);
    // `start` is not to move it once more.
    put_note(*entry, {place->epoch, options_.start ? options_.start->text : std::string()});
  }
  if (moved->cnt != 0) commit_places(*moved);
  if (forgotten->cnt != 0) forget_places(*forgotten);
}

void KafkaSource::commit_places(const rd_kafka_topic_partition_list_t& list) {
  const std::string what = "the offsets of group " + options_.group_id + " cannot be stored";
  const Queue queue(rd_kafka_queue_new(client_.get()));
  if (const auto error =
          rd_kafka_commit_queue(client_.get(), &list, queue.get(), nullptr, nullptr)) {
    refuse(what, error, nullptr);
  }
  const Event event = answer_on(queue.get(), what);
  if (const auto error = rd_kafka_event_error(event.get())) refuse(what, error, nullptr);
  const auto* answer = rd_kafka_event_topic_partition_list(event.get());
  for (int i = 0; answer != nullptr && i < answer->cnt; ++i) {
    if (answer->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      refuse(what, answer->elems[i].err, nullptr);
    }
  }
}

void KafkaSource::forget_places(const rd_kafka_topic_partition_list_t& list) {
  const std::string what = "the offsets of group " + options_.group_id + " cannot be deleted";
  const Queue queue(rd_kafka_queue_new(client_.get()));
  const auto limits = admin_options(client_.get(), RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS,
                                    options_.connect_timeout);
  const OffsetDeletion deletion(
      rd_kafka_DeleteConsumerGroupOffsets_new(options_.group_id.c_str(), &list));
  rd_kafka_DeleteConsumerGroupOffsets_t* one = deletion.get();
  rd_kafka_DeleteConsumerGroupOffsets(client_.get(), &one, 1, limits.get(), queue.get());
  const Event event = answer_on(queue.get(), what);
  if (const auto error = rd_kafka_event_error(event.get())) {
    refuse(what, error, rd_kafka_event_error_string(event.get()));
  }
  std::size_t count = 0;
  const auto* const* found = rd_kafka_DeleteConsumerGroupOffsets_result_groups(
      rd_kafka_event_DeleteConsumerGroupOffsets_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto* error = rd_kafka_group_result_error(found[i]);
    // There is nothing to delete.
    if (error == nullptr || rd_kafka_error_code(error) == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) {
      continue;
    }
    refuse(what, rd_kafka_error_code(error), rd_kafka_error_string(error));
  }
}

}  // namespace sluice::kafka_source
