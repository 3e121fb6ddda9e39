// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/kafka/sink.h"

#include "plugins/sinks/kafka/description.h"

namespace sluice::kafka_sink {

KafkaSink::KafkaSink(Context context, const Config& config)
    : context_(context), options_(config), producer_(context) {}

void KafkaSink::close() {
  producer_.end();
  columns_.reset();
  targets_.clear();
  opened_ = false;
}

namespace {

constexpr auto kReasons = reason_table<Reason>(
    reject_reason(Reason::kTooLarge, "too_large",
                  "The record is larger than the topic or the client takes.", "TOO_LARGE"),
    reject_reason(Reason::kKeyMissing, "key_missing",
                  "The record has no key, and needs one: `key` points at nothing, it is a "
                  "deletion, or the topic is compacted.",
                  "VALIDATION_FAIL"),
    reject_reason(Reason::kRefused, "record_refused", "The broker refuses what the record holds.",
                  "CONSTRAINT_VIOLATION"),
    reject_reason(Reason::kTopicInvalid, "topic_invalid",
                  "What the record gives for its topic's name makes none.", "VALIDATION_FAIL"),
    reject_reason(Reason::kTooManyTopics, "too_many_topics",
                  "The record names one topic more than `max_topics`.", "CONSTRAINT_VIOLATION"),
    retry_reason(Reason::kTopicMissing, "topic_missing",
                 "The topic that the record names is not there, or not for us.",
                 "CONNECTION_ERROR"),
    retry_reason(Reason::kDeliveryTimeout, "delivery_timeout",
                 "The record was not acknowledged in time.", "SINK_TIMEOUT"),
    retry_reason(Reason::kBrokerError, "broker_error",
                 "The broker could not take the record for the moment.", "CONNECTION_ERROR"));

constexpr auto kMetrics = metric_table<Metric>(
    histogram(Metric::kDeliverySeconds, "delivery_seconds",
              "Seconds from the begin of a write until its last message was acknowledged."),
    counter(Metric::kBytes, "bytes_total", "Bytes of keys and values that were acknowledged."),
    counter(Metric::kClients, "clients_total",
            "Clients made, the first and those in place of one that was given up."),
    counter(Metric::kQueueFull, "queue_full_total",
            "Times the client's queue was full and the sink had to wait for reports."),
    counter(Metric::kCulpritSearches, "culprit_searches_total",
            "Batches the broker refused as a whole, so that the record at fault had to be found."),
    counter(Metric::kTransactions, "transactions_total", "Transactions committed."),
    counter(Metric::kTransactionsAborted, "transactions_aborted_total", "Transactions aborted."),
    gauge(Metric::kTopics, "topics", "Topics that records have chosen, where they may."));

}  // namespace

constinit const sluice_component kKafkaSink = sink_component<KafkaSink, kReasons, kMetrics>(
    {.id = "kafka",
     .summary = "Writes records as messages of a topic of Apache Kafka, each answered for by its "
                "own delivery report.",
     .config_schema = kConfigSchema.data(),
     .example_config = kExampleConfig,
     .caps = SLUICE_CAP_ORDERED});

}  // namespace sluice::kafka_sink
