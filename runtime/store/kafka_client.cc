// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/kafka_client.h"

#include <chrono>

#include "runtime/base/log.h"
#include "runtime/kafka/refusal.h"
#include "runtime/kafka/rules.h"

namespace sluice::store {
namespace {

std::string_view cure_of(kafka::Refusal refusal) {
  switch (refusal) {
    case kafka::Refusal::kNone:
      break;
    case kafka::Refusal::kTheirCertificate:
      return "check that ssl.ca.location holds the authority that signed the broker's certificate, "
             "and that it names the host of the address";
    case kafka::Refusal::kOurCertificate:
      return "the broker does not take our certificate: check ssl.certificate.location and "
             "ssl.key.location; it is absent, expired, or signed by an authority the broker does "
             "not know";
    case kafka::Refusal::kNoTls:
      return "this port does not speak TLS: check security.protocol, or use the port that does";
    case kafka::Refusal::kMechanism:
      return "the broker does not offer this mechanism: correct sasl.mechanism";
    case kafka::Refusal::kLogin:
      return "check user and password of the address, and sasl.mechanism";
    case kafka::Refusal::kOldScram:
      return "check user and password of the address, and sasl.mechanism; brokers from 4.0 on "
             "refuse every SCRAM login of librdkafka before 2.6.1, which this one is: there "
             "upgrade librdkafka, or use PLAIN over TLS or a client certificate";
  }
  return {};
}

std::string_view cure_of(rd_kafka_resp_err_t error, std::string_view text) {
  if (const auto cure = cure_of(kafka::refusal_in(text)); !cure.empty()) return cure;
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
      return "check that the brokers run and that this machine reaches the addresses they "
             "advertise (with TLS or SASL on one side only it looks the same: security.protocol); "
             "it is tried again";
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "the name does not resolve here: correct the address, or the listeners that the "
             "broker advertises";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
      return "check user and password of the address, and sasl.mechanism";
    case RD_KAFKA_RESP_ERR__SSL:
      return "check ssl.ca.location, and that the broker's certificate names the host of the "
             "address";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return "create the topic, or correct the address";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "the user needs the operations Read, Write, Describe, DescribeConfigs and Delete on "
             "the topic (kafka-acls --add --allow-principal User:... --operation ... --topic ...), "
             "and Create where the topic has to be made";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "raise max.message.bytes of the topic (kafka-configs --alter --topic ... --add-config "
             "max.message.bytes=...); nothing is lost meanwhile";
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return "too few brokers with a copy of the topic run (min.insync.replicas); it is tried "
             "again";
    default:
      return {};
  }
}

Code code_of(rd_kafka_resp_err_t error) {
  if (kafka::needs_operator(error)) return Code::kInvalid;
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return Code::kNotFound;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_REQUEST:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
      return Code::kInvalid;
    default:
      return Code::kUnavailable;
  }
}

// The client tells every failed attempt to connect; the call that suffers says it once, with a
// cure. So its lines are for whoever looks closer.
void pass_on_log_line(const rd_kafka_t* /*client*/, int /*level*/, const char* facility,
                      const char* text) {
  if (!log::enabled(log::Level::kDebug)) return;
  log::debug("kafka.client", std::string(facility) + ": " + text);
}

void note_trouble(rd_kafka_t* client, int error, const char* text, void* opaque) {
  auto* troubles = static_cast<KafkaTroubles*>(opaque);
  auto code = static_cast<rd_kafka_resp_err_t>(error);
  if (code != RD_KAFKA_RESP_ERR__FATAL) return troubles->note(code, text);
  std::array<char, 512> why{};
  code = rd_kafka_fatal_error(client, why.data(), why.size());
  troubles->note(code, why.data());
}

kafka::Partitions places_in(const std::string& topic, uint32_t partitions, int64_t which) {
  kafka::Partitions list = kafka::new_partitions(partitions);
  for (uint32_t i = 0; i < partitions; ++i) {
    const auto partition = static_cast<int32_t>(i);
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = which;
  }
  return list;
}

rd_kafka_resp_err_t first_error(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i) {
    if (list.elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return list.elems[i].err;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

// Where the partitions begin (-2) or end (-1).
Result<kafka::Partitions> offsets_of(rd_kafka_t* client, KafkaTroubles& troubles,
                                     const std::string& what, const std::string& topic,
                                     uint32_t partitions, int64_t which) {
  constexpr int kBreathMs = 100;
  const auto give_up_at =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(kKafkaPatienceMs);
  troubles.forget();
  for (;;) {
    kafka::Partitions list = places_in(topic, partitions, which);
    const auto all = rd_kafka_offsets_for_times(client, list.get(), kKafkaPatienceMs);
    const auto failed = all != RD_KAFKA_RESP_ERR_NO_ERROR ? all : first_error(*list);
    if (failed == RD_KAFKA_RESP_ERR_NO_ERROR) return list;
    // A partition that was just made, or moves, has its leader in a moment.
    const bool passes = failed == RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION ||
                        failed == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
    if (!passes || std::chrono::steady_clock::now() >= give_up_at) {
      rd_kafka_poll(client, 0);
      Status why = troubles.latest(what);
      if (all != RD_KAFKA_RESP_ERR_NO_ERROR && !why) return why;
      return kafka_status(what, failed);
    }
    rd_kafka_poll(client, kBreathMs);
  }
}

}  // namespace

Result<std::vector<KafkaRange>> kafka_ranges(rd_kafka_t* client, KafkaTroubles& troubles,
                                             const std::string& shown, const std::string& topic,
                                             uint32_t partitions) {
  constexpr int64_t kBeginning = -2;
  constexpr int64_t kEnd = -1;
  const std::string what = shown + ": the offsets of topic " + topic + " cannot be read";
  SLUICE_ASSIGN_OR_RETURN(const auto low,
                          offsets_of(client, troubles, what, topic, partitions, kBeginning));
  SLUICE_ASSIGN_OR_RETURN(const auto end,
                          offsets_of(client, troubles, what, topic, partitions, kEnd));
  std::vector<KafkaRange> out;
  for (int i = 0; i < low->cnt; ++i) out.push_back({low->elems[i].offset, end->elems[i].offset});
  return out;
}

Status kafka_status(std::string_view what, rd_kafka_resp_err_t error, std::string_view detail) {
  std::string text(what);
  text += ": ";
  text += detail.empty() ? std::string_view(rd_kafka_err2str(error)) : detail;
  text += std::string(" (") + rd_kafka_err2name(error) + ")";
  if (const auto cure = cure_of(error, detail); !cure.empty()) (text += "; ") += cure;
  return {code_of(error), std::move(text)};
}

void KafkaTroubles::note(rd_kafka_resp_err_t error, std::string_view text) {
  MutexLock lock(mutex_);
  // That all brokers are away follows from what was told before, which says more.
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && error_ != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  error_ = error;
  text_ = text;
}

void KafkaTroubles::forget() {
  MutexLock lock(mutex_);
  error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  text_.clear();
}

Status KafkaTroubles::latest(std::string_view what) {
  MutexLock lock(mutex_);
  if (error_ == RD_KAFKA_RESP_ERR_NO_ERROR) return Status::ok();
  return kafka_status(what, error_, text_);
}

Status set_kafka_property(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
  std::array<char, 512> why{};
  if (rd_kafka_conf_set(conf, name, value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) {
    return Status::ok();
  }
  // librdkafka's words quote the value, which may be a password.
  return invalid(std::string("the Kafka client refuses the property ") + name +
                 ": it has no such property, or its value is not one; see librdkafka's "
                 "CONFIGURATION.md");
}

Result<kafka::Conf> kafka_conf(const KafkaTarget& target, KafkaTroubles* troubles) {
  kafka::Conf conf(rd_kafka_conf_new());
  const std::pair<const char*, std::string> first[] = {
      {"bootstrap.servers", target.brokers},
      {"client.id", "sluice"},
      // A broker closes idle connections; that is no news.
      {"log.connection.close", "false"},
      {"socket.timeout.ms", std::to_string(kKafkaPatienceMs)},
      {"reconnect.backoff.max.ms", "1000"},
      {"allow.auto.create.topics", "false"},
  };
  for (const auto& [name, value] : first) {
    SLUICE_RETURN_IF_ERROR(set_kafka_property(conf.get(), name, value));
  }
  for (const auto& [name, value] : target.properties) {
    SLUICE_RETURN_IF_ERROR(
        set_kafka_property(conf.get(), name.c_str(), value).with_context(target.shown));
  }
  rd_kafka_conf_set_log_cb(conf.get(), pass_on_log_line);
  rd_kafka_conf_set_error_cb(conf.get(), note_trouble);
  rd_kafka_conf_set_opaque(conf.get(), troubles);
  return conf;
}

Result<kafka::Client> make_kafka_client(rd_kafka_type_t type, kafka::Conf conf,
                                        const std::string& shown) {
  std::array<char, 512> why{};
  kafka::Client client(rd_kafka_new(type, conf.get(), why.data(), why.size()));
  if (!client) {
    return invalid(shown + ": the Kafka client cannot be made: " + why.data() +
                   "; check the properties of the address");
  }
  static_cast<void>(conf.release());  // the client's now
  return client;
}

int64_t time_ms_of(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const int64_t time = rd_kafka_message_timestamp(&message, &type);
  return type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && time > 0 ? time : 0;
}

TopicMessage topic_message_of(const rd_kafka_message_t& message) {
  TopicMessage out;
  const auto text = [](const void* bytes, size_t size) {
    return std::string(static_cast<const char*>(bytes), size);
  };
  if (message.key != nullptr) out.key = text(message.key, message.key_len);
  if (message.payload != nullptr) out.value = text(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;  // stays the message's
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    out.headers.emplace_back(name, value == nullptr ? std::string() : text(value, size));
  }
  return out;
}

Result<kafka::Event> kafka_answer(rd_kafka_queue_t* queue, std::string_view what) {
  // The client itself gives up before.
  kafka::Event event(rd_kafka_queue_poll(queue, 2 * kKafkaPatienceMs));
  if (!event) return kafka_status(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
  if (const auto error = rd_kafka_event_error(event.get())) {
    const char* detail = rd_kafka_event_error_string(event.get());
    return kafka_status(what, error, detail == nullptr ? "" : detail);
  }
  return event;
}

}  // namespace sluice::store
