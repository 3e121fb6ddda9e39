// SPDX-License-Identifier: Apache-2.0
// The table of verdicts in the README of the sink is what this test saw: each trouble is provoked
// on the real server, and the table written with SLUICE_UPDATE_DOCS=1.
#include <pwd.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>

#include "runtime/base/stop.h"
#include "tests/unit/sink_postgres/verdict_scene.h"

namespace sluice::test {
namespace {

constexpr const char* kPlain = R"("columns":{"id":"/id","rev":"/rev"})";

std::string at(const std::string& dsn) { return R"("dsn":")" + dsn + "\","; }

void unique_violation(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint)");
  scene.run("INSERT INTO $S.quakes VALUES ('b', 1)");
  scene.open(R"("mode":"insert",)" + std::string(kPlain));
  scene.write();
}

void null_in_a_required_column(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text, rev bigint NOT NULL)");
  scene.open(kPlain);
  scene.write(R"({"id":"b"})");
}

void not_null_added_meanwhile(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text, rev bigint)");
  scene.open(kPlain);
  scene.run("ALTER TABLE $S.quakes ALTER rev SET NOT NULL");
  scene.write(R"({"id":"b"})");
}

void past_the_range_of_its_type(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text, rev integer)");
  scene.open(kPlain);
  scene.write(R"({"id":"b","rev":2147483648})");
}

void past_the_range_of_the_column(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text, rev smallint)");
  scene.open(kPlain);
  scene.write(R"({"id":"b","rev":32768})");
}

void longer_than_the_column(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id varchar(3), rev bigint)");
  scene.open(kPlain);
  scene.write(R"({"id":"bbbb"})");
}

void check_violation(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint CHECK (rev < 100))");
  scene.open(R"("key":["/id"])");
  scene.write(R"({"id":"b","rev":100})");
}

void foreign_key_violation(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.ref(id bigint PRIMARY KEY)");
  scene.run("INSERT INTO $S.ref VALUES (1)");
  scene.run("CREATE TABLE $S.quakes(id text, rev bigint REFERENCES $S.ref)");
  scene.open(kPlain);
  scene.write(R"({"id":"b","rev":2})");
}

void trigger_that_raises(VerdictScene& scene) {
  scene.open();
  scene.trigger("IF NEW.id = 'b' THEN RAISE EXCEPTION 'not that one'; END IF; RETURN NEW;");
  scene.write();
}

void trigger_that_drops(VerdictScene& scene) {
  scene.open();
  scene.trigger("IF NEW.id = 'b' THEN RETURN NULL; END IF; RETURN NEW;");
  scene.write();
}

void deadlock(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint)");
  scene.open(R"("key":["/id"])");
  // Two rows that do not show: advisory locks in place of locks on rows, in the order of the keys.
  scene.trigger(
      "PERFORM pg_advisory_xact_lock(CASE NEW.id WHEN 'a' THEN 1 ELSE 2 END); RETURN NEW;");
  scene.other("SET deadlock_timeout = '60s'; BEGIN; SELECT pg_advisory_xact_lock(2)");
  scene.begin_write();
  scene.wait_for_lock();
  scene.other("SELECT pg_advisory_xact_lock(1)");
  scene.join();
  scene.other("COMMIT");
  scene.goes_on();
}

void serialization_failure(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint)");
  scene.run("CREATE TABLE $S.seen(n int)");
  scene.run("INSERT INTO $S.seen VALUES (0)");
  scene.open(
      at(scene.dsn_of("postgres", "?options=-cdefault_transaction_isolation%3Dserializable")) +
      R"("key":["/id"])");
  scene.trigger("UPDATE $S.seen SET n = n + 1; RETURN NEW;");
  scene.other("BEGIN; UPDATE $S.seen SET n = n + 1");
  scene.begin_write();
  scene.wait_for_lock();
  scene.other("COMMIT");
  scene.join();
  scene.goes_on();
}

void lock_held_too_long(VerdictScene& scene) {
  scene.open(R"("lock_timeout":"20ms",)" + std::string(kPgQuakes));
  scene.other("BEGIN; LOCK TABLE $S.quakes IN SHARE MODE");
  scene.write();
  scene.other("COMMIT");
  scene.goes_on();
}

void statement_too_long(VerdictScene& scene) {
  scene.open(R"("statement_timeout":"2s",)" + std::string(kPgQuakes));
  scene.trigger("PERFORM pg_sleep(600); RETURN NEW;");
  scene.write();
  scene.run("DROP TRIGGER act ON $S.quakes");
  scene.goes_on();
}

void dropped_table(VerdictScene& scene) {
  scene.open();
  scene.run("DROP TABLE $S.quakes");
  scene.write();
  scene.run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint, mag float8)");
  scene.goes_on();
}

void dropped_column(VerdictScene& scene) {
  scene.open();
  scene.run("ALTER TABLE $S.quakes DROP COLUMN mag");
  scene.write();
  scene.run("ALTER TABLE $S.quakes ADD COLUMN mag float8");
  scene.goes_on();
}

void rights_taken_away(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text, rev bigint)");
  scene.run("CREATE ROLE guest LOGIN");
  scene.run("GRANT USAGE, CREATE ON SCHEMA $S TO guest");
  scene.run("GRANT INSERT ON $S.quakes TO guest");
  scene.open(at(scene.dsn_of("guest")) + kPlain);
  scene.run("REVOKE INSERT ON $S.quakes FROM guest");
  scene.write();
  scene.run("GRANT INSERT ON $S.quakes TO guest");
  scene.goes_on();
}

void password_changed(VerdictScene& scene) {
  // From here on this role needs a password; the others are trusted as before.
  const std::string path = PostgresServer::shared()->ask("postgres", "SHOW hba_file");
  std::stringstream trusted;
  trusted << std::ifstream(path).rdbuf();
  std::ofstream(path) << "host all lodger 127.0.0.1/32 scram-sha-256\n" << trusted.str();
  scene.run("CREATE TABLE $S.quakes(id text, rev bigint)");
  scene.run("CREATE ROLE lodger LOGIN PASSWORD 'one'");
  scene.run("GRANT USAGE, CREATE ON SCHEMA $S TO lodger");
  scene.run("GRANT INSERT ON $S.quakes TO lodger");
  scene.run("SELECT pg_reload_conf()");
  StopSource never;
  const auto wrong = store::PgTarget::parse(scene.dsn_of("lodger:none"));
  while (store::PgConnection::open(*wrong)) never.wait_for(std::chrono::milliseconds(2));
  scene.open(at(scene.dsn_of("lodger:one")) + kPlain);
  scene.run("ALTER ROLE lodger PASSWORD 'two'");
  scene.end_sessions_of("lodger");
  scene.write();
  EXPECT_EQ("E_RETRY", scene.verdict.call);  // the old session's end; the next one needs a password
  scene.write();
  EXPECT_EQ(std::string::npos, scene.sink_.error().find("one@")) << scene.sink_.error();
  scene.run("ALTER ROLE lodger PASSWORD 'one'");
  scene.goes_on();
}

void no_connection_left(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text, rev bigint)");
  scene.run("CREATE ROLE crowd LOGIN");
  scene.run("GRANT USAGE, CREATE ON SCHEMA $S TO crowd");
  scene.run("GRANT INSERT ON $S.quakes TO crowd");
  scene.open(at(scene.dsn_of("crowd")) + kPlain);
  scene.run("ALTER ROLE crowd CONNECTION LIMIT 0");
  scene.end_sessions_of("crowd");
  scene.write();
  scene.write();
  scene.run("ALTER ROLE crowd CONNECTION LIMIT -1");
  scene.goes_on();
}

// As after a failover: the server lives on and takes no writes.
void read_only_server(VerdictScene& scene) {
  scene.open();
  scene.other("SET default_transaction_read_only = off");
  scene.other("ALTER SYSTEM SET default_transaction_read_only = on");
  scene.other("SELECT pg_reload_conf()");
  scene.wait_until("SELECT 1 WHERE current_setting('default_transaction_read_only') = 'on'");
  // The session of the sink hears of it with one of its next statements.
  StopSource never;
  while (scene.sink_.write({}) == SLUICE_OK && scene.sink_.probe() == SLUICE_OK) {
    never.wait_for(std::chrono::milliseconds(2));
  }
  scene.write();
  scene.other("ALTER SYSTEM RESET default_transaction_read_only");
  scene.other("SELECT pg_reload_conf()");
  scene.wait_until("SELECT 1 WHERE current_setting('default_transaction_read_only') = 'off'");
  scene.goes_on();
}

void terminated_in_mid_copy(VerdictScene& scene) {
  scene.run("CREATE TABLE $S.quakes(id text, rev bigint)");
  scene.open(kPlain);
  scene.trigger("PERFORM pg_advisory_xact_lock(3); RETURN NEW;");
  scene.other("SELECT pg_advisory_lock(3)");
  scene.begin_write();
  const std::string copying =
      " FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE 'COPY %'";
  scene.wait_until("SELECT 1" + copying);
  scene.other("SELECT pg_terminate_backend(pid)" + copying);
  scene.join();
  scene.other("SELECT pg_advisory_unlock(3)");
  scene.goes_on();
}

void server_gone(VerdictScene& scene) {
  scene.open();
  PostgresServer::shared()->stop();
  scene.write();  // the session may still tell of its end
  EXPECT_EQ("E_RETRY", scene.verdict.call);
  scene.write();
  ASSERT_TRUE(PostgresServer::shared()->run_again());
  scene.goes_on();
}

// A file system of its own, of so many MiB. Needs the right to mount.
class SmallDisk {
 public:
  bool mount(int mib) { return mounted_ = apply(mib, 0); }
  bool grow(int mib) const { return apply(mib, MS_REMOUNT); }
  [[nodiscard]] std::string path() const { return folder_.path().string(); }
  ~SmallDisk() {
    if (mounted_) ::umount2(path().c_str(), MNT_DETACH);
  }

 private:
  [[nodiscard]] bool apply(int mib, unsigned long flags) const {
    // The server's user owns it, as a tablespace has to be.
    const passwd* user = ::getpwnam("postgres");
    if (user == nullptr) return false;
    const std::string options =
        "mode=0700,uid=" + std::to_string(user->pw_uid) + ",size=" + std::to_string(mib) + "m";
    return ::mount("tmpfs", path().c_str(), "tmpfs", flags, options.c_str()) == 0;
  }
  TempDir folder_;
  bool mounted_ = false;
};

// Text that the server cannot make smaller.
std::string noise(size_t bytes) {
  std::mt19937 random(7);
  std::string out(bytes, ' ');
  for (char& c : out) c = static_cast<char>('A' + random() % 26 + random() % 2 * 32);
  return out;
}

void full_disk(VerdictScene& scene) {
  SmallDisk disk;
  if (!disk.mount(1)) {
    std::printf(
        "SKIPPED: a full disk needs a file system of its own, which may not be mounted here\n");
    scene.verdict = {"E_RETRY", "", "53100", false};
    return;
  }
  scene.run("CREATE TABLESPACE small LOCATION '" + disk.path() + "'");
  scene.run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint, more text) TABLESPACE small");
  scene.open(R"("key":["/id"])");
  scene.write(R"({"id":"b","rev":1,"more":")" + noise(4000000) + "\"}");
  EXPECT_TRUE(disk.grow(64));
  scene.goes_on();
  scene.run("DROP TABLE $S.quakes");
  scene.run("DROP TABLESPACE small");
}

struct Trouble {
  const char* name;
  void (*provoke)(VerdictScene&);
};
constexpr Trouble kTroubles[] = {
    {"unique violation, `mode: insert`", unique_violation},
    {"null where the column is NOT NULL", null_in_a_required_column},
    {"the same, NOT NULL since the sink was opened", not_null_added_meanwhile},
    {"number past the range of `integer`", past_the_range_of_its_type},
    {"number past the range of a `smallint` column", past_the_range_of_the_column},
    {"text longer than the column", longer_than_the_column},
    {"CHECK constraint", check_violation},
    {"foreign key", foreign_key_violation},
    {"trigger that raises an exception", trigger_that_raises},
    {"trigger that drops the row", trigger_that_drops},
    {"deadlock", deadlock},
    {"serialization failure", serialization_failure},
    {"lock held longer than `lock_timeout`", lock_held_too_long},
    {"statement longer than `statement_timeout`", statement_too_long},
    {"full disk", full_disk},
    {"server read-only, as after a failover", read_only_server},
    {"`pg_terminate_backend` in mid-COPY", terminated_in_mid_copy},
    {"server stopped", server_gone},
    {"no connection left for the user", no_connection_left},
    {"password changed, at the next connection", password_changed},
    {"rights taken away", rights_taken_away},
    {"table dropped", dropped_table},
    {"column dropped", dropped_column},
};

TEST(PostgresVerdictTable, IsWhatTheReadmeShows) {
  std::string table =
      "| trouble | call | record | SQLSTATE | what follows |\n|---|---|---|---|---|\n";
  for (const Trouble& trouble : kTroubles) {
    SCOPED_TRACE(trouble.name);
    VerdictScene scene;
    trouble.provoke(scene);
    if (HasFatalFailure()) return;
    table += scene.verdict.line(trouble.name);
  }
  const std::string path = SLUICE_SOURCE_DIR "/plugins/sinks/postgres/README.md";
  std::stringstream content;
  content << std::ifstream(path).rdbuf();
  const std::string text = content.str();
  const size_t mark = text.find("<!-- generated:");
  ASSERT_NE(mark, std::string::npos) << path;
  const size_t begin = text.find('\n', mark) + 2;
  const size_t end = text.find("\n\n", begin) + 1;
  if (std::getenv("SLUICE_UPDATE_DOCS") != nullptr) {
    std::ofstream(path) << text.substr(0, begin) << table << text.substr(end);
    return;
  }
  EXPECT_EQ(text.substr(begin, end - begin), table)
      << path << " is behind: run this test once with SLUICE_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace sluice::test
