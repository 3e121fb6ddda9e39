// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sink_postgres/postgres_fixture.h"

namespace sluice::test {
namespace {

using PostgresRows = PostgresSinkTest;

constexpr const char* kAllTypes =
    R"("create":true,"columns":{
      "t":{"from":"/t","type":"text"},"i":{"from":"/i","type":"integer"},
      "b":{"from":"/b","type":"bigint"},"n":{"from":"/n","type":"numeric"},
      "d":{"from":"/d","type":"double"},"o":{"from":"/o","type":"boolean"},
      "z":{"from":"/z","type":"timestamptz"},"y":{"from":"/y","type":"date"},
      "u":{"from":"/u","type":"uuid"},"j":{"from":"/j","type":"jsonb"}})";

constexpr const char* kEveryType =
    R"({"t":"a\t\\\n\"é","i":-2147483648,"b":9223372036854775807,
        "n":12345678901234567890.000000000100,"d":1e-320,"o":true,
        "z":"2024-02-29T12:00:00.25+02:00","y":"2024-02-29",
        "u":"123E4567-e89b-12d3-a456-426614174000","j":{"k":[1.50,null]}})";

TEST_F(PostgresRows, KeepEveryTypeExactly) {
  ASSERT_EQ(SLUICE_OK, start(kAllTypes)) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({kEveryType, "{}"})) << sink_.error();
  EXPECT_EQ("ok ok", sink_.words()) << sink_.said()[0].detail;
  EXPECT_EQ("(t)", rows("SELECT t = E'a\\t\\\\\\n\"é' FROM $S.quakes WHERE t IS NOT NULL"));
  EXPECT_EQ(
      "(-2147483648,9223372036854775807,12345678901234567890.000000000100,1e-320,t,\"2024-02-29 "
      "10:00:00.25\",2024-02-29,123e4567-e89b-12d3-a456-426614174000)",
      rows("SELECT i, b, n, d, o, z AT TIME ZONE 'UTC', y, u FROM $S.quakes WHERE t IS NOT NULL"));
  EXPECT_EQ("(t)", rows("SELECT j::text = '{\"k\": [1.5, null]}' FROM $S.quakes WHERE t <> ''"));
  EXPECT_EQ("(1)", rows("SELECT count(*) FROM $S.quakes q WHERE q IS NULL"));
}

TEST_F(PostgresRows, OfAnUpsertKeepThemToo) {
  ASSERT_EQ(SLUICE_OK, start(std::string(kAllTypes) + R"(,"key":["/n","/t"])")) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({kEveryType, kEveryType})) << sink_.error();
  EXPECT_EQ("superseded ok", sink_.words());
  EXPECT_EQ("(12345678901234567890.000000000100,1e-320,123e4567-e89b-12d3-a456-426614174000,t)",
            rows("SELECT n, d, u, t = E'a\\t\\\\\\n\"é' FROM $S.quakes"));
}

TEST_F(PostgresRows, ThatFitNoColumnAreRefusedAndTheirNeighboursWritten) {
  ASSERT_EQ(SLUICE_OK, start(kAllTypes)) << sink_.error();
  const Records records{R"({"t":"one"})",
                        R"({"t":{}})",
                        R"({"t":true})",
                        R"({"i":2147483648})",
                        R"({"i":1.5})",
                        R"({"b":9223372036854775808})",
                        R"({"b":"7"})",
                        R"({"n":"NaN"})",
                        R"({"n":"1e200000"})",
                        R"({"d":"1"})",
                        R"({"o":1})",
                        R"({"z":"2024-02-29T12:00:00"})",
                        R"({"y":"2023-02-29"})",
                        R"({"u":"not one"})",
                        R"({"t":"a\u0000b"})",
                        R"({"n":"12.50","t":5e3})"};
  ASSERT_EQ(SLUICE_OK, sink_.write(records)) << sink_.error();
  std::string expected = "ok";
  for (int i = 0; i < 14; ++i) expected += " type_mismatch";
  EXPECT_EQ(expected + " ok", sink_.words());
  EXPECT_EQ("(one,)\n(5e3,12.50)", rows("SELECT t, n FROM $S.quakes ORDER BY n NULLS FIRST"));
  EXPECT_EQ(
      "column z expects timestamptz, found string \"2024-02-29T12:00:00\" at /z (such as "
      "2026-01-31T12:00:00Z, with offset)",
      sink_.said()[11].detail);
}

TEST_F(PostgresRows, WithJsonTheServerCannotKeepAreRefused) {
  ASSERT_EQ(SLUICE_OK, start(kAllTypes)) << sink_.error();
  Records records{R"({"j":{"a":"x\u0000y"}})", R"({"j":{"a":1}})", R"({"j":"\ud800"})"};
  ASSERT_EQ(SLUICE_OK, sink_.write(records)) << sink_.error();
  EXPECT_EQ("value_refused ok", sink_.words().substr(0, 16)) << sink_.words();
  EXPECT_NE(std::string::npos, sink_.said()[0].detail.find("SQLSTATE 22P05"))
      << sink_.said()[0].detail;
}

TEST_F(PostgresRows, RoundNothingAway) {
  run("CREATE TABLE $S.quakes(n numeric(6,2), v varchar(3), c char(4))");
  ASSERT_EQ(SLUICE_OK, start("\"exactly_once\":true")) << sink_.error();
  ASSERT_EQ(SLUICE_OK,
            sink_.write({R"({"n":1.25,"v":"abc","c":"x"})", R"({"n":1.255})", R"({"n":12345.5})",
                         R"({"v":"abcd"})", R"({"n":1.500,"v":"é€x"})"}))
      << sink_.error();
  EXPECT_EQ("ok type_mismatch value_refused value_refused ok", sink_.words());
  EXPECT_EQ("(1.25,abc,\"x   \")\n(1.50,é€x,)", rows("SELECT * FROM $S.quakes ORDER BY n"));
}

TEST_F(PostgresRows, GoToColumnsOfTheSameName) {
  run("CREATE TYPE $S.mood AS ENUM ('calm', 'angry')");
  run("CREATE TABLE $S.quakes(id bigserial PRIMARY KEY, \"a~/b\" text, mood $S.mood, made int "
      "GENERATED ALWAYS AS (1) STORED, at timestamptz DEFAULT now())");
  ASSERT_EQ(SLUICE_OK, start(R"("columns":{"a~/b":"/a~0~1b","mood":{"from":"/m","type":"text"}})"))
      << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"a~/b":"x","m":"calm"})", R"({"m":"cross"})", R"({})"}));
  EXPECT_EQ("ok value_refused ok", sink_.words());
  EXPECT_EQ("(x,calm)\n(,)", rows("SELECT \"a~/b\", mood FROM $S.quakes ORDER BY id"));
}

TEST_F(PostgresRows, OfStrangeTextSurviveCopy) {
  ASSERT_EQ(SLUICE_OK, start(R"("create":true,"columns":{"t":{"from":"/t","type":"text"}})"));
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"t":""})", R"({"t":"\\"})", R"({"t":"\\."})",
                                    R"({"t":"\\N"})", R"({"t":null})", R"({"t":""})"}))
      << sink_.error();
  EXPECT_EQ(
      "(,1)\n(\"\",2)\n(\"\\\\\",1)\n(\"\\\\.\",1)\n(\"\\\\N\",1)",
      rows("SELECT t, count(*) FROM $S.quakes GROUP BY t ORDER BY t COLLATE \"C\" NULLS FIRST"));
}

TEST_F(PostgresRows, LargerThanAMessageArrive) {
  ASSERT_EQ(SLUICE_OK, start(R"("create":true,"columns":{"t":{"from":"/t","type":"text"}})"));
  Records records;
  for (int i = 0; i < 20; ++i) records.add("{\"t\":\"" + std::string(100000, 'x') + "\"}");
  records.add("{\"t\":\"" + std::string(1000000, 'y') + "\"}");
  ASSERT_EQ(SLUICE_OK, sink_.write(records)) << sink_.error();
  EXPECT_EQ("(21,3000000)", rows("SELECT count(*), sum(length(t)) FROM $S.quakes"));
}

TEST_F(PostgresRows, ThatAreTombstonesAreRefused) {
  ASSERT_EQ(SLUICE_OK, start(kPgQuakes));
  Records records{R"({"id":"a","rev":1})"};
  records.add_tombstone("k");
  ASSERT_EQ(SLUICE_OK, sink_.write(records)) << sink_.error();
  EXPECT_EQ("ok tombstone_unsupported", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"rev":1})", R"({"id":null,"rev":1})"}));
  EXPECT_EQ("key_missing key_missing", sink_.words());
}

}  // namespace
}  // namespace sluice::test
