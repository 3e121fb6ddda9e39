// SPDX-License-Identifier: Apache-2.0
#include "plugins/sources/kafka/lag_topic.h"

#include <array>
#include <utility>

#include "plugins/sources/kafka/metrics.h"

namespace sluice::kafka_source {

LagTopic::LagTopic(Context context, const Options& options)
    : context_(context), options_(options), log_(context) {}

LagTopic::~LagTopic() {
  // What is under way is of no use to anybody after the end.
  if (client_) rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void LagTopic::open() {
  if (options_.lag_topic.empty() || client_) return;
  auto conf = common::kafka::make_conf(options_.connection);
  const auto set = [&](const char* name, const char* value) {
    common::kafka::set(conf.get(), name, value, "/lag_topic");
  };
  set("linger.ms", "5");
  set("request.required.acks", "1");
  set("message.timeout.ms", "30000");
  set("queue.buffering.max.messages", "100");
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  common::kafka::log_to(conf.get(), &log_);
  client_ = common::kafka::make_client(RD_KAFKA_PRODUCER, std::move(conf));
  reports_.reset(rd_kafka_queue_get_main(client_.get()));
}

void LagTopic::publish(const std::string& snapshot) {
  if (!client_) return;
  take_reports();
  std::array values = {common::kafka::value_of(RD_KAFKA_VTYPE_TOPIC),
                       common::kafka::value_of(RD_KAFKA_VTYPE_MSGFLAGS),
                       common::kafka::memory_of(RD_KAFKA_VTYPE_KEY, options_.group_id),
                       common::kafka::memory_of(RD_KAFKA_VTYPE_VALUE, snapshot)};
  values[0].u.cstr = options_.lag_topic.c_str();
  values[1].u.i = RD_KAFKA_MSG_F_COPY;
  const common::kafka::ErrorHandle refused(
      rd_kafka_produceva(client_.get(), values.data(), values.size()));
  if (refused) failed(rd_kafka_error_code(refused.get()));
}

void LagTopic::take_reports() {
  while (const common::kafka::Event event{rd_kafka_queue_poll(reports_.get(), 0)}) {
    if (rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) continue;
    while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
      if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        failed(message->err);
      } else {
        failing_ = false;
        context_.metric(Metric::kLagSnapshots, 1);
      }
    }
  }
}

void LagTopic::failed(rd_kafka_resp_err_t error) {
  if (std::exchange(failing_, true)) return;
  context_.warn(common::kafka::sentence(
      "a snapshot of the lag could not be written to the topic " + options_.lag_topic, error));
}

}  // namespace sluice::kafka_source
