// SPDX-License-Identifier: Apache-2.0
#include <sluice/plugin.hpp>

#include "plugins/sources/file/file_source.h"

namespace {

constexpr const char* kSchema = R"json({
  "type": "object",
  "additionalProperties": false,
  "required": ["paths"],
  "properties": {
    "paths": {
      "type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1},
      "examples": [["/data/in/*.jsonl", "/data/archive/*.jsonl.gz"]],
      "description": "Files or globs (*, ?, [...]); read in the order of their names."
    },
    "format": {
      "type": "string", "enum": ["jsonl"], "default": "jsonl",
      "description": "jsonl: one JSON value a line."
    },
    "compression": {
      "type": "string", "enum": ["auto", "none", "gzip", "zstd"], "default": "auto",
      "description": "auto: told by each file's first bytes."
    },
    "follow": {
      "type": "boolean", "default": false,
      "description": "Read on as files grow, through renames and truncation, and take up new files; false: end after the last file."
    },
    "max_record": {
      "oneOf": [
        {"type": "string", "pattern": "^[0-9]+([.][0-9]+)?(B|kB|MB|GB|KiB|MiB|GiB)?$"},
        {"type": "integer", "minimum": 1}
      ],
      "default": "16MiB",
      "description": "Longest line kept whole, up to 1GiB; of a longer one only the beginning is passed on, for the runtime to refuse as TOO_LARGE."
    },
    "max_expansion": {
      "type": "integer", "minimum": 1, "default": 5000,
      "description": "Most that a compressed file may expand, as a multiple of its size (beyond the first 64MiB)."
    },
    "interval": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "200ms",
      "description": "With follow: time between two looks at a file that has no more bytes."
    },
    "rescan": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "1s",
      "description": "With follow: time between two looks for new, renamed and deleted files."
    },
    "rotate_wait": {
      "type": "string", "pattern": "^[0-9]+([.][0-9]+)?(ms|s|m|h|d)$", "default": "5s",
      "description": "With follow: how long a renamed or deleted file must be quiet to be at its end."
    }
  }
})json";

constexpr const char* kExample = R"json({"paths": ["/data/in/*.jsonl"], "follow": false})json";

constexpr sluice_component kFile = sluice::source_component<sluice::file::FileSource>(
    {.id = "file",
     .summary = "Reads JSON Lines out of files, plain or compressed, one lane a file.",
     .config_schema = kSchema,
     .example_config = kExample,
     .caps = SLUICE_CAP_REPLAY | SLUICE_CAP_FINITE});

}  // namespace

SLUICE_EXPORT_PLUGIN("source-file", "0.1.0", "Apache-2.0", &kFile)
