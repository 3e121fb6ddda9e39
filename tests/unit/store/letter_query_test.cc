// SPDX-License-Identifier: Apache-2.0
// How letters are found, counted and limited.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "runtime/base/text.h"
#include "tests/unit/store/letter_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kHour = 3'600'000'000;

TEST(LetterFilter, FindsByIdsKeysStageSinkAndGroup) {
  TempDir dir;
  auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 6; ++i) letters.push_back(make_letter(i, "A", 10));
  letters[1].key = std::string("k\0\xff", 3);
  letters[2].key = "k";
  letters[3].stage = "deliver";
  letters[3].sink = "pg";
  letters[4].detail = "total is 17";
  letters[5].detail = "total is 4";
  ASSERT_TRUE(store->put(letters).is_ok());
  LetterFilter ids;
  ids.ids = {letters[0].id, letters[5].id, "nope", "\"'; --"};
  EXPECT_THAT(positions_of(walk(*store, ids)), ElementsAre(0, 5));
  LetterFilter keys;
  keys.keys = {std::string("k\0\xff", 3), "absent"};
  EXPECT_THAT(positions_of(walk(*store, keys)), ElementsAre(1));
  LetterFilter sink;
  sink.stage = "deliver";
  sink.sink = "pg";
  EXPECT_THAT(positions_of(walk(*store, sink)), ElementsAre(3));
  LetterFilter group;
  group.group = class_of(letters[4]).group;
  EXPECT_THAT(positions_of(walk(*store, group)), ElementsAre(4, 5));
  group.ids = {letters[5].id};
  EXPECT_THAT(positions_of(walk(*store, group)), ElementsAre(5));
}

TEST(LetterPage, WalksAllOfThemOnceInTheOrderOfTheirFailures) {
  TempDir dir;
  auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  const uint64_t n = 2 * DeadLetterStore::kPageLetters + 7;
  for (uint64_t i = 0; i < n; ++i) {
    letters.push_back(make_letter(i, i % 2 == 0 ? "A" : "B", static_cast<int64_t>(1 + i / 100)));
  }
  ASSERT_TRUE(store->put(letters).is_ok());
  const auto all = walk(*store, {});
  ASSERT_EQ(all.size(), n);
  for (uint64_t i = 0; i < n; ++i) EXPECT_EQ(all[i].position, i);
  LetterFilter some;
  some.reason = "B";
  EXPECT_EQ(walk(*store, some).size(), n / 2);
}

TEST(LetterPage, IsBoundedInBytes) {
  TempDir dir;
  auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 20; ++i) {
    letters.push_back(make_letter(i, "A", 1));
    letters.back().raw.assign(1 << 20, 'x');
  }
  ASSERT_TRUE(store->put(letters).is_ok());
  EXPECT_LE(store->page({}, {})->letters.size(), 9u);
  EXPECT_EQ(walk(*store, {}).size(), 20u);
}

TEST(LetterSummary, CountsByReasonSourcePathVersionAndHour) {
  TempDir dir;
  auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 10; ++i) {
    letters.push_back(make_letter(i, i < 7 ? "SCHEMA_DRIFT" : "PARSE_ERROR",
                                  5 * kHour + static_cast<int64_t>(i) * kHour / 4));
    if (i < 7) letters.back().pointer = "/items/" + std::to_string(i) + "/price";
    letters.back().schema_version = i < 3 ? "1" : "2";
    letters.back().source = i == 9 ? "kafka" : "s3-main";
  }
  ASSERT_TRUE(store->put(letters).is_ok());
  auto summary = store->summarize({});
  ASSERT_TRUE(summary.is_ok()) << summary.status().message();
  EXPECT_EQ(summary->total, 10u);
  EXPECT_THAT(summary->reasons,
              UnorderedElementsAre(Pair("SCHEMA_DRIFT", 7u), Pair("PARSE_ERROR", 3u)));
  EXPECT_THAT(summary->sources, UnorderedElementsAre(Pair("s3-main", 9u), Pair("kafka", 1u)));
  EXPECT_THAT(summary->paths, UnorderedElementsAre(Pair("/items/*/price", 7u), Pair("", 3u)));
  EXPECT_THAT(summary->versions, UnorderedElementsAre(Pair("1", 3u), Pair("2", 7u)));
  EXPECT_THAT(summary->hours,
              ElementsAre(Pair(5 * kHour, 4u), Pair(6 * kHour, 4u), Pair(7 * kHour, 2u)));
  LetterFilter late;
  late.since_us = 6 * kHour;
  late.reason = "SCHEMA_DRIFT";
  EXPECT_EQ(store->summarize(late)->total, 3u);
}

TEST(LetterClasses, AreTakenWithTheirTimesAndGrowth) {
  TempDir dir;
  auto store = open_letters(dir);
  const int64_t now = 100 * kHour;
  std::vector<DeadLetter> letters = {
      make_letter(1, "A", now - 3 * kHour), make_letter(2, "A", now - kHour - 1),
      make_letter(3, "A", now - kHour), make_letter(4, "A", now - 1), make_letter(5, "B", now)};
  ASSERT_TRUE(store->put(letters).is_ok());
  std::map<std::string, LetterClassCounts> found;
  ASSERT_TRUE(store
                  ->each_class({}, now,
                               [&](const LetterClassCounts& counts) {
                                 found[counts.letter_class.reason] = counts;
                               })
                  .is_ok());
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found["A"].letters, 4u);
  EXPECT_EQ(found["A"].first_us, now - 3 * kHour);
  EXPECT_EQ(found["A"].last_us, now - 1);
  EXPECT_EQ(found["A"].last_hour, 2u);
  EXPECT_EQ(found["A"].hour_before, 1u);
  EXPECT_EQ(found["B"].letter_class.source, "s3-main");
}

TEST(LetterClasses, CountsFollowALetterThatFailsOtherwiseAndOneThatGoes) {
  TempDir dir;
  auto store = open_letters(dir);
  DeadLetter letter = make_letter(1, "A", 1);
  ASSERT_TRUE(store->put({letter, make_letter(2, "A", 1)}).is_ok());
  letter.reason = "B";
  letter.last_at_us = 2;
  ASSERT_TRUE(store->put({letter}).is_ok());
  EXPECT_THAT(*store->count_by_reason({}), UnorderedElementsAre(Pair("A", 1u), Pair("B", 1u)));
  LetterFilter gone;
  gone.reason = "A";
  EXPECT_EQ(*store->remove(gone), 1u);
  EXPECT_EQ(*store->remove(gone), 0u);
  EXPECT_THAT(*store->count_by_reason({}), ElementsAre(Pair("B", 1u)));
  EXPECT_EQ(*store->count(), 1u);
  ASSERT_TRUE(store->put({make_letter(3, "A", 3)}).is_ok());
  EXPECT_THAT(*store->count_by_reason({}), UnorderedElementsAre(Pair("A", 1u), Pair("B", 1u)));
}

TEST(LetterFind, TakesTheBeginningOfAnIdThatNamesOne) {
  TempDir dir;
  auto store = open_letters(dir);
  DeadLetter a = make_letter(1, "A", 1);
  DeadLetter b = make_letter(2, "A", 1);
  a.id = "abcdef11";
  b.id = "abcdef22";
  ASSERT_TRUE(store->put({a, b}).is_ok());
  EXPECT_EQ((*store->find("abcdef1"))->position, 1u);
  EXPECT_FALSE(store->find("abcde")->has_value());
  const auto both = store->find("abcdef");
  ASSERT_FALSE(both.is_ok());
  EXPECT_THAT(both.status().message(), HasSubstr("several dead letters"));
}

TEST(LetterLimit, AFullStoreRefusesAndSaysWhatToDo) {
  TempDir dir;
  auto store = open_letters(dir);
  store->set_limits({{"orders", {20'000, false}}});
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 10; ++i) {
    letters.push_back(make_letter(i, "A", static_cast<int64_t>(i)));
    letters.back().raw.assign(1000, 'x');
  }
  ASSERT_TRUE(store->put(letters).is_ok());
  // The same letters again take no more room.
  ASSERT_TRUE(store->put({letters[0], letters[1]}).is_ok());
  const std::vector<DeadLetter> more(letters.begin(), letters.begin() + 5);
  std::vector<DeadLetter> others = more;
  for (DeadLetter& letter : others) {
    letter.position += 100;
    letter.id = letter_id(letter);
  }
  const Status full = store->put(others);
  EXPECT_EQ(full.code(), Code::kExhausted);
  EXPECT_THAT(full.message(), HasSubstr("dead_letters.max_bytes"));
  EXPECT_EQ(*store->count(), 10u);
  DeadLetter elsewhere = others[0];
  elsewhere.pipeline = "refunds";
  EXPECT_TRUE(store->put({elsewhere}).is_ok());
  LetterFilter old;
  old.pipeline = "orders";
  old.until_us = 8;
  ASSERT_EQ(*store->remove(old), 8u);
  EXPECT_TRUE(store->put(others).is_ok());
}

TEST(LetterLimit, WhenConfiguredTheOldestGoAndAreCounted) {
  TempDir dir;
  auto store = open_letters(dir);
  store->set_limits({{"orders", {1'000'000, true}}});
  for (uint64_t i = 0; i < 100; ++i) {
    DeadLetter letter = make_letter(i, "A", static_cast<int64_t>(i + 1));
    letter.raw.assign(50'000, 'x');
    ASSERT_TRUE(store->put({letter}).is_ok());
  }
  const uint64_t kept = *store->count();
  EXPECT_LT(kept, 20u);
  EXPECT_GT(kept, 10u);
  EXPECT_EQ(*store->dropped(), 100 - kept);
  EXPECT_EQ(walk(*store, {}).back().position, 99u);
  EXPECT_EQ(walk(*store, {}).front().position, 100 - kept);
}

#if !defined(SLUICE_LETTERS_IN_POSTGRES) && !defined(SLUICE_LETTERS_IN_KAFKA)
// A file as format 1 left it.
void make_format_1(const std::filesystem::path& path, int letters) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  const char* sql = R"(
PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;
CREATE TABLE letters (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, pipeline TEXT NOT NULL,
  source TEXT NOT NULL, reason TEXT NOT NULL, stage TEXT NOT NULL, sink TEXT NOT NULL,
  position INTEGER NOT NULL, part INTEGER NOT NULL, attempts INTEGER NOT NULL,
  first_at_us INTEGER NOT NULL, last_at_us INTEGER NOT NULL, event_time_us INTEGER NOT NULL,
  schema_version TEXT NOT NULL, script_hash TEXT NOT NULL, bundle_hash TEXT NOT NULL,
  pointer TEXT NOT NULL, detail TEXT NOT NULL, lane BLOB NOT NULL, record_key BLOB,
  headers BLOB NOT NULL, fields BLOB NOT NULL, raw BLOB NOT NULL, rendered BLOB NOT NULL) STRICT;
CREATE INDEX letters_by_reason ON letters (reason, last_at_us, tenant, pipeline, source);
CREATE INDEX letters_by_time ON letters (last_at_us, tenant, pipeline, source, reason);
PRAGMA application_id=0x534c444c; PRAGMA user_version=1;)";
  ASSERT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  for (int i = 0; i < letters; ++i) {
    const std::string n = std::to_string(i);
    const std::string row = "INSERT INTO letters VALUES (NULL, 'id" + n +
                            "', 't', 'orders', 's', 'A', 'validate', '', " + n + ", 0, 2, 5, " +
                            std::to_string(10 + i) + ", 7, '3', 'sh', 'bh', '/items/" + n +
                            "/q', 'total is " + n + "', x'6c00', x'6b', x'', x'', x'7b7d', x'')";
    ASSERT_EQ(sqlite3_exec(db, row.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  }
  sqlite3_close(db);
}

TEST(LetterMigration, LettersOfFormatOneComeOverAfterACopy) {
  TempDir dir;
  make_format_1(dir / "dead_letters.db", 3);
  const auto early = open_dead_letter_store(dir.path(), true);
  ASSERT_FALSE(early.is_ok());
  EXPECT_THAT(early.status().message(), HasSubstr("start `sluice run` once"));
  auto store = open_letters(dir);
  ASSERT_NE(store, nullptr);
  EXPECT_TRUE(std::filesystem::exists(dir / "dead_letters.db.v1.bak"));
  EXPECT_EQ(*store->count(), 3u);
  const auto letters = walk(*store, {});
  ASSERT_EQ(letters.size(), 3u);
  const DeadLetter& letter = letters[2];
  EXPECT_EQ(letter.id, "id2");
  EXPECT_EQ(letter.lane, std::string("l\0", 2));
  EXPECT_EQ(letter.key, "k");
  EXPECT_EQ(letter.raw, "{}");
  EXPECT_EQ(letter.attempts, 2u);
  EXPECT_EQ(letter.schema_version, "3");
  EXPECT_EQ(letter.redrives, 0u);
  EXPECT_THAT(letter.done_sinks, IsEmpty());
  // All of one class, as if they were written now.
  LetterFilter group;
  group.group = class_of(letter).group;
  EXPECT_EQ(walk(*store, group).size(), 3u);
  EXPECT_THAT(store->summarize({})->paths, ElementsAre(Pair("/items/*/q", 3u)));
  DeadLetter again = letters[0];
  again.reason = "B";
  ASSERT_TRUE(store->put({again}).is_ok());
  EXPECT_EQ(*store->count(), 3u);
}
#endif

}  // namespace
}  // namespace sluice
