// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sink_postgres/postgres_fixture.h"

#include <cstddef>

namespace sluice::test {

PostgresSinkTest::PostgresSinkTest() : sink_(postgres_sink::kPostgresSink) {
  static int number = 0;
  schema_ = "s" + std::to_string(++number);
  dsn_ = PostgresServer::shared() == nullptr ? "" : PostgresServer::shared()->admin_dsn();
  run("CREATE SCHEMA $S");
}

PostgresSinkTest::~PostgresSinkTest() { sink_.destroy(); }

std::string PostgresSinkTest::filled(std::string text) const {
  for (size_t at = text.find("$S"); at != std::string::npos; at = text.find("$S", at)) {
    text.replace(at, 2, schema_);
  }
  return text;
}

std::string PostgresSinkTest::config(const std::string& members) const {
  std::string out = "{";
  if (members.find("\"dsn\"") == std::string::npos) out += "\"dsn\":\"" + dsn_ + "\",";
  if (members.find("\"table\"") == std::string::npos) out += R"("table":"$S.quakes",)";
  return filled(out + members + "}");
}

void PostgresSinkTest::run(std::string statement) const {
  statement = filled(std::move(statement));
  if (PostgresServer::shared() == nullptr) return;
  const std::string said = PostgresServer::shared()->ask("postgres", statement);
  EXPECT_EQ(std::string::npos, said.find("error: ")) << statement << ": " << said;
}

std::string PostgresSinkTest::rows(const std::string& query) const {
  if (PostgresServer::shared() == nullptr) return "no server";
  return PostgresServer::shared()->ask(
      "postgres",
      "SELECT coalesce(string_agg(q::text, E'\\n'), '') FROM (" + filled(query) + ") q");
}

void PostgresSinkTest::trigger(const std::string& body) const {
  run("CREATE OR REPLACE FUNCTION $S.act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body +
      " END $$");
  run("CREATE TRIGGER act BEFORE INSERT ON $S.quakes FOR EACH ROW EXECUTE FUNCTION $S.act()");
}

}  // namespace sluice::test
