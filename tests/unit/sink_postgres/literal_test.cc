// SPDX-License-Identifier: Apache-2.0
#include "plugins/sinks/postgres/literal.h"

#include <gtest/gtest.h>

#include <string>

#include "plugins/sinks/postgres/array.h"
#include "plugins/sinks/postgres/failure.h"
#include "plugins/sinks/postgres/value.h"

namespace sluice::postgres_sink {
namespace {

TEST(PostgresLiteral, DatesAreDaysThatExist) {
  EXPECT_TRUE(is_date("2024-02-29"));
  EXPECT_TRUE(is_date("0001-01-01"));
  for (const char* bad : {"2023-02-29", "0000-01-01", "2024-13-01", "2024-00-10", "2024-04-31",
                          "24-01-01", "2024-1-1", "2024-01-01 ", "infinity", "today", ""}) {
    EXPECT_FALSE(is_date(bad)) << bad;
  }
}

TEST(PostgresLiteral, TimestampsSayTheirOffset) {
  for (const char* good :
       {"2024-02-29T23:59:60Z", "2024-02-29 00:00:00.123456789+05:30", "2024-02-29t00:00:00z"}) {
    EXPECT_TRUE(is_timestamp(good)) << good;
  }
  for (const char* bad :
       {"2024-02-29T23:59:59", "2024-02-29", "2024-02-29T24:00:00Z", "2024-02-29T00:00:00.Z",
        "2024-02-29T00:00:00+16:00", "2024-02-29T00:00Z", "now", "2024-02-29T00:00:00Z junk"}) {
    EXPECT_FALSE(is_timestamp(bad)) << bad;
  }
  EXPECT_FALSE(is_timestamp("2024-02-29T00:00:00." + std::string(200, '1') + "Z"));
}

TEST(PostgresLiteral, UuidsHaveTheirHyphens) {
  EXPECT_TRUE(is_uuid("123e4567-E89B-12d3-a456-426614174000"));
  for (const char* bad :
       {"123e4567e89b12d3a456426614174000", "{123e4567-e89b-12d3-a456-42661417400",
        "123e4567-e89b-12d3-a456-42661417400g", ""}) {
    EXPECT_FALSE(is_uuid(bad)) << bad;
  }
}

TEST(PostgresLiteral, Base64HasOneForm) {
  const auto hex = [](std::string_view text) {
    std::string out;
    return append_base64_in_hex(text, &out) ? out : "none";
  };
  EXPECT_EQ("", hex(""));
  EXPECT_EQ("00", hex("AA=="));
  EXPECT_EQ("00ff", hex("AP8="));
  EXPECT_EQ("68656c6c6f", hex("aGVsbG8="));
  EXPECT_EQ("fbefff", hex("++//"));
  for (const char* bad :
       {"AA", "AA=", "AP9=", "AB==", "A===", "====", "AA==AA==", "--__", "AA\n=", "AA =", "\xff"}) {
    EXPECT_EQ("none", hex(bad)) << bad;
  }
}

TEST(PostgresLiteral, NumericsStayWithinWhatTheServerHolds) {
  uint32_t decimals = 99;
  EXPECT_TRUE(is_numeric("-12.3400", &decimals));
  EXPECT_EQ(2U, decimals);
  EXPECT_TRUE(is_numeric("1.5e-3", &decimals));
  EXPECT_EQ(4U, decimals);
  EXPECT_TRUE(is_numeric("1.25e2", &decimals));
  EXPECT_EQ(0U, decimals);
  EXPECT_TRUE(is_numeric("1e131071", &decimals));
  EXPECT_TRUE(is_numeric("1e-16383", &decimals));
  for (const char* bad : {"1e131072", "1e-16384", "1e99999999999999999999", "NaN", "Infinity", "1.",
                          ".5", "", "-", "1e", "0x10", "1_000", " 1", "1 ", "+1"}) {
    EXPECT_FALSE(is_numeric(bad, &decimals)) << bad;
  }
  EXPECT_FALSE(is_numeric(std::string(200000, '9'), &decimals));
  EXPECT_FALSE(is_numeric("0." + std::string(20000, '1'), &decimals));
}

sluice_cell text_cell(const std::string& text) {
  sluice_cell cell{};
  cell.kind = SLUICE_CELL_TEXT;
  cell.text = {text.data(), text.size()};
  return cell;
}

TEST(PostgresField, EscapesWhatCopyWouldReadOtherwise) {
  const Column column{"c", "/c", {ColumnType::kText}, false, "", {}};
  const std::string text = "a\tb\nc\rd\\N\x01\x7f€\\.";
  std::string out;
  EXPECT_EQ(Fit::kFits, append_field(column, text_cell(text), &out));
  EXPECT_EQ("a\\tb\\nc\\rd\\134N\x01\x7f€\\134.", out);
}

TEST(PostgresField, OfAnArrayKeepsTheDigitsOfItsElements) {
  const Column column{"c", "/c", {ColumnType::kNumeric, true}, false, "", {}};
  const std::string text = "[12345678901234567890.00100, null ,-1e5]";
  sluice_cell cell = text_cell(text);
  cell.kind = SLUICE_CELL_JSON;
  std::string out;
  EXPECT_EQ(Fit::kFits, append_field(column, cell, &out));
  EXPECT_EQ("{\"12345678901234567890.00100\",NULL,\"-1e5\"}", out);
}

TEST(PostgresField, RefusesNulAndBrokenUtf8) {
  const Column column{"c", "/c", {ColumnType::kText}, false, "", {}};
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xff"), std::string("\xc3"),
                                  std::string("\xed\xa0\x80")}) {
    std::string out;
    EXPECT_EQ(Fit::kMismatch, append_field(column, text_cell(text), &out));
  }
  EXPECT_EQ(
      "column c expects text, found string \"a\\u0000b\" at /c (PostgreSQL's strings hold no NUL "
      "and "
      "no broken UTF-8)",
      describe_misfit(column, text_cell(std::string("a\0b", 3))));
}

// The elements of an array as text, "!" behind the last where it is broken.
std::string walked(std::string_view json) {
  ArrayWalk walk(json);
  sluice_cell cell{};
  std::string out;
  ArrayWalk::Step step = walk.next(&cell);
  for (; step == ArrayWalk::Step::kElement; step = walk.next(&cell)) {
    out.append(std::to_string(cell.kind)).append(":");
    if (cell.text.data != nullptr) out.append(cell.text.data, cell.text.size);
    out.push_back(' ');
  }
  return out + (step == ArrayWalk::Step::kEnd ? "" : "!");
}

TEST(PostgresArrayWalk, GivesEachValueAsACell) {
  EXPECT_EQ("", walked(" [ ] "));
  EXPECT_EQ("0: 2: 2: ", walked("[null,true, false]"));
  EXPECT_EQ("3:-1 4:18446744073709551615 5:1.5 5:1e999 ",
            walked("[-1,18446744073709551615,1.5,1e999]"));
  EXPECT_EQ("6: 6:a\"b\nA 6:\U0001F600 6:] ", walked(R"(["","a\"b\n\u0041","\ud83d\ude00","]"])"));
  EXPECT_EQ("3:1 7:[2],3] !", walked("[1,[2],3]"));
}

TEST(PostgresArrayWalk, EndsAtWhatIsNoArray) {
  for (const char* broken : {"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{}", "7", "[\"a",
                             "[\"a\\", "[\"\\", "[\"\\x\"]", "[\"\\u12\"]", "[\"\\ud800\"]",
                             "[\"\\ud800\\u0041\"]", "[\"\\udc00\"]", "[tru]", "[] x"}) {
    EXPECT_TRUE(walked(broken).ends_with('!')) << broken;
  }
}

TEST(PostgresFailure, IsSortedBySqlstate) {
  const auto rc = [](const char* state) { return failure_of_state(state, "ERROR:  x", "do").rc; };
  for (const char* state : {"22001", "22003", "22P02", "23505", "23502", "23514", "23503", "23P01",
                            "44000", "54000", "P0001", "38000"}) {
    EXPECT_EQ(SLUICE_E_BATCH, rc(state)) << state;
  }
  for (const char* state : {"40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "08006",
                            "53100", "53200", "53300", "25006", "58030", "XX000", ""}) {
    EXPECT_EQ(SLUICE_E_RETRY, rc(state)) << state;
  }
  for (const char* state :
       {"42P01", "42703", "42501", "28P01", "3D000", "3F000", "42P10", "0A000"}) {
    EXPECT_EQ(SLUICE_E_CONFIG, rc(state)) << state;
  }
  EXPECT_EQ(SLUICE_E_FATAL, rc("XX001"));
}

TEST(PostgresFailure, ShowsTheKeyButNotTheRow) {
  EXPECT_EQ(
      "duplicate key: Key (id)=(1) already exists.",
      short_words("ERROR:  duplicate key\nDETAIL:  Key (id)=(1) already exists.\nCONTEXT: x"));
  EXPECT_EQ("null value",
            short_words("ERROR:  null value\nDETAIL:  Failing row contains (secret)."));
  EXPECT_EQ(303U, short_words(std::string(1000, 'x')).size());
}

}  // namespace
}  // namespace sluice::postgres_sink
