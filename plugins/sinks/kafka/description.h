// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice::kafka_sink {

inline constexpr char kConfigSchema[] = R"json({
  "type": "object",
  "description": "Writes records as messages of a topic of Apache Kafka.",
  "additionalProperties": false,
  "required": ["brokers", "topic"],
  "properties": {
    "brokers": {
      "oneOf": [
        {"type": "string"},
        {"type": "array", "minItems": 1, "items": {"type": "string"}}
      ],
      "description": "Where the cluster is found: host:port, several with commas between them or as a list.",
      "examples": ["kafka-1:9092,kafka-2:9092"]
    },
    "topic": {
      "type": "string", "minLength": 1, "maxLength": 249,
      "description": "Topic to write to; it has to be there.",
      "examples": ["orders"]
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
    "security_protocol": {
      "type": "string", "default": "PLAINTEXT",
      "description": "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."
    },
    "sasl_mechanism": {
      "type": "string", "default": "",
      "description": "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER."
    },
    "sasl_username": {"type": "string", "default": "", "description": "User for PLAIN and SCRAM."},
    "sasl_password": {
      "type": "string", "default": "", "writeOnly": true, "description": "Password for PLAIN and SCRAM."
    },
    "ssl_ca": {
      "type": "string", "default": "",
      "description": "File or folder with the authorities that sign the brokers' certificates. Empty: the system's."
    },
    "ssl_certificate": {"type": "string", "default": "", "description": "Our certificate (PEM), where the brokers want one."},
    "ssl_key": {"type": "string", "default": "", "description": "Its private key (PEM)."},
    "ssl_key_password": {
      "type": "string", "default": "", "writeOnly": true, "description": "Password of the private key."
    },
    "librdkafka": {
      "type": "object",
      "description": "Properties of librdkafka by their own names, for what has no option here. Those that load code, and those that an option sets, are refused. Absent: none.",
      "additionalProperties": {"$ref": "#/definitions/property"},
      "examples": [{"queue.buffering.max.kbytes": 65536, "client.id": "orders"}]
    }
  },
  "definitions": {
    "property": {
      "description": "Value of a property.",
      "oneOf": [
        {"type": "string", "description": "Text."},
        {"type": "number", "description": "Number."},
        {"type": "boolean", "description": "Switch."}
      ]
    }
  }
})json";

inline constexpr char kExampleConfig[] = R"json({
  "brokers": "kafka-1:9092,kafka-2:9092",
  "topic": "orders",
  "key": "/order_id",
  "compression": "zstd"
})json";

}  // namespace sluice::kafka_sink
