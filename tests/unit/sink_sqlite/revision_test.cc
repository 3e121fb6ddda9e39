// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/unit/sink_sqlite/sqlite_fixture.h"

namespace sluice::test {
namespace {

using SqliteRevision = SqliteSinkTest;

TEST_F(SqliteRevision, NewerReplacesOlderIsRefusedEqualIsDuplicate) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes)) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5,"mag":1.5})"}));
  EXPECT_EQ("ok", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":4,"mag":9})"}));
  EXPECT_EQ("older_revision", sink_.words());
  EXPECT_EQ("OLDER_REVISION", sink_.said()[0].maps_to);
  EXPECT_EQ("revision 4 is older than the stored 5", sink_.said()[0].detail);
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5,"mag":9})"}));
  EXPECT_EQ("duplicate", sink_.words());
  EXPECT_EQ("a|5|1.5", sql("SELECT * FROM quakes"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":6,"mag":2})"}));
  EXPECT_EQ("ok", sink_.words());
  EXPECT_EQ("a|6|2.0", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteRevision, OnEqualOverwriteWritesAgain) {
  ASSERT_EQ(SLUICE_OK, start(std::string(kQuakes) + R"(,"on_equal":"overwrite")"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5,"mag":1})"}));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5,"mag":2})", R"({"id":"a","rev":4})"}));
  EXPECT_EQ("ok superseded", sink_.words());
  EXPECT_EQ("a|5|2.0", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteRevision, OneTwoTwoOneInOneBatchWritesTheHighest) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  const Records batch{R"({"id":"a","rev":1,"mag":1})", R"({"id":"a","rev":2,"mag":2})",
                      R"({"id":"a","rev":2,"mag":3})", R"({"id":"a","rev":1,"mag":4})"};
  ASSERT_EQ(SLUICE_OK, sink_.write(batch));
  EXPECT_EQ("superseded ok duplicate superseded", sink_.words());
  EXPECT_EQ("a|2|2.0", sql("SELECT * FROM quakes"));
  // The same batch once more, as after a crash before the acknowledgement.
  ASSERT_EQ(SLUICE_OK, sink_.write(batch));
  EXPECT_EQ("superseded duplicate duplicate superseded", sink_.words());
  EXPECT_EQ("a|2|2.0", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteRevision, OneTwoTwoOneWithOverwriteKeepsTheLastOfTheHighest) {
  ASSERT_EQ(SLUICE_OK, start(std::string(kQuakes) + R"(,"on_equal":"overwrite")"));
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a","rev":1,"mag":1})", R"({"id":"a","rev":2,"mag":2})",
                         R"({"id":"a","rev":2,"mag":3})", R"({"id":"a","rev":1,"mag":4})"}));
  EXPECT_EQ("superseded superseded ok superseded", sink_.words());
  EXPECT_EQ("a|2|3.0", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteRevision, BatchOlderThanTheTableIsRefusedWhole) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":9})"}));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":1})", R"({"id":"a","rev":2})",
                                    R"({"id":"a","rev":2})", R"({"id":"b","rev":1})"}));
  EXPECT_EQ("older_revision older_revision older_revision ok", sink_.words());
}

TEST_F(SqliteRevision, OlderThanTheTableButOvertakenInItsBatchIsSuperseded) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5})"}));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":1})", R"({"id":"a","rev":6})"}));
  EXPECT_EQ("superseded ok", sink_.words());
}

TEST_F(SqliteRevision, RefusedHighestDoesNotSupersedeTheLower) {
  sql("CREATE TABLE quakes(id TEXT PRIMARY KEY, rev INTEGER, mag REAL CHECK(mag < 10))");
  ASSERT_EQ(SLUICE_OK, start(kQuakes)) << sink_.error();
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a","rev":1,"mag":1})", R"({"id":"a","rev":2,"mag":99})",
                         R"({"id":"a","rev":1,"mag":1})"}));
  EXPECT_EQ("ok constraint_violation duplicate", sink_.words());
  EXPECT_EQ("a|1|1.0", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteRevision, MissingOrFractionalRevisionIsRefused) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a"})", R"({"id":"b","rev":null})", R"({"id":"c","rev":"7"})",
                         R"({"id":"d","rev":1.5})", R"({"id":"e","rev":18446744073709551615})",
                         R"({"id":"f","rev":7.0})"}));
  EXPECT_EQ(
      "revision_missing revision_missing revision_missing revision_missing revision_missing ok",
      sink_.words());
  EXPECT_EQ("VALIDATION_FAIL", sink_.said()[0].maps_to);
  EXPECT_EQ("column rev expects bigint, found string \"7\" at /rev", sink_.said()[2].detail);
  EXPECT_EQ("f|7|NULL", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteRevision, RowStoredWithoutRevisionYields) {
  sql("CREATE TABLE quakes(id TEXT PRIMARY KEY, rev INTEGER, mag REAL);"
      "INSERT INTO quakes VALUES('a',NULL,1),('b','junk',1)");
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a","rev":-5,"mag":2})", R"({"id":"b","rev":1,"mag":2})"}));
  EXPECT_EQ("ok ok", sink_.words());
  EXPECT_EQ("a|-5|2.0\nb|1|2.0", sql("SELECT * FROM quakes ORDER BY id"));
}

TEST_F(SqliteRevision, KeyOfSeveralColumnsTellsRowsApart) {
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/t","/n"],"revision":"/r","create":true,
      "columns":{"t":{"from":"/t","type":"text"},"n":{"from":"/n","type":"bigint"},"r":"/r"})"))
      << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"t":"x","n":1,"r":2})", R"({"t":"x","n":2,"r":1})",
                                    R"({"t":"x","n":1.0,"r":1})"}));
  EXPECT_EQ("ok ok superseded", sink_.words());
  EXPECT_EQ("x|1|2\nx|2|1", sql("SELECT * FROM quakes ORDER BY n"));
}

TEST_F(SqliteRevision, ManyKeysInOneBatchKeepTheirOwnHighest) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  Records batch;
  for (int revision : {3, 1, 7, 5}) {
    for (int key = 0; key < 500; ++key) {
      batch.add(R"({"id":"k)" + std::to_string(key) + R"(","rev":)" + std::to_string(revision) +
                "}");
    }
  }
  ASSERT_EQ(SLUICE_OK, sink_.write(batch));
  for (size_t i = 0; i < 2000; ++i) {
    const bool written = i / 500 == 2;
    ASSERT_EQ(SLUICE_REC_OK, sink_.said()[i].verdict) << i;
    ASSERT_EQ(written ? 0 : SLUICE_RECF_SUPERSEDED, sink_.said()[i].flags) << i;
  }
  EXPECT_EQ("500|7|7", sql("SELECT count(*), min(rev), max(rev) FROM quakes"));
}

TEST_F(SqliteRevision, OrderWithoutRevisionIsLastWins) {
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"],"create":true,"columns":{"id":"/id","v":"/v"})"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1,"v":"x"})", R"({"id":1,"v":"y"})"}));
  EXPECT_EQ("ok ok", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1,"v":"x"})"}));
  EXPECT_EQ("1|x", sql("SELECT * FROM quakes"));
}

TEST_F(SqliteRevision, TableOfKeyAloneTakesRepeats) {
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/id"],"create":true,"columns":{"id":"/id"})"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1})", R"({"id":1})"}));
  EXPECT_EQ("ok ok", sink_.words());
  EXPECT_EQ("1", sql("SELECT count(*) FROM quakes"));
}

}  // namespace
}  // namespace sluice::test
