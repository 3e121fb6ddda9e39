// SPDX-License-Identifier: Apache-2.0
// Messages out of a topic, by librdkafka's simple consumer: with it no group is asked for, so that
// the user needs no right to one.
#include <algorithm>

#include "runtime/store/kafka.h"
#include "runtime/store/kafka_client.h"

namespace sluice::store {
namespace {

constexpr size_t kBatch = 500;

KafkaReader::Incoming incoming_of(const rd_kafka_message_t& message) {
  return {{message.partition, message.offset}, time_ms_of(message), topic_message_of(message)};
}

// Messages of one poll, let go of together.
class Batch {
 public:
  Batch() : messages_(kBatch) {}
  ~Batch() { release(); }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // Waits for one, and takes what lies ready behind it: asked for several at once, the client waits
  // the whole time for the last of them.
  void fill(rd_kafka_queue_t* queue, int wait_ms) {
    release();
    messages_[0] = rd_kafka_consume_queue(queue, wait_ms);
    if (messages_[0] == nullptr) return;
    count_ = 1;
    const ssize_t more = rd_kafka_consume_batch_queue(queue, 0, &messages_[1], kBatch - 1);
    if (more > 0) count_ += static_cast<size_t>(more);
  }
  [[nodiscard]] std::span<rd_kafka_message_t* const> messages() const {
    return {messages_.data(), count_};
  }

 private:
  void release() {
    for (size_t i = 0; i < count_; ++i) rd_kafka_message_destroy(messages_[i]);
    count_ = 0;
  }
  std::vector<rd_kafka_message_t*> messages_;
  size_t count_ = 0;
};

}  // namespace

struct KafkaReader::State {
  explicit State(KafkaTarget where) : target(std::move(where)) {}
  ~State() {
    stop();
    queue.reset();
    topic.reset();
  }

  void stop();
  [[nodiscard]] bool has_read(const std::map<int32_t, int64_t>& ends) const;
  Status take(const rd_kafka_message_t& message, const Visit& visit);

  KafkaTarget target;
  KafkaTroubles troubles;  // outlives the client
  kafka::Client client;
  kafka::TopicHandle topic;
  kafka::Queue queue;
  std::map<int32_t, int64_t> next;  // of the partitions that are read: behind what was handed out
};

void KafkaReader::State::stop() {
  for (const auto& [partition, offset] : next) rd_kafka_consume_stop(topic.get(), partition);
  next.clear();
}

bool KafkaReader::State::has_read(const std::map<int32_t, int64_t>& ends) const {
  return std::all_of(ends.begin(), ends.end(), [&](const auto& end) {
    const auto at = next.find(end.first);
    return at == next.end() || at->second >= end.second;
  });
}

Status KafkaReader::State::take(const rd_kafka_message_t& message, const Visit& visit) {
  const auto at = next.find(message.partition);
  switch (static_cast<int>(message.err)) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      if (at == next.end() || message.offset < at->second) return Status::ok();
      at->second = message.offset + 1;
      return visit(incoming_of(message));
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      // Messages that compaction or a transaction left out do not come, but are passed.
      if (at != next.end()) at->second = std::max(at->second, message.offset);
      return Status::ok();
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      return not_found(target.shown + ": partition " + std::to_string(message.partition) +
                       " does not hold the offset to read next");
    default: {
      Status status = kafka_status(
          target.shown + ": the topic cannot be read", message.err,
          message.payload == nullptr
              ? std::string_view()
              : std::string_view(static_cast<const char*>(message.payload), message.len));
      // What passes by itself is waited for; the caller has its limit.
      if (status.code() == Code::kUnavailable) {
        troubles.note(message.err, status.message());
        return Status::ok();
      }
      return status;
    }
  }
}

KafkaReader::KafkaReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
KafkaReader::~KafkaReader() = default;

Result<std::unique_ptr<KafkaReader>> KafkaReader::open(const KafkaTarget& target) {
  auto state = std::make_unique<State>(target);
  SLUICE_ASSIGN_OR_RETURN(kafka::Conf conf, kafka_conf(target, &state->troubles));
  const std::pair<const char*, const char*> ours[] = {
      {"enable.partition.eof", "true"},
      {"auto.offset.reset", "error"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      // A transaction that somebody left open must not hide our own letters.
      {"isolation.level", "read_uncommitted"},
      // What lies ready while nobody asks.
      {"queued.max.messages.kbytes", "16384"},
      {"fetch.error.backoff.ms", "100"},
  };
  for (const auto& [name, value] : ours) {
    SLUICE_RETURN_IF_ERROR(set_kafka_property(conf.get(), name, value));
  }
  SLUICE_ASSIGN_OR_RETURN(state->client,
                          make_kafka_client(RD_KAFKA_CONSUMER, std::move(conf), target.shown));
  state->topic.reset(rd_kafka_topic_new(state->client.get(), target.topic.c_str(), nullptr));
  if (!state->topic) {
    return kafka_status(target.shown + ": the topic cannot be read", rd_kafka_last_error());
  }
  state->queue.reset(rd_kafka_queue_new(state->client.get()));
  return std::unique_ptr<KafkaReader>(new KafkaReader(std::move(state)));
}

Result<std::vector<KafkaRange>> KafkaReader::ranges(uint32_t partitions) {
  return kafka_ranges(state_->client.get(), state_->troubles, state_->target.shown,
                      state_->target.topic, partitions);
}

Status KafkaReader::start(const std::map<int32_t, int64_t>& from) {
  State& state = *state_;
  state.stop();
  // What was fetched for the old places is in the old queue.
  state.queue.reset(rd_kafka_queue_new(state.client.get()));
  for (const auto& [partition, offset] : from) {
    if (rd_kafka_consume_start_queue(state.topic.get(), partition, offset, state.queue.get()) !=
        0) {
      return kafka_status(state.target.shown + ": the topic cannot be read", rd_kafka_last_error());
    }
    state.next[partition] = offset;
  }
  return Status::ok();
}

Status KafkaReader::read_to(const std::map<int32_t, int64_t>& ends, const Visit& visit) {
  using Steady = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kPatience(kKafkaPatienceMs);
  State& state = *state_;
  Batch batch;
  auto give_up_at = Steady::now() + kPatience;
  while (!state.has_read(ends)) {
    batch.fill(state.queue.get(), 100);
    rd_kafka_poll(state.client.get(), 0);  // errors
    for (const rd_kafka_message_t* message : batch.messages()) {
      SLUICE_RETURN_IF_ERROR(state.take(*message, visit));
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) give_up_at = Steady::now() + kPatience;
    }
    if (!batch.messages().empty() || Steady::now() < give_up_at) continue;
    Status why = state.troubles.latest(state.target.shown + ": the topic cannot be read");
    if (!why) return why;
    return kafka_status(state.target.shown + ": the topic cannot be read",
                        RD_KAFKA_RESP_ERR__TIMED_OUT);
  }
  state.troubles.forget();
  return Status::ok();
}

}  // namespace sluice::store
