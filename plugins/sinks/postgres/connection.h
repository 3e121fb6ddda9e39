// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/plugin.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "plugins/sinks/postgres/failure.h"
#include "plugins/sinks/postgres/options.h"

// libpqxx, which only this adapter's sources see.
namespace pqxx {
class result;
class dbtransaction;
class transaction_base;
}  // namespace pqxx

namespace sluice::postgres_sink {

// The address as libpq takes it, with our limits on waiting where it has none: a network that is
// lost would else be waited for as long as TCP does. BadConfig when it is none; the message does
// not quote it, it may hold a password. No I/O.
std::string complete_dsn(const std::string& dsn);

// One connection to one server. Used by one thread at a time.
class Connection {
 public:
  Connection(const Options& options, Context context);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Connects, once more if it was connected, and sets the session up.
  Failure open();
  // False once a failure said that the connection is of no use: open() it again.
  [[nodiscard]] bool usable() const noexcept { return inside_ != nullptr; }

  using Work = std::function<Failure(pqxx::dbtransaction&)>;
  // One transaction: committed when `work` answers none, else rolled back. `work` may throw what
  // libpqxx does. The failure of a commit may leave open whether it happened.
  Failure transact(std::string_view doing, const Work& work);
  // Rolled back in any case.
  Failure look(std::string_view doing, const Work& work);

  // [any] Asks the server to end the statement under way; it is answered like any other failure.
  void cancel() noexcept;

  // "host:port/database" of the last connection.
  [[nodiscard]] const std::string& where() const noexcept { return where_; }

 private:
  struct Inside;
  void replace(std::unique_ptr<Inside> by);
  Failure attempt(std::string_view doing, const std::function<Failure()>& work);

  std::string conninfo_;
  std::string set_up_;
  std::string where_;
  Context context_;
  std::mutex mutex_;  // which inside_ there is, for cancel
  std::unique_ptr<Inside> inside_;
};

// Runs a statement so that its failure leaves the transaction as it was.
Failure try_statement(pqxx::dbtransaction& transaction, const std::string& sql,
                      std::string_view doing);

// Lines of COPY's text format into `target` ("table (column, ...)"), each with its line end.
void copy_lines(pqxx::transaction_base& transaction, const std::string& target,
                const std::string& columns, std::string_view lines);

}  // namespace sluice::postgres_sink
