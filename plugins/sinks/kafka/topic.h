// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace sluice::kafka_sink {

// What the cluster says of a topic.
struct TopicState {
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;  // the lookup's, or else the topic's own
  bool answered = false;                                   // a broker gave an answer
  std::int32_t partitions = 0;
  std::int32_t broker = -1;  // the one that answered
};
TopicState look_at_topic(rd_kafka_t* client, rd_kafka_topic_t* topic,
                         std::chrono::milliseconds wait);

// What of the topic's configuration decides whether a record can be written.
struct TopicLimits {
  std::uint64_t batch = 0;  // max.message.bytes; 0: the cluster does not tell
  bool needs_key = false;   // compacted
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;  // why it does not
};
// Asks one broker, any of them knows. `give_up` is asked every now and then.
TopicLimits limits_of_topic(rd_kafka_t* client, const std::string& topic, std::int32_t broker,
                            std::chrono::milliseconds wait, const std::function<bool()>& give_up);

}  // namespace sluice::kafka_sink
