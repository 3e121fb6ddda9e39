// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sink_postgres/postgres_fixture.h"

namespace sluice::test {
namespace {

using std::string_literals::operator""s;

// `evolve: additive`: a table that misses columns gets them, and nothing else is changed.
class PostgresEvolve : public PostgresSinkTest {
 protected:
  void refused(const std::string& members, const std::string& words) {
    EXPECT_EQ(SLUICE_E_CONFIG, start(members)) << members;
    EXPECT_NE(std::string::npos, sink_.error().find(filled(words))) << sink_.error();
  }
  // Names, types, and whether they are NOT NULL.
  [[nodiscard]] std::string columns() const {
    return rows(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute WHERE "
        "attrelid = '$S.quakes'::regclass AND attnum > 0 ORDER BY attnum");
  }
};

constexpr const char* kMore = R"("evolve":"additive","key":["/id"],"columns":{
  "id":{"from":"/id","type":"text"},"mag":{"from":"/mag","type":"double"},
  "tags":{"from":"/tags","type":"text[]","null":"reject"}})";

TEST_F(PostgresEvolve, AddsMissingColumnsAsNullable) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY)");
  run("INSERT INTO $S.quakes VALUES ('old')");
  ASSERT_EQ(SLUICE_OK, start(kMore)) << sink_.error();
  ASSERT_EQ(1U, sink_.host().logs.size());
  EXPECT_NE(std::string::npos, sink_.host().logs[0].find("added what it missed: mag, tags"));
  EXPECT_EQ("(id,text,t)\n(mag,\"double precision\",f)\n(tags,text[],f)", columns());
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"new","mag":1.5,"tags":["a"]})", R"({"id":"x"})"}));
  EXPECT_EQ("ok null_refused", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.close());
  ASSERT_EQ(SLUICE_OK, start(kMore)) << sink_.error();
  EXPECT_EQ(1U, sink_.host().logs.size());
  EXPECT_EQ("(new,1.5,{a})\n(old,,)", rows("SELECT * FROM $S.quakes ORDER BY id"));
}

TEST_F(PostgresEvolve, IsOffUnlessAskedFor) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY)");
  refused(R"("columns":{"id":"/id","mag":{"from":"/mag","type":"double"}})",
          "column mag is missing (the table has id)");
  EXPECT_EQ("(id,text,t)", columns());
}

TEST_F(PostgresEvolve, ChangesNothingWhereMoreThanThatDiffers) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY, mag text, must int NOT NULL)");
  refused(kMore,
          "column mag is text in the table, double in the configuration; column tags is missing "
          "(the table has id, mag, must); column must is NOT NULL and has no default, yet "
          "`columns` gives it nothing. Change the table or `columns`; `evolve: additive` adds "
          "nullable columns and changes nothing else");
  EXPECT_EQ("(id,text,t)\n(mag,text,f)\n(must,integer,t)", columns());
}

TEST_F(PostgresEvolve, AddsNoKeyAndNothingWithoutType) {
  run("CREATE TABLE $S.quakes(other int)");
  refused(R"("evolve":"additive","key":["/id"],"columns":{"id":{"from":"/id","type":"text"}})",
          "column id is missing (the table has other); a part of `key` cannot be added");
  refused(R"("evolve":"additive","columns":{"id":"/id"})",
          "column id is missing (the table has other); a column without type cannot be added");
  refused(R"("evolve":"additive")", "/evolve");
  EXPECT_EQ("(other,integer,f)", columns());
}

TEST_F(PostgresEvolve, GoesWithCreate) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.close());
  ASSERT_EQ(SLUICE_OK, start(R"("create":true,)"s + kMore)) << sink_.error();
  EXPECT_EQ("(id,text,t)\n(rev,bigint,f)\n(mag,\"double precision\",f)\n(tags,text[],f)",
            columns());
}

TEST_F(PostgresEvolve, NeedsToOwnTheTable) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY)");
  run("DO $$ BEGIN CREATE ROLE tenant LOGIN; EXCEPTION WHEN duplicate_object THEN END $$");
  run("GRANT USAGE ON SCHEMA $S TO tenant");
  run("GRANT INSERT, SELECT, UPDATE ON $S.quakes TO tenant");
  std::string dsn = dsn_;
  dsn.replace(dsn.find("postgres@"), 9, "tenant@");
  refused(R"("exactly_once":false,"dsn":")" + dsn + "\"," + kMore, "must be owner of table quakes");
}

}  // namespace
}  // namespace sluice::test
