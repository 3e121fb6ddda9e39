// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/keys.h"

#include <array>

namespace sluice::config {
namespace {

using enum KeyType;

constexpr double kMinute = 60e3;
constexpr double kHour = 3600e3;
constexpr double kYear = 366 * 86'400e3;
constexpr double kGiB = 1024.0 * 1024 * 1024;

constexpr std::array<std::string_view, 3> kLogFormats = {"auto", "text", "json"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> kPriorities = {"normal", "low"};
constexpr std::array<std::string_view, 2> kOrders = {"lane", "none"};
constexpr std::array<std::string_view, 2> kUnavailable = {"hold", "dead_letter"};
constexpr std::array<std::string_view, 2> kOlder = {"dead_letter", "duplicate"};
constexpr std::array<std::string_view, 2> kOnEqual = {"skip", "overwrite"};
constexpr std::array<std::string_view, 2> kIdempotency = {"origin", "off"};

constexpr std::array kState = {
    Key{.name = "dir", .type = kFolder, .preset = "./state",
        .text = "Folder of checkpoints and dead letters; made if missing, one process at a time."},
    Key{.name = "shared", .text = "State shared by several nodes.",
        .unbuilt = "state shared by several nodes"},
    Key{.name = "dead_letters", .text = "Dead letters in a database of their own.",
        .unbuilt = "a dead-letter database"},
};

constexpr std::array kAdmin = {
    Key{.name = "listen", .type = kListen, .preset = "127.0.0.1:8080",
        .text = "Address of health checks and metrics; `off` for none, port 0 for any free one."},
    Key{.name = "metrics_listen", .text = "Another address for metrics.",
        .unbuilt = "a separate address for metrics"},
    Key{.name = "tokens", .text = "Tokens and their roles.", .unbuilt = "admin tokens"},
    Key{.name = "loopback", .text = "Role of calls from this machine.", .unbuilt = "admin roles"},
    Key{.name = "auth", .text = "How callers prove who they are.",
        .unbuilt = "admin authentication"},
};

constexpr std::array kLog = {
    Key{.name = "format", .type = kChoice, .preset = "auto",
        .text = "Form of log lines; `auto` is text on a terminal, else JSON.",
        .choices = kLogFormats},
    Key{.name = "level", .type = kChoice, .preset = "info", .text = "Least severe line written.",
        .choices = kLogLevels, .live = true},
};

constexpr std::array kRuntime = {
    Key{.name = "plugin_dirs", .type = kFolders,
        .text = "Folders searched for plugins, in this order. Default: `../lib/sluice/plugins` "
                "beside the executable, then `/plugins`; those may be missing.",
        .least = 1, .most = 64},
    Key{.name = "state", .type = kSection, .text = "Where the process keeps what must outlive it.",
        .children = kState},
    Key{.name = "admin", .type = kSection, .text = "The HTTP side of the process.",
        .children = kAdmin},
    Key{.name = "workers", .type = kWorkers, .preset = "auto",
        .text = "Threads that parse, validate and transform; `auto` is one a core.", .least = 1,
        .most = 1024},
    Key{.name = "drain_timeout", .type = kDuration, .preset = "30s",
        .text = "How long a stop waits for records on their way.", .most = kHour},
    Key{.name = "log", .type = kSection, .text = "What is logged, and how.", .children = kLog},
    Key{.name = "env_dir", .text = "Folder with one file a variable, watched.",
        .unbuilt = "a watched folder of variables"},
    Key{.name = "telemetry", .text = "The runtime's own events as records.",
        .unbuilt = "telemetry"},
};

constexpr std::array kSource = {
    Key{.name = "use", .type = kLabel, .text = "Component id of a source plugin, such as `file`.",
        .required = true},
    Key{.name = "config", .type = kOptions,
        .text = "The component's own options; `sluice plugins describe ID` lists them."},
    Key{.name = "priority", .type = kChoice, .preset = "normal",
        .text = "`low`: given up first when load must be shed.", .choices = kPriorities},
};

constexpr std::array kSchema = {
    Key{.name = "file", .type = kInputFile, .text = "JSON Schema every record must satisfy.",
        .required = true},
    Key{.name = "lineage", .text = "Folder of numbered versions of one schema.",
        .unbuilt = "a schema lineage"},
    Key{.name = "version", .text = "Where a record names its version.",
        .unbuilt = "a schema lineage"},
    Key{.name = "unknown_fields", .text = "What fields outside the schema lead to.",
        .unbuilt = "a rule for unknown fields"},
};

constexpr std::array kTransform = {
    Key{.name = "file", .type = kInputFile, .text = "Lua script with the function `transform`.",
        .required = true},
    Key{.name = "rollout", .text = "Share of keys a new version runs on first.",
        .unbuilt = "a gradual rollout"},
};

constexpr std::array kIdempotent = {
    Key{.name = "key", .type = kChoice, .preset = "origin",
        .text = "What makes two records the same: where they came from (`origin`), or nothing "
                "(`off`).",
        .choices = kIdempotency},
    Key{.name = "ttl", .text = "How long a key is remembered.", .unbuilt = "a key's lifetime"},
};

constexpr std::array kLimits = {
    Key{.name = "record_bytes", .type = kSize, .preset = "1MiB",
        .text = "Largest record; a longer one is dead-lettered as TOO_LARGE.", .least = 1,
        .most = kGiB},
    Key{.name = "depth", .type = kInteger, .preset = "128",
        .text = "Deepest nesting of lists and objects in a record.", .least = 1, .most = 10'000},
};

constexpr std::array kScriptLimits = {
    Key{.name = "cpu", .type = kDuration, .preset = "100ms", .text = "Processor time of one call.",
        .least = 1, .most = kHour},
    Key{.name = "wall", .type = kDuration, .preset = "1s", .text = "Wall-clock time of one call.",
        .least = 1, .most = kHour},
    Key{.name = "memory", .type = kSize, .preset = "64MiB",
        .text = "Memory of one script state; every worker has its own.", .least = 1024.0 * 1024,
        .most = 64 * kGiB},
    Key{.name = "output", .type = kSize, .preset = "1MiB",
        .text = "Bytes that one call may give back.", .least = 1, .most = kGiB},
    Key{.name = "instructions", .type = kInteger, .preset = "10000000",
        .text = "Lua instructions of one call.", .least = 1000, .most = 1e12},
    Key{.name = "emitted", .type = kInteger, .preset = "1000",
        .text = "Records that one call may emit.", .least = 1, .most = 1e6},
    Key{.name = "log_lines", .type = kInteger, .preset = "100",
        .text = "Lines that one call may log.", .most = 1e6},
};

constexpr std::array kFlow = {
    Key{.name = "rate", .type = kRate,
        .text = "Records a second over all sources of the pipeline. Default: no limit.",
        .live = true, .least = 0.001, .most = 1e9},
    Key{.name = "burst_multiplier", .type = kNumber, .preset = "1",
        .text = "How many seconds of `rate` may pass at once after a pause.", .live = true,
        .least = 0.01, .most = 1e6},
    Key{.name = "max_in_flight", .type = kSize, .preset = "64MiB",
        .text = "Bytes of records held at once; the sources wait beyond.", .least = 64.0 * 1024,
        .most = 1024 * kGiB},
};

constexpr std::array kDeadLetters = {
    Key{.name = "keep", .type = kDuration, .preset = "30d",
        .text = "How long dead letters are kept.", .least = kMinute, .most = 100 * kYear},
    Key{.name = "show", .type = kPointers,
        .text = "JSON Pointers of fields shown in lists of dead letters.", .most = 100},
};

constexpr std::array kBatch = {
    Key{.name = "records", .type = kInteger, .preset = "5000", .text = "Most records in one write.",
        .least = 1, .most = 1e6},
    Key{.name = "bytes", .type = kSize, .preset = "8MiB", .text = "Most bytes in one write.",
        .least = 1, .most = 4 * kGiB},
    Key{.name = "linger", .type = kDuration, .preset = "20ms",
        .text = "How long a batch that is not full waits for more.", .most = kHour},
};

constexpr std::array kRetry = {
    Key{.name = "max_attempts", .type = kInteger, .preset = "5",
        .text = "Attempts in all, the first included.", .least = 1, .most = 1000},
    Key{.name = "base", .type = kDuration, .preset = "200ms",
        .text = "Wait after the first attempt; doubles from then on.", .least = 1, .most = kHour},
    Key{.name = "cap", .type = kDuration, .preset = "30s", .text = "Longest wait.", .least = 1,
        .most = 24 * kHour},
    Key{.name = "delays", .type = kDurations,
        .text = "The waits one by one, in place of `max_attempts`, `base` and `cap`. A placeholder "
                "may bring them as `300,600` (seconds).",
        .least = 1, .most = 100},
    Key{.name = "max_retries", .type = kInteger,
        .text = "With `delays`: attempts after the first. Default: as many as there are delays; "
                "beyond them the last one repeats.",
        .most = 1000},
};

constexpr std::array kSink = {
    Key{.name = "use", .type = kLabel, .text = "Component id of a sink plugin, such as `sqlite`.",
        .required = true},
    Key{.name = "config", .type = kOptions,
        .text = "The component's own options; `sluice plugins describe ID` lists them."},
    Key{.name = "required", .type = kBool, .preset = "true",
        .text = "`false`: a record counts as settled without this sink."},
    Key{.name = "batch", .type = kSection, .text = "How records are gathered for one write.",
        .children = kBatch},
    Key{.name = "order", .type = kChoice, .preset = "lane",
        .text = "`lane`: records of one lane arrive in their order; `none`: neighbours may pass a "
                "record that is tried again.",
        .choices = kOrders},
    Key{.name = "writers", .type = kInteger, .preset = "1",
        .text = "Instances writing in parallel; only 1 in this version.", .least = 1, .most = 1},
    Key{.name = "timeout", .type = kDuration, .preset = "60s",
        .text = "How long a record may wait for this sink.", .least = 1, .most = 24 * kHour},
    Key{.name = "retry", .type = kSection, .text = "How a write is tried again.",
        .children = kRetry},
    Key{.name = "on_unavailable", .type = kChoice, .preset = "hold",
        .text = "When the sink cannot be reached: stop its sources (`hold`), or dead-letter after "
                "the attempts (`dead_letter`).",
        .choices = kUnavailable},
    Key{.name = "older", .type = kChoice, .preset = "dead_letter",
        .text = "What a record with an older revision than the stored one becomes.",
        .choices = kOlder},
    Key{.name = "on_equal", .type = kChoice, .preset = "skip",
        .text = "What is done with a record of the stored revision.", .choices = kOnEqual},
    Key{.name = "breaker", .text = "When a failing sink is left alone.",
        .unbuilt = "a circuit breaker"},
    Key{.name = "spool", .text = "Disk space for records the sink cannot take.",
        .unbuilt = "a spool on disk"},
};

constexpr std::array kPipeline = {
    Key{.name = "tenant", .type = kLabel, .preset = "default",
        .text = "Whose records these are; a label of metrics, checkpoints and dead letters."},
    Key{.name = "sources", .type = kNamed, .text = "Where records come from, by instance name.",
        .children = kSource, .required = true, .least = 1, .most = 1000},
    Key{.name = "schema", .type = kSection,
        .text = "Checked before the script; a plain path stands for `file`.", .children = kSchema,
        .scalar_fills = "file"},
    Key{.name = "transform", .type = kSection,
        .text = "Changes, drops or multiplies records; a plain path stands for `file`.",
        .children = kTransform, .scalar_fills = "file"},
    Key{.name = "output_schema", .type = kInputFile,
        .text = "JSON Schema checked after the script."},
    Key{.name = "idempotency", .type = kSection, .text = "How repeated records are recognised.",
        .children = kIdempotent},
    Key{.name = "sensitive", .type = kPointers,
        .text = "JSON Pointers of values masked wherever people look.", .most = 1000},
    Key{.name = "limits", .type = kSection, .text = "Limits of a record.", .children = kLimits},
    Key{.name = "script_limits", .type = kSection, .text = "Limits of one call of the script.",
        .children = kScriptLimits},
    Key{.name = "flow", .type = kSection, .text = "How fast, and how much at once.",
        .children = kFlow},
    Key{.name = "dead_letters", .type = kSection, .text = "Records that could not be delivered.",
        .children = kDeadLetters},
    Key{.name = "sinks", .type = kNamed, .text = "Where records go, by instance name.",
        .children = kSink, .required = true, .least = 1, .most = 1000},
    Key{.name = "replay", .text = "Rules for replays.", .unbuilt = "replay"},
    Key{.name = "rollout", .text = "Share of keys a new version runs on first.",
        .unbuilt = "a gradual rollout"},
    Key{.name = "brownout", .text = "What is given up under load.", .unbuilt = "brownout"},
    Key{.name = "dlq_burst", .text = "When a flood of dead letters pauses a source.",
        .unbuilt = "the guard against floods of dead letters"},
};

constexpr std::array kRoot = {
    Key{.name = "runtime", .type = kSection, .text = "The process.", .children = kRuntime},
    Key{.name = "pipelines", .type = kNamed, .text = "What the process does, by pipeline name.",
        .children = kPipeline, .required = true, .least = 1, .most = 1000},
};

}  // namespace

Keys root_keys() { return kRoot; }

const Key* find_key(Keys keys, std::string_view name) {
  for (const Key& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string_view type_words(KeyType type) {
  switch (type) {
    case kSection: return "a map of keys";
    case kNamed: return "a map from names to values";
    case kOptions: return "a map of the component's options";
    case kString: return "text";
    case kLabel: return "a name of letters, digits, '.', '_' and '-', at most 64 long";
    case kBool: return "true or false";
    case kInteger: return "a whole number";
    case kNumber: return "a number";
    case kWorkers: return "a whole number or auto";
    case kDuration: return "a duration such as 200ms, 30s, 5m, 2h or 7d";
    case kDurations: return "a list of durations such as [5m, 10m, 1h]";
    case kSize: return "a size such as 512KiB, 64MiB or 2GiB";
    case kRate: return "a rate such as 50000/s or 100/m";
    case kChoice: return "one of the listed words";
    case kPointer: return "a JSON Pointer such as /customer/email";
    case kPointers: return "a list of JSON Pointers such as [/id, /customer/email]";
    case kInputFile: return "the path of a file";
    case kFolder: return "the path of a folder";
    case kFolders: return "a list of folders";
    case kListen: return "host:port such as 127.0.0.1:8080, or off";
  }
  return "a value";
}

std::string_view type_name(KeyType type) {
  switch (type) {
    case kSection: return "map";
    case kNamed: return "map by name";
    case kOptions: return "options";
    case kString: return "text";
    case kLabel: return "name";
    case kBool: return "boolean";
    case kInteger: return "integer";
    case kNumber: return "number";
    case kWorkers: return "integer or `auto`";
    case kDuration: return "duration";
    case kDurations: return "list of durations";
    case kSize: return "size";
    case kRate: return "rate";
    case kChoice: return "choice";
    case kPointer: return "pointer";
    case kPointers: return "list of pointers";
    case kInputFile: return "file";
    case kFolder: return "folder";
    case kFolders: return "list of folders";
    case kListen: return "address";
  }
  return "value";
}

}  // namespace sluice::config
