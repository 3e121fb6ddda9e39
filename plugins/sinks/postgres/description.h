// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace sluice::postgres_sink {

inline constexpr char kConfigSchema[] = R"json({
  "type": "object",
  "description": "Writes records as rows of a PostgreSQL table.",
  "additionalProperties": false,
  "required": ["table"],
  "properties": {
    "dsn": {
      "type": "string", "writeOnly": true,
      "description": "Where the database is: postgres://user:password@host:port/database or libpq's `host=... dbname=...`. Absent: libpq's environment (PGHOST, PGUSER, PGPASSWORD, ...).",
      "examples": ["postgres://ingest@db:5432/shop"]
    },
    "table": {
      "type": "string", "minLength": 1, "maxLength": 127,
      "description": "Table the rows go to, `schema.table` or `table`; upper and lower case count.",
      "examples": ["public.orders"]
    },
    "key": {
      "type": "array", "minItems": 1, "maxItems": 32,
      "description": "JSON Pointers that identify a row; each appears in `columns`. Upsert needs a primary key or unique index on exactly these columns. Absent: every record is a new row.",
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
      "description": "Column name to JSON Pointer, or to {from, type, null}; the pointer \"\" takes the whole record as JSON. Absent: top-level members go to the table's columns of the same name, except those that fill themselves.",
      "additionalProperties": {"$ref": "#/definitions/column"},
      "examples": [{"id": "/id", "total": {"from": "/total", "type": "numeric"}, "raw": ""}]
    },
    "mode": {
      "type": "string", "enum": ["upsert", "insert", "append"],
      "description": "upsert: a record with a known key updates its row; insert: a conflict refuses the record; append: every record is a new row, which differs from insert in name only. Absent: upsert with `key`, else append."
    },
    "create": {
      "type": "boolean", "default": false,
      "description": "Create the table from `columns` when it is missing; `key` becomes the primary key."
    },
    "evolve": {
      "type": "string", "enum": ["none", "additive"], "default": "none",
      "description": "additive: a column that the table misses is added to it, with NULL in the rows that are there; any other difference is refused. none: every difference is refused."
    },
    "exactly_once": {
      "type": "boolean", "default": true,
      "description": "Keep how far each source came in the table sluice_marks of the same schema, in the transaction of the rows: no record is written twice, whatever crashes."
    },
    "on_equal": {
      "type": "string", "enum": ["skip", "overwrite"], "default": "skip",
      "description": "With `revision`: a record of the stored revision is a duplicate (skip) or is written again (overwrite)."
    },
    "statement_timeout": {
      "type": "string", "default": "30s",
      "description": "Longest time the server may take over one statement; then the batch is tried again."
    },
    "lock_timeout": {
      "type": "string", "default": "10s",
      "description": "Longest time to wait for somebody else's lock; then the batch is tried again."
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
              "enum": ["text", "integer", "bigint", "numeric", "double", "boolean", "timestamptz", "date", "uuid", "bytea", "jsonb",
                "text[]", "integer[]", "bigint[]", "numeric[]", "double[]", "boolean[]", "timestamptz[]", "date[]", "uuid[]", "bytea[]"],
              "description": "What the column takes; other values are rejected. Absent: that of the table's column."
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
  "dsn": "postgres://ingest@db:5432/shop",
  "table": "orders",
  "key": ["/order_id"],
  "revision": "/revision",
  "columns": {
    "order_id": {"from": "/order_id", "type": "uuid"},
    "revision": {"from": "/revision", "type": "bigint"},
    "total": {"from": "/total", "type": "numeric"},
    "placed_at": {"from": "/placed_at", "type": "timestamptz"},
    "record": ""
  },
  "create": true
})json";

}  // namespace sluice::postgres_sink
