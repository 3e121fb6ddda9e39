// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>

#include "tests/unit/store/temp_dir.h"

namespace sluice {

// A real PostgreSQL server of the tests' own, on loopback, ended with the process.
class PostgresServer {
 public:
  // Where Debian keeps the server's programs; empty: they are not installed.
  static std::string programs();
  // The server of this process, started when it is first asked for. nullptr: it did not start, and
  // a failure says why.
  static PostgresServer* shared();

  ~PostgresServer() { stop(); }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // Of a database by this name, which is made when it is not there. Letters and digits only.
  std::string dsn(const std::string& database);
  // Of the server's superuser in a database that is there.
  [[nodiscard]] std::string admin_dsn(const std::string& database = "postgres") const;
  // Runs SQL there; answers the first value, or "error: ...".
  std::string ask(const std::string& database, const std::string& sql) const;

  void stop();       // at once, as a crash would
  bool run_again();  // with what it had

 private:
  PostgresServer() = default;
  bool make_cluster();
  bool run();

  TempDir folder_;
  uint16_t port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace sluice
