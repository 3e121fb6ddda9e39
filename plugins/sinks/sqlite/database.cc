// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/sqlite/database.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::sqlite_sink {
namespace {

// Pages of the database kept in memory by this connection, in KiB.
constexpr int kCacheKib = 16384;
// The log is folded into the database every so many pages: the default of 1000 makes large batches
// sync twice as often.
constexpr int kCheckpointPages = 4000;

// Never a URI and never SQLite's special names, even where the library was built to accept them.
std::string plain_path(const std::string& path) {
  return path.starts_with('/') ? path : "./" + path;
}

std::string folder_of(const std::string& path) {
  return std::filesystem::path(plain_path(path)).parent_path().string();
}

sluice_rc result_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
    case SQLITE_NOLFS:
      return SLUICE_E_RETRY;
    case SQLITE_INTERRUPT:
      return SLUICE_CANCELLED;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISUSE:
    case SQLITE_INTERNAL:
      return SLUICE_E_FATAL;
    case SQLITE_READONLY:
      return code == SQLITE_READONLY_DBMOVED ? SLUICE_E_FATAL : SLUICE_E_CONFIG;
    default:
      return SLUICE_E_CONFIG;
  }
}

std::string cure_of(int code, const std::string& path) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another program holds the write lock: let it finish its transaction";
    case SQLITE_FULL:
      return "; free space on the disk of " + folder_of(path) + " (or raise its quota)";
    case SQLITE_IOERR:
      return "; the disk of " + folder_of(path) + " did not take it: look at its space and health";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "; give the runtime's user write access to the file and its folder " + folder_of(path);
    case SQLITE_CANTOPEN:
      return "; check that the folder " + folder_of(path) + " exists and is writable";
    case SQLITE_CORRUPT:
      return "; restore it from a backup, or recover it with `sqlite3 FILE .recover`";
    case SQLITE_NOTADB:
      return "; `path` names a file that is not a SQLite database: choose another path";
    default:
      return "";
  }
}

}  // namespace

void StatementDeleter::operator()(sqlite3_stmt* statement) const noexcept {
  sqlite3_finalize(statement);  // repeats the error of the last step, which was dealt with then
}

void Database::Closer::operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }

Database::Database(Settings settings, Patience* patience)
    : settings_(std::move(settings)), patience_(patience) {}

Database::~Database() { close(); }

void Database::close() noexcept {
  begin_.reset();
  commit_.reset();
  db_.reset();
}

Failure Database::open() {
  close();
  stopped_ = false;
  if (Failure f = open_file()) return f;
  if (Failure f = set_up()) return f;
  if (!read_file_id(&file_)) {
    return {SLUICE_E_FATAL, "database " + settings_.path + " vanished while it was opened"};
  }
  if (Failure f = prepare("BEGIN IMMEDIATE", "prepare", &begin_)) return f;
  return prepare("COMMIT", "prepare", &commit_);
}

Failure Database::open_file() {
  std::error_code error;
  const bool there = std::filesystem::exists(plain_path(settings_.path), error);
  if (!there && !settings_.create && !error) {
    return Failure::config("database " + settings_.path +
                           " does not exist; create it, or set `create: true` with `columns`");
  }
  if (std::filesystem::is_directory(plain_path(settings_.path), error)) {
    return Failure::config("database " + settings_.path +
                           " is a folder; name a file in it, such as " + settings_.path +
                           "/out.db");
  }
  sqlite3* raw = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (settings_.create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(plain_path(settings_.path).c_str(), &raw, flags, nullptr);
  db_.reset(raw);
  if (code != SQLITE_OK) return failure(code, "open");
  sqlite3_busy_handler(db_.get(), &Database::on_busy, this);
  // A misspelt column is an error, not a string in double quotes.
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  // SQLite falls back to reading only when the file may not be written.
  if (sqlite3_db_readonly(db_.get(), "main") == 1) return failure(SQLITE_READONLY, "write to");
  return {};
}

Failure Database::set_up() {
  Statement mode;
  if (Failure f = prepare("PRAGMA journal_mode=WAL", "open", &mode)) return f;
  const int code = sqlite3_step(mode.get());
  if (code != SQLITE_ROW) return failure(code, "switch to write-ahead logging");
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(mode.get(), 0));
  write_ahead_ = text != nullptr && std::string_view(text) == "wal";
  mode.reset();
  // Without the log only EXTRA also syncs the folder the journal is deleted from.
  const char* sync = !settings_.full_sync ? "NORMAL" : write_ahead_ ? "FULL" : "EXTRA";
  return execute(std::string("PRAGMA synchronous=") + sync + ";PRAGMA cache_size=-" +
                     std::to_string(kCacheKib) + ";PRAGMA wal_autocheckpoint=" +
                     std::to_string(kCheckpointPages) + ";PRAGMA foreign_keys=ON",
                 "open");
}

bool Database::read_file_id(FileId* out) const {
  struct stat info {};
  if (::stat(plain_path(settings_.path).c_str(), &info) != 0) return false;
  *out = {info.st_dev, info.st_ino};
  return true;
}

// Rows written to a file that has been deleted or replaced would be lost with an OK.
Failure Database::check_file() const {
  FileId now;
  if (read_file_id(&now) && now == file_) return {};
  return {SLUICE_E_FATAL, "database " + settings_.path +
                              " was moved, deleted or replaced while it was open; stop the "
                              "pipeline before touching the file"};
}

// Counts what was slept rather than watching a clock: the host's wait is the clock.
int Database::on_busy(void* self, int count) {
  auto* db = static_cast<Database*>(self);
  if (count == 0) db->waited_ = std::chrono::milliseconds(0);
  if (db->stopped_ || db->waited_ >= kBusyLimit) return 0;
  const std::chrono::milliseconds pause(std::min(1 << std::min(count, 5), 25));
  db->waited_ += pause;
  db->stopped_ = db->patience_->wait(pause);
  return db->stopped_ ? 0 : 1;
}

Failure Database::execute(const std::string& sql, const char* doing) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? Failure::none() : failure(code, doing);
}

Failure Database::prepare(const std::string& sql, const char* doing, Statement* out) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  out->reset(raw);
  return code == SQLITE_OK ? Failure::none() : failure(code, doing);
}

Failure Database::begin() {
  if (Failure f = check_file()) return f;
  const int code = sqlite3_step(begin_.get());
  sqlite3_reset(begin_.get());
  return code == SQLITE_DONE ? Failure::none() : failure(code, "begin a transaction in");
}

Failure Database::commit() {
  const int code = sqlite3_step(commit_.get());
  if (code == SQLITE_DONE) {
    sqlite3_reset(commit_.get());
    return {};
  }
  Failure f = failure(code, "commit to");
  if ((code & 0xFF) == SQLITE_CONSTRAINT) f.rc = SLUICE_E_BATCH;
  sqlite3_reset(commit_.get());
  rollback();
  return f;
}

void Database::rollback() noexcept {
  if (!in_transaction()) return;
  // Fails only if the transaction is gone already or the connection is unusable; either way the
  // next begin says so.
  sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Database::in_transaction() const noexcept {
  return db_ != nullptr && sqlite3_get_autocommit(db_.get()) == 0;
}

Failure Database::failure(int code, const char* doing) const {
  const bool busy = (code & 0xFF) == SQLITE_BUSY;
  if (busy && stopped_) return {SLUICE_CANCELLED, "stop was requested"};
  const bool own_text =
      db_ != nullptr && (sqlite3_extended_errcode(db_.get()) & 0xFF) == (code & 0xFF);
  const char* text = own_text ? sqlite3_errmsg(db_.get()) : sqlite3_errstr(code);
  return {result_of(code), std::string("cannot ") + doing + " database " + settings_.path + ": " +
                               text + cure_of(code, settings_.path)};
}

}  // namespace sluice::sqlite_sink
