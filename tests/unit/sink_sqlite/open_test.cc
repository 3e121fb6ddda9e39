// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sink_sqlite/sqlite_fixture.h"

namespace sluice::test {
namespace {

using SqliteOpen = SqliteSinkTest;
using testing::HasSubstr;

TEST_F(SqliteOpen, ConfigurationMistakesNameTheOption) {
  struct Case {
    const char* members;
    const char* message;
  };
  const Case cases[] = {
      {R"("create":true)", "/create: a table can only be created from a column list"},
      {R"("revision":"/r")", "/revision: a revision guard compares rows of one key"},
      {R"("key":["id"])", "/key/0: \"id\" is not a JSON Pointer; write \"/id\""},
      {R"("key":["/a~b"])", "write ~0 for \"~\""},
      {R"("key":["/a","/a"])", "/key/1: /a is listed twice"},
      {R"("key":["/x"],"columns":{"a":"/a"})", "/key/0: no column takes /x"},
      {R"("key":["/a"],"revision":"/x","columns":{"a":"/a"})", "/revision: no column takes /x"},
      {R"("key":["/a"],"revision":"/r","columns":{"a":"/a","r":{"from":"/r","type":"text"}})",
       "a revision is a bigint, found text"},
      {R"("key":["/a"],"revision":"/a","columns":{"a":"/a"})", "is also part of `key`"},
      {R"("columns":{"a":"/a","A":"/b"})", "the column is given twice (as \"a\")"},
      {R"("columns":{"a":{"from":"/a","type":"blob"}})", "/columns/a/type: expected one of bigint"},
      {R"("columns":{"a":{"type":"text"}})", "/columns/a: expected a member \"from\""},
      {R"("columns":{"a\u0000b":"/a"})", "without NUL characters"},
      {R"("columns":{"":"/a"})", "found an empty string"},
      {R"("table":"sqlite_master")", "/table: names beginning with sqlite_ belong to SQLite"},
      {R"("table":"")", "/table: expected a name"},
      {R"("on_equal":"keep")", "/on_equal: expected skip or overwrite"},
      {R"("synchronous":"off")", "/synchronous: expected full or normal"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(SLUICE_E_CONFIG, sink_.create(config(c.members))) << c.members;
    EXPECT_THAT(sink_.error(), HasSubstr(c.message)) << c.members;
  }
  EXPECT_EQ(SLUICE_E_CONFIG, sink_.create("{\"path\":\":memory:\",\"table\":\"t\"}"));
  EXPECT_THAT(sink_.error(), HasSubstr("not durable"));
  EXPECT_EQ(SLUICE_E_CONFIG, sink_.create("{\"path\":"));
  EXPECT_THAT(sink_.error(), HasSubstr("not JSON"));
}

TEST_F(SqliteOpen, MissingDatabaseTableAndFolderAreConfigErrors) {
  EXPECT_EQ(SLUICE_E_CONFIG, start(""));
  EXPECT_THAT(sink_.error(), HasSubstr("does not exist; create it, or set `create: true`"));
  sql("CREATE TABLE other(a)");
  EXPECT_EQ(SLUICE_E_CONFIG, start(""));
  EXPECT_THAT(sink_.error(), HasSubstr("table \"quakes\" of " + path_ + " does not exist"));
  path_ = folder_ + "/none/out.db";
  EXPECT_EQ(SLUICE_E_CONFIG, start(kQuakes));
  EXPECT_THAT(sink_.error(), HasSubstr("check that the folder " + folder_ + "/none exists"));
  path_ = folder_;
  EXPECT_EQ(SLUICE_E_CONFIG, start(kQuakes));
  EXPECT_THAT(sink_.error(), HasSubstr("is a folder"));
}

TEST_F(SqliteOpen, EveryDifferenceBetweenTableAndColumnsIsTold) {
  sql("CREATE TABLE quakes(id TEXT PRIMARY KEY, mag TEXT, must INTEGER NOT NULL, g AS (id), "
      "fine INTEGER NOT NULL DEFAULT 0)");
  EXPECT_EQ(SLUICE_E_CONFIG, start(R"("key":["/id"],"columns":{"id":"/id",
      "mag":{"from":"/mag","type":"real"},"gone":"/gone","g":"/g"})"));
  EXPECT_THAT(sink_.error(), HasSubstr("column mag is TEXT in the table, real in the config"));
  EXPECT_THAT(sink_.error(), HasSubstr("column gone is missing (the table has id, mag, must"));
  EXPECT_THAT(sink_.error(), HasSubstr("column g is generated"));
  EXPECT_THAT(sink_.error(), HasSubstr("column must is NOT NULL and has no default"));
  EXPECT_THAT(sink_.error(), testing::Not(HasSubstr("column fine")));
}

TEST_F(SqliteOpen, KeyNeedsAUniqueIndex) {
  sql("CREATE TABLE quakes(id TEXT, rev INTEGER, mag REAL)");
  EXPECT_EQ(SLUICE_E_CONFIG, start(kQuakes));
  EXPECT_THAT(sink_.error(), HasSubstr("CREATE UNIQUE INDEX"));
  sql("CREATE UNIQUE INDEX by_id ON quakes(id)");
  EXPECT_EQ(SLUICE_OK, start(kQuakes)) << sink_.error();
}

TEST_F(SqliteOpen, ViewsAreRefused) {
  sql("CREATE VIEW quakes AS SELECT 1 AS id");
  EXPECT_EQ(SLUICE_E_CONFIG, start(""));
  EXPECT_THAT(sink_.error(), HasSubstr("is a view; rows are written to plain tables only"));
}

TEST_F(SqliteOpen, TextRevisionColumnIsRefused) {
  sql("CREATE TABLE quakes(id TEXT PRIMARY KEY, rev TEXT, mag REAL)");
  EXPECT_EQ(SLUICE_E_CONFIG, start(R"("key":["/id"],"revision":"/rev")"));
  EXPECT_THAT(sink_.error(), HasSubstr("column rev is TEXT in the table, bigint"));
}

TEST_F(SqliteOpen, HostileNamesStayNames) {
  ASSERT_EQ(SLUICE_OK, start(R"json("table":"t\"; DROP TABLE x; --","key":["/a"],"create":true,
      "revision":"/r","columns":{"a\") VALUES(1);--":"/a","sluice row":"/b","excluded":"/r",
      "select":"/c","?1":"/d","'":"/e"})json"))
      << sink_.error();
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"a":1,"r":1,"b":2,"c":3,"d":4,"e":5})", R"({"a":1,"r":2,"b":3})"}));
  EXPECT_EQ("superseded ok", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"a":1,"r":1})"}));
  EXPECT_EQ("older_revision", sink_.words());
  EXPECT_EQ("1", sql("SELECT count(*) FROM \"t\"\"; DROP TABLE x; --\""));
}

TEST_F(SqliteOpen, NamesAreMatchedWithoutRegardToCase) {
  sql("CREATE TABLE Quakes(ID TEXT PRIMARY KEY, Mag REAL)");
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"],"columns":{"id":"/id","MAG":"/m"})"))
      << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","m":2})"}));
  EXPECT_EQ("a|2.0", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteOpen, CreatedTableHasKeyAndTypes) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  EXPECT_EQ(R"(CREATE TABLE "quakes"("id" TEXT NOT NULL, "rev" INTEGER, "mag" REAL, )"
            R"(PRIMARY KEY("id")))",
            sql("SELECT sql FROM sqlite_schema WHERE name='quakes'"));
  EXPECT_EQ("wal", sql("PRAGMA journal_mode"));
}

TEST_F(SqliteOpen, DeclaresJsonFormForJsonColumns) {
  ASSERT_EQ(SLUICE_OK, start(R"("create":true,"columns":{"w":"","t":{"from":"/t","type":"text"},
      "j":{"from":"/j","type":"json"}})"));
  const auto& declared = sink_.host().columns.declared;
  ASSERT_EQ(3U, declared.size());
  EXPECT_EQ("", declared[0].pointer);
  EXPECT_EQ(uint32_t{SLUICE_COLUMN_JSON}, declared[0].form);
  EXPECT_EQ("/t", declared[1].pointer);
  EXPECT_EQ(uint32_t{SLUICE_COLUMN_AUTO}, declared[1].form);
  EXPECT_EQ(uint32_t{SLUICE_COLUMN_JSON}, declared[2].form);
}

TEST_F(SqliteOpen, PathsThatLookLikeUrisAreFiles) {
  path_ = "file:" + folder_.substr(1) + "?mode=memory";
  EXPECT_EQ(SLUICE_E_CONFIG, start(kQuakes));  // a folder "file:tmp" that is not there
  EXPECT_THAT(sink_.error(), HasSubstr("./file:"));
}

TEST_F(SqliteOpen, CloseThenDestroyAndCloseTwice) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  EXPECT_EQ(SLUICE_OK, sink_.probe());
  EXPECT_EQ(SLUICE_OK, sink_.close());
  EXPECT_EQ(SLUICE_OK, sink_.close());
  EXPECT_EQ(SLUICE_E_RETRY, sink_.probe());
  EXPECT_EQ(SLUICE_E_FATAL, sink_.write({R"({"id":"a","rev":1})"}));
}

}  // namespace
}  // namespace sluice::test
