// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <future>

#include "tests/unit/sink_postgres/postgres_fixture.h"

namespace sluice::test {
namespace {

using PostgresRevision = PostgresSinkTest;

TEST_F(PostgresRevision, NewerReplacesOlderIsRefusedEqualIsDuplicate) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5,"mag":1.5})"}));
  EXPECT_EQ("ok", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":4,"mag":9})"}));
  EXPECT_EQ("older_revision", sink_.words());
  EXPECT_EQ("OLDER_REVISION", sink_.said()[0].maps_to);
  EXPECT_EQ("revision 4 is older than the stored 5", sink_.said()[0].detail);
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5,"mag":9})"}));
  EXPECT_EQ("duplicate", sink_.words());
  EXPECT_EQ("(a,5,1.5)", rows("SELECT * FROM $S.quakes"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":6,"mag":2})"}));
  EXPECT_EQ("ok", sink_.words());
  EXPECT_EQ("(a,6,2)", rows("SELECT * FROM $S.quakes"));
}

TEST_F(PostgresRevision, OnEqualOverwriteWritesAgain) {
  ASSERT_EQ(SLUICE_OK, start(std::string(kPgQuakes) + R"(,"on_equal":"overwrite")"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5,"mag":1})"}));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5,"mag":2})", R"({"id":"a","rev":4})"}));
  EXPECT_EQ("ok superseded", sink_.words());
  EXPECT_EQ("(a,5,2)", rows("SELECT * FROM $S.quakes"));
}

TEST_F(PostgresRevision, OneTwoTwoOneInOneBatchWritesTheHighest) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes));
  const Records batch{R"({"id":"a","rev":1,"mag":1})", R"({"id":"a","rev":2,"mag":2})",
                      R"({"id":"a","rev":2,"mag":3})", R"({"id":"a","rev":1,"mag":4})"};
  ASSERT_EQ(SLUICE_OK, sink_.write(batch));
  EXPECT_EQ("superseded ok duplicate superseded", sink_.words());
  EXPECT_EQ("(a,2,2)", rows("SELECT * FROM $S.quakes"));
  // The same batch once more, as after a crash before the acknowledgement.
  ASSERT_EQ(SLUICE_OK, sink_.write(batch));
  EXPECT_EQ("superseded duplicate duplicate superseded", sink_.words());
  EXPECT_EQ("(a,2,2)", rows("SELECT * FROM $S.quakes"));
}

TEST_F(PostgresRevision, OneTwoTwoOneWithOverwriteKeepsTheLastOfTheHighest) {
  ASSERT_EQ(SLUICE_OK, start(std::string(kPgQuakes) + R"(,"on_equal":"overwrite")"));
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a","rev":1,"mag":1})", R"({"id":"a","rev":2,"mag":2})",
                         R"({"id":"a","rev":2,"mag":3})", R"({"id":"a","rev":1,"mag":4})"}));
  EXPECT_EQ("superseded superseded ok superseded", sink_.words());
  EXPECT_EQ("(a,2,3)", rows("SELECT * FROM $S.quakes"));
}

TEST_F(PostgresRevision, BatchOlderThanTheTableIsRefusedWhole) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":9})"}));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":1})", R"({"id":"a","rev":2})",
                                    R"({"id":"a","rev":2})", R"({"id":"b","rev":1})"}));
  EXPECT_EQ("older_revision older_revision older_revision ok", sink_.words());
}

TEST_F(PostgresRevision, OlderThanTheTableButOvertakenInItsBatchIsSuperseded) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":5})"}));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":"a","rev":1})", R"({"id":"a","rev":6})"}));
  EXPECT_EQ("superseded ok", sink_.words());
}

TEST_F(PostgresRevision, RefusedHighestDoesNotSupersedeTheLower) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint, mag float8 CHECK(mag < 10))");
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a","rev":1,"mag":1})", R"({"id":"a","rev":2,"mag":99})",
                         R"({"id":"a","rev":1,"mag":1})"}));
  EXPECT_EQ("ok check_violation duplicate", sink_.words());
  EXPECT_EQ("(a,1,1)", rows("SELECT * FROM $S.quakes"));
}

TEST_F(PostgresRevision, MissingOrFractionalRevisionIsRefused) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes));
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a"})", R"({"id":"b","rev":null})", R"({"id":"c","rev":"7"})",
                         R"({"id":"d","rev":1.5})", R"({"id":"e","rev":18446744073709551615})",
                         R"({"id":"f","rev":7.0})"}));
  EXPECT_EQ(
      "revision_missing revision_missing revision_missing revision_missing revision_missing ok",
      sink_.words());
  EXPECT_EQ("VALIDATION_FAIL", sink_.said()[0].maps_to);
  EXPECT_EQ("column rev expects bigint and no null, found string \"7\" at /rev",
            sink_.said()[2].detail);
  EXPECT_EQ("(f,7,)", rows("SELECT * FROM $S.quakes"));
}

TEST_F(PostgresRevision, RowStoredWithoutRevisionYields) {
  run("CREATE TABLE $S.quakes(id text PRIMARY KEY, rev bigint, mag float8)");
  run("INSERT INTO $S.quakes VALUES('a',NULL,1),('b',0,1)");
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes));
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"id":"a","rev":-5,"mag":2})", R"({"id":"b","rev":1,"mag":2})"}));
  EXPECT_EQ("ok ok", sink_.words());
  EXPECT_EQ("(a,-5,2)\n(b,1,2)", rows("SELECT * FROM $S.quakes ORDER BY id"));
}

TEST_F(PostgresRevision, KeyOfSeveralColumnsTellsRowsApart) {
  ASSERT_EQ(SLUICE_OK, start(R"("key":["/t","/n"],"revision":"/r","create":true,
      "columns":{"t":{"from":"/t","type":"text"},"n":{"from":"/n","type":"bigint"},"r":"/r"})"))
      << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"t":"x","n":1,"r":2})", R"({"t":"x","n":2,"r":1})",
                                    R"({"t":"x","n":1.0,"r":1})"}));
  EXPECT_EQ("ok ok superseded", sink_.words());
  EXPECT_EQ("(x,1,2)\n(x,2,1)", rows("SELECT * FROM $S.quakes ORDER BY n"));
}

TEST_F(PostgresRevision, ManyKeysInOneBatchKeepTheirOwnHighest) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes));
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
  EXPECT_EQ("(500,7,7)", rows("SELECT count(*), min(rev), max(rev) FROM $S.quakes"));
}

TEST_F(PostgresRevision, WritersThatShareATableNeitherDeadlockNorGoBack) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes)) << sink_.error();
  SinkDriver other(postgres_sink::kPostgresSink);
  ASSERT_EQ(SLUICE_OK, other.start(config(kPgQuakes))) << other.error();
  // The same keys, each writer in an order of its own.
  const auto write_all = [](SinkDriver& sink, int step) {
    for (int round = 0; round < 20; ++round) {
      Records batch;
      for (int i = 0; i < 200; ++i) {
        batch.add(R"({"id":"k)" + std::to_string(i * step % 199) + R"(","rev":)" +
                  std::to_string((round * step) % 23) + "}");
      }
      EXPECT_EQ(SLUICE_OK, sink.write(batch)) << sink.error();
    }
  };
  auto first = std::async(std::launch::async, [&] { write_all(sink_, 7); });
  write_all(other, 150);
  first.get();
  EXPECT_EQ("(199,22,22)", rows("SELECT count(*), min(rev), max(rev) FROM $S.quakes"));
}

TEST_F(PostgresRevision, OrderWithoutRevisionIsLastWins) {
  ASSERT_EQ(SLUICE_OK,
            start(R"("key":["/id"],"create":true,"columns":{"id":{"from":"/id","type":"bigint"},
      "v":{"from":"/v","type":"text"}})"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1,"v":"x"})", R"({"id":1,"v":"y"})"}));
  EXPECT_EQ("superseded ok", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1,"v":"x"})"}));
  EXPECT_EQ("(1,x)", rows("SELECT * FROM $S.quakes"));
}

TEST_F(PostgresRevision, TableOfKeyAloneTakesRepeats) {
  ASSERT_EQ(
      SLUICE_OK,
      start(R"("key":["/id"],"create":true,"columns":{"id":{"from":"/id","type":"bigint"}})"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"id":1})", R"({"id":1})"}));
  EXPECT_EQ("superseded ok", sink_.words());
  EXPECT_EQ("(1)", rows("SELECT count(*) FROM $S.quakes"));
}

}  // namespace
}  // namespace sluice::test
