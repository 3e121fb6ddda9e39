// SPDX-License-Identifier: Apache-2.0
// Messages into topics: sent, and waited for.
#include "runtime/store/kafka_writer.h"

#include "runtime/kafka/values.h"

namespace sluice::store {
namespace {

// What became of one message; the client's thread tells it while poll() runs.
struct Report {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  KafkaPlace place;
  size_t* under_way = nullptr;
};

void on_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* /*opaque*/) {
  auto& report = *static_cast<Report*>(message->_private);
  report.error = message->err;
  report.place = {message->partition, message->offset};
  --*report.under_way;
}

using kafka::memory_of;
using kafka::value_of;

Result<kafka::Headers> headers_of(const TopicMessage& message) {
  kafka::Headers headers(rd_kafka_headers_new(message.headers.size()));
  for (const auto& [name, value] : message.headers) {
    const auto error =
        rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()),
                            value.data(), static_cast<ssize_t>(value.size()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_status("a header of a message", error);
  }
  return headers;
}

// Hands one message to the client, which refers to its value until the report is there.
Result<rd_kafka_resp_err_t> hand_over(rd_kafka_t* client, const std::string& topic,
                                      const KafkaWriter::Outgoing& out, Report& report) {
  std::array<rd_kafka_vu_t, 6> values{};
  size_t count = 0;
  values[count] = value_of(RD_KAFKA_VTYPE_TOPIC);
  values[count++].u.cstr = topic.c_str();
  values[count] = value_of(RD_KAFKA_VTYPE_PARTITION);
  values[count++].u.i32 = out.partition < 0 ? RD_KAFKA_PARTITION_UA : out.partition;
  values[count] = value_of(RD_KAFKA_VTYPE_OPAQUE);
  values[count++].u.ptr = &report;
  if (out.message->key) values[count++] = memory_of(RD_KAFKA_VTYPE_KEY, *out.message->key);
  if (out.message->value) values[count++] = memory_of(RD_KAFKA_VTYPE_VALUE, *out.message->value);
  SLUICE_ASSIGN_OR_RETURN(kafka::Headers headers, headers_of(*out.message));
  values[count] = value_of(RD_KAFKA_VTYPE_HEADERS);
  values[count++].u.headers = headers.get();
  const kafka::ErrorHandle refused(rd_kafka_produceva(client, values.data(), count));
  if (refused) return rd_kafka_error_code(refused.get());
  static_cast<void>(headers.release());  // the client's now
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

Status KafkaWriter::State::make_client() {
  client.reset();
  troubles.forget();
  SLUICE_ASSIGN_OR_RETURN(kafka::Conf conf, kafka_conf(target, &troubles));
  const auto given = [&](std::string_view name) {
    for (const auto& property : target.properties) {
      if (property.first == name) return true;
    }
    return false;
  };
  const std::pair<const char*, const char*> ours[] = {
      {"enable.idempotence", "true"},       // and with it acks=all
      {"message.max.bytes", "1000000000"},  // the topic decides
      {"message.timeout.ms", "10000"},      // kKafkaPatienceMs
      // A topic that was just made is not known to every broker.
      {"topic.metadata.propagation.max.ms", "5000"},
      {"linger.ms", "0"},  // whoever writes waits
      {"compression.type", "lz4"},
  };
  for (const auto& [name, value] : ours) {
    if (!given(name)) SLUICE_RETURN_IF_ERROR(set_kafka_property(conf.get(), name, value));
  }
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  SLUICE_ASSIGN_OR_RETURN(client,
                          make_kafka_client(RD_KAFKA_PRODUCER, std::move(conf), target.shown));
  return Status::ok();
}

KafkaWriter::KafkaWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
KafkaWriter::~KafkaWriter() = default;

Result<std::unique_ptr<KafkaWriter>> KafkaWriter::open(const KafkaTarget& target) {
  auto state = std::make_unique<State>(target);
  SLUICE_RETURN_IF_ERROR(state->make_client());
  return std::unique_ptr<KafkaWriter>(new KafkaWriter(std::move(state)));
}

void KafkaWriter::wait(std::chrono::milliseconds time) {
  rd_kafka_poll(state_->client.get(), static_cast<int>(time.count()));
}

Status KafkaWriter::write(const std::string& topic, std::span<const Outgoing> messages,
                          std::vector<KafkaPlace>* places) {
  State& state = *state_;
  std::array<char, 8> ignored{};
  if (!state.client || rd_kafka_fatal_error(state.client.get(), ignored.data(), ignored.size()) !=
                           RD_KAFKA_RESP_ERR_NO_ERROR) {
    SLUICE_RETURN_IF_ERROR(state.make_client());
  }
  rd_kafka_t* client = state.client.get();
  const std::string what =
      state.target.shown + ": messages for topic " + topic + " cannot be written";
  state.troubles.forget();
  size_t under_way = 0;
  std::vector<Report> reports(messages.size());
  Status status;
  for (size_t i = 0; i < messages.size() && status; ++i) {
    reports[i].under_way = &under_way;
    ++under_way;
    auto error = hand_over(client, topic, messages[i], reports[i]);
    // The queue is full: wait for room, which comes with the next report, if only of a failure.
    while (error && *error == RD_KAFKA_RESP_ERR__QUEUE_FULL && under_way > 1) {
      rd_kafka_poll(client, 100);
      error = hand_over(client, topic, messages[i], reports[i]);
    }
    if (error && *error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    --under_way;
    status = error ? kafka_status(what, *error) : error.status();
  }
  // Every message has its report within message.timeout.ms, and refers to us until then.
  while (under_way > 0) rd_kafka_poll(client, 100);
  if (places != nullptr) places->clear();
  for (const Report& report : reports) {
    if (status && report.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      status = kafka_status(what, report.error);
      // Nobody answered: what the client met meanwhile says why.
      if (report.error == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT) {
        Status why = state.troubles.latest(what);
        if (!why) status = std::move(why);
      }
    }
    if (places != nullptr) places->push_back(report.place);
  }
  return status;
}

}  // namespace sluice::store
