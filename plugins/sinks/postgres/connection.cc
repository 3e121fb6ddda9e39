// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <pqxx/pqxx>
#include <pqxx/tablewriter>
#include <utility>

namespace sluice::postgres_sink {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kLimits = {
    {{"connect_timeout", "10"},
     {"tcp_user_timeout", "30000"},
     {"keepalives_idle", "30"},
     {"application_name", "sluice"},
     {"client_encoding", "UTF8"}}};

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

void append_option(std::string* out, std::string_view name, std::string_view value) {
  out->append(out->empty() ? "" : " ").append(name).append("='");
  for (const char c : value) {
    if (c == '\'' || c == '\\') out->push_back('\\');
    out->push_back(c);
  }
  out->push_back('\'');
}

// What only an operator can mend. A connection that fails comes without SQLSTATE.
bool is_configuration(std::string_view text) {
  constexpr std::array<std::string_view, 8> kSigns = {
      "authentication failed", "no password supplied",     "no pg_hba.conf entry",
      "pg_hba.conf rejects",   "permission denied",        "is not permitted to log in",
      "could not parse",       "invalid connection option"};
  const auto holds = [&](std::string_view sign) { return text.find(sign) != text.npos; };
  if (std::any_of(kSigns.begin(), kSigns.end(), holds)) return true;
  return holds("does not exist") && (holds("database \"") || holds("role \""));
}

Failure not_connected(std::string_view text) {
  std::string words(text);
  std::replace(words.begin(), words.end(), '\n', ' ');
  if (words.size() > 400) words.resize(400);
  while (words.ends_with(' ')) words.pop_back();
  Failure out{SLUICE_E_RETRY, "cannot connect to PostgreSQL: " + words, {}, true};
  if (is_configuration(text)) {
    out.rc = SLUICE_E_CONFIG;
    out.message += "; check user, password and database of `dsn`";
  } else {
    out.message += "; check that the server runs and can be reached from here; it is tried again";
  }
  return out;
}

Failure conflict(std::string_view doing, const char* state, const std::exception& error) {
  Failure out = failure_of_state(state, error.what(), doing);
  out.message += "; another transaction was in the way, it is tried again";
  return out;
}

// For each type libpqxx throws, what it stands for.
Failure failure_of(std::string_view doing, const std::function<Failure()>& work) {
  const std::string begin(doing);
  try {
    return work();
  } catch (const pqxx::in_doubt_error& e) {
    return {SLUICE_E_RETRY,
            begin +
                ": the connection was lost while the transaction was committed, so it may have "
                "happened: " +
                short_words(e.what()),
            {},
            true};
  } catch (const pqxx::broken_connection& e) {
    return {SLUICE_E_RETRY, begin + ": " + short_words(e.what()) + "; it is tried again", {}, true};
  } catch (const pqxx::deadlock_detected& e) {
    return conflict(doing, "40P01", e);
  } catch (const pqxx::serialization_failure& e) {
    return conflict(doing, "40001", e);
  } catch (const pqxx::transaction_rollback& e) {
    return conflict(doing, "40000", e);
  } catch (const pqxx::insufficient_privilege& e) {
    return failure_of_state("42501", e.what(), doing);  // libpqxx forgets it
  } catch (const pqxx::sql_error& e) {
    return failure_of_state(e.sqlstate(), e.what(), doing);
  } catch (const pqxx::failure& e) {
    return {SLUICE_E_RETRY, begin + ": " + short_words(e.what()), {}, true};
  } catch (const std::logic_error& e) {
    return {SLUICE_E_FATAL, begin + ": " + short_words(e.what()), {}, true};
  }
}

// The server's notices, which would else be printed.
class Notices : public pqxx::errorhandler {
 public:
  Notices(pqxx::connection_base& connection, Context context)
      : pqxx::errorhandler(connection), context_(context) {}
  bool operator()(const char text[]) noexcept override {
    if (context_.log_enabled(SLUICE_LOG_DEBUG)) context_.debug(std::string_view(text));
    return false;
  }

 private:
  Context context_;
};

}  // namespace

struct Connection::Inside {
  Inside(const std::string& conninfo, Context context)
      : connection(conninfo), notices(connection, context) {}
  pqxx::connection connection;
  Notices notices;
};

std::string complete_dsn(const std::string& dsn) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      PQconninfoParse(dsn.c_str(), &message));
  PQfreemem(message);
  if (!options || dsn.find('\0') != std::string::npos) {
    throw BadConfig(
        "/dsn: it is not an address; expected postgres://user:password@host:port/database, or "
        "host=... dbname=...");
  }
  std::string out;
  std::vector<std::string_view> given;
  for (const PQconninfoOption* at = options.get(); at->keyword != nullptr; ++at) {
    if (at->val == nullptr || std::string_view(at->keyword) == "client_encoding") continue;
    append_option(&out, at->keyword, at->val);
    given.emplace_back(at->keyword);
  }
  for (const auto& [name, value] : kLimits) {
    if (std::find(given.begin(), given.end(), name) == given.end())
      append_option(&out, name, value);
  }
  return out;
}

Connection::Connection(const Options& options, Context context)
    : conninfo_(complete_dsn(options.dsn)), context_(context) {
  // Between the statements of a transaction this client never waits for long.
  set_up_ =
      "SET client_min_messages = warning; SET idle_in_transaction_session_timeout = 60000; "
      "SET standard_conforming_strings = on; SET DateStyle = 'ISO, YMD'; "
      "SET TimeZone = 'UTC'; SET statement_timeout = ";
  set_up_ += std::to_string(options.statement_timeout.count()) +
             "; SET lock_timeout = " + std::to_string(options.lock_timeout.count());
  // What is answered OK is on disk: at least on that of the server.
  set_up_ +=
      "; SELECT set_config('synchronous_commit', 'on', false) "
      "WHERE current_setting('synchronous_commit') = 'off'";
}

Connection::~Connection() = default;

void Connection::replace(std::unique_ptr<Inside> by) {
  const std::lock_guard lock(mutex_);
  inside_ = std::move(by);
}

void Connection::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  if (!inside_) return;
  try {
    inside_->connection.cancel_query();
  } catch (const std::exception& e) {
    context_.debug(std::string("cancelling a statement failed: ") + e.what());
  }
}

Failure Connection::open() {
  replace(nullptr);
  try {
    replace(std::make_unique<Inside>(conninfo_, context_));
  } catch (const pqxx::failure& e) {
    return not_connected(e.what());
  }
  pqxx::connection& connection = inside_->connection;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  // A session that was silently replaced would be without its table of rows.
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
  const auto text = [](const char* word) { return std::string(word == nullptr ? "" : word); };
  where_ =
      text(connection.hostname()) + ":" + text(connection.port()) + "/" + text(connection.dbname());
  return attempt("set the session up", [&] {
    pqxx::nontransaction session(connection);
    session.exec(set_up_);
    return Failure::none();
  });
}

Failure Connection::attempt(std::string_view doing, const std::function<Failure()>& work) {
  Failure failure = failure_of(doing, work);
  if (!failure) return failure;
  failure.connection_bad = failure.connection_bad || !inside_->connection.is_open();
  if (failure.connection_bad) replace(nullptr);
  if (!where_.empty() && !failure.blames_row()) failure.message = where_ + ": " + failure.message;
  return failure;
}

Failure Connection::transact(std::string_view doing, const Work& work) {
  if (!inside_) return Failure::retry("not connected");
  return attempt(doing, [&] {
    pqxx::work transaction(inside_->connection);
    if (Failure f = work(transaction)) return f;
    transaction.commit();
    return Failure::none();
  });
}

Failure Connection::look(std::string_view doing, const Work& work) {
  if (!inside_) return Failure::retry("not connected");
  return attempt(doing, [&] {
    pqxx::work transaction(inside_->connection);
    return work(transaction);
  });
}

Failure try_statement(pqxx::dbtransaction& transaction, const std::string& sql,
                      std::string_view doing) {
  return failure_of(doing, [&] {
    pqxx::subtransaction attempt(transaction, "sluice_try");
    attempt.exec(sql);
    attempt.commit();
    return Failure::none();
  });
}

void copy_lines(pqxx::transaction_base& transaction, const std::string& target,
                const std::string& columns, std::string_view lines) {
  // As much as goes into one message: large enough that its head costs nothing.
  constexpr size_t kPiece = size_t{256} << 10U;
  const std::array<std::string, 1> list = {columns};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  // Its successor takes fields one by one, each as a string of its own.
  pqxx::tablewriter writer(transaction, target, list.begin(), list.end());
#pragma GCC diagnostic pop
  std::string piece;
  while (!lines.empty()) {
    size_t end = lines.size();
    if (end > kPiece) {
      const size_t before = lines.rfind('\n', kPiece);
      end = before == std::string_view::npos ? lines.find('\n') + 1 : before + 1;
    }
    piece.assign(lines.substr(0, end));
    writer.write_raw_line(piece);
    lines.remove_prefix(end);
  }
  writer.complete();
}

}  // namespace sluice::postgres_sink
