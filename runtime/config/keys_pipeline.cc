// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "runtime/config/keys.h"

namespace sluice::config {
namespace {

using enum KeyType;

constexpr double kHour = 3600e3;
constexpr double kYear = 366 * 86'400e3;
constexpr double kGiB = 1024.0 * 1024 * 1024;
constexpr std::array<std::string_view, 2> kPriorities = {"normal", "low"};
constexpr std::array<std::string_view, 3> kIdempotency = {"origin", "raw", "off"};
constexpr std::array<std::string_view, 2> kStoreAway = {"hold", "admit"};
constexpr std::array<std::string_view, 2> kReload = {"watch", "manual"};

constexpr std::array kSource = {
    Key{.name = "use",
        .type = kLabel,
        .text = "Component id of a source plugin, such as `file`.",
        .required = true},
    Key{.name = "config",
        .type = kOptions,
        .text = "The component's own options; `sluice plugins describe ID` lists them."},
    Key{.name = "priority",
        .type = kChoice,
        .preset = "normal",
        .text = "`low`: given up first when load must be shed.",
        .choices = kPriorities},
};

constexpr std::array kShadow = {
    Key{.name = "records",
        .type = kInteger,
        .preset = "1000",
        .text = "The last so many records are kept, and both versions run on them.",
        .least = 1,
        .most = 100'000},
    Key{.name = "bytes",
        .type = kSize,
        .preset = "16MiB",
        .text = "Bytes of these records at most.",
        .least = 64.0 * 1024,
        .most = kGiB},
    Key{.name = "dead_letters",
        .type = kBool,
        .preset = "true",
        .text = "Also run on stored dead letters (at most 1000) that a changed script or schema "
                "may cure."},
    Key{.name = "max_newly_rejected",
        .type = kShare,
        .preset = "1",
        .text = "Share of the records that only the new version rejects; with more of them it is "
                "refused.",
        .most = 1},
};

constexpr std::array kTransform = {
    Key{.name = "file",
        .type = kInputFile,
        .text = "Lua script with the function `transform`.",
        .required = true,
        .live = true},
    Key{.name = "shadow",
        .type = kSection,
        .text = "Before a changed version runs it is run beside the old one, delivering nothing; "
                "`{}` takes the defaults. Default: not done.",
        .children = kShadow},
    Key{.name = "rollout",
        .type = kShare,
        .text = "Share of keys that a changed version runs for at first, such as `5%`, until it is "
                "judged by 1000 records. Default: all at once.",
        .live = true,
        .least = 0.001,
        .most = 0.99},
};

constexpr std::array kIdempotent = {
    Key{.name = "key",
        .type = kRecordKey,
        .preset = "origin",
        .text = "What makes two records the same: where they came from (`origin`), their bytes "
                "(`raw`), the values some pointers find in them as received, a header, or nothing "
                "(`off`).",
        .choices = kIdempotency,
        .least = 1,
        .most = 32},
    Key{.name = "ttl",
        .type = kDuration,
        .preset = "7d",
        .text = "How long a key is remembered; what came from the same place is the same as long "
                "as it can come again.",
        .least = 1000,
        .most = kYear},
    Key{.name = "on_unavailable",
        .type = kChoice,
        .preset = "hold",
        .text = "While the store of keys is away, records wait (`hold`) or are delivered without "
                "being told apart (`admit`).",
        .choices = kStoreAway},
};

constexpr std::array kLimits = {
    Key{.name = "record_bytes",
        .type = kSize,
        .preset = "1MiB",
        .text = "Largest record; a longer one is dead-lettered as TOO_LARGE.",
        .least = 1,
        .most = kGiB},
    Key{.name = "depth",
        .type = kInteger,
        .preset = "128",
        .text = "Deepest nesting of lists and objects in a record.",
        .least = 1,
        .most = 10'000},
};

constexpr std::array kScriptLimits = {
    Key{.name = "cpu",
        .type = kDuration,
        .preset = "100ms",
        .text = "Processor time of one call.",
        .least = 1,
        .most = kHour},
    Key{.name = "wall",
        .type = kDuration,
        .preset = "1s",
        .text = "Wall-clock time of one call.",
        .least = 1,
        .most = kHour},
    Key{.name = "memory",
        .type = kSize,
        .preset = "64MiB",
        .text = "Memory of one script state; every worker has its own.",
        .least = 1024.0 * 1024,
        .most = 64 * kGiB},
    Key{.name = "output",
        .type = kSize,
        .preset = "1MiB",
        .text = "Bytes that one call may give back.",
        .least = 1,
        .most = kGiB},
    Key{.name = "instructions",
        .type = kInteger,
        .preset = "10000000",
        .text = "Lua instructions of one call.",
        .least = 1000,
        .most = 1e12},
    Key{.name = "emitted",
        .type = kInteger,
        .preset = "1000",
        .text = "Records that one call may emit.",
        .least = 1,
        .most = 1e6},
    Key{.name = "log_lines",
        .type = kInteger,
        .preset = "100",
        .text = "Lines that one call may log.",
        .most = 1e6},
};

constexpr std::array kFlow = {
    Key{.name = "rate",
        .type = kRate,
        .text = "Records a second over all sources of the pipeline. Default: no limit.",
        .least = 0.001,
        .most = 1e9},
    Key{.name = "burst_multiplier",
        .type = kNumber,
        .preset = "1",
        .text =
            "`rate` times this is the limit: 2 to work off a backlog. `POST /admin/burst` changes "
            "it in a running process.",
        .least = 0.01,
        .most = 1e6},
    Key{.name = "max_in_flight",
        .type = kSize,
        .preset = "48MiB",
        .text = "Bytes of records held at once; the sources wait beyond.",
        .least = 64.0 * 1024,
        .most = 1024 * kGiB},
};

}  // namespace

Keys pipeline_keys() {
  static const std::array pipeline = {
      Key{.name = "tenant",
          .type = kLabel,
          .preset = "default",
          .text = "Whose records these are; a label of metrics, checkpoints and dead letters."},
      Key{.name = "sources",
          .type = kNamed,
          .text = "Where records come from, by instance name.",
          .children = kSource,
          .required = true,
          .least = 1,
          .most = 1000},
      Key{.name = "schema",
          .type = kSection,
          .text = "Checked before the script; a plain path stands for `file`.",
          .children = schema_keys(),
          .scalar_fills = "file"},
      Key{.name = "transform",
          .type = kSection,
          .text = "Changes, drops or multiplies records; a plain path stands for `file`.",
          .children = kTransform,
          .scalar_fills = "file"},
      Key{.name = "output_schema",
          .type = kInputFile,
          .text = "JSON Schema checked after the script.",
          .live = true},
      Key{.name = "reload",
          .type = kChoice,
          .preset = "watch",
          .text = "When changed schemas and scripts are taken over: as soon as they are saved "
                  "(`watch`), or when asked (`manual`).",
          .choices = kReload,
          .live = true},
      Key{.name = "idempotency",
          .type = kSection,
          .text = "How repeated records are recognised.",
          .children = kIdempotent},
      Key{.name = "sensitive",
          .type = kPointers,
          .text = "JSON Pointers of values masked wherever people look.",
          .most = 1000},
      Key{.name = "limits", .type = kSection, .text = "Limits of a record.", .children = kLimits},
      Key{.name = "script_limits",
          .type = kSection,
          .text = "Limits of one call of the script.",
          .children = kScriptLimits},
      Key{.name = "flow",
          .type = kSection,
          .text = "How fast, and how much at once.",
          .children = kFlow},
      Key{.name = "dead_letters",
          .type = kSection,
          .text = "Records that could not be delivered.",
          .children = dead_letter_keys()},
      Key{.name = "dlq_burst",
          .type = kSection,
          .text = "When a flood of dead letters pauses a source; plain `off`: never.",
          .children = dlq_burst_keys(),
          .scalar_fills = "guard"},
      Key{.name = "sinks",
          .type = kNamed,
          .text = "Where records go, by instance name.",
          .children = sink_keys(),
          .required = true,
          .least = 1,
          .most = 1000},
      Key{.name = "replay", .text = "Rules for replays.", .unbuilt = "replay"},
      Key{.name = "brownout", .text = "What is given up under load.", .unbuilt = "brownout"},
  };
  return pipeline;
}

}  // namespace sluice::config
