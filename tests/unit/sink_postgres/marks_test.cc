// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sink_postgres/postgres_fixture.h"

namespace sluice::test {
namespace {

constexpr const char* kPgAppended =
    R"("create":true,"columns":{"v":{"from":"/v","type":"bigint","null":"reject"}})";

class PostgresMarks : public PostgresSinkTest {
 protected:
  [[nodiscard]] std::string values() const {
    return rows("SELECT string_agg(v::text, ',' ORDER BY v) FROM $S.quakes");
  }
};

TEST_F(PostgresMarks, LieInTheTransactionOfTheRows) {
  ASSERT_EQ(SLUICE_OK, start(kPgAppended)) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({R"({"v":1})", R"({"v":2})"}, {{"a", {}, 2}}))
      << sink_.error();
  EXPECT_EQ("ok ok", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({R"({"v":3})"}, {{"a", 2, 3}, {"b", {}, UINT64_MAX}}));
  EXPECT_EQ("(\"1,2,3\")", values());
  EXPECT_EQ("a@0=3 b@0=18446744073709551615", sink_.marks());
}

TEST_F(PostgresMarks, OfSomebodyElseFenceTheWriteOff) {
  ASSERT_EQ(SLUICE_OK, start(kPgAppended));
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({R"({"v":1})"}, {{"a", {}, 1}}));
  EXPECT_EQ(SLUICE_E_FENCED, sink_.write_marked({R"({"v":2})"}, {{"a", {}, 2}}));
  EXPECT_NE(std::string::npos, sink_.error().find("stands at 1, expected none")) << sink_.error();
  EXPECT_EQ(SLUICE_E_FENCED, sink_.write_marked({R"({"v":2})"}, {{"b", {}, 1}, {"a", 7, 8}}));
  EXPECT_EQ(SLUICE_E_FENCED, sink_.write_marked({R"({"v":2})"}, {{"b", 4, {}}}));
  EXPECT_EQ(SLUICE_E_FENCED, sink_.write_marked({R"({"v":2})"}, {{"a", {}, {}}}));
  EXPECT_EQ("(1)", values());
  EXPECT_EQ("a@0=1", sink_.marks());
}

TEST_F(PostgresMarks, StayWhereTheyAreWhenARecordIsRefused) {
  ASSERT_EQ(SLUICE_OK, start(kPgAppended));
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({R"({"v":1})", R"({})", R"({"v":3})"}, {{"a", {}, 3}}));
  EXPECT_EQ("ok null_refused ok", sink_.words());
  EXPECT_EQ("()", values());
  EXPECT_EQ("", sink_.marks());
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({R"({"v":1})", R"({"v":3})"}, {{"a", {}, 3}}));
  EXPECT_EQ("(\"1,3\")", values());
}

TEST_F(PostgresMarks, RiseWithoutRecordsToo) {
  ASSERT_EQ(SLUICE_OK, start(kPgAppended));
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({}, {{"a", {}, 5}}));
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({}, {{"a", 5, 9}, {"b", {}, {}}}));
  EXPECT_EQ("a@0=9", sink_.marks());
}

TEST_F(PostgresMarks, OfALaneThatIsDoneAreForgotten) {
  ASSERT_EQ(SLUICE_OK, start(kPgAppended));
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({}, {{"a", {}, 5}, {"b", {}, 1}}));
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({}, {{"a", 5, {}}}));
  EXPECT_EQ("b@0=1", sink_.marks());
}

TEST_F(PostgresMarks, AreKeptApartByScopeAndEpoch) {
  ASSERT_EQ(SLUICE_OK, start(kPgAppended));
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({}, {{"a", {}, 5, "p/s/k", 0},
                                               {"a", {}, 6, "p/s/k", 2},
                                               {"a", {}, 7, "p/other/k", 0}}));
  EXPECT_EQ("a@0=5 a@2=6", sink_.marks());
  ASSERT_EQ(SLUICE_OK, sink_.reset_marks("p/s/k", 2));
  EXPECT_EQ("a@2=6", sink_.marks());
  EXPECT_EQ("a@0=7", sink_.marks("p/other/k"));
}

TEST_F(PostgresMarks, OutliveTheInstance) {
  ASSERT_EQ(SLUICE_OK, start(kPgAppended));
  ASSERT_EQ(SLUICE_OK, sink_.write_marked({R"({"v":1})"}, {{std::string("a\0b", 3), {}, 1}}));
  ASSERT_EQ(SLUICE_OK, sink_.close());
  ASSERT_EQ(SLUICE_OK, start(kPgAppended));
  EXPECT_EQ(std::string("a\0b@0=1", 7), sink_.marks());
}

TEST_F(PostgresMarks, AreNotKeptWhereTheyAreNotWanted) {
  ASSERT_EQ(SLUICE_OK, start(std::string(kPgAppended) + R"(,"exactly_once":false)"));
  EXPECT_FALSE(sink_.keeps_marks());
  EXPECT_EQ("(0)", rows("SELECT count(*) FROM pg_tables WHERE schemaname = '$S' AND tablename = "
                        "'sluice_marks'"));
}

TEST_F(PostgresMarks, HaveATableThatRowsMayNotGoTo) {
  EXPECT_EQ(SLUICE_E_CONFIG, start(std::string(kPgAppended) + R"(,"table":"$S.sluice_marks")"));
}

}  // namespace
}  // namespace sluice::test
