// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <sluice/config.hpp>
#include <string>
#include <utility>
#include <vector>

#include "plugins/common/kafka_options.h"
#include "plugins/sinks/kafka/topic_template.h"

namespace sluice::kafka_sink {

// Where a message's key comes from.
enum class KeyFrom : std::uint8_t { kRecord, kPointer, kNone };

// The sink's configuration, checked.
struct Options {
  // Throws BadConfig naming the option.
  explicit Options(const Config& config);

  common::kafka::Connection connection;
  std::string topic;  // as it is configured
  TopicTemplate topic_of;
  std::size_t max_topics;   // that records may choose
  std::string key_pointer;  // with kPointer
  KeyFrom key;
  bool keep_headers;
  std::vector<std::pair<std::string, std::string>> headers;  // set on each message
  bool record_time;                                          // else the time of sending
  std::string partitioner;
  std::int32_t partition;  // -1: the partitioner decides
  std::string compression;
  std::string acks;
  bool idempotent;
  std::chrono::milliseconds linger;
  std::chrono::milliseconds delivery_timeout;
  std::chrono::milliseconds connect_timeout;
  std::string transactional_id;  // empty: no transactions

  [[nodiscard]] bool transactional() const { return !transactional_id.empty(); }
};

// What a batch may hold at the broker where nothing else is known: Kafka's default.
inline constexpr std::uint64_t kUsualLimit = 1048588;

// What librdkafka is given. `limit`: max.message.bytes of the topic, which the client's batches
// keep below; of several the smallest, with `largest` for single messages. Throws BadConfig. Opens
// files, so not before open().
common::kafka::Conf client_conf(const Options& options, std::uint64_t limit,
                                std::uint64_t largest = 0);

}  // namespace sluice::kafka_sink
