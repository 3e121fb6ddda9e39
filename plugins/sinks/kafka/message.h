// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <sluice/plugin.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "plugins/common/kafka_handles.h"
#include "plugins/sinks/kafka/options.h"

namespace sluice::kafka_sink {

// What is sent of a record. Only views: data() == nullptr means absent.
struct Message {
  std::string_view key;
  std::string_view value;
  std::int64_t time_ms = 0;  // since 1970; 0: now
  std::span<const sluice_header> kept;
  std::span<const std::pair<std::string, std::string>> set;
};

using Headers =
    std::unique_ptr<rd_kafka_headers_t, common::kafka::ReleasedBy<rd_kafka_headers_destroy>>;

// The list the client wants; null where there is none.
Headers headers_of(const Message& message);

// The key a cell makes: a text, the digits of a number, true or false; absent (data() == nullptr)
// where it holds none of them.
std::string_view key_of(const sluice_cell& cell);

// All but the key where that comes from a pointer.
Message message_of(const sluice_record& record, const Options& options);

}  // namespace sluice::kafka_sink
