// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <charconv>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/record/document.h"

// What a document remembers of earlier records must not show.
namespace sluice {
namespace {

// A view: the document goes on reading the caller's text.
ParseResult parse(Document& document, std::string_view text) { return document.parse(text, {}); }

TEST(Names, OfEarlierRecordsDoNotHideADuplicate) {
  Document d;
  ASSERT_TRUE(parse(d, R"({"a":1,"b":2})"));
  ASSERT_TRUE(parse(d, R"({"b":1})"));
  EXPECT_EQ(parse(d, R"({"b":1,"b":2})").code, ParseCode::kDuplicateKey);
  ASSERT_TRUE(parse(d, R"({"a":{"x":1,"y":2},"b":{"y":3}})"));
  EXPECT_EQ(parse(d, R"({"a":{"y":1,"y":2}})").code, ParseCode::kDuplicateKey);
  ASSERT_TRUE(parse(d, R"({"a":1,"b":2,"c":3})"));
  EXPECT_EQ(parse(d, R"({"a":1,"b":2,"a":3})").code, ParseCode::kDuplicateKey);
  EXPECT_EQ(parse(d, R"({"a":1,"b":2,"\u0061":3})").code, ParseCode::kDuplicateKey);
}

TEST(Names, AreReadWholeWhenAnEarlierOneIsAPrefix) {
  Document d;
  ASSERT_TRUE(parse(d, R"({"ab":1,"c":2})"));
  ASSERT_TRUE(parse(d, R"({"abc":1,"c":2})"));
  EXPECT_EQ(d.slice(1), "abc");
  ASSERT_TRUE(parse(d, R"({"a":1,"c":2})"));
  EXPECT_EQ(d.slice(1), "a");
  EXPECT_EQ(parse(d, R"({"ab)").code, ParseCode::kSyntax);
  EXPECT_EQ(parse(d, R"({"a":1,"c)").code, ParseCode::kSyntax);
}

// A name of an alphabet so small that records are alike, twins are common, and lengths go past what
// is remembered; sometimes written with an escape.
struct Name {
  std::string plain;
  std::string written;
};

Name random_name(std::mt19937& random) {
  static const std::vector<std::string> alphabet{"a",
                                                 "b",
                                                 "id",
                                                 "",
                                                 "fifteen_letters",
                                                 "sixteen_letters_",
                                                 "thirty_one_letters_are_in_this1",
                                                 "this_has_many_more_than_thirty_two_letters",
                                                 "\xC3\xA9t\xC3\xA9"};
  Name name;
  name.plain = alphabet[random() % alphabet.size()];
  name.written = name.plain;
  if (random() % 8 == 0 && name.plain.starts_with('a')) name.written = "\\u0061";
  return name;
}

// An object of `members` members; members of members of members are objects too. Sets *twice when
// some object has a name twice.
std::string random_object(std::mt19937& random, int depth, bool* twice) {
  std::string text = "{";
  std::set<std::string> names;
  for (auto i = random() % 5; i > 0; --i) {
    const Name name = random_name(random);
    *twice |= !names.insert(name.plain).second;
    if (text.size() > 1) text += ",";
    text += '"' + name.written + "\":";
    text += depth > 0 && random() % 3 == 0 ? random_object(random, depth - 1, twice) : "0";
  }
  return text + "}";
}

TEST(Names, DuplicatesAreFoundWhateverWasReadBefore) {
  std::mt19937 random(3);
  Document used;
  int twins = 0;
  constexpr int kRecords = 50'000;
  for (int i = 0; i < kRecords; ++i) {
    bool twice = false;
    const std::string text = random_object(random, 3, &twice);
    const ParseResult result = parse(used, text);
    ASSERT_EQ(result.code, twice ? ParseCode::kDuplicateKey : ParseCode::kOk) << text;
    twins += twice ? 1 : 0;
  }
  EXPECT_GT(twins, kRecords / 10);
  EXPECT_LT(twins, kRecords * 9 / 10);
}

TEST(Numbers, ShortOnesAreReadExactly) {
  std::mt19937 random(5);
  Document d;
  for (int i = 0; i < 50'000; ++i) {
    std::string number = random() % 3 == 0 ? "-" : "";
    const auto digits = 1 + random() % 9;
    number += static_cast<char>('1' + random() % 9);
    for (auto k = digits; k > 1; --k) number += static_cast<char>('0' + random() % 10);
    const bool fraction = random() % 2 == 0;
    if (fraction) {
      number += '.';
      for (auto k = 1 + random() % 4; k > 0; --k) number += static_cast<char>('0' + random() % 10);
    }
    if (random() % 10 == 0) number += random() % 2 == 0 ? "e2" : "E-1";
    // Once with bytes in front, once with none.
    for (const std::string& front : {std::string(), std::string("[                ")}) {
      const std::string text = front + number + (front.empty() ? "" : "]");
      ASSERT_TRUE(parse(d, text)) << text;
      const NodeIndex node = front.empty() ? 0 : 1;
      double expected = 0;
      std::from_chars(number.data(), number.data() + number.size(), expected);
      double found = 0;
      ASSERT_TRUE(d.number(node, &found));
      EXPECT_EQ(found, expected) << text;
      int64_t integer = 0;
      const bool whole = number.find_first_of(".eE") == std::string::npos;
      ASSERT_EQ(d.int64(node, &integer), whole) << text;
      if (whole) {
        EXPECT_EQ(integer, static_cast<int64_t>(expected)) << text;
      }
    }
  }
}

}  // namespace
}  // namespace sluice
