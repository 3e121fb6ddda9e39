// SPDX-License-Identifier: Apache-2.0
//
// Leaving the group, in bounded time and whatever state it is in. The host's lanes may not be
// called here.
#include <future>
#include <memory>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{50};

bool has_assignor(rd_kafka_t* client) {
  const char* protocol = rd_kafka_rebalance_protocol(client);
  return protocol != nullptr && std::string_view(protocol) != "NONE";
}

// librdkafka may wait for ever for a thread of its own that a partition of a topic holds on to
// which was deleted just now (confluentinc/librdkafka#4362). So the client is destroyed on another
// thread, which stays behind, idle, where that takes too long. Nothing of the client's may refer to
// us any more.
bool destroy_within(common::kafka::Client client, milliseconds limit) {
  std::promise<void> gone;
  std::future<void> done = gone.get_future();
  try {
    std::thread([client = std::move(client), gone = std::move(gone)]() mutable {
      client.reset();
      gone.set_value();
    }).detach();
  } catch (const std::system_error&) {
    return true;  // no thread is to be had: the client was destroyed with what was to run there
  }
  return done.wait_for(limit) == std::future_status::ready;
}

}  // namespace

KafkaSource::~KafkaSource() {
  if (client_) leave_group(milliseconds(500));
  // A change that comes late has to be answered, too: a client that waits for that never ends.
  if (leaving_ && !has_left(Clock::now() + milliseconds(500))) abandoned_ = true;
  // Queues are the client's: they go first.
  committer_.close();
  queue_.reset();
  leaving_.reset();
  waiting_.clear();
  change_.reset();
  if (!client_) return;
  rd_kafka_set_log_level(client_.get(), 0);  // it may outlive us, and its log is ours
  // Abandoned, its threads stay, idle and mute, until the process ends.
  if (abandoned_) {
    static_cast<void>(client_.release());
    return;
  }
  if (destroy_within(std::move(client_), std::chrono::seconds(5))) return;
  context_.warn(
      "the Kafka client does not come to its end, as may happen when a topic was deleted a moment "
      "ago; its threads stay, idle, until the process ends. Nothing is lost by it");
}

void KafkaSource::close() {
  if (!client_ || left_) return;
  committer_.flush(std::chrono::seconds(10));
  look_at_lag(true);
  leave_group(stop_.stopped() ? milliseconds(1500) : milliseconds(5000));
  table_.clear();
  // The client itself stays until the last batch is released.
}

void KafkaSource::leave_group(milliseconds limit) {
  if (std::exchange(left_, true)) return;
  waiting_.clear();
  if (change_ && rd_kafka_event_type(change_.get()) != RD_KAFKA_EVENT_REBALANCE) change_.reset();
  if (subscribed_ && !assigned_) end_first_join(limit / 2);
  const auto deadline = Clock::now() + limit;
  leaving_.reset(rd_kafka_queue_new(client_.get()));
  const common::kafka::ErrorHandle refused(
      rd_kafka_consumer_close_queue(client_.get(), leaving_.get()));
  give_back(std::move(change_));
  if (refused) {
    leaving_.reset();
  } else {
    has_left(deadline);
  }
}

bool KafkaSource::has_left(Clock::time_point deadline) {
  while (rd_kafka_consumer_closed(client_.get()) == 0) {
    if (Clock::now() >= deadline) return false;
    give_back(Event(rd_kafka_queue_poll(leaving_.get(), static_cast<int>(kSlice.count()))));
  }
  return true;
}

// The group waits for an answer to each change, and so does the client. One that leaves takes this
// for every answer, whatever the protocol.
void KafkaSource::give_back(Event event) {
  if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) {
    rd_kafka_assign(client_.get(), nullptr);
  }
}

// librdkafka before 2.3 aborts the process when a client goes between the two answers of its first
// join, in which it has an assignor without a state (confluentinc/librdkafka#4312). So a join that
// came so far is brought to its end. Without a subscription no join begins.
void KafkaSource::end_first_join(milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  const auto wait_for_partitions = [&] {
    while (!change_ && Clock::now() < deadline) {
      Event event = next_event(kSlice);
      if (event && rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_REBALANCE) {
        change_ = std::move(event);
      }
    }
  };
  if (has_assignor(client_.get())) wait_for_partitions();
  if (change_) return;
  rd_kafka_topic_partition_list_t* topics = nullptr;
  rd_kafka_subscription(client_.get(), &topics);
  const common::kafka::Partitions subscription(topics);
  rd_kafka_unsubscribe(client_.get());
  if (!has_assignor(client_.get())) return;
  if (subscription) rd_kafka_subscribe(client_.get(), subscription.get());
  wait_for_partitions();
  abandoned_ = !change_;
}

}  // namespace sluice::kafka_source
