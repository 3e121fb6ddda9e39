// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/status.h"

namespace sluice {

// A record that could not be delivered, with everything a later redrive needs. Field names in JSON
// are those of design section 5 (`sample --json`).
struct DeadLetter {
  std::string id;  // letter_id(): the same failure of the same record updates its letter
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
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::string>> headers;
  int64_t event_time_us = 0;
  std::string schema_version;
  std::string script_hash;
  std::string bundle_hash;
  uint32_t attempts = 1;
  int64_t first_at_us = 0;
  int64_t last_at_us = 0;
  // What `dead_letters.show` asks for: JSON Pointer and the value's text.
  std::vector<std::pair<std::string, std::string>> fields;
};

// hex SHA-256 over the length-prefixed identity of the letter: pipeline, source, lane, position,
// part, sink or stage, original bytes.
std::string letter_id(const DeadLetter& letter);
// True for SINK_TIMEOUT, CONNECTION_ERROR, RATE_LIMITED, CIRCUIT_OPEN.
bool is_retryable_reason(std::string_view reason);
// One JSON object on one line; `full` false leaves out raw_base64, rendered and headers.
std::string letter_json(const DeadLetter& letter, bool full);

// Which letters; times are of the last failure: since_us <= last_at_us < until_us, 0 for no bound.
struct LetterFilter {
  std::string tenant;  // empty: any; the same for the others
  std::string pipeline;
  std::string reason;
  std::string source;
  int64_t since_us = 0;
  int64_t until_us = 0;
};

// Dead letters on disk. put() of many is one transaction, durable when it returns. Any thread; one
// writer at a time inside, readers beside it.
class DeadLetterStore {
 public:
  virtual ~DeadLetterStore() = default;
  // Writing an id again updates last_at, attempts, reason, detail and what belongs to them
  // (pointer, rendered output, versions and hashes), keeps first_at and the original bytes. An
  // empty id is filled by letter_id().
  virtual Status put(const std::vector<DeadLetter>& letters) = 0;
  virtual Result<std::map<std::string, uint64_t>> count_by_reason(const LetterFilter& filter) = 0;
  // Newest first, at most `limit`.
  virtual Status each(const LetterFilter& filter, uint64_t limit,
                      const std::function<void(const DeadLetter&)>& visit) = 0;
  virtual Result<std::optional<DeadLetter>> find(const std::string& id) = 0;
  // Letters stored now.
  virtual Result<uint64_t> count() = 0;
  // Retention: removes letters whose last failure is older than `us`, oldest first, and gives disk
  // space back. Bounded work (at most kPurgeBatch letters a call); call it again at leisure.
  static constexpr uint64_t kPurgeBatch = 10'000;
  virtual Status purge_older_than(int64_t us) = 0;
};

// SQLite file `dead_letters.db` in the state folder; errors as for the checkpoint store.
// read_only: for commands beside a running process; creates nothing (kNotFound when there is no
// such file), and put() and purge_older_than() answer kInvalid.
Result<std::unique_ptr<DeadLetterStore>> open_dead_letter_store(const std::filesystem::path& dir,
                                                                bool read_only = false);

}  // namespace sluice
