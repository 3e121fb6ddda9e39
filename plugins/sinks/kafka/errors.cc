// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/errors.h"

#include "plugins/common/kafka_errors.h"

namespace sluice::kafka_sink {
namespace {

// Where a sink's cure differs from a source's.
std::string_view sink_cure(rd_kafka_resp_err_t error) {
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return "create the topic, or correct /topic";
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return "the topic has fewer partitions: correct /partition";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "let the user write and describe the topic (kafka-acls --add --allow-principal "
             "User:... --operation Write --topic ...)";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "let the user write idempotently (kafka-acls --add --allow-principal User:... "
             "--operation IdempotentWrite --cluster), or set idempotent: false";
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return "let the user write with this transactional id (kafka-acls --add --allow-principal "
             "User:... --operation Write --transactional-id ...)";
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      return "another process or sink uses the same /transactional_id; give each its own";
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
      return "fewer replicas are in sync than min.insync.replicas of the topic asks for: look at "
             "the brokers";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "raise max.message.bytes of the topic, or make the record smaller";
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return "a compacted topic takes no message without a key; else the broker's log says why";
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return "the topic's message.timestamp.before.max.ms and .after.max.ms bound how far a time "
             "may lie from now; use timestamp: now, or raise them";
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
      return "transaction.max.timeout.ms of the broker is smaller: lower /delivery_timeout";
    default:
      return {};
  }
}

}  // namespace

Fate fate_of(rd_kafka_resp_err_t error) {
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return Fate::kWritten;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
      return Fate::kTooLarge;
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
      return Fate::kRefused;
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
      return Fate::kTimeout;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
      return Fate::kMissing;
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS:
      return Fate::kOperator;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      return Fate::kFatal;
    default:
      return common::kafka::needs_operator(error) ? Fate::kOperator : Fate::kAgain;
  }
}

std::string told(std::string_view what, rd_kafka_resp_err_t error, std::string_view text) {
  const std::string_view cure = sink_cure(error);
  if (cure.empty()) return common::kafka::sentence(what, error, text);
  std::string out(what);
  if (!out.empty()) out += ": ";
  out += common::kafka::words_of(error, text);
  ((out += " (") += rd_kafka_err2name(error)) += "); ";
  return out += cure;
}

}  // namespace sluice::kafka_sink
