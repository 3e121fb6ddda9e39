// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice::file_sink {

inline constexpr char kConfigSchema[] = R"json({
  "type": "object",
  "description": "Appends records as lines of a file.",
  "additionalProperties": false,
  "required": ["path"],
  "properties": {
    "path": {
      "type": "string", "minLength": 1,
      "description": "File to append to; made when missing, its folder is not."
    },
    "rotate": {
      "type": "object",
      "description": "When to finish the file (it is renamed to PATH.TIME.N) and begin a new one. Absent: never.",
      "additionalProperties": false,
      "properties": {
        "bytes": {
          "type": ["string", "integer"],
          "description": "Size a file may reach, such as 64MiB. Absent: any size.",
          "examples": ["64MiB"]
        },
        "interval": {
          "type": "string",
          "description": "Age a file may reach, such as 1h, looked at when records come. Absent: any age.",
          "examples": ["1h"]
        }
      }
    },
    "fsync": {
      "type": "boolean", "default": true,
      "description": "Sync each batch, so that OK survives loss of power; false: only a crash of the process."
    }
  }
})json";

inline constexpr char kExampleConfig[] = R"json({
  "path": "out/events.jsonl",
  "rotate": {"bytes": "64MiB", "interval": "1h"},
  "fsync": true
})json";

}  // namespace sluice::file_sink
