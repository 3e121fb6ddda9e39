// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/sqlite/mark_table.h"

#include <sqlite3.h>

#include <string>
#include <utility>

namespace sluice::sqlite_sink {
namespace {

// Positions are unsigned 64-bit in SQLite's signed integers, bit for bit.
constexpr const char* kCreate =
    "CREATE TABLE IF NOT EXISTS sluice_marks (scope TEXT NOT NULL, lane BLOB NOT NULL, epoch "
    "INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (scope, lane, epoch)) WITHOUT ROWID";
constexpr const char* kDoing = "keep the marks in";

void bind_text(sqlite3_stmt* statement, int parameter, std::string_view text) {
  sqlite3_bind_text64(statement, parameter, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void bind_name(sqlite3_stmt* statement, const MarkMove& move) {
  bind_text(statement, 1, move.scope);
  sqlite3_bind_blob64(statement, 2, move.lane.data(), move.lane.size(), SQLITE_STATIC);
  sqlite3_bind_int64(statement, 3, move.epoch);
}

// Steps to the end and lets go of borrowed text; the first code that is not SQLITE_ROW.
int run(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return code;
}

std::string words(const std::optional<uint64_t>& position) {
  return position ? std::to_string(*position) : "none";
}

}  // namespace

Failure MarkTable::open() {
  if (Failure f = database_->execute(kCreate, "make the table of marks in")) return f;
  const std::pair<const char*, Statement*> statements[] = {
      {"INSERT OR IGNORE INTO sluice_marks VALUES (?1, ?2, ?3, ?4)", &insert_},
      {"UPDATE sluice_marks SET position = ?4 WHERE scope = ?1 AND lane = ?2 AND epoch = ?3 AND "
       "position = ?5",
       &update_},
      {"DELETE FROM sluice_marks WHERE scope = ?1 AND lane = ?2 AND epoch = ?3 AND position = ?5",
       &remove_},
      {"SELECT position FROM sluice_marks WHERE scope = ?1 AND lane = ?2 AND epoch = ?3", &find_},
  };
  for (const auto& [sql, statement] : statements) {
    if (Failure f = database_->prepare(sql, kDoing, statement)) return f;
  }
  return {};
}

Failure MarkTable::move(std::span<const MarkMove> moves) {
  for (const MarkMove& move : moves) {
    if (Failure f = move_one(move)) return f;
  }
  return {};
}

Failure MarkTable::move_one(const MarkMove& move) {
  if (!move.expect && !move.set) {
    std::optional<uint64_t> stored;
    if (Failure f = find(move, &stored)) return f;
    return stored ? fenced(move) : Failure::none();
  }
  sqlite3_stmt* statement = !move.expect ? insert_.get() : move.set ? update_.get() : remove_.get();
  bind_name(statement, move);
  if (move.set) sqlite3_bind_int64(statement, 4, static_cast<int64_t>(*move.set));
  if (move.expect) sqlite3_bind_int64(statement, 5, static_cast<int64_t>(*move.expect));
  const int code = run(statement);
  if (code != SQLITE_DONE) return database_->failure(code, kDoing);
  return sqlite3_changes(database_->handle()) == 1 ? Failure::none() : fenced(move);
}

Failure MarkTable::find(const MarkMove& move, std::optional<uint64_t>* out) {
  bind_name(find_.get(), move);
  const int code = sqlite3_step(find_.get());
  if (code == SQLITE_ROW) *out = static_cast<uint64_t>(sqlite3_column_int64(find_.get(), 0));
  sqlite3_reset(find_.get());
  sqlite3_clear_bindings(find_.get());
  if (code == SQLITE_ROW || code == SQLITE_DONE) return {};
  return database_->failure(code, kDoing);
}

Failure MarkTable::fenced(const MarkMove& move) {
  std::optional<uint64_t> stored;
  if (Failure f = find(move, &stored)) return f;
  return {SLUICE_E_FENCED, "the mark of lane " + std::string(move.lane) + " stands at " +
                               words(stored) + ", expected " + words(move.expect) +
                               ": somebody else writes for this source, or a commit was not seen"};
}

Failure MarkTable::read(const MarkReader& reader) {
  Statement rows;
  if (Failure f = database_->prepare(
          "SELECT lane, epoch, position FROM sluice_marks WHERE scope = ?1", kDoing, &rows)) {
    return f;
  }
  bind_text(rows.get(), 1, reader.scope());
  for (;;) {
    const int code = sqlite3_step(rows.get());
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return database_->failure(code, "read the marks in");
    const auto* lane = static_cast<const char*>(sqlite3_column_blob(rows.get(), 0));
    const auto size = static_cast<size_t>(sqlite3_column_bytes(rows.get(), 0));
    reader.found(lane == nullptr ? std::string_view() : std::string_view(lane, size),
                 static_cast<uint32_t>(sqlite3_column_int64(rows.get(), 1)),
                 static_cast<uint64_t>(sqlite3_column_int64(rows.get(), 2)));
  }
}

Failure MarkTable::reset(std::string_view scope, uint32_t epoch) {
  Statement remove;
  if (Failure f = database_->prepare("DELETE FROM sluice_marks WHERE scope = ?1 AND epoch < ?2",
                                     kDoing, &remove)) {
    return f;
  }
  bind_text(remove.get(), 1, scope);
  sqlite3_bind_int64(remove.get(), 2, epoch);
  const int code = run(remove.get());
  return code == SQLITE_DONE ? Failure::none() : database_->failure(code, kDoing);
}

}  // namespace sluice::sqlite_sink
