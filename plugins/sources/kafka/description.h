// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/common/kafka_schema.h"

namespace sluice::kafka_source {

inline constexpr auto kConfigSchema = common::kafka::joined(
    R"json({
  "type": "object",
  "description": "Reads topics of Apache Kafka as a member of a consumer group.",
  "additionalProperties": false,
  "required": ["brokers", "topics"],
  "properties": {
)json",
    common::kafka::kBrokersSchema, R"json(    "topics": {
      "oneOf": [
        {"type": "string", "minLength": 1},
        {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}}
      ],
      "description": "Topics by name; one that begins with ^ is a regular expression, and topics that match it are taken up when they come.",
      "examples": [["orders", "^audit[.].*"]]
    },
    "group_id": {
      "type": "string", "default": "",
      "description": "Consumer group. Empty: <group_prefix>-<name of the source>."
    },
    "group_prefix": {
      "type": "string", "default": "",
      "description": "What the group's name begins with where group_id is empty. Empty: $KAFKA_CONSUMER_GROUP_PREFIX, and without it ingest-adapter."
    },
    "group_instance_id": {
      "type": "string", "default": "",
      "description": "Static membership: a name of this process alone, with which it keeps its partitions over a restart shorter than session_timeout. Empty: none."
    },
    "assignment": {
      "type": "string", "enum": ["cooperative-sticky", "range", "roundrobin"], "default": "cooperative-sticky",
      "description": "How the group shares partitions; the same for all its members. With cooperative-sticky a partition that stays with its member never stops."
    },
    "auto_offset_reset": {
      "type": "string", "enum": ["earliest", "latest", "none"], "default": "earliest",
      "description": "Where a partition starts for which the group has no committed offset; none: the source stops and says so. A committed offset that the topic no longer holds goes to the earliest that it does, with none it stops."
    },
    "start": {
      "type": "string", "default": "committed",
      "description": "Where the group is put, once: committed (where it is), earliest, latest or a time (2026-01-31T12:00:00Z). A restart with the same value goes on; another value moves the group again, and the records are processed anew. The same for all members."
    },
    "until": {
      "oneOf": [{"type": "string"}, {"type": "integer", "minimum": 0}],
      "default": "",
      "description": "Makes the source finite: end (where each partition ends when it is given to us), a time (2026-01-31T12:00:00Z) or an offset; that record is not read. Empty: never ends."
    },
    "commit": {
      "type": "string", "enum": ["", "on_settled", "interval", "auto"], "default": "",
      "description": "When settled offsets are committed, never what: on_settled (at once), interval (each commit_interval), auto (likewise, never waiting for the answer). Empty: as auto_commit and commit_on_publish say."
    },
    "auto_commit": {
      "type": "boolean", "default": false,
      "description": "Without commit: true is commit: interval."
    },
    "commit_on_publish": {
      "type": "boolean", "default": true,
      "description": "Without commit: true is on_settled, false is interval."
    },
    "commit_async": {
      "type": "boolean", "default": true,
      "description": "true: reading goes on while a commit is under way; false: it waits for the answer."
    },
    "commit_interval": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "5s",
      "description": "With commit interval or auto: time between two commits, 10ms to 1h."
    },
    "tombstone": {
      "type": "string", "enum": ["delete", "skip", "dead_letter"], "default": "delete",
      "description": "A record with a key and no value: hand it on as a deletion, leave it out, or make it a dead letter."
    },
    "isolation": {
      "type": "string", "enum": ["read_committed", "read_uncommitted"], "default": "read_committed",
      "description": "read_committed: records of transactions come once they are committed, those of aborted ones never."
    },
    "session_timeout": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "45s",
      "description": "After so long without a sign of life the group gives our partitions to others."
    },
    "revoke_timeout": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$",
      "description": "How long a partition that the group takes back may be drained before what is not settled is left to its next reader; at most session_timeout. Absent: two thirds of it."
    },
    "connect_timeout": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "10s",
      "description": "How long one attempt to get an answer of the cluster lasts; the runtime goes on trying."
    },
    "publish_lag": {
      "type": "boolean", "default": false,
      "description": "Log the lag of each partition every lag_interval."
    },
    "lag_topic": {
      "type": "string",
      "description": "Topic that gets a snapshot of the lag every lag_interval, such as telemetry.kafka.lag. Absent: none."
    },
    "lag_interval": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "30s",
      "description": "Time between two snapshots of the lag in the log and in lag_topic."
    },
    "statistics_interval": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "15s",
      "description": "How often the client's own statistics become metrics; 0s: never."
    },
)json",
    common::kafka::kSecuritySchema,
    R"json(      "examples": [{"fetch.min.bytes": 65536, "client.rack": "a"}])json",
    common::kafka::kSchemaEnd);

inline constexpr char kExampleConfig[] = R"json({
  "brokers": "kafka-1:9092,kafka-2:9092",
  "topics": ["orders"],
  "group_id": "orders-ingest",
  "auto_offset_reset": "earliest"
})json";

}  // namespace sluice::kafka_source
