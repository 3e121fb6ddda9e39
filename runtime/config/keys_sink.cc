// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "runtime/config/keys.h"

namespace sluice::config {
namespace {

using enum KeyType;

constexpr double kHour = 3600e3;
constexpr double kGiB = 1024.0 * 1024 * 1024;
constexpr std::array<std::string_view, 2> kOrders = {"lane", "none"};
constexpr std::array<std::string_view, 2> kUnavailable = {"hold", "dead_letter"};
constexpr std::array<std::string_view, 2> kMaybeApplied = {"retry", "dead_letter"};
constexpr std::array<std::string_view, 2> kOlder = {"dead_letter", "duplicate"};
constexpr std::array<std::string_view, 2> kOnEqual = {"skip", "overwrite"};

constexpr std::array kBatch = {
    Key{.name = "records",
        .type = kInteger,
        .preset = "5000",
        .text = "Most records in one write.",
        .least = 1,
        .most = 1e6},
    Key{.name = "bytes",
        .type = kSize,
        .preset = "8MiB",
        .text = "Most bytes in one write.",
        .least = 1,
        .most = 4 * kGiB},
    Key{.name = "linger",
        .type = kDuration,
        .preset = "20ms",
        .text = "How long a batch that is not full waits for more.",
        .most = kHour},
};

constexpr std::array kRetry = {
    Key{.name = "max_attempts",
        .type = kInteger,
        .preset = "5",
        .text = "Attempts in all, the first included.",
        .least = 1,
        .most = 1000},
    Key{.name = "base",
        .type = kDuration,
        .preset = "200ms",
        .text = "Wait after the first attempt; doubles from then on.",
        .least = 1,
        .most = kHour},
    Key{.name = "cap",
        .type = kDuration,
        .preset = "30s",
        .text = "Longest wait.",
        .least = 1,
        .most = 24 * kHour},
    Key{.name = "delays",
        .type = kDurations,
        .text = "The waits one by one, in place of `max_attempts`, `base` and `cap`. A placeholder "
                "may bring them as `300,600` (seconds).",
        .least = 1,
        .most = 100},
    Key{.name = "max_retries",
        .type = kInteger,
        .text = "With `delays`: attempts after the first. Default: as many as there are delays; "
                "beyond them the last one repeats.",
        .most = 1000},
    Key{.name = "topics",
        .type = kString,
        .text = "With `delays`: where records wait for them, in place of memory: Kafka topics, one "
                "a delay, as `kafka://host:9092/orders.retry.{delay}`; `{delay}` is written as "
                "`5m`, `{seconds}` as `300`. Before each wait stand `max_attempts`, `base` and "
                "`cap` as ever."},
};

constexpr std::array kBreaker = {
    Key{.name = "failures",
        .type = kInteger,
        .preset = "5",
        .text = "Calls that fail in a row and open it; 0: this alone does not.",
        .most = 10'000},
    Key{.name = "error_rate",
        .type = kShare,
        .preset = "50%",
        .text = "Share of the last `calls` that fail or are slow and open it; 0: this alone does "
                "not."},
    Key{.name = "calls",
        .type = kInteger,
        .preset = "20",
        .text = "How many of the last calls `error_rate` looks at; fewer open nothing.",
        .least = 1,
        .most = 10'000},
    Key{.name = "slow_call",
        .type = kDuration,
        .text = "A call that takes this long counts like a failed one in `error_rate`. Default: "
                "the sink's `timeout`.",
        .least = 1,
        .most = 24 * kHour},
    Key{.name = "half_open_after",
        .type = kDuration,
        .preset = "30s",
        .text = "How long the sink is left alone before one record is tried.",
        .least = 1,
        .most = 24 * kHour},
};

constexpr std::array kSpool = {
    Key{.name = "size",
        .type = kSize,
        .preset = "0",
        .text = "Most bytes of records on disk; 0: no spool.",
        .most = 1e6 * kGiB},
    Key{.name = "drain_rate",
        .type = kRate,
        .text = "Most records a second that come back out of it. Default: faster and faster, as "
                "the sink takes them."},
};

constexpr std::array kSink = {
    Key{.name = "use",
        .type = kLabel,
        .text = "Component id of a sink plugin, such as `sqlite`.",
        .required = true},
    Key{.name = "config",
        .type = kOptions,
        .text = "The component's own options; `sluice plugins describe ID` lists them."},
    Key{.name = "required",
        .type = kBool,
        .preset = "true",
        .text = "`false`: a record counts as settled without this sink."},
    Key{.name = "batch",
        .type = kSection,
        .text = "How records are gathered for one write.",
        .children = kBatch},
    Key{.name = "order",
        .type = kChoice,
        .preset = "lane",
        .text = "`lane`: records of one lane arrive in their order; `none`: neighbours may pass a "
                "record that is tried again.",
        .choices = kOrders},
    Key{.name = "writers",
        .type = kInteger,
        .preset = "1",
        .text = "Instances writing in parallel. A lane belongs to one of them. Each has its share "
                "of the "
                "spool.",
        .least = 1,
        .most = 64},
    Key{.name = "timeout",
        .type = kDuration,
        .preset = "60s",
        .text = "How long a record may wait for this sink.",
        .least = 1,
        .most = 24 * kHour},
    Key{.name = "retry",
        .type = kSection,
        .text = "How a write is tried again.",
        .children = kRetry},
    Key{.name = "on_unavailable",
        .type = kChoice,
        .preset = "hold",
        .text = "While the sink is unavailable: hold its records and, once memory is full, stop "
                "its sources (`hold`), or dead-letter them after the attempts (`dead_letter`).",
        .choices = kUnavailable},
    Key{.name = "maybe_applied",
        .type = kChoice,
        .preset = "retry",
        .text =
            "A try that failed may have left an effect, and the sink is not idempotent: `retry` "
            "may write the record twice, `dead_letter` leaves it to people.",
        .choices = kMaybeApplied},
    Key{.name = "older",
        .type = kChoice,
        .preset = "dead_letter",
        .text = "What a record with an older revision than the stored one becomes.",
        .choices = kOlder},
    Key{.name = "on_equal",
        .type = kChoice,
        .preset = "skip",
        .text = "What is done with a record of the stored revision.",
        .choices = kOnEqual},
    Key{.name = "breaker",
        .type = kSection,
        .text = "When a failing sink is left alone.",
        .children = kBreaker},
    Key{.name = "spool",
        .type = kSection,
        .text = "Disk space for records the sink cannot take; a plain size stands for `size`.",
        .children = kSpool,
        .scalar_fills = "size"},
};

}  // namespace

Keys sink_keys() { return kSink; }

}  // namespace sluice::config
