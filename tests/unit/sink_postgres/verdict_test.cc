// SPDX-License-Identifier: Apache-2.0
#include <future>

#include "runtime/base/stop.h"
#include "runtime/store/postgres.h"
#include "tests/unit/sink_postgres/postgres_fixture.h"

namespace sluice::test {
namespace {

using std::string_literals::operator""s;

// What each failure of a write is answered with.
class PostgresVerdict : public PostgresSinkTest {
 protected:
  // A session that holds locks.
  [[nodiscard]] store::PgConnection session() const {
    return std::move(*store::PgConnection::open(*store::PgTarget::parse(dsn_)));
  }
  static void in(store::PgConnection& session, const std::string& sql) {
    const auto done = session.run(sql);
    EXPECT_TRUE(done) << sql << ": " << done.status().message();
  }
  // Until somebody waits for a lock.
  void await_waiter() const {
    StopSource never;
    while (rows("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'").empty()) {
      never.wait_for(std::chrono::milliseconds(2));
    }
  }
  sluice_rc write_one(const char* record = R"({"id":"x","rev":9})") {
    return sink_.write({record});
  }
  void expect_error(const std::string& words) const {
    EXPECT_NE(std::string::npos, sink_.error().find(words)) << sink_.error();
  }
};

constexpr const char* kPlainQuakes = R"("columns":{"id":"/id","rev":"/rev"})";

TEST_F(PostgresVerdict, UniqueViolationRefusesTheInsertAlone) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint)");
  run("INSERT INTO $S.quakes VALUES ('b', 1)");
  ASSERT_EQ(SLUICE_OK, start(kPlainQuakes + R"(,"mode":"insert")"s)) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a"})", R"({"id":"b"})", R"({"id":"c"})",
                                    R"({"id":"c"})", R"({"id":"d"})"}))
      << sink_.error();
  EXPECT_EQ("ok unique_violation ok unique_violation ok", sink_.words());
  EXPECT_EQ("CONSTRAINT_VIOLATION", sink_.said()[1].maps_to);
  EXPECT_NE(std::string::npos, sink_.said()[1].detail.find("Key (id)=(b) already exists"))
      << sink_.said()[1].detail;
  EXPECT_EQ("(a,)\n(b,1)\n(c,)\n(d,)", rows("SELECT * FROM $S.quakes ORDER BY id"));
}

TEST_F(PostgresVerdict, ALoneRefusedRowIsItsOwnCulprit) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint)");
  ASSERT_EQ(SLUICE_OK, start(kPlainQuakes + R"(,"mode":"insert")"s));
  ASSERT_EQ(SLUICE_OK, write_one());
  ASSERT_EQ(SLUICE_OK, write_one());
  EXPECT_EQ("unique_violation", sink_.words());
}

TEST_F(PostgresVerdict, AnotherUniqueIndexRefusesAnUpsert) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint UNIQUE)");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"])")) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":1})", R"({"id":"b","rev":1})",
                                    R"({"id":"c","rev":2})"}))
      << sink_.error();
  EXPECT_EQ("ok unique_violation ok", sink_.words());
}

TEST_F(PostgresVerdict, EveryConstraintHasItsReason) {
  run("CREATE TABLE $S.ref(id int PRIMARY KEY)");
  run("CREATE DOMAIN $S.set AS text NOT NULL");
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint CHECK (rev < 100), ref int "
      "REFERENCES "
      "$S.ref, n numeric(4,1), small smallint, must text CHECK (true))");
  trigger(
      "IF NEW.must = 'null' THEN NEW.id = NULL; END IF; IF NEW.must = 'no' THEN RAISE EXCEPTION "
      "'no such thing'; END IF; IF NEW.must = 'drop' THEN RETURN NULL; END IF; RETURN NEW;");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"])")) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":1})", R"({"id":"b","rev":100})",
                                    R"({"id":"c","ref":5})", R"({"id":"d","n":1000.5})",
                                    R"({"id":"e","small":70000})", R"({"id":"f","must":"null"})",
                                    R"({"id":"g","must":"no"})", R"({"id":"h","must":"drop"})",
                                    R"({"rev":2})", R"({"id":"i","rev":2})"}))
      << sink_.error();
  EXPECT_EQ(
      "ok check_violation foreign_key_violation value_refused value_refused null_refused "
      "constraint_violation constraint_violation key_missing ok",
      sink_.words());
  EXPECT_EQ("a trigger of the table ignored the row", sink_.said()[7].detail);
  EXPECT_EQ("(a)\n(i)", rows("SELECT id FROM $S.quakes ORDER BY id"));
}

TEST_F(PostgresVerdict, ManyCulpritsInALargeBatchAreAllFound) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint CHECK (rev % 7 <> 0))");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"],"revision":"/rev")"));
  Records batch;
  for (int i = 1; i <= 700; ++i) {
    const std::string n = std::to_string(i);
    batch.add(R"({"id":")" + n + R"(","rev":)" + n + "}");
  }
  ASSERT_EQ(SLUICE_OK, sink_.write(batch)) << sink_.error();
  for (size_t i = 0; i < 700; ++i) {
    ASSERT_EQ((i + 1) % 7 == 0 ? "check_violation" : "", sink_.said()[i].reason) << i;
  }
  EXPECT_EQ("(600)", rows("SELECT count(*) FROM $S.quakes"));
}

TEST_F(PostgresVerdict, ADeferredConstraintIsLeftToTheHostsHalving) {
  run("CREATE TABLE $S.quakes(id text UNIQUE DEFERRABLE INITIALLY DEFERRED, rev bigint)");
  run("INSERT INTO $S.quakes VALUES ('b', 1)");
  ASSERT_EQ(SLUICE_OK, start(kPlainQuakes)) << sink_.error();
  EXPECT_EQ(SLUICE_E_BATCH, sink_.write({R"({"id":"a"})", R"({"id":"b"})"}));
  ASSERT_EQ(SLUICE_OK, write_one(R"({"id":"b"})"));
  EXPECT_EQ("unique_violation", sink_.words());
  ASSERT_EQ(SLUICE_OK, write_one(R"({"id":"a"})"));
  EXPECT_EQ("ok", sink_.words());
}

TEST_F(PostgresVerdict, ADeadlockIsTriedAgain) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":1})", R"({"id":"b","rev":1})"}));
  auto other = session();
  in(other, "SET deadlock_timeout = '60s'");
  in(other, "BEGIN");
  in(other, filled("UPDATE $S.quakes SET mag = 1 WHERE id = 'b'"));
  auto answer = std::async(std::launch::async, [&] {
    return sink_.write({R"({"id":"a","rev":2})", R"({"id":"b","rev":2})"});
  });
  await_waiter();
  in(other, filled("UPDATE $S.quakes SET mag = 1 WHERE id = 'a'"));
  EXPECT_EQ(SLUICE_E_RETRY, answer.get());
  expect_error("40P01");
  in(other, "COMMIT");
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":2})", R"({"id":"b","rev":2})"}));
  EXPECT_EQ("ok ok", sink_.words());
}

TEST_F(PostgresVerdict, ALockHeldTooLongIsTriedAgain) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes + R"(,"lock_timeout":"20ms")"s)) << sink_.error();
  auto other = session();
  in(other, "BEGIN");
  in(other, filled("LOCK TABLE $S.quakes"));
  EXPECT_EQ(SLUICE_E_RETRY, write_one());
  expect_error("raise `lock_timeout`");
  in(other, "COMMIT");
  EXPECT_EQ(SLUICE_OK, write_one());
}

TEST_F(PostgresVerdict, AStatementThatTakesTooLongIsTriedAgain) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes + R"(,"statement_timeout":"200ms")"s)) << sink_.error();
  trigger("PERFORM pg_sleep(60); RETURN NEW;");
  EXPECT_EQ(SLUICE_E_RETRY, write_one());
  expect_error("57014");
}

TEST_F(PostgresVerdict, AStatementUnderWayEndsAtStop) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  trigger("PERFORM pg_sleep(60); RETURN NEW;");
  auto answer = std::async(std::launch::async, [&] { return write_one(); });
  StopSource never;
  while (rows("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'").empty()) {
    never.wait_for(std::chrono::milliseconds(2));
  }
  sink_.host().ask_stop();
  EXPECT_EQ(SLUICE_CANCELLED, answer.get()) << sink_.error();
  EXPECT_EQ("unset", sink_.words());
}

TEST_F(PostgresVerdict, ConflictsAndFailoversAreTriedAgain) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  trigger("RETURN NEW;");
  for (const std::string state : {"40001", "40P01", "25006", "53100", "53200", "57P03"}) {
    run("CREATE OR REPLACE FUNCTION $S.act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
        "EXCEPTION 'made up' USING ERRCODE = '" +
        state + "'; END $$");
    EXPECT_EQ(SLUICE_E_RETRY, sink_.write({R"({"id":"a","rev":1})", R"({"id":"b","rev":1})"}))
        << state;
    expect_error(state);
  }
  run("DROP TRIGGER act ON $S.quakes");
  EXPECT_EQ(SLUICE_OK, write_one());
}

TEST_F(PostgresVerdict, TheStateAloneDecidesWhateverTheLibraryThrows) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  trigger("RETURN NEW;");
  const std::map<std::string, std::string> words = {{"22003", "value_refused"},
                                                    {"22P02", "value_refused"},
                                                    {"23000", "constraint_violation"},
                                                    {"23001", "constraint_violation"},
                                                    {"23502", "null_refused"},
                                                    {"23503", "foreign_key_violation"},
                                                    {"23505", "unique_violation"},
                                                    {"23514", "check_violation"},
                                                    {"23P01", "constraint_violation"},
                                                    {"38000", "constraint_violation"},
                                                    {"44000", "constraint_violation"},
                                                    {"54000", "constraint_violation"},
                                                    {"P0001", "constraint_violation"},
                                                    {"0A000", ""},
                                                    {"3F000", ""},
                                                    {"42501", ""},
                                                    {"42601", ""},
                                                    {"42703", ""},
                                                    {"42883", ""},
                                                    {"42P01", ""}};
  for (const auto& [state, reason] : words) {
    run("CREATE OR REPLACE FUNCTION $S.act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE "
        "EXCEPTION 'made up' USING ERRCODE = '" +
        state + "'; END $$");
    EXPECT_EQ(reason.empty() ? SLUICE_E_CONFIG : SLUICE_OK, write_one()) << state;
    EXPECT_EQ(reason.empty() ? "unset" : reason, sink_.words()) << state;
  }
}

TEST_F(PostgresVerdict, ABackendThatIsTerminatedInMidWriteIsReplaced) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  trigger("PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW;");
  EXPECT_EQ(SLUICE_E_RETRY, sink_.write({R"({"id":"a","rev":1})", R"({"id":"b","rev":1})"}));
  EXPECT_EQ("", rows("SELECT * FROM $S.quakes"));
  run("DROP TRIGGER act ON $S.quakes");
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":1})", R"({"id":"b","rev":1})"}))
      << sink_.error();
  EXPECT_EQ("ok ok", sink_.words());
  EXPECT_EQ(1, sink_.host().metrics[1]);  // reconnects
}

TEST_F(PostgresVerdict, ABackendThatIsTerminatedInMidCopyIsReplaced) {
  run("CREATE TABLE $S.quakes(id text, rev bigint)");
  ASSERT_EQ(SLUICE_OK, start(kPlainQuakes)) << sink_.error();
  trigger("PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW;");
  Records many;
  for (int i = 0; i < 50; ++i) many.add("{\"id\":\"" + std::string(100000, 'x') + "\"}");
  EXPECT_EQ(SLUICE_E_RETRY, sink_.write(many));
  run("DROP TRIGGER act ON $S.quakes");
  ASSERT_EQ(SLUICE_OK, sink_.write(many)) << sink_.error();
  EXPECT_EQ("(50)", rows("SELECT count(*) FROM $S.quakes"));
}

TEST_F(PostgresVerdict, ADroppedTableNeedsAnOperator) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  run("ALTER TABLE $S.quakes RENAME TO gone");
  EXPECT_EQ(SLUICE_E_CONFIG, write_one());
  expect_error("the table was dropped or renamed");
  run("ALTER TABLE $S.gone RENAME TO quakes");
  EXPECT_EQ(SLUICE_OK, write_one());
  run("ALTER TABLE $S.quakes DROP COLUMN mag");
  EXPECT_EQ(SLUICE_E_CONFIG, write_one());
  expect_error("column was dropped or renamed");
}

TEST_F(PostgresVerdict, AServerThatWentAwayIsTriedAgain) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  PostgresServer* server = PostgresServer::shared();
  server->stop();
  EXPECT_EQ(SLUICE_E_RETRY, write_one());
  EXPECT_EQ(SLUICE_E_RETRY, write_one());
  expect_error("cannot connect");
  EXPECT_EQ(SLUICE_E_RETRY, sink_.probe());
  ASSERT_TRUE(server->run_again());
  EXPECT_EQ(SLUICE_OK, sink_.probe()) << sink_.error();
  ASSERT_EQ(SLUICE_OK, write_one()) << sink_.error();
  EXPECT_EQ("(x,9,)", rows("SELECT * FROM $S.quakes"));
}

TEST_F(PostgresVerdict, AReconnectThatFindsAnotherTableEndsTheInstance) {
  run("CREATE TABLE $S.quakes(id text)");
  ASSERT_EQ(SLUICE_OK, start("\"exactly_once\":false")) << sink_.error();
  trigger("PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW;");
  EXPECT_EQ(SLUICE_E_RETRY, write_one());
  run("DROP TABLE $S.quakes");
  run("CREATE TABLE $S.quakes(id text, more text)");
  EXPECT_EQ(SLUICE_E_FATAL, write_one());
  expect_error("has to be opened anew");
}

}  // namespace
}  // namespace sluice::test
