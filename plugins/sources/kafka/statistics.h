// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::kafka_source {

// What is taken of the statistics that librdkafka gives as JSON. Totals count since the client was
// made; what a text does not hold stays 0.
struct Statistics {
  double requests = 0;  // sent to brokers
  double sent_bytes = 0;
  double responses = 0;
  double received_bytes = 0;
  double request_timeouts = 0;
  double request_errors = 0;
  std::uint32_t brokers_up = 0;
  double round_trip_seconds = 0;  // the slowest broker's average
  double throttle_seconds = 0;    // the most throttled broker's average
  double waiting_requests = 0;    // sent and not answered
  double fetched_records = 0;     // that wait in the client
  double fetched_bytes = 0;
};

// Reads in one pass, in memory that does not depend on the text. Nothing: it is not JSON.
std::optional<Statistics> read_statistics(std::string_view json);

}  // namespace sluice::kafka_source
