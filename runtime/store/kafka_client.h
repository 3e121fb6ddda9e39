// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/base/status.h"
#include "runtime/kafka/handles.h"
#include "runtime/store/kafka.h"
#include "runtime/store/topic_message.h"

// Inside of kafka.h: what its clients have in common.
namespace sluice::store {

// How long brokers are waited for.
inline constexpr int kKafkaPatienceMs = 10'000;

// "what: name (code): detail; cure" with the code that kafka.h promises.
Status kafka_status(std::string_view what, rd_kafka_resp_err_t error, std::string_view detail = {});

// What a client tells by itself, on threads of its own: the latest trouble, for the message of the
// call that suffers from it. Outlives the client.
class KafkaTroubles {
 public:
  void note(rd_kafka_resp_err_t error, std::string_view text) SLUICE_EXCLUDES(mutex_);
  void forget() SLUICE_EXCLUDES(mutex_);
  // OK: nothing was told.
  [[nodiscard]] Status latest(std::string_view what) SLUICE_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  rd_kafka_resp_err_t error_ SLUICE_GUARDED_BY(mutex_) = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string text_ SLUICE_GUARDED_BY(mutex_);
};

// Of the target, with what every client here is told.
Result<kafka::Conf> kafka_conf(const KafkaTarget& target, KafkaTroubles* troubles);
Status set_kafka_property(rd_kafka_conf_t* conf, const char* name, const std::string& value);
Result<kafka::Client> make_kafka_client(rd_kafka_type_t type, kafka::Conf conf,
                                        const std::string& shown);

// Key, value and headers, copied.
TopicMessage topic_message_of(const rd_kafka_message_t& message);
// As the producer or the broker had it; 0: none.
int64_t time_ms_of(const rd_kafka_message_t& message);
// See KafkaWriter::ranges().
Result<std::vector<KafkaRange>> kafka_ranges(rd_kafka_t* client, KafkaTroubles& troubles,
                                             const std::string& shown, const std::string& topic,
                                             uint32_t partitions);

// The answer to a request that tells on `queue`; a failure of the request is its status.
Result<kafka::Event> kafka_answer(rd_kafka_queue_t* queue, std::string_view what);

}  // namespace sluice::store
