// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/sink_sqlite/sqlite_fixture.h"

namespace sluice::test {
namespace {

using SqliteRows = SqliteSinkTest;

TEST_F(SqliteRows, EveryTypeKeepsItsValue) {
  ASSERT_EQ(SLUICE_OK, start(R"("create":true,"columns":{
      "i":{"from":"/i","type":"bigint"},"r":{"from":"/r","type":"real"},
      "t":{"from":"/t","type":"text"},"j":{"from":"/j","type":"json"},
      "b":{"from":"/b","type":"boolean"},"a":"/a","w":""})"))
      << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"i":-9223372036854775808,"r":2,"t":12345678901234567890.5,)"
                                    R"("j":{"x":[1,2]},"b":true,"a":1.5})"}));
  ASSERT_EQ("ok", sink_.words()) << sink_.said()[0].detail;
  EXPECT_EQ("-9223372036854775808|2.0|12345678901234567890.5|{\"x\":[1,2]}|1|1.5",
            sql("SELECT i,r,t,j,b,a FROM quakes"));
  EXPECT_EQ("integer|real|text|text|integer|real|text",
            sql("SELECT typeof(i),typeof(r),typeof(t),typeof(j),typeof(b),typeof(a),typeof(w) "
                "FROM quakes"));
  EXPECT_EQ("2", sql("SELECT json_extract(w,'$.r') FROM quakes"));
}

TEST_F(SqliteRows, NullAndAbsentBecomeNull) {
  ASSERT_EQ(SLUICE_OK, start(R"("create":true,"columns":{"a":{"from":"/a","type":"text"},
      "j":{"from":"/j","type":"json"},"n":{"from":"/n","type":"text","null":"reject"}})"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"a":null,"j":null,"n":""})", R"({"n":"x"})",
                                    R"({"a":"y","n":null})", R"({"a":"y"})"}));
  EXPECT_EQ("ok ok null_refused null_refused", sink_.words());
  EXPECT_EQ("CONSTRAINT_VIOLATION", sink_.said()[2].maps_to);
  EXPECT_EQ("column n expects text and no null, found nothing at /n", sink_.said()[3].detail);
  EXPECT_EQ("NULL|NULL|\nNULL|NULL|x", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteRows, WrongTypesAreRefusedByNameAndNeighboursCommitted) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a","rev":1,"mag":1})", R"({"id":"b","rev":1,"mag":"x\n"})",
                         R"({"id":"c","rev":1,"mag":[1]})", R"({"id":true,"rev":1})",
                         R"({"id":"d","rev":1,"mag":4})"}));
  EXPECT_EQ("ok type_mismatch type_mismatch type_mismatch ok", sink_.words());
  EXPECT_EQ("column mag expects real, found string \"x\\u000a\" at /mag", sink_.said()[1].detail);
  EXPECT_EQ("column mag expects real, found array [1] at /mag", sink_.said()[2].detail);
  EXPECT_EQ("a\nd", sql("SELECT id FROM quakes ORDER BY id"));
}

TEST_F(SqliteRows, MissingKeyIsRefused) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"rev":1})", R"({"id":null,"rev":1})"}));
  EXPECT_EQ("key_missing key_missing", sink_.words());
  EXPECT_EQ("VALIDATION_FAIL", sink_.said()[0].maps_to);
}

TEST_F(SqliteRows, ConstraintsOfTheTableRefuseOneRowAlone) {
  sql("CREATE TABLE parent(id INTEGER PRIMARY KEY); INSERT INTO parent VALUES(1);"
      "CREATE TABLE quakes(id TEXT PRIMARY KEY, u TEXT UNIQUE, c INTEGER CHECK(c > 0),"
      " p INTEGER REFERENCES parent(id))");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"])")) << sink_.error();
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a","u":"x","c":1,"p":1})", R"({"id":"b","u":"x","c":1})",
                         R"({"id":"c","c":0})", R"({"id":"d","p":2})", R"({"id":"e","c":2})"}));
  EXPECT_EQ("ok constraint_violation constraint_violation constraint_violation ok", sink_.words());
  EXPECT_EQ("CONSTRAINT_VIOLATION", sink_.said()[1].maps_to);
  EXPECT_EQ("UNIQUE constraint failed: quakes.u", sink_.said()[1].detail);
  EXPECT_EQ("a\ne", sql("SELECT id FROM quakes ORDER BY id"));
}

TEST_F(SqliteRows, ConflictClausesOfTheTableDoNotSwallowRows) {
  sql("CREATE TABLE quakes(id INTEGER PRIMARY KEY, u TEXT UNIQUE ON CONFLICT IGNORE)");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"])"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1,"u":"x"})", R"({"id":2,"u":"x"})"}));
  EXPECT_EQ("ok constraint_violation", sink_.words());
}

TEST_F(SqliteRows, TriggersThatIgnoreOrFailRefuseTheRow) {
  sql("CREATE TABLE quakes(id INTEGER PRIMARY KEY);"
      "CREATE TRIGGER a BEFORE INSERT ON quakes WHEN NEW.id=1 BEGIN SELECT RAISE(IGNORE); END;"
      "CREATE TRIGGER b BEFORE INSERT ON quakes WHEN NEW.id=2 BEGIN SELECT RAISE(ABORT,'no'); END");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"])"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1})", R"({"id":2})", R"({"id":3})"}));
  EXPECT_EQ("constraint_violation constraint_violation ok", sink_.words());
  EXPECT_EQ("no", sink_.said()[1].detail);
}

TEST_F(SqliteRows, TriggerThatRollsBackMakesTheHostBisect) {
  sql("CREATE TABLE quakes(id INTEGER PRIMARY KEY);"
      "CREATE TRIGGER a BEFORE INSERT ON quakes WHEN NEW.id=2 "
      "BEGIN SELECT RAISE(ROLLBACK,'all gone'); END");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"])"));
  EXPECT_EQ(SLUICE_E_BATCH, sink_.write({R"({"id":1})", R"({"id":2})", R"({"id":3})"}));
  EXPECT_EQ("0", sql("SELECT count(*) FROM quakes"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":2})"}));
  EXPECT_EQ("constraint_violation", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1})"}));
  EXPECT_EQ("ok", sink_.words());
}

TEST_F(SqliteRows, DeferredForeignKeyMakesTheHostBisect) {
  sql("CREATE TABLE parent(id INTEGER PRIMARY KEY);"
      "CREATE TABLE quakes(id INTEGER PRIMARY KEY,"
      " p INTEGER REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED)");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"])"));
  EXPECT_EQ(SLUICE_E_BATCH, sink_.write({R"({"id":1})", R"({"id":2,"p":7})"}));
  EXPECT_EQ("unset unset", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":2,"p":7})"}));
  EXPECT_EQ("constraint_violation", sink_.words());
  EXPECT_EQ("0", sql("SELECT count(*) FROM quakes"));
}

TEST_F(SqliteRows, FailingExpressionOfTheTableIsTheRowsFault) {
  sql("CREATE TABLE quakes(id INTEGER PRIMARY KEY, j TEXT, "
      "x AS (json_extract(j,'$.x')) STORED)");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"],"columns":{"id":"/id","j":"/j"})")) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1,"j":"{"})", R"({"id":2,"j":"{\"x\":5}"})"}));
  EXPECT_EQ("constraint_violation ok", sink_.words());
  EXPECT_EQ("malformed JSON", sink_.said()[0].detail);
  EXPECT_EQ("2|5", sql("SELECT id,x FROM quakes"));
}

TEST_F(SqliteRows, HostileValuesStayData) {
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"],"create":true,"columns":{"id":"/id","v":"/v"})"));
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"'); DROP TABLE quakes;--","v":"\"x\" OR 1=1"})",
                         R"({"id":"nul","v":"a\u0000b"})", R"({"id":"?1","v":"\ud83d\ude00"})"}));
  EXPECT_EQ("ok ok ok", sink_.words());
  EXPECT_EQ("1", sql("SELECT count(*) FROM quakes WHERE id='''); DROP TABLE quakes;--'"));
  EXPECT_EQ("610062", sql("SELECT hex(v) FROM quakes WHERE id='nul'"));
}

TEST_F(SqliteRows, LargeUnsignedIntegersAreRefusedOrKeptExactly) {
  ASSERT_EQ(SLUICE_OK, start(R"("create":true,"columns":{"i":{"from":"/i","type":"bigint"},
      "t":{"from":"/t","type":"text"},"a":"/a"})"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"i":9223372036854775808})",
                                    R"({"t":18446744073709551615,"a":18446744073709551615})",
                                    R"({"i":1e300})"}));
  EXPECT_EQ("type_mismatch ok type_mismatch", sink_.words());
  EXPECT_EQ(
      "column i expects bigint, found integer 9223372036854775808 at /i (past 64 signed bits; a "
      "text column keeps all digits)",
      sink_.said()[0].detail);
  EXPECT_EQ("18446744073709551615|18446744073709551615|text",
            sql("SELECT t,a,typeof(a) FROM quakes"));
}

TEST_F(SqliteRows, TombstonesAreRefused) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  ASSERT_EQ(SLUICE_OK, sink_.write(Records{R"({"id":"a","rev":1})"}.add_tombstone("a")));
  EXPECT_EQ("ok tombstone_unsupported", sink_.words());
}

TEST_F(SqliteRows, WithoutKeyEveryRecordIsARow) {
  ASSERT_EQ(SLUICE_OK, start(R"("create":true,"columns":{"v":"/v"})"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"v":1})", R"({"v":1})"}));
  EXPECT_EQ("2", sql("SELECT count(*) FROM quakes"));
}

TEST_F(SqliteRows, WithoutColumnsMembersGoToColumnsOfTheirName) {
  sql(R"(CREATE TABLE quakes("id" INTEGER PRIMARY KEY, "a/b~c" TEXT, twice AS (id*2)))");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"])")) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":4,"a/b~c":"x","unknown":1})"}));
  EXPECT_EQ("4|x|8", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteRows, EmptyBatchIsFine) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  EXPECT_EQ(SLUICE_OK, sink_.write(Records{}));
}

}  // namespace
}  // namespace sluice::test
