// SPDX-License-Identifier: Apache-2.0
#include "runtime/config/keys.h"

#include <array>

namespace sluice::config {
namespace {

using enum KeyType;

constexpr double kHour = 3600e3;
constexpr std::array<std::string_view, 3> kLogFormats = {"auto", "text", "json"};
constexpr std::array<std::string_view, 4> kLogLevels = {"debug", "info", "warn", "error"};

constexpr std::array kState = {
    Key{.name = "dir",
        .type = kFolder,
        .preset = "./state",
        .text = "Folder of checkpoints and dead letters; made if missing, one process at a time."},
    Key{.name = "shared",
        .type = kString,
        .text =
            "Redis that several nodes share, `redis://[user:password@]host[:port][/database]`, or "
            "with TLS `rediss://...[?ssl_ca=/file&ssl_certificate=/file&ssl_key=/file]`; it "
            "keeps idempotency keys and checkpoints. Default: they are kept in `dir`."},
    Key{.name = "dead_letters",
        .type = kString,
        .text = "Where several nodes share their dead letters: PostgreSQL, "
                "`postgres://[user[:password]@]host[:port]/database`, or a Kafka topic, "
                "`kafka://[user[:password]@]host:port[,host:port...]/topic[?property=value&...]`. "
                "Default: they are kept in `dir`."},
};

constexpr std::array kAdmin = {
    Key{.name = "listen",
        .type = kListen,
        .preset = "127.0.0.1:8080",
        .text = "Address of health checks and metrics; `off` for none, port 0 for any free one."},
    Key{.name = "metrics_listen",
        .text = "Another address for metrics.",
        .unbuilt = "a separate address for metrics"},
    Key{.name = "tokens", .text = "Tokens and their roles.", .unbuilt = "admin tokens"},
    Key{.name = "loopback", .text = "Role of calls from this machine.", .unbuilt = "admin roles"},
    Key{.name = "auth",
        .text = "How callers prove who they are.",
        .unbuilt = "admin authentication"},
};

constexpr std::array kLog = {
    Key{.name = "format",
        .type = kChoice,
        .preset = "auto",
        .text = "Form of log lines; `auto` is text on a terminal, else JSON.",
        .choices = kLogFormats},
    Key{.name = "level",
        .type = kChoice,
        .preset = "info",
        .text = "Least severe line written.",
        .choices = kLogLevels,
        .live = true},
};

constexpr std::array kRuntime = {
    Key{.name = "plugin_dirs",
        .type = kFolders,
        .text = "Folders searched for plugins, in this order. Default: `../lib/sluice/plugins` "
                "beside the executable, then `/plugins`; those may be missing.",
        .least = 1,
        .most = 64},
    Key{.name = "state",
        .type = kSection,
        .text = "Where the process keeps what must outlive it.",
        .children = kState},
    Key{.name = "admin",
        .type = kSection,
        .text = "The HTTP side of the process.",
        .children = kAdmin},
    Key{.name = "workers",
        .type = kWorkers,
        .preset = "auto",
        .text = "Threads that parse, validate and transform; `auto` is one a core.",
        .least = 1,
        .most = 1024},
    Key{.name = "drain_timeout",
        .type = kDuration,
        .preset = "30s",
        .text = "How long a stop waits for records on their way.",
        .most = kHour},
    Key{.name = "log", .type = kSection, .text = "What is logged, and how.", .children = kLog},
    Key{.name = "env_dir",
        .text = "Folder with one file a variable, watched.",
        .unbuilt = "a watched folder of variables"},
    Key{.name = "telemetry",
        .text = "The runtime's own events as records.",
        .unbuilt = "telemetry"},
};

}  // namespace

Keys root_keys() {
  static const std::array root = {
      Key{.name = "runtime", .type = kSection, .text = "The process.", .children = kRuntime},
      Key{.name = "pipelines",
          .type = kNamed,
          .text = "What the process does, by pipeline name.",
          .children = pipeline_keys(),
          .required = true,
          .least = 1,
          .most = 1000},
  };
  return root;
}

const Key* find_key(Keys keys, std::string_view name) {
  for (const Key& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string_view type_words(KeyType type) {
  switch (type) {
    case kSection:
      return "a map of keys";
    case kNamed:
      return "a map from names to values";
    case kOptions:
      return "a map of the component's options";
    case kString:
      return "text";
    case kLabel:
      return "a name of letters, digits, '.', '_' and '-', at most 64 long";
    case kBool:
      return "true or false";
    case kInteger:
      return "a whole number";
    case kNumber:
      return "a number";
    case kWorkers:
      return "a whole number or auto";
    case kDuration:
      return "a duration such as 200ms, 30s, 5m, 2h or 7d";
    case kDurations:
      return "a list of durations such as [5m, 10m, 1h]";
    case kSize:
      return "a size such as 512KiB, 64MiB or 2GiB";
    case kShare:
      return "a share such as 5% or 0.05";
    case kRate:
      return "a rate such as 50000/s or 100/m";
    case kChoice:
      return "one of the listed words";
    case kPointer:
      return "a JSON Pointer such as /customer/email";
    case kPointers:
      return "a list of JSON Pointers such as [/id, /customer/email]";
    case kInputFile:
      return "the path of a file";
    case kFolder:
      return "the path of a folder";
    case kFolders:
      return "a list of folders";
    case kListen:
      return "host:port such as 127.0.0.1:8080, or off";
    case kRecordKey:
      return "origin, raw, off, a list of JSON Pointers such as [/id, /revision], or "
             "{header: NAME}";
  }
  return "a value";
}

std::string_view type_name(KeyType type) {
  switch (type) {
    case kSection:
      return "map";
    case kNamed:
      return "map by name";
    case kOptions:
      return "options";
    case kString:
      return "text";
    case kLabel:
      return "name";
    case kBool:
      return "boolean";
    case kInteger:
      return "integer";
    case kNumber:
      return "number";
    case kWorkers:
      return "integer or `auto`";
    case kDuration:
      return "duration";
    case kDurations:
      return "list of durations";
    case kSize:
      return "size";
    case kShare:
      return "share";
    case kRate:
      return "rate";
    case kChoice:
      return "choice";
    case kPointer:
      return "pointer";
    case kPointers:
      return "list of pointers";
    case kInputFile:
      return "file";
    case kFolder:
      return "folder";
    case kFolders:
      return "list of folders";
    case kListen:
      return "address";
    case kRecordKey:
      return "`origin`, `raw`, `off`, list of pointers or `{header: NAME}`";
  }
  return "value";
}

}  // namespace sluice::config
