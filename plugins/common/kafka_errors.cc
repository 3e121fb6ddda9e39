// SPDX-License-Identifier: Apache-2.0
#include "plugins/common/kafka_errors.h"

#include <array>

#include "runtime/kafka/refusal.h"

namespace sluice::common::kafka {
namespace {

using sluice::kafka::Refusal;
using sluice::kafka::refusal_in;

constexpr int kSyslogError = 3;
constexpr int kSyslogWarning = 4;
constexpr int kSyslogInfo = 6;

// The client tells every failed attempt to connect; the adapter says once, with a cure, that no
// broker answers. So its lines are for whoever looks closer.
void log_line(const rd_kafka_t* client, int level, const char* facility, const char* text) {
  auto* log = static_cast<ClientLog*>(rd_kafka_opaque(client));
  if (log == nullptr) return;
  if (level > kSyslogInfo && std::string_view(facility) == "CGRPJOINSTATE") {
    // Group "orders" changed join state wait-sync -> steady (state up)
    log->steady = std::string_view(text).find("-> steady ") != std::string_view::npos;
  }
  if (level > kSyslogInfo && !log->debug) return;
  const Context* context = &log->context;
  const bool connection =
      std::string_view(facility) == "FAIL" || std::string_view(facility) == "ERROR";
  std::int32_t ours = SLUICE_LOG_DEBUG;
  if (!connection && level <= kSyslogError) ours = SLUICE_LOG_ERROR;
  if (!connection && level == kSyslogWarning) ours = SLUICE_LOG_WARN;
  if (!context->log_enabled(ours)) return;
  context->log(ours, std::string("librdkafka ") + facility + ": " + text);
}

std::string_view cure_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      break;
    case Refusal::kTheirCertificate:
      return "check /ssl_ca, which has to hold the authority that signed the broker's certificate, "
             "and that the certificate names the host in /brokers";
    case Refusal::kOurCertificate:
      return "the broker does not take our certificate: check /ssl_certificate and /ssl_key; it is "
             "absent, expired, or signed by an authority the broker does not know";
    case Refusal::kNoTls:
      return "this port does not speak TLS: check /security_protocol, or use the port in /brokers "
             "that does";
    case Refusal::kMechanism:
      return "the broker does not offer this mechanism: correct /sasl_mechanism";
    case Refusal::kLogin:
      return "check /sasl_mechanism, /sasl_username and /sasl_password";
    case Refusal::kOldScram:
      return "check /sasl_mechanism, /sasl_username and /sasl_password; brokers from 4.0 on refuse "
             "every SCRAM login of librdkafka before 2.6.1, which this one is: there upgrade "
             "librdkafka, or use PLAIN over TLS or a client certificate";
  }
  return {};
}

}  // namespace

std::string_view cure_of(rd_kafka_resp_err_t error, std::string_view text) {
  if (const auto cure = cure_of(refusal_in(text)); !cure.empty()) return cure;
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      return "check /brokers, that the brokers run and that this machine reaches the addresses "
             "they "
             "advertise; with TLS or SASL on one side only it looks the same: check "
             "/security_protocol";
    case RD_KAFKA_RESP_ERR__RESOLVE:
      return "the name does not resolve here: correct /brokers, or the listeners the broker "
             "advertises";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "check /sasl_mechanism, /sasl_username and /sasl_password";
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
      return "the broker does not offer this mechanism: correct /sasl_mechanism";
    case RD_KAFKA_RESP_ERR__SSL:
      return "check /ssl_ca, /ssl_certificate and /ssl_key, and that the broker's certificate "
             "names "
             "the host in /brokers";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return "create the topic, or correct /topics";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "let the user read and describe the topic (kafka-acls --add --allow-principal "
             "User:... "
             "--operation Read --topic ...)";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "let the user read the group (kafka-acls --add --allow-principal User:... --operation "
             "Read --group ...)";
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED:
      return "the process was suspended or starved for longer than max.poll.interval.ms; it joins "
             "the group again and reads on from the committed offsets";
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST:
    case RD_KAFKA_RESP_ERR__NO_OFFSET:
      return "the group has given the partition to another member meanwhile, which reads these "
             "records again; where it happens often, look at /session_timeout and at how long the "
             "process is busy or suspended";
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR__FENCED:
      return "another process runs with the same /group_instance_id; give each its own";
    case RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE:
      return "raise offset.metadata.max.bytes of the broker";
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
      return "/session_timeout must lie within the broker's group.min.session.timeout.ms and "
             "group.max.session.timeout.ms";
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
      return "other members of the group use another assignment strategy: give all of them the "
             "same "
             "/assignment, or use another /group_id";
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
      return "the broker or the records need a feature this client lacks";
    default:
      return {};
  }
}

std::string words_of(rd_kafka_resp_err_t error, std::string_view detail) {
  constexpr std::size_t kMost = 240;
  std::string out(detail.empty() ? std::string_view(rd_kafka_err2str(error)) : detail);
  // Where in OpenSSL's source: "../ssl/a.c:12:name error:0A000086:SSL routines::what it is".
  const auto place = out.find("../");
  const auto end = place == std::string::npos ? place : out.find("::", place);
  if (end != std::string::npos) out.erase(place, end + 2 - place);
  if (out.size() > kMost) out.replace(kMost, std::string::npos, "...");
  return out;
}

std::string sentence(std::string_view what, rd_kafka_resp_err_t error, std::string_view detail) {
  std::string out(what);
  if (!out.empty()) out += ": ";
  out += words_of(error, detail);
  out += " (";
  out += rd_kafka_err2name(error);
  out += ")";
  if (const auto cure = cure_of(error, detail); !cure.empty()) (out += "; ") += cure;
  return out;
}

void log_to(rd_kafka_conf_t* conf, ClientLog* log) {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  log->debug = rd_kafka_conf_get(conf, "debug", text.data(), &size) == RD_KAFKA_CONF_OK && size > 1;
  const std::string with_group = (log->debug ? std::string(text.data()) + "," : "") + "cgrp";
  rd_kafka_conf_set(conf, "debug", with_group.c_str(), text.data(), text.size());
  rd_kafka_conf_set_opaque(conf, log);
  rd_kafka_conf_set_log_cb(conf, log_line);
}

}  // namespace sluice::common::kafka
