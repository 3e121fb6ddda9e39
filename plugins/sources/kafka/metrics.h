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
  kPaused,
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
    gauge(Metric::kPaused, "paused",
          "1 while partitions are paused because the pipeline takes nothing."));

}  // namespace sluice::kafka_source
