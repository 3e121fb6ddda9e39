// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/letter_class.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(LetterShape, KeepsWhatTheSchemaSaysAndLeavesOutWhatTheRecordHeld) {
  EXPECT_EQ(letter_shape("/id: expected at least 3, found number 1"),
            "/id: expected at least 3, found number #");
  EXPECT_EQ(letter_shape("/id: expected at least 3, found number 1"),
            letter_shape("/id: expected at least 3, found number 2.5"));
  EXPECT_NE(letter_shape("/id: expected at least 3, found number 1"),
            letter_shape("/id: expected at least 4, found number 1"));
  EXPECT_EQ(letter_shape(R"(/email: expected text matching "^a", found string "b@c.d")"),
            R"(/email: expected text matching "^a", found string "*")");
}

TEST(LetterShape, MissingMembersAreToldApartAndStrangersAreNot) {
  EXPECT_NE(letter_shape(R"(the record: expected a member "email", found none)"),
            letter_shape(R"(the record: expected a member "id", found none)"));
  EXPECT_EQ(letter_shape(R"(: expected only members the schema names, found "a")"),
            letter_shape(R"(: expected only members the schema names, found "b")"));
}

TEST(LetterShape, TakesOutNumbersAndIds) {
  EXPECT_EQ(letter_shape("the text ends inside an object (at byte 20 of 20)"),
            "the text ends inside an object (at byte # of #)");
  EXPECT_EQ(letter_shape("order 3f2a91bc-0d4e-4a57-9b1c-6de28a7e0f11 is not known"),
            letter_shape("order 00000000-0d4e-4a57-9b1c-6de28a7e0fff is not known"));
  EXPECT_EQ(letter_shape("total is -17.25"), letter_shape("total is -3"));
  EXPECT_EQ(letter_shape("stored 2026-11-26T10:00:00, found older"),
            letter_shape("stored 2025-01-02T11:30:59, found older"));
}

TEST(LetterShape, KeepsTheLineOfAScriptAndTheFieldItNames) {
  EXPECT_EQ(letter_shape("orders.lua:3: attempt to index a nil value (field 'x')"),
            "orders.lua:3: attempt to index a nil value (field 'x')");
  EXPECT_NE(letter_shape("orders.lua:3: boom 12"), letter_shape("orders.lua:4: boom 12"));
  EXPECT_EQ(letter_shape("orders.lua:4: boom 12"), letter_shape("orders.lua:4: boom 7"));
}

TEST(LetterShape, OfSeveralFailuresTheFirstCounts) {
  EXPECT_EQ(
      letter_shape("/a: expected integer, found string \"1\"; /b: expected number, found null"),
      "/a: expected integer, found string \"*\"");
}

TEST(LetterShape, ApostrophesAreNoQuotes) {
  EXPECT_EQ(letter_shape("the sink can't take it and won't"), "the sink can't take it and won't");
}

TEST(LetterShape, IsBoundedWhateverComes) {
  EXPECT_LE(letter_shape(std::string(1 << 20, 'x')).size(), 240u);
  EXPECT_LE(letter_shape(std::string(1 << 20, '"')).size(), 240u);
  EXPECT_LE(letter_shape("\"" + std::string(1 << 20, '\\')).size(), 240u);
}

TEST(LetterPath, PlacesInArraysAndNamesThatAreIdsBecomeStars) {
  EXPECT_EQ(letter_path("/items/3/price"), "/items/*/price");
  EXPECT_EQ(letter_path("/by_id/3f2a91bc-0d4e-4a57-9b1c-6de28a7e0f11/name"), "/by_id/*/name");
  EXPECT_EQ(letter_path("/address_line_2"), "/address_line_2");
  EXPECT_EQ(letter_path(""), "");
  EXPECT_EQ(letter_path("/"), "/");
  EXPECT_EQ(letter_path("//a"), "//a");
  EXPECT_LE(letter_path("/" + std::string(1 << 20, 'x')).size(), 200u);
}

TEST(LetterGroup, DiffersWithEachPart) {
  const std::string group = letter_group("p", "R", "s", "k", "/a", "m");
  EXPECT_EQ(group.size(), 12u);
  EXPECT_NE(group, letter_group("q", "R", "s", "k", "/a", "m"));
  EXPECT_NE(group, letter_group("p", "R", "s", "k", "/a", "n"));
  EXPECT_NE(letter_group("a", "bc", "", "", "", ""), letter_group("ab", "c", "", "", "", ""));
}

}  // namespace
}  // namespace sluice
