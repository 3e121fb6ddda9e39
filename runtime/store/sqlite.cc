// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/sqlite.h"

#include <sqlite3.h>

#include <array>
#include <cerrno>

#include "runtime/base/file.h"
#include "runtime/base/log.h"

namespace sluice::store {
namespace {

// Another connection (a command beside the runtime) holds the write lock for moments only.
constexpr int kBusyTimeoutMs = 5000;

// SQLite's count of the memory it uses, which nobody asks for, takes a lock of the whole process
// for each allocation. Without effect where a plugin has begun to use SQLite before us.
void count_no_memory() {
  static const int ignored = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(ignored);
}

Code code_of(int rc, int system_error) {
  if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG) {
    if ((rc & 0xff) == SQLITE_IOERR) return Code::kExhausted;
  }
  switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return Code::kExhausted;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOLFS:
    case SQLITE_PROTOCOL:
      return Code::kUnavailable;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return Code::kCorrupt;
    default:
      return Code::kInternal;
  }
}

std::string advice_for(const DatabaseName& name, int rc, Code code) {
  if (code == Code::kCorrupt) {
    // The pattern takes the log along, which belongs to the damaged file.
    const std::string folder = std::filesystem::path(name.path).parent_path() / "damaged";
    return "the file is damaged; stop the runtime and set it aside: mkdir -p \"" + folder +
           "\" && mv \"" + name.path + "\"* \"" + folder + "\"; " + name.loss;
  }
  if ((rc & 0xff) == SQLITE_TOOBIG) return "one value is larger than a database can hold";
  if ((rc & 0xff) == SQLITE_NOMEM) return "the process is out of memory";
  if (code == Code::kExhausted) {
    return "free space on the disk (or raise its quota) and try again; nothing that was "
           "acknowledged is lost";
  }
  if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED) {
    return "another process holds the file locked; end it and try again";
  }
  if (code == Code::kUnavailable) {
    return "check that the folder exists, is writable by this user and lies on a local disk";
  }
  return "please report this with the message";
}

// What SQLite calls; the function itself lies in the user data.
void call_text_function(sqlite3_context* context, int count, sqlite3_value** values) {
  constexpr int kMost = 8;
  std::array<std::string_view, kMost> arguments;
  for (int i = 0; i < count; ++i) {
    const auto* bytes = static_cast<const char*>(sqlite3_value_blob(values[i]));
    const int size = sqlite3_value_bytes(values[i]);
    if (bytes != nullptr) {
      arguments.at(static_cast<size_t>(i)) = {bytes, static_cast<size_t>(size)};
    }
  }
  const auto& function = *static_cast<const TextFunction*>(sqlite3_user_data(context));
  const std::string out = function.call(std::span(arguments).first(static_cast<size_t>(count)));
  sqlite3_result_text64(context, out.data(), out.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace

Status sqlite_error(const DatabaseName& name, sqlite3* handle, int rc, std::string_view doing,
                    int system_error) {
  const int extended = handle != nullptr ? sqlite3_extended_errcode(handle) : rc;
  // errmsg speaks of the last failure on this handle; use it only if that is the one in hand.
  const bool same = handle != nullptr && (extended & 0xff) == (rc & 0xff);
  const Code code = code_of(rc, system_error);
  std::string message = name.path + ": " + std::string(doing) + ": ";
  message += same ? sqlite3_errmsg(handle) : sqlite3_errstr(rc);
  const int primary = rc & 0xff;
  const bool from_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  if (from_system && system_error != 0) message += " (" + errno_text(system_error) + ")";
  return {code, message + "; " + advice_for(name, rc, code)};
}

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);  // repeats the last step's error, which was answered then
}

void Statement::note(int rc) {
  if (rc != SQLITE_OK && bind_rc_ == SQLITE_OK) bind_rc_ = rc;
}
void Statement::bind(int index, int64_t value) {
  note(sqlite3_bind_int64(handle_.get(), index, value));
}
void Statement::bind_text(int index, std::string_view text) {
  // A null pointer would bind NULL; an empty view may hold one.
  const char* data = text.data() != nullptr ? text.data() : "";
  note(sqlite3_bind_text64(handle_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}
void Statement::bind_blob(int index, std::string_view bytes) {
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  note(sqlite3_bind_blob64(handle_.get(), index, data, bytes.size(), SQLITE_STATIC));
}
void Statement::bind_blob(int index, const std::optional<std::string>& bytes) {
  if (bytes) {
    bind_blob(index, std::string_view(*bytes));
  } else {
    bind_null(index);
  }
}
void Statement::bind_null(int index) { note(sqlite3_bind_null(handle_.get(), index)); }

Result<bool> Statement::step() {
  sqlite3* database = sqlite3_db_handle(handle_.get());
  if (bind_rc_ != SQLITE_OK) {
    const int rc = std::exchange(bind_rc_, SQLITE_OK);
    reset();
    return sqlite_error(*name_, database, rc, "binding a value");
  }
  errno = 0;
  const int rc = sqlite3_step(handle_.get());
  const int system_error = errno;
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) {
    reset();
    return false;
  }
  Status failure = sqlite_error(*name_, database, rc, "running a statement", system_error);
  reset();
  return failure;
}

Status Statement::run() {
  for (;;) {
    SLUICE_ASSIGN_OR_RETURN(const bool row, step());
    if (!row) return Status::ok();
  }
}

void Statement::reset() { sqlite3_reset(handle_.get()); }

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_.get(), column) == SQLITE_NULL;
}
int64_t Statement::int64(int column) const { return sqlite3_column_int64(handle_.get(), column); }
std::string Statement::text(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
  const int size = sqlite3_column_bytes(handle_.get(), column);
  return data == nullptr ? std::string() : std::string(data, static_cast<size_t>(size));
}
std::optional<std::string> Statement::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

void Database::Closer::operator()(sqlite3* handle) const {
  // Statements are members declared after their Database, so none is left; close_v2 would wait.
  sqlite3_close_v2(handle);
}

Result<Database> Database::open(DatabaseName name, bool read_only) {
  Database database(std::move(name));
  count_no_memory();
  sqlite3* handle = nullptr;
  errno = 0;
  const int access = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int rc =
      sqlite3_open_v2(database.name_->path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX, nullptr);
  database.handle_.reset(handle);  // set even when opening failed
  if (rc != SQLITE_OK) return sqlite_error(*database.name_, handle, rc, "opening", errno);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  // The file is input too: a schema planted in it must not run functions of ours.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int rc = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (rc != SQLITE_OK) return sqlite_error(*name_, handle_.get(), rc, "preparing a statement");
  return Statement(statement, name_.get());
}

Status Database::exec(const std::string& sql) {
  errno = 0;
  const int rc = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK)
    return sqlite_error(*name_, handle_.get(), rc, "running " + sql.substr(0, 40), errno);
  return Status::ok();
}

Result<std::string> Database::query_text(std::string_view sql) {
  SLUICE_ASSIGN_OR_RETURN(Statement statement, prepare(sql));
  SLUICE_ASSIGN_OR_RETURN(const bool row, statement.step());
  return row ? statement.text(0) : std::string();
}

Result<int64_t> Database::query_int(std::string_view sql) {
  SLUICE_ASSIGN_OR_RETURN(Statement statement, prepare(sql));
  SLUICE_ASSIGN_OR_RETURN(const bool row, statement.step());
  return row ? statement.int64(0) : int64_t{0};
}

uint64_t Database::changes() const {
  return static_cast<uint64_t>(sqlite3_changes64(handle_.get()));
}

Status Database::define(const TextFunction& function) {
  // SQLite takes user data that is not const; it is only read.
  auto* data = const_cast<TextFunction*>(&function);
  const int rc = sqlite3_create_function_v2(handle_.get(), function.name, function.arguments,
                                            SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                            data, call_text_function, nullptr, nullptr, nullptr);
  if (rc == SQLITE_OK) return Status::ok();
  return sqlite_error(*name_, handle_.get(), rc, "defining a function");
}

Status Database::undefine(const TextFunction& function) {
  const int rc =
      sqlite3_create_function_v2(handle_.get(), function.name, function.arguments, SQLITE_UTF8,
                                 nullptr, nullptr, nullptr, nullptr, nullptr);
  if (rc == SQLITE_OK) return Status::ok();
  return sqlite_error(*name_, handle_.get(), rc, "removing a function");
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

Result<Transaction> Transaction::begin(Database& database) {
  SLUICE_RETURN_IF_ERROR(database.exec("BEGIN IMMEDIATE"));
  return Transaction(&database);
}

Transaction::~Transaction() {
  // SQLite rolls back by itself after some errors (full disk, I/O).
  if (database_ == nullptr || !database_->in_transaction()) return;
  if (Status status = database_->exec("ROLLBACK"); !status.is_ok()) {
    log::error("store.rollback_failed", status.message());
  }
}

Status Transaction::commit() {
  SLUICE_RETURN_IF_ERROR(database_->exec("COMMIT"));
  database_ = nullptr;
  return Status::ok();
}

}  // namespace sluice::store
