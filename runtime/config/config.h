// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The typed form of sluice.yaml: plain values, defaults filled in, placeholders replaced, paths
// absolute. Made by load_config(); immutable afterwards and shared by reference.
namespace sluice {

using Millis = std::chrono::milliseconds;

// Where a value stands, for messages that come later than parsing ("sluice.yaml:12").
struct ConfigPlace {
  std::string file;
  int line = 0;
  [[nodiscard]] std::string text() const { return file + ":" + std::to_string(line); }
};

// Where the options of a `config:` map stand in the file, and which of them were nothing but a
// placeholder: those take their type from the component's schema, see type_placeholders().
struct OptionPlaces {
  std::map<std::string, int, std::less<>> lines;         // JSON Pointer in config_json -> line
  std::map<std::string, std::string> placeholder_texts;  // JSON Pointer -> the replaced text
};

struct SourceConfig {
  std::string name;         // instance name, unique in the process
  std::string use;          // component id
  std::string config_json;  // the `config:` map as JSON; the plugin host checks and completes it
  bool low_priority = false;
  ConfigPlace place;
  OptionPlaces options;
  // The place of the option a JSON Pointer names, or of the nearest thing around it.
  [[nodiscard]] ConfigPlace place_of(std::string_view pointer) const;
};

enum class SinkOrder { kLane, kNone };
enum class OnUnavailable { kHold, kDeadLetter };
enum class MaybeApplied { kRetry, kDeadLetter };

struct RetryConfig {
  int max_attempts = 5;
  Millis base{200};
  Millis cap{30'000};
  std::vector<Millis> delays;  // when not empty: these instead of base and cap
};

// Where records whose attempts at a sink are spent wait to be tried again: `retry.topics`.
struct RetryTopicsConfig {
  std::string address;  // kafka://brokers/name with {delay} or {seconds} in the name
  std::vector<Millis> delays;
  uint32_t max_retries = 0;  // beyond the last delay that one repeats
};

// When a failing sink is left alone: `breaker:` of a sink.
struct BreakerConfig {
  uint32_t failures = 5;    // calls that fail in a row; 0: not a reason
  double error_rate = 0.5;  // share of the last `calls` that fail or are slow; 0: not a reason
  uint32_t calls = 20;
  Millis slow_call{60'000};  // `timeout`, unless the file says otherwise
  Millis half_open_after{30'000};
};

struct SinkBatchConfig {
  uint32_t records = 5000;
  uint64_t bytes = 8ULL << 20;
  Millis linger{20};
};

struct SinkConfig {
  std::string name;
  std::string use;
  std::string config_json;
  bool required = true;
  SinkOrder order = SinkOrder::kLane;
  SinkBatchConfig batch;
  uint32_t writers = 1;
  Millis timeout{60'000};
  RetryConfig retry;
  std::optional<RetryTopicsConfig> retry_topics;
  BreakerConfig breaker;
  OnUnavailable on_unavailable = OnUnavailable::kHold;
  // A try that may have left an effect, at a sink that is not idempotent: twice, or by hand.
  MaybeApplied maybe_applied = MaybeApplied::kRetry;
  uint64_t spool_bytes = 0;                // on disk, for what the sink cannot take; 0: no spool
  std::optional<double> spool_drain_rate;  // records a second; nothing: as the sink takes them
  bool older_is_duplicate = false;         // `older: duplicate`; default: dead letter
  bool overwrite_equal = false;            // `on_equal: overwrite`; default: skip
  ConfigPlace place;
  OptionPlaces options;
  [[nodiscard]] ConfigPlace place_of(std::string_view pointer) const;  // as in SourceConfig
};

enum class UnknownFields { kIgnore, kReport, kReject };

// What the drift ledger looks at: `drift:` in the section `schema` of a pipeline.
struct DriftConfig {
  enum class Observe { kOff, kSampled, kFull };
  Observe observe = Observe::kOff;  // that of a pipeline without the section
  double sample = 0.01;             // kSampled: share of records
  uint64_t baseline = 1000;         // records of a source that are learned from first
  uint32_t max_paths = 10'000;      // different paths of a source that are kept
};

// A schema registry (the interface of Confluent's, which others speak too).
struct RegistryConfig {
  std::string url;  // without a slash at its end, a user or a password
  std::string user;
  std::string password;
  std::filesystem::path ssl_ca;  // empty: the system's authorities
  std::string subject;           // empty: ids of every subject count
  Millis timeout{5'000};         // of one request
  Millis refresh{60'000};        // how long an id that is not known is not asked for again
};

// Where a record of a lineage names its version.
struct SchemaVersionConfig {
  enum class From {
    kPointer,    // a member of the record
    kHeader,     // a header beside it
    kConfluent,  // the schema id of the Confluent wire format in front of it
    kTry,        // nowhere: the newest version that fits
  };
  From from = From::kPointer;
  std::string pointer;
  std::string header;
  std::filesystem::path ids;  // kConfluent: a JSON file, schema id -> version, or
  std::optional<RegistryConfig> registry;
  std::optional<uint32_t> fallback;  // `default`: of records that name none
};

struct SchemaConfig {
  std::filesystem::path path;  // a file (single-file form) or a lineage folder
  bool lineage = false;
  std::filesystem::path lifts;  // lineage: the folder of N_to_M.lua
  SchemaVersionConfig version;
  UnknownFields unknown_fields = UnknownFields::kReport;
  std::string formats =
      "default";  // what `format` does: default (as the dialect says), assert, ignore
  // Schemas whose URI begins so are files of that folder; nothing is ever fetched.
  std::vector<std::pair<std::string, std::filesystem::path>> remotes;
  ConfigPlace place;
};

struct IdempotencyConfig {
  enum class Key { kOrigin, kRaw, kPointers, kHeader, kOff };
  Key key = Key::kOrigin;
  std::vector<std::string> pointers;
  std::string header;
  Millis ttl{7LL * 86'400'000};
  bool admit_when_away = false;  // `on_unavailable: admit`; default: hold
};

struct LimitsConfig {  // `limits:` of a pipeline
  uint64_t record_bytes = 1ULL << 20;
  uint32_t depth = 128;
};

struct ScriptLimitsConfig {  // `script_limits:` of a pipeline
  Millis cpu{100};
  Millis wall{1000};
  uint64_t memory = 64ULL << 20;
  uint64_t output = 1ULL << 20;
  uint64_t instructions = 10'000'000;
  uint32_t emitted = 1000;
  uint32_t log_lines = 100;
};

// `transform.shadow:` of a pipeline: what a changed bundle is tried on before it runs.
struct ShadowConfig {
  uint32_t records = 1000;        // the last so many
  uint64_t bytes = 16ULL << 20;   // of them at most
  bool dead_letters = true;       // stored letters that it might cure
  double max_newly_rejected = 1;  // share of the records; more refuse it
};

struct FlowConfig {
  std::optional<double> rate;  // records a second over all sources of the pipeline
  double burst_multiplier = 1;
  uint64_t max_in_flight = 48ULL << 20;  // bytes of record values held at once
};

struct DeadLettersConfig {
  Millis keep{30LL * 86'400'000};
  std::vector<std::string> show;
  uint64_t max_bytes = 4ULL << 30;
  bool drop_oldest = false;  // `when_full: drop_oldest`; default: hold
};

// When a flood of dead letters pauses a source: `dlq_burst:` of a pipeline.
struct DlqBurstConfig {
  bool on = true;
  double share = 0.2;      // of the last `window` records of a source, with one reason
  uint32_t least = 100;    // dead letters
  uint32_t window = 1000;  // records
  Millis cool_down{60'000};
};

struct PipelineConfig {
  std::string name;
  std::string tenant = "default";
  std::vector<SourceConfig> sources;
  std::optional<SchemaConfig> schema;
  DriftConfig drift;
  std::optional<std::filesystem::path> transform;
  std::optional<ShadowConfig> shadow;  // of the transform
  std::optional<double> rollout;       // share of keys that a changed bundle runs for at first
  std::optional<std::filesystem::path> output_schema;
  IdempotencyConfig idempotency;
  std::vector<std::string> sensitive;  // JSON Pointers masked wherever people look
  LimitsConfig limits;
  ScriptLimitsConfig script_limits;
  FlowConfig flow;
  DeadLettersConfig dead_letters;
  DlqBurstConfig dlq_burst;
  bool watch_files = true;  // `reload: watch`; false: only when asked
  std::vector<SinkConfig> sinks;
  ConfigPlace place;
};

enum class LogFormat { kAuto, kText, kJson };

struct RuntimeConfig {
  std::vector<std::filesystem::path> plugin_dirs;
  bool plugin_dirs_default = false;  // the file does not name them: each may be missing
  std::filesystem::path state_dir;
  std::string shared_state;                     // URL of a Redis; empty: none
  std::string dead_letters_dsn;                 // PostgreSQL or a topic; empty: state_dir
  std::string admin_listen = "127.0.0.1:8080";  // empty: no admin server
  uint32_t workers = 0;                         // 0: one a core
  Millis drain_timeout{30'000};
  LogFormat log_format = LogFormat::kAuto;
  std::string log_level = "info";
};

struct Config {
  std::filesystem::path file;
  RuntimeConfig runtime;
  std::vector<PipelineConfig> pipelines;  // in the order of the file
};

}  // namespace sluice
