// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

namespace sluice::kafka_source {

enum class Metric : std::uint8_t {
  kCommits,
  kCommitFailures,
  kCommitSeconds,
  kRebalances,
  kPartitions,
  kTombstonesSkipped,
  kOffsetResets,
  kOffsetsMissing,
  kUnreadableBatches,
  kPaused,
  kLagSnapshots,
  kRequests,
  kSentBytes,
  kResponses,
  kReceivedBytes,
  kRequestTimeouts,
  kRequestErrors,
  kBrokersUp,
  kRoundTrip,
  kThrottle,
  kWaitingRequests,
  kFetchedRecords,
  kFetchedBytes,
  kCount
};

inline constexpr auto kMetrics = metric_table<Metric>(
    counter(Metric::kCommits, "commits_total", "Commits of offsets that succeeded."),
    counter(Metric::kCommitFailures, "commit_failures_total",
            "Commits of offsets that failed or were not answered."),
    histogram(Metric::kCommitSeconds, "commit_seconds", "Time a commit of offsets took."),
    counter(Metric::kRebalances, "rebalances_total",
            "Changes of the partitions this member has: given, taken or lost."),
    gauge(Metric::kPartitions, "partitions_assigned", "Partitions this member has."),
    counter(Metric::kTombstonesSkipped, "tombstones_skipped_total",
            "Records without a value that `tombstone: skip` left out."),
    counter(Metric::kOffsetResets, "offset_resets_total",
            "Partitions that could not go on where the group was and began elsewhere."),
    counter(Metric::kOffsetsMissing, "offsets_missing_total",
            "Offsets the topic no longer held when the group came to them: at most so many records "
            "were never read."),
    counter(Metric::kUnreadableBatches, "unreadable_batches_total",
            "Times a batch was damaged, or compressed in a way that is not known here."),
    gauge(Metric::kPaused, "paused",
          "1 while partitions are paused because the pipeline takes nothing."),
    counter(Metric::kLagSnapshots, "lag_snapshots_total",
            "Snapshots of the lag that are in lag_topic."),
    counter(Metric::kRequests, "requests_total", "Requests sent to brokers."),
    counter(Metric::kSentBytes, "sent_bytes_total", "Bytes sent to brokers."),
    counter(Metric::kResponses, "responses_total", "Answers of brokers."),
    counter(Metric::kReceivedBytes, "received_bytes_total",
            "Bytes received from brokers, as they came over the wire (compressed)."),
    counter(Metric::kRequestTimeouts, "request_timeouts_total",
            "Requests that no broker answered in time."),
    counter(Metric::kRequestErrors, "request_errors_total",
            "Requests that could not be sent, and answers that could not be read."),
    gauge(Metric::kBrokersUp, "brokers_connected", "Brokers with a connection that works."),
    gauge(Metric::kRoundTrip, "broker_round_trip_seconds",
          "Average time of an answer in the last interval, of the slowest broker."),
    gauge(Metric::kThrottle, "broker_throttle_seconds",
          "Average time a broker held us back in the last interval, of the broker that did most."),
    gauge(Metric::kWaitingRequests, "requests_waiting", "Requests that are not answered yet."),
    gauge(Metric::kFetchedRecords, "fetched_ahead_records",
          "Records the client has fetched and the pipeline has not taken yet."),
    gauge(Metric::kFetchedBytes, "fetched_ahead_bytes", "Their bytes."));

}  // namespace sluice::kafka_source
