// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plugins/common/kafka_schema.h"

namespace sluice::kafka_sink {

inline constexpr auto kConfigSchema = common::kafka::joined(
    R"json({
  "type": "object",
  "description": "Writes records as messages of a topic of Apache Kafka.",
  "additionalProperties": false,
  "required": ["brokers", "topic"],
  "properties": {
)json",
    common::kafka::kBrokersSchema, R"json(    "topic": {
      "type": "string", "minLength": 1, "maxLength": 1000,
      "description": "Topic to write to; it has to be there. {/pointer} is filled by a text, number or boolean of each record's value, {header:NAME} by a header.",
      "examples": ["orders", "orders.{/region}"]
    },
    "max_topics": {
      "type": "integer", "minimum": 1, "maximum": 10000, "default": 100,
      "description": "How many topics the records may choose; a record that names one more is refused."
    },
    "key": {
      "type": "string", "default": "record",
      "description": "The message's key, which decides its partition: record (the key the record has), none, or a JSON Pointer to a text, number or boolean of the value.",
      "examples": ["/order_id"]
    },
    "keep_headers": {
      "type": "boolean", "default": true,
      "description": "Pass on the headers the record came with."
    },
    "headers": {
      "type": "object",
      "description": "Headers set on each message; one of the same name that the record came with gives way. Absent: none.",
      "additionalProperties": {"type": "string", "description": "Value of the header."},
      "examples": [{"origin": "sluice"}]
    },
    "timestamp": {
      "type": "string", "enum": ["record", "now"], "default": "record",
      "description": "The message's time: the record's event time (now where it has none), or the time it is sent."
    },
    "partitioner": {
      "type": "string",
      "enum": ["murmur2_random", "murmur2", "consistent_random", "consistent", "random", "fnv1a_random", "fnv1a"],
      "default": "murmur2_random",
      "description": "How a key chooses its partition. murmur2_random: as Java's clients do; ..._random: messages without a key go anywhere."
    },
    "partition": {
      "type": "integer", "minimum": 0,
      "description": "The one partition to write to. Absent: the partitioner decides."
    },
    "compression": {
      "type": "string", "enum": ["none", "gzip", "snappy", "lz4", "zstd"], "default": "none",
      "description": "Codec of the batches."
    },
    "acks": {
      "type": "string", "enum": ["all", "leader"], "default": "all",
      "description": "Who must have a message before it counts as written: all replicas in sync, or the leader alone (it can be lost with it; needs idempotent: false)."
    },
    "idempotent": {
      "type": "boolean", "default": true,
      "description": "The broker recognises what the client sends again after a lost answer: no doubles, order kept."
    },
    "linger": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "5ms",
      "description": "How long the client waits for more before it sends a batch that is not full; the end of a write never waits."
    },
    "delivery_timeout": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "60s",
      "description": "How long a write goes on trying; then what is not acknowledged is tried again by the runtime."
    },
    "connect_timeout": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "10s",
      "description": "How long one attempt to get an answer of the cluster lasts; the runtime goes on trying."
    },
    "transactional_id": {
      "type": "string", "default": "",
      "description": "Each write is one transaction of this id, which no other process or sink may use. Empty: no transactions."
    },
)json",
    common::kafka::kSecuritySchema,
    R"json(      "examples": [{"queue.buffering.max.kbytes": 65536, "client.id": "orders"}])json",
    common::kafka::kSchemaEnd);

inline constexpr char kExampleConfig[] = R"json({
  "brokers": "kafka-1:9092,kafka-2:9092",
  "topic": "orders",
  "key": "/order_id",
  "compression": "zstd"
})json";

}  // namespace sluice::kafka_sink
