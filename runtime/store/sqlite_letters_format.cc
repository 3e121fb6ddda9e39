// SPDX-License-Identifier: Apache-2.0
// The tables of dead_letters.db, and how they became what they are.
#include <array>

#include "runtime/store/sqlite_letters.h"

namespace sluice::store {
namespace {

// The two indices hold every column a filter or a summary looks at, so that neither touches the
// records themselves. Large columns come last: reading those before them skips overflow pages.
constexpr const char* kFormat1 = R"(
CREATE TABLE letters (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  stage TEXT NOT NULL,
  sink TEXT NOT NULL,
  position INTEGER NOT NULL,
  part INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  first_at_us INTEGER NOT NULL,
  last_at_us INTEGER NOT NULL,
  event_time_us INTEGER NOT NULL,
  schema_version TEXT NOT NULL,
  script_hash TEXT NOT NULL,
  bundle_hash TEXT NOT NULL,
  pointer TEXT NOT NULL,
  detail TEXT NOT NULL,
  lane BLOB NOT NULL,
  record_key BLOB,
  headers BLOB NOT NULL,
  fields BLOB NOT NULL,
  raw BLOB NOT NULL,
  rendered BLOB NOT NULL
) STRICT;
CREATE INDEX letters_by_reason ON letters (reason, last_at_us, tenant, pipeline, source);
CREATE INDEX letters_by_time ON letters (last_at_us, tenant, pipeline, source, reason);
)";

// What letters have in common is kept once, in `classes`: a million letters of a few hundred
// classes are counted from an index of small numbers. Their counts are kept by triggers, so that
// whatever writes letters keeps them right. AUTOINCREMENT: a number of a letter that is gone, which
// a redrive may still hold, never comes to mean another one.
constexpr const char* kFormat2 = R"(
CREATE TABLE classes (
  id INTEGER PRIMARY KEY,
  grp TEXT NOT NULL,
  tenant TEXT NOT NULL,
  pipeline TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  stage TEXT NOT NULL,
  sink TEXT NOT NULL,
  path TEXT NOT NULL,
  shape TEXT NOT NULL,
  schema_version TEXT NOT NULL,
  script_hash TEXT NOT NULL,
  bundle_hash TEXT NOT NULL,
  letters INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  UNIQUE (pipeline, source, reason, stage, sink, path, shape, tenant, schema_version, script_hash,
          bundle_hash)
) STRICT;
ALTER TABLE letters RENAME TO letters_1;
DROP INDEX letters_by_reason;
DROP INDEX letters_by_time;
CREATE TABLE letters (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  class INTEGER NOT NULL,
  position INTEGER NOT NULL,
  part INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  redrives INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  no_value INTEGER NOT NULL,
  answered INTEGER NOT NULL,
  first_at_us INTEGER NOT NULL,
  last_at_us INTEGER NOT NULL,
  event_time_us INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first_reason TEXT NOT NULL,
  pointer TEXT NOT NULL,
  detail TEXT NOT NULL,
  lane BLOB NOT NULL,
  record_key BLOB,
  rendered_key BLOB,
  done_sinks BLOB NOT NULL,
  headers BLOB NOT NULL,
  fields BLOB NOT NULL,
  raw BLOB NOT NULL,
  rendered BLOB NOT NULL
) STRICT;
INSERT INTO classes (grp, tenant, pipeline, source, reason, stage, sink, path, shape,
    schema_version, script_hash, bundle_hash)
  SELECT DISTINCT letter_group(pipeline, reason, stage, sink, letter_path(pointer),
      letter_shape(detail)), tenant, pipeline, source, reason, stage, sink, letter_path(pointer),
    letter_shape(detail), schema_version, script_hash, bundle_hash FROM letters_1;
INSERT INTO letters (seq, id, class, position, part, attempts, redrives, flags, no_value, answered,
    first_at_us, last_at_us, event_time_us, bytes, first_reason, pointer, detail, lane, record_key,
    rendered_key, done_sinks, headers, fields, raw, rendered)
  SELECT l.seq, l.id, c.id, l.position, l.part, l.attempts, 0, 0, 0, 0, l.first_at_us, l.last_at_us,
    l.event_time_us, 600 + length(l.raw) + length(l.rendered) + length(l.headers) +
      length(l.fields) + length(l.detail), '', l.pointer, l.detail, l.lane, l.record_key, NULL,
    x'', l.headers, l.fields, l.raw, l.rendered
  FROM letters_1 l JOIN classes c ON c.pipeline = l.pipeline AND c.source = l.source AND
    c.reason = l.reason AND c.stage = l.stage AND c.sink = l.sink AND
    c.path = letter_path(l.pointer) AND c.shape = letter_shape(l.detail) AND
    c.tenant = l.tenant AND c.schema_version = l.schema_version AND
    c.script_hash = l.script_hash AND c.bundle_hash = l.bundle_hash;
DROP TABLE letters_1;
UPDATE classes SET letters = n, bytes = b FROM
  (SELECT class, count(*) AS n, sum(bytes) AS b FROM letters GROUP BY class) WHERE class = id;
CREATE INDEX letters_by_class ON letters (class, last_at_us, first_at_us);
CREATE INDEX letters_by_time ON letters (last_at_us, seq, class);
CREATE INDEX letters_by_key ON letters (record_key) WHERE record_key IS NOT NULL;
CREATE TRIGGER letter_added AFTER INSERT ON letters BEGIN
  UPDATE classes SET letters = letters + 1, bytes = bytes + new.bytes WHERE id = new.class;
END;
CREATE TRIGGER letter_removed AFTER DELETE ON letters BEGIN
  UPDATE classes SET letters = letters - 1, bytes = bytes - old.bytes WHERE id = old.class;
END;
CREATE TRIGGER letter_changed AFTER UPDATE OF class, bytes ON letters BEGIN
  UPDATE classes SET letters = letters - 1, bytes = bytes - old.bytes WHERE id = old.class;
  UPDATE classes SET letters = letters + 1, bytes = bytes + new.bytes WHERE id = new.class;
END;
CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('dropped', 0);
CREATE TABLE redrives (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  pipeline TEXT NOT NULL,
  state TEXT NOT NULL,
  who TEXT NOT NULL,
  options TEXT NOT NULL,
  created_us INTEGER NOT NULL,
  updated_us INTEGER NOT NULL,
  chosen INTEGER NOT NULL DEFAULT 0,
  committed INTEGER NOT NULL DEFAULT 0,
  duplicate INTEGER NOT NULL DEFAULT 0,
  filtered INTEGER NOT NULL DEFAULT 0,
  failed INTEGER NOT NULL DEFAULT 0,
  gone INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE redrive_reasons (
  redrive INTEGER NOT NULL,
  reason TEXT NOT NULL,
  letters INTEGER NOT NULL,
  PRIMARY KEY (redrive, reason)
) STRICT, WITHOUT ROWID;
CREATE TABLE redrive_letters (
  redrive INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (redrive, seq)
) STRICT, WITHOUT ROWID;
)";
constexpr std::array kSteps = {kFormat1, kFormat2};

std::string path_function(std::span<const std::string_view> arguments) {
  return letter_path(arguments[0]);
}
std::string shape_function(std::span<const std::string_view> arguments) {
  return letter_shape(arguments[0]);
}
std::string group_function(std::span<const std::string_view> arguments) {
  return letter_group(arguments[0], arguments[1], arguments[2], arguments[3], arguments[4],
                      arguments[5]);
}
constexpr std::array kFunctions = {TextFunction{"letter_path", 1, path_function},
                                   TextFunction{"letter_shape", 1, shape_function},
                                   TextFunction{"letter_group", 6, group_function}};

}  // namespace

std::span<const char* const> letter_steps() { return kSteps; }

const DatabaseFormat kLetterFormat = {
    .file = "dead_letters.db",
    .application_id = 0x534c444c,  // "SLDL"
    .steps = kSteps,
    .loss = "what can be read of its letters comes back with `sqlite3 <file> .recover`",
    .functions = kFunctions};

}  // namespace sluice::store
