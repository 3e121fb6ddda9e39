// SPDX-License-Identifier: Apache-2.0
//
// The client's own statistics as metrics.
#include <string_view>

#include "plugins/sources/kafka/metrics.h"
#include "plugins/sources/kafka/source.h"

namespace sluice::kafka_source {

// True: the event brought statistics.
bool KafkaSource::note_statistics(rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_STATS) return false;
  const char* text = rd_kafka_event_stats(event);
  const auto found = read_statistics(text == nullptr ? std::string_view() : text);
  if (!found) return true;
  const Statistics& before = told_statistics_;
  const auto count = [&](Metric metric, double Statistics::*total) {
    context_.metric(metric, (*found).*total - before.*total);
  };
  count(Metric::kRequests, &Statistics::requests);
  count(Metric::kSentBytes, &Statistics::sent_bytes);
  count(Metric::kResponses, &Statistics::responses);
  count(Metric::kReceivedBytes, &Statistics::received_bytes);
  count(Metric::kRequestTimeouts, &Statistics::request_timeouts);
  count(Metric::kRequestErrors, &Statistics::request_errors);
  context_.metric(Metric::kBrokersUp, static_cast<double>(found->brokers_up));
  context_.metric(Metric::kRoundTrip, found->round_trip_seconds);
  context_.metric(Metric::kThrottle, found->throttle_seconds);
  context_.metric(Metric::kWaitingRequests, found->waiting_requests);
  context_.metric(Metric::kFetchedRecords, found->fetched_records);
  context_.metric(Metric::kFetchedBytes, found->fetched_bytes);
  told_statistics_ = *found;
  return true;
}

}  // namespace sluice::kafka_source
