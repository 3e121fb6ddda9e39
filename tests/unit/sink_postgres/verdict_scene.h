// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <future>
#include <string>

#include "runtime/store/postgres.h"
#include "tests/unit/sink_postgres/postgres_fixture.h"

namespace sluice::test {

// What a sink answered while something was wrong, as a row of the README's table.
struct Verdict {
  std::string call;      // the code of the call: "OK", "E_RETRY", ...
  std::string record;    // reason and runtime code of the culprit; empty: nobody's fault
  std::string state;     // SQLSTATE, when the message has one
  bool renewed = false;  // the next write came over a new connection

  [[nodiscard]] std::string line(const std::string& trouble) const;
};

// A sink, its schema and one thing that goes wrong with it. Batches are of three records, of which
// the middle one is the culprit where one record is.
class VerdictScene : public PostgresSinkTest {
 public:
  // Opens the sink; without columns of their own those of kPgQuakes.
  void open(const std::string& members = kPgQuakes);
  // Writes `middle` between two good records and keeps what was answered.
  void write(const std::string& middle = R"({"id":"b","rev":1})");
  // The same on another thread, for what has to be done meanwhile; then join().
  void begin_write();
  void join();
  // The trouble is over: the same instance writes three good records. After a call that failed
  // nothing of it may be in the table.
  void goes_on();

  // A second session; statements of several in order.
  void other(const std::string& sql);
  // Until the query has a row.
  void wait_until(const std::string& query) const;
  void wait_for_lock() const {
    wait_until("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
  }
  // The address for another user; options of libpq may follow.
  [[nodiscard]] std::string dsn_of(const std::string& user, const std::string& more = "") const;
  void end_sessions_of(const std::string& user);

  Verdict verdict;
  using PostgresSinkTest::dsn_;
  using PostgresSinkTest::rows;
  using PostgresSinkTest::run;
  using PostgresSinkTest::sink_;
  using PostgresSinkTest::trigger;

 private:
  void TestBody() override {}
  void keep(sluice_rc rc);

  std::optional<store::PgConnection> other_;
  std::future<sluice_rc> answer_;
};

}  // namespace sluice::test
