// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/status.h"

struct pg_conn;
struct pg_result;

namespace sluice::store {

// Where a database is, and how it is called in messages: without its password.
struct PgTarget {
  std::string conninfo;  // complete, with our limits on waiting
  std::string shown;     // "postgres://app@db:5432/ingest"

  // From `postgres://user:password@host:port/database?...` or libpq's `host=... dbname=...`.
  // kInvalid: it is neither.
  static Result<PgTarget> parse(const std::string& dsn);
};

// What a statement is given, $1 first. Values are copied.
class PgParams {
 public:
  // Text cannot hold NUL or what is not UTF-8 there: such bytes become U+FFFD. What must come back
  // as it was is bytes.
  PgParams& text(std::string_view value);
  PgParams& bytes(std::string_view value);
  PgParams& maybe_bytes(const std::optional<std::string>& value);
  PgParams& number(int64_t value);
  PgParams& u64(uint64_t value) { return number(static_cast<int64_t>(value)); }
  // As one value of an array type: cast it where it is used, `= ANY($1::bigint[])`.
  PgParams& numbers(const std::vector<uint64_t>& values);
  PgParams& texts(const std::vector<std::string>& values);
  PgParams& byte_strings(const std::vector<std::string>& values);
  [[nodiscard]] size_t size() const { return values_.size(); }

 private:
  friend class PgConnection;
  struct Value {
    std::string data;
    unsigned type;
    bool binary;
    bool null;
  };
  std::vector<Value> values_;
};

// Rows of an answer; columns count from 0. Columns are bigint or smaller, text, or bytea.
class PgRow;
class PgRows {
 public:
  [[nodiscard]] PgRow row(int number) const;
  [[nodiscard]] int count() const;
  [[nodiscard]] bool is_null(int row, int column) const;
  [[nodiscard]] std::string text(int row, int column) const;  // of a text or bytea
  [[nodiscard]] std::optional<std::string> optional_text(int row, int column) const;
  [[nodiscard]] int64_t int64(int row, int column) const;
  [[nodiscard]] uint64_t u64(int row, int column) const {
    return static_cast<uint64_t>(int64(row, column));
  }
  // Rows that an INSERT, UPDATE or DELETE changed.
  [[nodiscard]] uint64_t affected() const;

 private:
  friend class PgConnection;
  struct Clear {
    void operator()(pg_result* result) const;
  };
  explicit PgRows(pg_result* result) : result_(result) {}
  std::unique_ptr<pg_result, Clear> result_;
};

// One of them; it must not outlive them.
class PgRow {
 public:
  PgRow(const PgRows& rows, int number) : rows_(rows), number_(number) {}
  [[nodiscard]] std::string text(int column) const { return rows_.text(number_, column); }
  [[nodiscard]] std::optional<std::string> optional_text(int column) const {
    return rows_.optional_text(number_, column);
  }
  [[nodiscard]] int64_t int64(int column) const { return rows_.int64(number_, column); }
  [[nodiscard]] uint64_t u64(int column) const { return rows_.u64(number_, column); }

 private:
  const PgRows& rows_;
  int number_;
};
inline PgRow PgRows::row(int number) const { return {*this, number}; }

// A connection; nothing else speaks to PostgreSQL here. One thread at a time.
//
// Errors: kUnavailable when the server cannot be reached, is starting or stopping, or has no
// connection left; kExhausted when its disk is full; kInvalid for what only an operator can mend
// (password, database, rights); kCorrupt as it says. After kUnavailable ask broken().
class PgConnection {
 public:
  static Result<PgConnection> open(const PgTarget& target);

  Result<PgRows> run(const std::string& sql, const PgParams& params = {});
  // Row by row, so that memory does not grow with the answer; the visitor sees row 0 only and must
  // not use this connection.
  Status stream(const std::string& sql, const PgParams& params,
                const std::function<void(const PgRows&)>& visit);
  // Several statements, without parameters.
  Status script(const std::string& sql);

  // The connection is gone: what was not committed did not happen, what was being committed may
  // have.
  [[nodiscard]] bool broken() const;
  // Of the last failure, five characters, or empty: "23503".
  [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  PgConnection(pg_conn* connection, std::string shown)
      : handle_(connection), shown_(std::move(shown)) {}
  int send(const std::string& sql, const PgParams& params);
  Status failure(const pg_result* result, std::string_view doing);

  std::unique_ptr<pg_conn, Close> handle_;
  std::string shown_;
  std::string sqlstate_;
};

// Rolled back unless commit() succeeded. Lives no longer than its connection.
class PgTransaction {
 public:
  // repeatable: all statements see the state of the first.
  static Result<PgTransaction> begin(PgConnection& connection, bool repeatable = false);
  PgTransaction(PgTransaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  PgTransaction& operator=(PgTransaction&&) = delete;
  ~PgTransaction();
  Status commit();

 private:
  explicit PgTransaction(PgConnection* connection) : connection_(connection) {}
  PgConnection* connection_;
};

}  // namespace sluice::store
