// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/source.h"

#include <algorithm>
#include <utility>

#include "plugins/sources/kafka/metrics.h"

namespace sluice::kafka_source {
namespace {

using std::chrono::milliseconds;

// The longest wait for an event: how soon a stop is seen.
constexpr milliseconds kSlice{50};
// A host without room for so long is not coming back at once: what was fetched ahead may go.
constexpr milliseconds kPauseAfter{1000};
constexpr std::size_t kMostReserved = 4096;

sluice_rc lag_of(sluice_source* source, void (*each)(void*, const sluice_lane_lag*), void* ctx) {
  return guard(nullptr, SLUICE_E_FATAL, [&] {
    self<KafkaSource>(source).lag().each(each, ctx);
    return SLUICE_OK;
  });
}

constexpr sluice_source_lag kLagTable{sizeof(sluice_source_lag), 0, &lag_of};

}  // namespace

KafkaSource::KafkaSource(Context context, const Config& config)
    : context_(context),
      log_(context),
      options_(config, context.name()),
      stop_(context),
      committer_(context, options_, table_, stop_, log_.steady),
      board_(options_.group_id),
      lag_topic_(context, options_) {}

const void* KafkaSource::extension(std::string_view id) {
  if (id == SLUICE_EXT_SOURCE_LAG) return &kLagTable;
  if (id == SLUICE_EXT_SOURCE_PLACES) return places_table();
  return id == SLUICE_EXT_SOURCE_REPLAY ? replay_table() : nullptr;
}

Poll KafkaSource::poll(const PollLimits& limits, BatchBuilder& out) {
  if (stop_.stopped()) return Poll::kCancelled;
  if (!client_) throw Fatal("poll before open");
  join();
  settle_changes();
  committer_.serve();
  look_at_lag(false);
  if (limits.max_records == 0) return keep_alive();
  last_room_ = Clock::now();
  pause(false);
  return collect(limits, out);
}

// Not before the first poll: whoever only looks whether the source can be opened, or reads a
// replay, must not disturb the group.
void KafkaSource::join() {
  if (subscribed_ || assigned_) return;
  if (replaying_) {
    begin_replay();
  } else {
    subscribe();
  }
}

// The host takes nothing now, but the group must see that we live, and may ask for partitions.
Poll KafkaSource::keep_alive() {
  if (Clock::now() - last_room_ < kPauseAfter) return Poll::kIdle;
  pause(true);
  while (Event event = next_event(milliseconds(0))) {
    if (note_end(event.get()) || note_statistics(event.get())) continue;
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_FETCH) {
      // On its way when the partition was paused.
      const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get());
      if (message != nullptr) waiting_.push_back({std::move(event), message});
      continue;
    }
    change_ = std::move(event);
    settle_changes();
  }
  return Poll::kIdle;
}

Poll KafkaSource::collect(const PollLimits& limits, BatchBuilder& out) {
  const auto deadline = last_room_ + limits.timeout;
  std::shared_ptr<EventBlock> block;
  for (;;) {
    if (!waiting_.empty()) {
      if (out.full(waiting_.front().message->len)) break;
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      take_message(std::move(next), out, block);
      continue;
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    const bool wait = out.empty() && left.count() > 0;
    if (Event event = next_event(wait ? std::min(left, kSlice) : milliseconds(0))) {
      if (!take(std::move(event), out, block)) break;
      continue;
    }
    if (!out.empty()) break;
    if (stop_.stopped()) return Poll::kCancelled;
    if (all_ended()) return Poll::kEnd;
    if (Clock::now() >= deadline) {
      check_down();
      return Poll::kIdle;
    }
  }
  if (!out.empty()) {
    down_.clear();
    doubt_.clear();
    return Poll::kRecords;
  }
  return Poll::kIdle;
}

KafkaSource::Event KafkaSource::next_event(milliseconds wait) {
  return Event(rd_kafka_queue_poll(queue_.get(), static_cast<int>(wait.count())));
}

// False: the batch ends here.
bool KafkaSource::take(Event event, BatchBuilder& out, std::shared_ptr<EventBlock>& block) {
  if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_FETCH) {
    if (note_end(event.get()) || note_statistics(event.get())) return true;
    change_ = std::move(event);
    if (!out.empty()) return false;
    settle_changes();
    return true;
  }
  const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get());
  if (message == nullptr) return true;
  if (out.full(message->len)) {
    waiting_.push_back({std::move(event), message});
    return false;
  }
  return take_message({std::move(event), message}, out, block);
}

bool KafkaSource::take_message(Waiting next, BatchBuilder& out,
                               std::shared_ptr<EventBlock>& block) {
  const rd_kafka_message_t& message = *next.message;
  Partition* partition = table_.of(message);
  if (partition == nullptr || partition->ended || message.offset < partition->passed) return true;
  partition->unreadable = 0;
  if (skipped(message, *partition)) return true;
  if (!block) {
    block = std::make_shared<EventBlock>(
        std::min<std::size_t>(out.limits().max_records, kMostReserved));
    out.hold(block);
  }
  add(message, *partition, *block, out);
  block->keep(std::move(next.event));
  return !out.full();
}

bool KafkaSource::skipped(const rd_kafka_message_t& message, Partition& partition) {
  if (partition.until != kNoOffset && message.offset >= partition.until) {
    partition.ended = true;
    return true;
  }
  if (message.payload != nullptr || options_.tombstone != Tombstone::kSkip) return false;
  partition.passed = message.offset + 1;
  context_.metric(Metric::kTombstonesSkipped, 1);
  return true;
}

void KafkaSource::add(const rd_kafka_message_t& message, Partition& partition, EventBlock& block,
                      BatchBuilder& out) {
  Record record;
  if (message.payload != nullptr) {
    record.value = {static_cast<const char*>(message.payload), message.len};
  } else if (options_.tombstone == Tombstone::kDelete) {
    record.flags = SLUICE_RECORDF_DELETE;
  } else {
    record.value = {"", 0};  // not JSON, so it ends among the dead letters
  }
  if (message.key != nullptr) {
    record.key = {static_cast<const char*>(message.key), message.key_len};
  }
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const std::size_t count = rd_kafka_header_cnt(headers);
    sluice_header* list = block.headers(count);
    for (std::size_t i = 0; i < count; ++i) {
      const char* name = nullptr;
      const void* value = nullptr;
      std::size_t size = 0;
      rd_kafka_header_get_all(headers, i, &name, &value, &size);
      list[i] = {str(name), {static_cast<const char*>(value), size}};
    }
    record.headers = {list, count};
  }
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t time_ms = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && time_ms > 0) {
    record.time_us = time_ms * 1000;
    partition.time_ms = time_ms;
  }
  record.lane = partition.lane;
  record.position = static_cast<std::uint64_t>(message.offset);
  out.add_view(record);
  partition.given = record.position;
  partition.passed = message.offset + 1;
  if (partition.passed == partition.until) partition.ended = true;
}

// What had to wait for the records before it. It stays where a trial failed, for the next call.
void KafkaSource::settle_changes() {
  if (!change_) return;
  switch (rd_kafka_event_type(change_.get())) {
    case RD_KAFKA_EVENT_REBALANCE:
      on_rebalance(change_.get());
      change_.reset();
      return;
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      committer_.note_answer(change_.get());
      change_.reset();
      return;
    case RD_KAFKA_EVENT_ERROR:
      on_error(change_.get());
      change_.reset();
      return;
    default:
      change_.reset();
  }
}

void KafkaSource::pause(bool paused) {
  if (paused == paused_) return;
  paused_ = paused;
  context_.metric(Metric::kPaused, paused ? 1 : 0);
  if (table_.empty()) return;
  const auto list = common::kafka::new_partitions(table_.size());
  table_.each([&](const Partition& partition) {
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number);
  });
  if (paused) {
    rd_kafka_pause_partitions(client_.get(), list.get());
  } else {
    rd_kafka_resume_partitions(client_.get(), list.get());
  }
}

void KafkaSource::ack(std::span<const sluice_mark> marks) {
  for (const sluice_mark& mark : marks) table_.settled(mark.lane, mark.position);
  if (client_) committer_.settled();
}

void KafkaSource::tell_once(std::int32_t level, const std::string& text) {
  constexpr std::size_t kMostTold = 1000;
  if (told_.size() >= kMostTold) told_.clear();
  // "... (after 307ms in state AUTH_REQ, 5 identical error(s) suppressed)" would be new each time.
  std::string same = text;
  if (const auto after = same.find(" (after "); after != std::string::npos) {
    same.erase(after, same.find(')', after) - after);
  }
  if (told_.insert(std::move(same)).second) context_.log(level, text);
}

}  // namespace sluice::kafka_source
