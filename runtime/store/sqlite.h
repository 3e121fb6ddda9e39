// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sluice::store {

// What an error message needs to know about the file it speaks of.
struct DatabaseName {
  std::string path;
  std::string loss;  // what setting the file aside costs, a clause: "sources then start from ..."
};

// Translates an SQLite result code of `handle` (may be null) into a Status: full disk or quota
// kExhausted; read-only, cannot open, I/O error, locked kUnavailable; not a database or malformed
// kCorrupt with advice; the rest kInternal. system_error: errno right after the call, since SQLite
// itself tells a full disk apart but not a used-up quota.
Status sqlite_error(const DatabaseName& name, sqlite3* handle, int rc, std::string_view doing,
                    int system_error = 0);

// A function of SQL: texts in, text out. Pure; must not throw. NULL comes as an empty text.
struct TextFunction {
  const char* name;
  int arguments;
  std::string (*call)(std::span<const std::string_view> arguments);
};

// A prepared statement. Parameters count from 1, columns from 0. Bound text is not copied: it must
// outlive the next step(). Errors of bind_*() are answered by the next step(). Lives no longer
// than its Database; used under the same lock.
class Statement {
 public:
  Statement(Statement&&) noexcept = default;
  Statement& operator=(Statement&&) noexcept = default;

  void bind(int index, int64_t value);
  void bind_u64(int index, uint64_t value) { bind(index, static_cast<int64_t>(value)); }
  void bind_text(int index, std::string_view text);
  void bind_blob(int index, std::string_view bytes);
  void bind_blob(int index, const std::optional<std::string>& bytes);
  void bind_null(int index);

  // True: a row is there. False: done; the statement is reset, ready to be bound again.
  Result<bool> step();
  // Steps to the end, rows ignored.
  Status run();
  // Ends a row walk early; keeps the bindings.
  void reset();

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] int64_t int64(int column) const;
  [[nodiscard]] uint64_t u64(int column) const { return static_cast<uint64_t>(int64(column)); }
  [[nodiscard]] std::string text(int column) const;  // the bytes of a TEXT or BLOB
  [[nodiscard]] std::optional<std::string> optional_text(int column) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(sqlite3_stmt* statement, const DatabaseName* name) : handle_(statement), name_(name) {}
  void note(int rc);

  std::unique_ptr<sqlite3_stmt, Finalizer> handle_;
  const DatabaseName* name_;
  int bind_rc_ = 0;
};

// A connection. One thread at a time.
class Database {
 public:
  // The file must exist. read_only never changes it (SQLite may make -wal and -shm beside it).
  static Result<Database> open(DatabaseName name, bool read_only);

  Result<Statement> prepare(std::string_view sql);
  // One or several statements, rows ignored.
  Status exec(const std::string& sql);
  // The first column of the first row, for PRAGMAs and counts; empty without a row.
  Result<std::string> query_text(std::string_view sql);
  Result<int64_t> query_int(std::string_view sql);

  // Rows that the last INSERT, UPDATE or DELETE changed, those of triggers left out.
  [[nodiscard]] uint64_t changes() const;

  // Makes a function known to this connection, until undefine(). It has to last as long.
  Status define(const TextFunction& function);
  Status undefine(const TextFunction& function);

  [[nodiscard]] const DatabaseName& name() const { return *name_; }
  [[nodiscard]] bool in_transaction() const;

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  explicit Database(DatabaseName name) : name_(std::make_unique<DatabaseName>(std::move(name))) {}

  std::unique_ptr<DatabaseName> name_;  // statements point to it, so it must not move
  std::unique_ptr<sqlite3, Closer> handle_;
};

// A write transaction; rolled back unless commit() succeeded.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;
};

}  // namespace sluice::store
