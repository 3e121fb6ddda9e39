// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/store/letter_fixture.h"

namespace sluice::triage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ParseWhere, TakesPointerAndValues) {
  const auto where = parse_where("/a/b=x,y\\,z,");
  ASSERT_TRUE(where.is_ok()) << where.status().message();
  EXPECT_EQ(where->pointer.text(), "/a/b");
  EXPECT_THAT(where->values, ElementsAre("x", "y,z", ""));
  EXPECT_THAT(parse_where("/a").status().message(), HasSubstr("such as /event_id=a,b"));
  EXPECT_FALSE(parse_where("a=b").is_ok());
}

TEST(ParseMoment, TakesDurationsAndTimes) {
  const int64_t now = 1'795'693'170'000'000;
  EXPECT_EQ(*parse_moment("30m", now), now - 1'800'000'000);
  EXPECT_EQ(*parse_moment("2018-02-07T01:26:13.84Z", now), 1'517'966'773'840'000);
  EXPECT_EQ(*parse_moment("2018-02-07T03:26:13.84+02:00", now), 1'517'966'773'840'000);
  EXPECT_EQ(*parse_moment("2018-02-07 01:26", now), 1'517'966'760'000'000);
  EXPECT_EQ(*parse_moment("1970-01-02", now), 86'400'000'000);
  for (const char* bad : {"", "yesterday", "2018-02-30", "2018-02-07T25:00", "2018-02-07T01:26X",
                          "2018-2-7", "2018-02-07T01:26:13.", "17"}) {
    EXPECT_FALSE(parse_moment(bad, now).is_ok()) << bad;
  }
}

Result<Selection> back(const std::string& json) {
  Document document;
  if (!document.parse(json, {})) return invalid("not JSON");
  return read_selection(document, Document::root());
}

TEST(SelectionJson, ComesBackAsItWas) {
  Selection in;
  in.filter.ids = {"a", "b\"\n"};
  in.filter.keys = {"k"};
  in.filter.tenant = "t";
  in.filter.group = "g";
  in.filter.since_us = 5;
  in.filter.until_us = 6;
  in.where.push_back(*parse_where("/x=1,2"));
  const auto out = back(selection_json(in));
  ASSERT_TRUE(out.is_ok()) << out.status().message();
  EXPECT_EQ(selection_json(*out), selection_json(in));
  EXPECT_EQ(selection_json(*back("{}")), "{}");
  EXPECT_TRUE(back("{}")->all());
  EXPECT_FALSE(out->all());
}

TEST(SelectionJson, WhatIsNotKnownIsRefused) {
  for (const char* bad : {R"({"resaon":"A"})", R"({"ids":"a"})", R"({"since_us":"x"})", R"([])",
                          R"({"where":[{"pointer":"/a"}]})",
                          R"({"where":[{"pointer":"a","values":[]}]})", R"({"ids":[1]})"}) {
    EXPECT_FALSE(back(bad).is_ok()) << bad;
  }
}

DeadLetter with_raw(std::string raw) {
  DeadLetter letter;
  letter.raw = std::move(raw);
  return letter;
}

bool matches(const std::string& where, const std::string& raw) {
  const std::vector<Where> conditions = {*parse_where(where)};
  return Matcher(conditions).matches(with_raw(raw));
}

TEST(Matcher, ComparesTextsDecodedAndNumbersAsWritten) {
  EXPECT_TRUE(matches("/id=a,b", R"({"id":"b"})"));
  EXPECT_TRUE(matches("/id=\xC3\xA9", R"({"id":"\u00e9"})"));
  EXPECT_TRUE(matches("/id=17", R"({"id":17})"));
  EXPECT_FALSE(matches("/id=17", R"({"id":17.0})"));
  EXPECT_TRUE(matches("/id=null", R"({"id":null})"));
  EXPECT_TRUE(matches("/items/1/id=x", R"({"items":[{},{"id":"x"}]})"));
  EXPECT_FALSE(matches("/id=a", R"({"di":"a"})"));
  EXPECT_FALSE(matches("/id=a", R"({"id":"a")"));
  EXPECT_FALSE(matches("/id=a", ""));
  EXPECT_TRUE(matches("/id=a", std::string("\0\0\0\0\7", 5) + R"({"id":"a"})"));
}

TEST(EachSelected, WalksWhatMatchesAndStopsWhenToldTo) {
  TempDir dir;
  const auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 2500; ++i) letters.push_back(make_letter(i, "A", 10));
  ASSERT_TRUE(store->put(letters).is_ok());
  Selection selection;
  selection.where.push_back(*parse_where("/n=7,1500,2499"));
  std::vector<uint64_t> seen;
  ASSERT_TRUE(each_selected(*store, selection, 100, [&](DeadLetter& letter) {
                seen.push_back(letter.position);
                return seen.size() < 2;
              }).is_ok());
  EXPECT_THAT(seen, ElementsAre(7, 1500));
}

TEST(EachSelected, DoesNotMeetALetterTwiceThatFailsAgainMeanwhile) {
  TempDir dir;
  const auto store = open_letters(dir);
  ASSERT_TRUE(store->put({make_letter(1, "A", 10), make_letter(2, "A", 20)}).is_ok());
  int seen = 0;
  ASSERT_TRUE(each_selected(*store, {}, 100, [&](DeadLetter& letter) {
                letter.last_at_us = 101 + seen;
                EXPECT_TRUE(store->put({letter}).is_ok());
                return ++seen < 10;
              }).is_ok());
  EXPECT_EQ(seen, 2);
}

TEST(CompleteIds, TurnsBeginningsIntoIds) {
  TempDir dir;
  const auto store = open_letters(dir);
  const DeadLetter letter = make_letter(1, "A", 10);
  ASSERT_TRUE(store->put({letter}).is_ok());
  LetterFilter filter;
  filter.ids = {letter.id.substr(0, 10)};
  ASSERT_TRUE(complete_ids(*store, filter).is_ok());
  EXPECT_THAT(filter.ids, ElementsAre(letter.id));
  filter.ids = {"0123456789"};
  EXPECT_EQ(complete_ids(*store, filter).code(), Code::kNotFound);
}

}  // namespace
}  // namespace sluice::triage
