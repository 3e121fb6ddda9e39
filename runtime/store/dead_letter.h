// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

// A record that could not be delivered, with everything a later redrive needs. Field names in JSON
// are those of design section 5 (`sample --json`).
struct DeadLetter {
  uint64_t seq = 0;  // the store's own number, in the order of first writing; 0: not stored yet
  std::string id;    // letter_id(): the same failure of the same record updates its letter
  std::string tenant;
  std::string pipeline;
  std::string source;
  std::string lane;
  uint64_t position = 0;
  uint32_t part = 0;
  std::string stage;     // "parse", "validate", "lift", "transform", "output", "deliver"
  std::string sink;      // stage deliver: which sink
  std::string reason;    // reason code, e.g. "SCHEMA_DRIFT"
  std::string detail;    // what was found and expected; the plugin's own reason
  std::string pointer;   // JSON Pointer into the record, when known
  std::string raw;       // the original bytes, untouched
  std::string rendered;  // stage deliver: what the sink was given
  std::optional<std::string> rendered_key;  // stage deliver: the key it was given, if not `key`
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::string>> headers;
  uint32_t flags = 0;     // SLUICE_RECORDF_* of the record
  bool no_value = false;  // the record had no value at all, which is not the same as an empty one
  int64_t event_time_us = 0;
  std::string schema_version;
  std::string script_hash;
  std::string bundle_hash;
  uint32_t attempts = 1;
  int64_t first_at_us = 0;
  int64_t last_at_us = 0;
  uint32_t redrives = 0;     // that failed again
  std::string first_reason;  // of the first failure; empty: it is `reason`
  // Stage deliver: sinks this letter does not stand for: they have the record, or a letter of their
  // own. A redrive passes them over.
  std::vector<std::string> done_sinks;
  bool answered = false;  // its sender was told: left out of redrives unless named by id
  // What `dead_letters.show` asks for: JSON Pointer and the value's text.
  std::vector<std::pair<std::string, std::string>> fields;
  // Of a letter in a retry topic: how often it has waited in one. Of one that is to be put: it is
  // to wait in the next one, and is no dead letter. In no store.
  uint32_t retries = 0;
  bool waits = false;
  bool masked = false;  // never stored: sensitive values were hidden, so `raw` is not the original
};

// hex SHA-256 over the length-prefixed identity of the letter: pipeline, source, lane, position,
// part, sink or stage, original bytes.
std::string letter_id(const DeadLetter& letter);
// True for SINK_TIMEOUT, CONNECTION_ERROR, RATE_LIMITED, CIRCUIT_OPEN.
bool is_retryable_reason(std::string_view reason);
// What ties the record to other systems: the first of the headers traceparent, correlation-id,
// x-correlation-id, x-request-id; empty: it has none.
std::string_view correlation_of(const DeadLetter& letter);
// One JSON object on one line; `full` false leaves out raw_base64, rendered and headers.
std::string letter_json(const DeadLetter& letter, bool full);

}  // namespace sluice
