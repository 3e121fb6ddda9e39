// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/kafka_member.h"

#include "runtime/base/log.h"
#include "runtime/store/kafka_client.h"

namespace sluice::store {
namespace {

using Partitions = std::vector<KafkaMember::Partition>;

Partitions partitions_of(const rd_kafka_topic_partition_list_t& list) {
  Partitions out;
  for (int i = 0; i < list.cnt; ++i) out.emplace_back(list.elems[i].topic, list.elems[i].partition);
  return out;
}

kafka::Partitions list_of(const std::map<KafkaMember::Partition, int64_t>& offsets) {
  kafka::Partitions list = kafka::new_partitions(offsets.size());
  for (const auto& [partition, offset] : offsets) {
    rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)
        ->offset = offset;
  }
  return list;
}

}  // namespace

// The client's callbacks are given the troubles, which are its first part.
struct KafkaMember::State : KafkaTroubles {
  State(const KafkaTarget& where, Listener& told) : shown(where.shown), listener(told) {}

  static void rebalance(rd_kafka_t* /*client*/, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t* list, void* opaque) {
    static_cast<State*>(static_cast<KafkaTroubles*>(opaque))->change(what, list);
  }
  void change(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list);
  Status commit(const std::map<Partition, int64_t>& offsets, bool wait);
  void close();

  std::string shown;
  Listener& listener;
  kafka::Client client;
  Status trouble;  // of a change of the group, for the next poll
  bool closed = false;
};

void KafkaMember::State::change(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* list) {
  const auto note = [this](rd_kafka_error_t* error) {
    const kafka::ErrorHandle owned(error);
    if (owned) {
      trouble = kafka_status(shown + ": the group's change cannot be followed",
                             rd_kafka_error_code(error), rd_kafka_error_string(error));
    }
  };
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    listener.assigned(partitions_of(*list));
    note(rd_kafka_incremental_assign(client.get(), list));
    return;
  }
  const bool lost = rd_kafka_assignment_lost(client.get()) != 0;
  const auto offsets = listener.revoked(partitions_of(*list), lost);
  if (!lost && !offsets.empty()) {
    if (Status done = commit(offsets, true); !done) trouble = std::move(done);
  }
  note(rd_kafka_incremental_unassign(client.get(), list));
}

Status KafkaMember::State::commit(const std::map<Partition, int64_t>& offsets, bool wait) {
  if (offsets.empty()) return Status::ok();
  const auto error = rd_kafka_commit(client.get(), list_of(offsets).get(), wait ? 0 : 1);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::ok();
  return kafka_status(shown + ": the offsets cannot be committed", error);
}

void KafkaMember::State::close() {
  if (closed) return;
  closed = true;
  using Steady = std::chrono::steady_clock;
  const auto deadline = Steady::now() + std::chrono::milliseconds(kKafkaPatienceMs);
  const kafka::Queue queue(rd_kafka_queue_new(client.get()));
  const kafka::ErrorHandle refused(rd_kafka_consumer_close_queue(client.get(), queue.get()));
  if (refused) return;
  while (rd_kafka_consumer_closed(client.get()) == 0 && Steady::now() < deadline) {
    const kafka::Event event(rd_kafka_queue_poll(queue.get(), 50));
    if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE) continue;
    if (rd_kafka_event_error(event.get()) == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
      const auto list = partitions_of(*rd_kafka_event_topic_partition_list(event.get()));
      const bool lost = rd_kafka_assignment_lost(client.get()) != 0;
      const auto offsets = listener.revoked(list, lost);
      const Status done = lost ? Status::ok() : commit(offsets, true);
      if (!done) log::warn("kafka.commit", done.message() + "; they are read again");
    }
    rd_kafka_assign(client.get(), nullptr);
  }
}

KafkaMember::KafkaMember(std::unique_ptr<State> state) : state_(std::move(state)) {}

KafkaMember::~KafkaMember() { close(); }

Result<std::unique_ptr<KafkaMember>> KafkaMember::open(const KafkaTarget& target,
                                                       const std::vector<std::string>& topics,
                                                       const std::string& group,
                                                       Listener& listener) {
  auto state = std::make_unique<State>(target, listener);
  SLUICE_ASSIGN_OR_RETURN(kafka::Conf conf, kafka_conf(target, state.get()));
  const std::pair<const char*, std::string> ours[] = {
      {"group.id", group},
      {"partition.assignment.strategy", "cooperative-sticky"},
      {"auto.offset.reset", "earliest"},
      {"enable.auto.commit", "false"},
      {"enable.auto.offset.store", "false"},
      {"isolation.level", "read_committed"},
      // What lies ready while nobody asks.
      {"queued.max.messages.kbytes", "16384"},
      {"fetch.error.backoff.ms", "100"},
      {"topic.metadata.refresh.interval.ms", "30000"},
  };
  for (const auto& [name, value] : ours) {
    SLUICE_RETURN_IF_ERROR(set_kafka_property(conf.get(), name, value));
  }
  rd_kafka_conf_set_rebalance_cb(conf.get(), &State::rebalance);
  SLUICE_ASSIGN_OR_RETURN(state->client,
                          make_kafka_client(RD_KAFKA_CONSUMER, std::move(conf), target.shown));
  rd_kafka_poll_set_consumer(state->client.get());
  const kafka::Partitions list = kafka::new_partitions(topics.size());
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const auto error = rd_kafka_subscribe(state->client.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_status(target.shown + ": the topics cannot be subscribed to", error);
  }
  return std::unique_ptr<KafkaMember>(new KafkaMember(std::move(state)));
}

Result<std::optional<KafkaMember::Incoming>> KafkaMember::poll(std::chrono::milliseconds wait) {
  using Message = std::unique_ptr<rd_kafka_message_t, kafka::ReleasedBy<rd_kafka_message_destroy>>;
  State& state = *state_;
  const Message message(rd_kafka_consumer_poll(state.client.get(), static_cast<int>(wait.count())));
  if (!state.trouble) return std::exchange(state.trouble, Status::ok());
  if (!message) return std::optional<Incoming>();
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return std::optional<Incoming>();
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_status(state.shown + ": the topics cannot be read", message->err,
                        rd_kafka_message_errstr(message.get()));
  }
  state.forget();
  Incoming out;
  out.from = {rd_kafka_topic_name(message->rkt), message->partition};
  out.offset = message->offset;
  out.time_ms = time_ms_of(*message);
  out.message = topic_message_of(*message);
  return std::optional<Incoming>(std::move(out));
}

Status KafkaMember::pause(const Partition& partition, bool paused) {
  const kafka::Partitions list = list_of({{partition, RD_KAFKA_OFFSET_INVALID}});
  const auto error = paused ? rd_kafka_pause_partitions(state_->client.get(), list.get())
                            : rd_kafka_resume_partitions(state_->client.get(), list.get());
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::ok();
  return kafka_status(state_->shown + ": a partition cannot be paused", error);
}

Status KafkaMember::commit(const std::map<Partition, int64_t>& offsets, bool wait) {
  return state_->commit(offsets, wait);
}

void KafkaMember::close() { state_->close(); }

}  // namespace sluice::store
