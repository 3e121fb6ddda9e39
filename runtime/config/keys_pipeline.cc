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
constexpr std::array<std::string_view, 3> kUnknownFields = {"ignore", "report", "reject"};
constexpr std::array<std::string_view, 3> kObserve = {"full", "sampled", "off"};
constexpr std::array<std::string_view, 1> kTry = {"newest"};
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

constexpr std::array kRegistry = {
    Key{.name = "url",
        .text = "`http://` or `https://`, with the path that the registry has there.",
        .required = true},
    Key{.name = "user", .text = "For HTTP Basic authentication."},
    Key{.name = "password", .text = "Of that user."},
    Key{.name = "ssl_ca",
        .type = kInputFile,
        .text = "PEM file of the authorities that may vouch for the server. Default: the "
                "system's."},
    Key{.name = "timeout",
        .type = kDuration,
        .preset = "5s",
        .text = "How long one request may take.",
        .least = 10,
        .most = 10 * 60'000},
    Key{.name = "subject",
        .text = "Only ids of this subject count. Default: those of every subject."},
    Key{.name = "refresh",
        .type = kDuration,
        .preset = "60s",
        .text = "How long an id that the registry does not know is not asked for again.",
        .least = 1000,
        .most = 24 * kHour},
};

constexpr std::array kConfluent = {
    Key{.name = "ids",
        .type = kInputFile,
        .text = "JSON file from schema id to version, such as `{\"17\": 2}`; or `registry`.",
        .live = true},
    Key{.name = "registry",
        .type = kSection,
        .text = "Schema registry that says which schema an id stands for: the version of the "
                "lineage with the same schema; a plain url stands for `url`.",
        .children = kRegistry,
        .scalar_fills = "url"},
};

constexpr std::array kVersion = {
    Key{.name = "pointer",
        .type = kPointer,
        .text = "Member of the record that holds its version: `2`, `\"2\"` or `\"v2\"`.",
        .live = true},
    Key{.name = "header",
        .type = kString,
        .text = "Header of the record that holds its version.",
        .live = true},
    Key{.name = "confluent",
        .type = kSection,
        .text = "Records begin with the Confluent wire format's byte 0 and schema id; a plain path "
                "stands for `ids`.",
        .children = kConfluent,
        .scalar_fills = "ids"},
    Key{.name = "try",
        .type = kChoice,
        .text = "Records do not name their version: it is the newest one that fits.",
        .choices = kTry,
        .live = true},
    Key{.name = "default",
        .type = kInteger,
        .text = "Version of records that name none. Default: they are dead-lettered.",
        .live = true,
        .least = 0,
        .most = 999'999'999},
};

constexpr std::array kDrift = {
    Key{.name = "observe",
        .type = kChoice,
        .preset = "full",
        .text = "Which records that pass are looked at: all, a share of them, or none. With `off` "
                "there is no ledger; otherwise those that fail the schema are always looked at.",
        .choices = kObserve},
    Key{.name = "sample",
        .type = kNumber,
        .preset = "0.01",
        .text = "Share of records looked at with `sampled`.",
        .least = 1e-6,
        .most = 1},
    Key{.name = "baseline",
        .type = kInteger,
        .preset = "1000",
        .text = "Records of a source from which is learned what they look like, before anything "
                "the schema allows counts as drift.",
        .least = 1,
        .most = 1e9},
    Key{.name = "max_paths",
        .type = kInteger,
        .preset = "10000",
        .text = "Different paths of a source that are kept.",
        .least = 10,
        .most = 1e6},
};

constexpr std::array<std::string_view, 3> kFormats = {"default", "assert", "ignore"};

constexpr std::array kRemote = {
    Key{.name = "uri",
        .type = kString,
        .text = "Schemas whose URI begins so, such as `https://example.com/schemas/`,",
        .required = true,
        .live = true},
    Key{.name = "folder",
        .type = kFolder,
        .text = "are files of this folder.",
        .required = true,
        .live = true},
};

constexpr std::array kSchema = {
    Key{.name = "file",
        .type = kInputFile,
        .text = "JSON Schema every record must satisfy; or `lineage`.",
        .live = true},
    Key{.name = "lineage",
        .type = kFolder,
        .text = "Folder of numbered versions of one schema, `1.schema.json` and so on, in place of "
                "`file`.",
        .live = true},
    Key{.name = "lifts",
        .type = kFolder,
        .text = "Folder of the scripts `1_to_2.lua` and so on. Default: of the same name as the "
                "lineage, in `transformers` beside the folder the lineage lies in.",
        .live = true},
    Key{.name = "version",
        .type = kSection,
        .text = "Where a record of a lineage names its version, one of the following; a plain "
                "pointer stands for `pointer`.",
        .children = kVersion,
        .scalar_fills = "pointer"},
    Key{.name = "unknown_fields",
        .type = kChoice,
        .preset = "report",
        .text = "What a field that the schema does not declare leads to, also where the schema "
                "allows it: nothing, an entry in the drift ledger, or a dead letter.",
        .choices = kUnknownFields},
    Key{.name = "formats",
        .type = kChoice,
        .preset = "default",
        .text = "What `format` does: as the dialect says (draft-07 asserts, 2020-12 only with the "
                "vocabulary for it), always or never refuse.",
        .choices = kFormats,
        .live = true},
    Key{.name = "remotes",
        .type = kNamed,
        .text = "Where references to other sites lead; nothing is ever fetched.",
        .children = kRemote,
        .live = true},
    Key{.name = "drift",
        .type = kSection,
        .text = "What the drift ledger looks at. Alone in `schema` it watches records without one.",
        .children = kDrift},
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
        .text = "How many seconds of `rate` may pass at once after a pause.",
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
          .children = kSchema,
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
