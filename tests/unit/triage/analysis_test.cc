// SPDX-License-Identifier: Apache-2.0
#include "runtime/triage/analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/triage/letter_report.h"
#include "tests/unit/store/letter_fixture.h"

namespace sluice::triage {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kHour = 3'600'000'000;
constexpr int64_t kNow = 1000 * kHour;

Analysis analysis_of(DeadLetterStore& store, size_t limit = 10, const Evidence& evidence = {}) {
  auto out = analyze(store, {}, evidence, limit, kNow);
  EXPECT_TRUE(out.is_ok()) << out.status().message();
  return out ? std::move(out).value() : Analysis();
}

TEST(Analysis, GroupsAlikeFailuresWhateverTheirValues) {
  TempDir dir;
  const auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 10; ++i) {
    letters.push_back(make_letter(i, "SCHEMA_DRIFT", kNow - static_cast<int64_t>(i) * kHour / 4));
    DeadLetter& letter = letters.back();
    letter.pointer = i < 7 ? "/items/" + std::to_string(i) + "/price" : "/total";
    letter.detail =
        letter.pointer + ": expected number, found string \"" + std::to_string(i) + "\"";
    letter.source = i % 2 == 0 ? "s3" : "kafka";
    letter.schema_version = i < 5 ? "1" : "2";
    letter.bundle_hash = "b1";
  }
  ASSERT_TRUE(store->put(letters).is_ok());
  const Analysis found = analysis_of(*store);
  EXPECT_EQ(found.letters, 10u);
  ASSERT_EQ(found.groups.size(), 2u);
  const LetterGroup& group = found.groups[0];
  EXPECT_EQ(group.path, "/items/*/price");
  EXPECT_EQ(group.letters, 7u);
  EXPECT_DOUBLE_EQ(group.share, 0.7);
  EXPECT_EQ(group.first_us, kNow - 6 * kHour / 4);
  EXPECT_EQ(group.last_us, kNow);
  EXPECT_EQ(group.last_hour, 5u);
  EXPECT_EQ(group.hour_before, 2u);
  EXPECT_EQ(group.trend(), "growing");
  EXPECT_THAT(group.sources, UnorderedElementsAre(Pair("s3", 4u), Pair("kafka", 3u)));
  EXPECT_THAT(group.versions, UnorderedElementsAre(Pair("1", 5u), Pair("2", 2u)));
  EXPECT_EQ(group.example, letters[0].id);
  LetterFilter filter;
  filter.group = group.id;
  EXPECT_EQ(walk(*store, filter).size(), 7u);
}

TEST(Analysis, ShowsTheLargestAndCountsTheRest) {
  TempDir dir;
  const auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 10; ++i) {
    letters.push_back(
        make_letter(i, i < 4 ? "A" : "R" + std::string(1, static_cast<char>('a' + i)), kNow));
  }
  ASSERT_TRUE(store->put(letters).is_ok());
  const Analysis found = analysis_of(*store, 2);
  ASSERT_EQ(found.groups.size(), 2u);
  EXPECT_EQ(found.groups[0].reason, "A");
  EXPECT_EQ(found.other_groups, 5u);
  EXPECT_EQ(found.other_letters, 5u);
  EXPECT_THAT(analysis_json(found), HasSubstr("\"other_letters\":5"));
}

TEST(Analysis, KeepsTheLargestOfManyDifferentGroups) {
  TempDir dir;
  const auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 25'000; ++i) {
    letters.push_back(make_letter(i, "A", kNow));
    std::string word;
    for (uint64_t n = i; n > 0; n /= 20) word += static_cast<char>('a' + n % 20);
    letters.back().detail = "word " + (i % 100 == 0 ? std::string("often") : word);
  }
  ASSERT_TRUE(store->put(letters).is_ok());
  const Analysis found = analysis_of(*store, 3);
  EXPECT_EQ(found.letters, 25'000u);
  EXPECT_EQ(found.groups[0].shape, "word often");
  EXPECT_EQ(found.groups[0].letters, 250u);
  uint64_t shown = 0;
  for (const LetterGroup& group : found.groups) shown += group.letters;
  EXPECT_EQ(shown + found.other_letters, 25'000u);
}

TEST(Analysis, SuggestsWhatFitsTheFailure) {
  TempDir dir;
  const auto store = open_letters(dir);
  std::vector<DeadLetter> letters = {
      make_letter(1, "CONNECTION_ERROR", kNow), make_letter(2, "OLDER_REVISION", kNow),
      make_letter(3, "PARSE_ERROR", kNow), make_letter(4, "REDRIVE_LIMIT", kNow),
      make_letter(5, "CONSTRAINT_VIOLATION", kNow)};
  for (const size_t i : {0U, 1U, 4U}) {
    letters[i].stage = "deliver";
    letters[i].sink = "pg";
  }
  letters[2].stage = "parse";
  ASSERT_TRUE(store->put(letters).is_ok());
  std::map<std::string, std::string> next;
  for (const LetterGroup& group : analysis_of(*store).groups) {
    next[group.reason] = group.next.substr(0, group.next.find(" --group"));
  }
  EXPECT_EQ(next["CONNECTION_ERROR"], "sluice dlq redrive");
  EXPECT_EQ(next["OLDER_REVISION"], "sluice dlq purge");
  EXPECT_EQ(next["PARSE_ERROR"], "sluice dlq sample");
  EXPECT_EQ(next["REDRIVE_LIMIT"], "sluice dlq sample");
  EXPECT_EQ(next["CONSTRAINT_VIOLATION"], "sluice dlq sample");
}

TEST(Analysis, OfNothingIsEmpty) {
  TempDir dir;
  const auto store = open_letters(dir);
  const Analysis found = analysis_of(*store);
  EXPECT_TRUE(found.groups.empty());
  EXPECT_THAT(analysis_json(found), HasSubstr("\"letters\":0,\"groups\":[]"));
}

TEST(Report, AnAuditLineSaysWhoDidWhat) {
  EXPECT_EQ(audit_line(1'517'966'773'840'000, "purge", "ann \"x\"", "\"letters\":3"),
            R"({"at":"2018-02-07T01:26:13.840Z","at_us":1517966773840000,"event":"dlq",)"
            R"("action":"purge","who":"ann \"x\"","letters":3})");
}

}  // namespace
}  // namespace sluice::triage
