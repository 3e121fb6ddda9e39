// SPDX-License-Identifier: Apache-2.0
//
// What the client has to complain about: told once, with what to do, and turned into the host's
// results where the source cannot go on.
#include <algorithm>
#include <array>
#include <memory>

#include "plugins/common/kafka_errors.h"
#include "plugins/sources/kafka/metrics.h"
#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {
namespace {

using common::kafka::sentence;

using Where = std::unique_ptr<rd_kafka_topic_partition_t,
                              common::kafka::ReleasedBy<rd_kafka_topic_partition_destroy>>;

}  // namespace

// True: it said that a partition's end was reached; what lies before it and was not handed out is
// no record (marks of transactions).
bool KafkaSource::note_end(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_ERROR ||
      rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    return false;
  }
  const Where where(rd_kafka_event_topic_partition(event));
  if (!where) return true;
  Partition* partition = table_.find(where->topic, where->partition);
  if (partition == nullptr) return true;
  partition->passed = std::max(partition->passed, where->offset);
  if (partition->until != kNoOffset && partition->passed >= partition->until) {
    partition->ended = true;
  }
  return true;
}

std::string KafkaSource::all_down(rd_kafka_resp_err_t error, const std::string& text) const {
  return sentence("no broker of " + options_.connection.brokers + " answers", error, text);
}

void KafkaSource::on_error(rd_kafka_event_t* event) {
  const auto error = rd_kafka_event_error(event);
  const std::string text = rd_kafka_event_error_string(event);
  if (rd_kafka_event_error_is_fatal(event) != 0 || error == RD_KAFKA_RESP_ERR__FATAL) on_fatal();
  const Where where(rd_kafka_event_topic_partition(event));
  if (where) {
    on_partition_error(error, text, *where);
    return;
  }
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      down_ = all_down(error, last_trouble_.empty() ? text : last_trouble_);
      return;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      last_trouble_ = text;
      return;
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
      last_trouble_ = text;
      doubt_ = all_down(error, text);
      // It may come behind the word that all are down, whose reason it is.
      if (!down_.empty()) down_ = doubt_;
      tell_once(SLUICE_LOG_ERROR, sentence("a broker cannot be reached", error, text));
      return;
    default:
      break;
  }
  if (common::kafka::needs_operator(error)) {
    throw BadConfig(sentence("group " + options_.group_id, error, text));
  }
  tell_once(SLUICE_LOG_WARN, sentence("the Kafka client", error, text));
}

void KafkaSource::on_fatal() {
  std::array<char, 512> text{};
  const auto error = rd_kafka_fatal_error(client_.get(), text.data(), text.size());
  const std::string message = sentence("the Kafka client cannot go on", error, text.data());
  if (error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) throw BadConfig(message);
  throw Fatal(message);
}

void KafkaSource::on_partition_error(rd_kafka_resp_err_t error, const std::string& text,
                                     const rd_kafka_topic_partition_t& where) {
  const std::string lane = where.partition < 0 ? std::string("topic ") + where.topic
                                               : lane_name(where.topic, where.partition);
  switch (static_cast<int>(error)) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      if (Partition* partition = table_.find(where.topic, where.partition)) {
        reset_offset(*partition);
      }
      return;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      throw BadConfig(sentence(lane, error, text));
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      tell_once(SLUICE_LOG_ERROR, sentence(lane + " is not there (any more)", error, text));
      return;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE:
      on_unreadable(error, text, where);
      return;
    default:
      tell_once(SLUICE_LOG_WARN, sentence(lane, error, text));
  }
}

// The client fetches it again and again, and the next broker may have it whole. If not, nobody but
// an operator may decide that its records are lost.
void KafkaSource::on_unreadable(rd_kafka_resp_err_t error, const std::string& text,
                                const rd_kafka_topic_partition_t& where) {
  constexpr int kTries = 3;
  Partition* partition = table_.find(where.topic, where.partition);
  if (partition == nullptr) return;
  context_.metric(Metric::kUnreadableBatches, 1);
  if (++partition->unreadable < kTries) return;
  const std::string lane = lane_name(where.topic, where.partition);
  throw BadConfig(
      sentence(lane + ": the records from offset " + std::to_string(partition->passed) +
                   " on cannot be read",
               error, text) +
      "; where another replica has them whole, make that the leader; else pass over them: sluice "
      "offsets reset --group " +
      options_.group_id + " --lane " + lane + " --to offset N");
}

// A quiet topic says nothing of the brokers: ask. Also where only one of them has turned us away:
// the client need not say that all are down when a refused login leaves it without its group.
void KafkaSource::check_down() {
  if (down_.empty() && doubt_.empty()) return;
  const rd_kafka_metadata_t* found = nullptr;
  const auto error = rd_kafka_metadata(client_.get(), 0, nullptr, &found, 200);
  const common::kafka::Metadata owned(found);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) throw Transient(down_.empty() ? doubt_ : down_);
  down_.clear();
  doubt_.clear();
  last_trouble_.clear();
}

}  // namespace sluice::kafka_source
