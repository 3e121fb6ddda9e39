// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "plugins/sinks/sqlite/failure.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sluice::sqlite_sink {

// What the database needs from its surroundings while it waits for a lock of somebody else's.
class Patience {
 public:
  virtual ~Patience() = default;
  // Sleeps; true as soon as stop is asked.
  virtual bool wait(std::chrono::milliseconds time) = 0;
};

struct StatementDeleter {
  void operator()(sqlite3_stmt* statement) const noexcept;
};
using Statement = std::unique_ptr<sqlite3_stmt, StatementDeleter>;

// One connection to one file, opened for durable writing. Not thread-safe; calls may come from
// different threads one after the other. Whatever SQLite answers is sorted into the ABI's results:
//   busy, locked, disk full, I/O error, no memory   SLUICE_E_RETRY
//   read-only, cannot open, no such table           SLUICE_E_CONFIG
//   not a database, corrupt                         SLUICE_E_FATAL
class Database {
 public:
  struct Settings {
    std::string path;
    bool create = false;    // make the file if it is not there
    bool full_sync = true;  // a commit survives loss of power
  };

  Database(Settings settings, Patience* patience);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Failure open();
  void close() noexcept;
  [[nodiscard]] sqlite3* handle() const noexcept { return db_.get(); }
  // Write-ahead logging is not to be had on every file system; commits are then slower.
  [[nodiscard]] bool write_ahead() const noexcept { return write_ahead_; }

  // `doing` begins the message of a failure: "begin a transaction".
  Failure execute(const std::string& sql, const char* doing);
  Failure prepare(const std::string& sql, const char* doing, Statement* out);

  // Takes the write lock, waiting at most kBusyLimit; fails if the file was replaced meanwhile.
  Failure begin();
  // A failed commit leaves no transaction behind.
  Failure commit();
  void rollback() noexcept;
  [[nodiscard]] bool in_transaction() const noexcept;

  // The failure SQLite's result `code` stands for, with its last message.
  [[nodiscard]] Failure failure(int code, const char* doing) const;

  // How long a call waits for the lock of another writer before it gives up with E_RETRY.
  static constexpr std::chrono::milliseconds kBusyLimit{1500};

 private:
  struct Closer {
    void operator()(sqlite3* db) const noexcept;
  };
  struct FileId {
    unsigned long long device = 0;
    unsigned long long inode = 0;
    friend bool operator==(const FileId&, const FileId&) = default;
  };

  static int on_busy(void* self, int count);
  Failure open_file();
  Failure set_up();
  Failure check_file() const;
  bool read_file_id(FileId* out) const;

  Settings settings_;
  Patience* patience_;
  std::unique_ptr<sqlite3, Closer> db_;
  Statement begin_;
  Statement commit_;
  FileId file_;
  bool write_ahead_ = false;
  std::chrono::milliseconds waited_{};  // for the lock under way
  bool stopped_ = false;                // the last wait ended because stop was asked
};

}  // namespace sluice::sqlite_sink
