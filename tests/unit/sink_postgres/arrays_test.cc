// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include "tests/unit/sink_postgres/postgres_fixture.h"

namespace sluice::test {
namespace {

using std::string_literals::operator""s;

// bytea, and arrays of every type.
using PostgresArrays = PostgresSinkTest;

constexpr const char* kArrays =
    R"("create":true,"columns":{"id":{"from":"/id","type":"integer"},
      "raw":{"from":"/raw","type":"bytea"},
      "t":{"from":"/t","type":"text[]"},"i":{"from":"/i","type":"integer[]"},
      "b":{"from":"/b","type":"bigint[]"},"n":{"from":"/n","type":"numeric[]"},
      "d":{"from":"/d","type":"double[]"},"o":{"from":"/o","type":"boolean[]"},
      "z":{"from":"/z","type":"timestamptz[]"},"y":{"from":"/y","type":"date[]"},
      "u":{"from":"/u","type":"uuid[]"},"r":{"from":"/r","type":"bytea[]"}})";

constexpr const char* kEveryArray =
    R"({"id":1,"raw":"AP/+XA==","t":["a,b","{\"\\}\t\n","NULL","",null," é ","\ud83d\ude00\u0041",7.5],
        "i":[-2147483648,null,3.0],"b":[9223372036854775807],"n":["12345678901234567890.00100",1.5],
        "d":[1e-320,2],"o":[true,false,null],"z":["2024-02-29T12:00:00.25+02:00"],
        "y":["2024-02-29"],"u":["123E4567-e89b-12d3-a456-426614174000"],"r":["","AP8=","XA=="]})";

constexpr const char* kAsWritten =
    "SELECT raw = '\\x00fffe5c' AND t = ARRAY['a,b', E'{\"\\\\}\\t\\n', 'NULL', '', NULL, ' é ', "
    "U&'\\+01F600A', '7.5'] AND i = ARRAY[-2147483648, NULL, 3] AND b = "
    "ARRAY[9223372036854775807] AND n::text = '{12345678901234567890.00100,1.5}' AND d = "
    "ARRAY[1e-320, 2]::float8[] AND o = ARRAY[true, false, NULL] AND z = ARRAY[timestamptz "
    "'2024-02-29 10:00:00.25Z'] AND y = ARRAY[date '2024-02-29'] AND u = "
    "ARRAY['123e4567-e89b-12d3-a456-426614174000'::uuid] AND r = ARRAY[''::bytea, '\\x00ff', "
    "'\\x5c'] FROM $S.quakes WHERE id = 1";

TEST_F(PostgresArrays, KeepEveryElementExactly) {
  ASSERT_EQ(SLUICE_OK, start(kArrays)) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({kEveryArray, R"({"id":2})", R"({"id":3,"t":[],"b":[ ]})"}))
      << sink_.error();
  EXPECT_EQ("ok ok ok", sink_.words()) << sink_.said()[0].detail;
  EXPECT_EQ("(t)", rows(kAsWritten));
  EXPECT_EQ("(2,,)\n(3,{},{})", rows("SELECT id, t, b FROM $S.quakes WHERE id > 1 ORDER BY id"));
}

TEST_F(PostgresArrays, OfAnUpsertKeepThemToo) {
  ASSERT_EQ(SLUICE_OK, start(kArrays + R"(,"key":["/id","/b"])"s)) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({kEveryArray, kEveryArray})) << sink_.error();
  EXPECT_EQ("superseded ok", sink_.words()) << sink_.said()[0].detail;
  EXPECT_EQ("(t)", rows(kAsWritten));
}

TEST_F(PostgresArrays, ThatDoNotFitAreRefusedAndTheirNeighboursWritten) {
  ASSERT_EQ(SLUICE_OK, start(kArrays)) << sink_.error();
  const Records records{R"({"id":1})",
                        R"({"raw":"no base64"})",
                        R"({"raw":"AP8"})",
                        R"({"raw":"AP9="})",
                        R"({"raw":7})",
                        R"({"t":"a"})",
                        R"({"t":{"a":1}})",
                        R"({"t":["a",["b"]]})",
                        R"({"t":["a\u0000b"]})",
                        R"({"t":[true]})",
                        R"({"i":[1,2147483648]})",
                        R"({"b":[1,"2"]})",
                        R"({"n":["NaN"]})",
                        R"({"d":["1"]})",
                        R"({"o":[1]})",
                        R"({"z":["2024-02-29"]})",
                        R"({"y":["2023-02-29"]})",
                        R"({"u":["x"]})",
                        R"({"r":["AP8"]})",
                        R"({"id":2,"t":["z"]})"};
  ASSERT_EQ(SLUICE_OK, sink_.write(records)) << sink_.error();
  std::string expected = "ok";
  for (int i = 0; i < 18; ++i) expected += " type_mismatch";
  EXPECT_EQ(expected + " ok", sink_.words());
  EXPECT_EQ("(1,)\n(2,{z})", rows("SELECT id, t FROM $S.quakes ORDER BY id"));
  EXPECT_EQ(
      "column raw expects bytea, found string \"AP8\" at /raw (base64 with its padding, such as "
      "aGVsbG8=)",
      sink_.said()[2].detail);
  EXPECT_EQ("column t expects text[], found string \"a\" at /t (an array of text)",
            sink_.said()[5].detail);
  EXPECT_EQ(
      "column i expects integer[], found array [1,2147483648] at /i (element 1 is integer "
      "2147483648; an array holds integer and null)",
      sink_.said()[10].detail);
}

TEST_F(PostgresArrays, FitTheTypesOfATable) {
  run("CREATE TYPE $S.mood AS ENUM ('calm', 'angry')");
  run("CREATE TABLE $S.quakes(raw bytea, small smallint[], n numeric(6,2)[], v varchar(3)[], "
      "c char(3)[], mood $S.mood[], wide bigint[], txt text[], inet inet)");
  ASSERT_EQ(SLUICE_OK, start(R"("columns":{"raw":"/raw","small":"/small","n":"/n","v":"/v","c":"/c",
              "mood":{"from":"/mood","type":"text[]"},"wide":{"from":"/wide","type":"integer[]"},
              "txt":{"from":"/txt","type":"text"},"inet":{"from":"/inet","type":"text"}})"))
      << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({R"({"raw":"/w==","small":[1],"n":[1.25,2],"v":["abc"],"c":["x"],
                             "mood":["calm",null],"wide":[5],"txt":"{a,b}","inet":"::1"})",
                                    R"({"small":[70000]})", R"({"n":[1.255]})", R"({"v":["abcd"]})",
                                    R"({"mood":["cross"]})", R"({"txt":"{"})"}))
      << sink_.error();
  EXPECT_EQ("ok value_refused type_mismatch value_refused value_refused value_refused",
            sink_.words());
  EXPECT_EQ(
      "(\"\\\\xff\",{1},\"{1.25,2.00}\",{abc},\"{\"\"x  \"\"}\",\"{calm,NULL}\",{5},\"{a,b}\",::1)",
      rows("SELECT * FROM $S.quakes"));
}

TEST_F(PostgresArrays, ThatDifferFromTheTableAreReported) {
  run("CREATE TABLE $S.quakes(a text[], b bytea, c bigint, j jsonb[])");
  EXPECT_EQ(SLUICE_E_CONFIG, start(R"("columns":{"a":{"from":"/a","type":"bigint[]"},"j":"/j",
              "b":{"from":"/b","type":"jsonb"},"c":{"from":"/c","type":"bigint[]"}})"));
  for (const char* words : {"column a is text[] in the table, bigint[] in the configuration",
                            "column b is bytea in the table, jsonb in the configuration",
                            "column c is bigint in the table, bigint[] in the configuration",
                            "column j is jsonb[], which has no counterpart"}) {
    EXPECT_NE(std::string::npos, sink_.error().find(words)) << sink_.error();
  }
  EXPECT_EQ(SLUICE_E_CONFIG, start(R"("columns":{"j":{"from":"/j","type":"jsonb[]"}})"));
  EXPECT_NE(std::string::npos, sink_.error().find("a jsonb column takes arrays as well"));
}

}  // namespace
}  // namespace sluice::test
