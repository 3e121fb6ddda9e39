// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "runtime/config/keys.h"

namespace sluice::config {
namespace {

using enum KeyType;

constexpr std::array<std::string_view, 3> kUnknownFields = {"ignore", "report", "reject"};
constexpr std::array<std::string_view, 3> kObserve = {"full", "sampled", "off"};
constexpr std::array<std::string_view, 1> kTry = {"newest"};

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
        .most = 86'400e3},
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

}  // namespace

Keys schema_keys() { return kSchema; }

}  // namespace sluice::config
