// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice::sqlite_sink {

inline constexpr char kConfigSchema[] = R"json({
  "type": "object",
  "description": "Writes records as rows of a SQLite table.",
  "additionalProperties": false,
  "required": ["path", "table"],
  "properties": {
    "path": {
      "type": "string", "minLength": 1,
      "description": "Database file; one that is missing is made only with `create: true`."
    },
    "table": {
      "type": "string", "minLength": 1, "maxLength": 255,
      "description": "Table the rows go to."
    },
    "key": {
      "type": "array", "minItems": 1, "maxItems": 32,
      "description": "JSON Pointers that identify a row; a record with a known key updates its row. Each appears in `columns`. Absent: every record is a new row.",
      "items": {"type": "string", "description": "JSON Pointer (RFC 6901)."},
      "examples": [["/order_id"]]
    },
    "revision": {
      "type": "string",
      "description": "JSON Pointer to a whole number that rises with each change of a key; an older record never overwrites a newer row. Absent: the later record wins.",
      "examples": ["/revision"]
    },
    "columns": {
      "type": "object",
      "description": "Column name to JSON Pointer, or to {from, type, null}; the pointer \"\" takes the whole record as JSON. Absent: top-level members go to the table's columns of the same name.",
      "additionalProperties": {"$ref": "#/definitions/column"},
      "examples": [{"id": "/id", "mag": {"from": "/mag", "type": "real"}, "raw": ""}]
    },
    "create": {
      "type": "boolean", "default": false,
      "description": "Create the file and the table from `columns` when they are missing; `key` becomes the primary key."
    },
    "exactly_once": {
      "type": "boolean", "default": true,
      "description": "Keep how far each source came in the table sluice_marks of the same database, in the transaction of the rows: no record is written twice, whatever crashes."
    },
    "on_equal": {
      "type": "string", "enum": ["skip", "overwrite"], "default": "skip",
      "description": "With `revision`: a record of the stored revision is a duplicate (skip) or is written again (overwrite)."
    },
    "synchronous": {
      "type": "string", "enum": ["full", "normal"], "default": "full",
      "description": "full: a committed record survives loss of power; normal: only a crash of the process, faster with small batches."
    }
  },
  "definitions": {
    "column": {
      "description": "Where a column's value comes from.",
      "oneOf": [
        {"type": "string", "description": "JSON Pointer; \"\" is the whole record."},
        {
          "type": "object",
          "description": "JSON Pointer with type and treatment of nulls.",
          "additionalProperties": false,
          "required": ["from"],
          "properties": {
            "from": {"type": "string", "description": "JSON Pointer; \"\" is the whole record."},
            "type": {
              "type": "string",
              "enum": ["bigint", "integer", "real", "double", "text", "json", "boolean", "any"],
              "description": "What the column takes; other values are rejected. Absent: the table's declared type, else any."
            },
            "null": {
              "type": "string", "enum": ["allow", "reject"], "default": "allow",
              "description": "Whether null or an absent member is stored as NULL or rejects the record."
            }
          }
        }
      ]
    }
  }
})json";

inline constexpr char kExampleConfig[] = R"json({
  "path": "quakes.db",
  "table": "quakes",
  "key": ["/id"],
  "revision": "/updated",
  "columns": {
    "id": {"from": "/id", "type": "text"},
    "updated": {"from": "/updated", "type": "bigint"},
    "mag": {"from": "/mag", "type": "real"},
    "record": ""
  },
  "create": true
})json";

}  // namespace sluice::sqlite_sink
