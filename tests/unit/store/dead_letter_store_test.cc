// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/dead_letter_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "tests/unit/store/letter_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::vector<uint64_t> positions(DeadLetterStore& store, const LetterFilter& filter,
                                uint64_t limit) {
  std::vector<uint64_t> out;
  const Status status =
      store.each(filter, limit, [&](const DeadLetter& l) { out.push_back(l.position); });
  EXPECT_TRUE(status.is_ok()) << status.message();
  return out;
}

TEST(DeadLetterStore, GivesBackEveryFieldByteForByte) {
  TempDir dir;
  DeadLetter in = make_letter(~0ull, "CONSTRAINT_VIOLATION", 77);
  in.lane = std::string("l\0\xfe", 3);
  in.part = 4'000'000'000u;
  in.stage = "deliver";
  in.sink = "pg";
  in.detail = "duplicate key";
  in.pointer = "/order_id";
  in.raw = std::string("\0\xff{", 3);
  in.rendered = std::string("row\0", 4);
  in.key = std::string("\x80k", 2);
  in.headers = {{"h", "1"}, {"h", std::string("\0", 1)}};
  in.event_time_us = -5;
  in.schema_version = "3";
  in.script_hash = "s";
  in.bundle_hash = "b";
  in.attempts = 9;
  in.first_at_us = 5;
  in.fields = {{"/order_id", "o1"}};
  ASSERT_TRUE(open_letters(dir)->put({in}).is_ok());
  auto store = open_letters(dir);
  auto found = store->find(in.id);
  ASSERT_TRUE(found.is_ok() && found->has_value());
  const DeadLetter& out = **found;
  EXPECT_EQ(out.lane, in.lane);
  EXPECT_EQ(out.position, in.position);
  EXPECT_EQ(out.part, in.part);
  EXPECT_EQ(out.stage, in.stage);
  EXPECT_EQ(out.sink, in.sink);
  EXPECT_EQ(out.detail, in.detail);
  EXPECT_EQ(out.pointer, in.pointer);
  EXPECT_EQ(out.raw, in.raw);
  EXPECT_EQ(out.rendered, in.rendered);
  EXPECT_EQ(out.key, in.key);
  EXPECT_EQ(out.headers, in.headers);
  EXPECT_EQ(out.fields, in.fields);
  EXPECT_EQ(letter_json(out, true), letter_json(in, true));
}

TEST(DeadLetterStore, WritingALetterAgainUpdatesItAndKeepsItsBeginning) {
  TempDir dir;
  auto store = open_letters(dir);
  DeadLetter first = make_letter(1, "VALIDATION_FAIL", 100);
  ASSERT_TRUE(store->put({first}).is_ok());
  DeadLetter again = first;
  again.reason = "SCHEMA_DRIFT";
  again.detail = "new";
  again.attempts = 2;
  again.first_at_us = again.last_at_us = 200;
  again.raw = "must not replace the original";
  ASSERT_TRUE(store->put({again}).is_ok());
  EXPECT_EQ(*store->count(), 1u);
  auto found = store->find(first.id);
  ASSERT_TRUE(found.is_ok() && found->has_value());
  EXPECT_EQ((*found)->first_at_us, 100);
  EXPECT_EQ((*found)->last_at_us, 200);
  EXPECT_EQ((*found)->attempts, 2u);
  EXPECT_EQ((*found)->reason, "SCHEMA_DRIFT");
  EXPECT_EQ((*found)->detail, "new");
  EXPECT_EQ((*found)->raw, first.raw);
}

TEST(DeadLetterStore, FillsAnAbsentId) {
  TempDir dir;
  auto store = open_letters(dir);
  DeadLetter in = make_letter(1, "PARSE_ERROR", 1);
  const std::string id = in.id;
  in.id.clear();
  ASSERT_TRUE(store->put({in}).is_ok());
  EXPECT_TRUE(store->find(id)->has_value());
}

TEST(DeadLetterStore, FindOfAnUnknownIdIsEmpty) {
  TempDir dir;
  EXPECT_FALSE(open_letters(dir)->find("nope")->has_value());
}

TEST(DeadLetterStore, CountsByReasonUnderEveryFilter) {
  TempDir dir;
  auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < 10; ++i) {
    letters.push_back(
        make_letter(i, i < 7 ? "SCHEMA_DRIFT" : "PARSE_ERROR", static_cast<int64_t>(i)));
    letters.back().tenant = i % 2 == 0 ? "acme" : "globex";
    letters.back().source = i < 2 ? "kafka" : "s3";
  }
  ASSERT_TRUE(store->put(letters).is_ok());
  EXPECT_THAT(*store->count_by_reason({}),
              UnorderedElementsAre(Pair("SCHEMA_DRIFT", 7u), Pair("PARSE_ERROR", 3u)));
  LetterFilter tenant;
  tenant.tenant = "globex";
  EXPECT_THAT(*store->count_by_reason(tenant),
              UnorderedElementsAre(Pair("SCHEMA_DRIFT", 3u), Pair("PARSE_ERROR", 2u)));
  LetterFilter window;
  window.since_us = 6;
  window.until_us = 9;
  EXPECT_THAT(*store->count_by_reason(window),
              UnorderedElementsAre(Pair("SCHEMA_DRIFT", 1u), Pair("PARSE_ERROR", 2u)));
  LetterFilter all;
  all.tenant = "acme";
  all.pipeline = "orders";
  all.source = "s3";
  all.reason = "SCHEMA_DRIFT";
  EXPECT_THAT(*store->count_by_reason(all), ElementsAre(Pair("SCHEMA_DRIFT", 3u)));
}

TEST(DeadLetterStore, ShowsTheNewestFirstUpToTheLimit) {
  TempDir dir;
  auto store = open_letters(dir);
  ASSERT_TRUE(
      store->put({make_letter(1, "A", 10), make_letter(2, "B", 30), make_letter(3, "A", 20)})
          .is_ok());
  EXPECT_THAT(positions(*store, {}, 10), ElementsAre(2, 3, 1));
  EXPECT_THAT(positions(*store, {}, 2), ElementsAre(2, 3));
  EXPECT_THAT(positions(*store, {}, 0), ElementsAre());
  LetterFilter only_a;
  only_a.reason = "A";
  EXPECT_THAT(positions(*store, only_a, ~0ull), ElementsAre(3, 1));
}

TEST(DeadLetterStore, AVisitorMayUseTheStore) {
  TempDir dir;
  auto store = open_letters(dir);
  ASSERT_TRUE(store->put({make_letter(1, "A", 1), make_letter(2, "A", 2)}).is_ok());
  ASSERT_TRUE(store
                  ->each({}, 10,
                         [&](const DeadLetter&) {
                           EXPECT_TRUE(store->put({make_letter(3, "B", 3)}).is_ok());
                           EXPECT_EQ(*store->count(), 3u);
                         })
                  .is_ok());
}

TEST(DeadLetterStore, HostileTextInAFilterIsOnlyText) {
  TempDir dir;
  auto store = open_letters(dir);
  ASSERT_TRUE(store->put({make_letter(1, "A", 1)}).is_ok());
  LetterFilter filter;
  filter.tenant = "' OR 1=1; DROP TABLE letters; --";
  EXPECT_TRUE(store->count_by_reason(filter)->empty());
  EXPECT_EQ(*store->count(), 1u);
}

Result<uint64_t> remove_before(DeadLetterStore& store, int64_t us) {
  LetterFilter old;
  old.until_us = us;
  return store.remove(old);
}

TEST(DeadLetterStore, PurgeRemovesWhatIsOlderInBoundedSteps) {
  TempDir dir;
  auto store = open_letters(dir);
  std::vector<DeadLetter> letters;
  const uint64_t n = DeadLetterStore::kPurgeBatch + 500;
  for (uint64_t i = 0; i < n; ++i) letters.push_back(make_letter(i, "A", static_cast<int64_t>(i)));
  ASSERT_TRUE(store->put(letters).is_ok());
  const auto cut = static_cast<int64_t>(n - 10);
  ASSERT_TRUE(remove_before(*store, cut).is_ok());
  EXPECT_EQ(*store->count(), 500u);
  ASSERT_TRUE(remove_before(*store, cut).is_ok());
  EXPECT_EQ(*store->count(), 10u);
  ASSERT_TRUE(remove_before(*store, cut).is_ok());
  EXPECT_EQ(*store->count(), 10u);
}

#if !defined(SLUICE_LETTERS_IN_POSTGRES) && \
    !defined(SLUICE_LETTERS_IN_KAFKA)  // where the server does it by itself
TEST(DeadLetterStore, PurgeGivesTheDiskBack) {
  TempDir dir;
  {
    auto store = open_letters(dir);
    std::vector<DeadLetter> letters;
    for (uint64_t i = 0; i < 500; ++i) {
      letters.push_back(make_letter(i, "A", 1));
      letters.back().raw.assign(10'000, 'x');
    }
    ASSERT_TRUE(store->put(letters).is_ok());
    ASSERT_TRUE(remove_before(*store, 2).is_ok());
  }
  EXPECT_LT(std::filesystem::file_size(dir / "dead_letters.db"), 1'000'000u);
}
#endif

TEST(DeadLetterStore, ReadsBesideAWritingProcess) {
  TempDir dir;
  auto writer = open_letters(dir);
  ASSERT_TRUE(writer->put({make_letter(1, "A", 1)}).is_ok());
  auto reader = open_letters(dir, true);
  EXPECT_EQ(*reader->count(), 1u);
  ASSERT_TRUE(writer->put({make_letter(2, "A", 2)}).is_ok());
  EXPECT_EQ(*reader->count(), 2u);
  EXPECT_THAT(positions(*reader, {}, 10), ElementsAre(2, 1));
}

TEST(DeadLetterStore, ReadsWhenNoProcessRuns) {
  TempDir dir;
  ASSERT_TRUE(open_letters(dir)->put({make_letter(1, "A", 1)}).is_ok());
  EXPECT_EQ(*open_letters(dir, true)->count(), 1u);
}

TEST(DeadLetterStore, ReadOnlyRefusesToWriteAndCreatesNothing) {
  TempDir dir;
  auto absent = try_letters(dir, true);
  ASSERT_FALSE(absent.is_ok());
  EXPECT_EQ(absent.status().code(), Code::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
  auto writer = open_letters(dir);
  auto reader = open_letters(dir, true);
  EXPECT_EQ(reader->put({make_letter(1, "A", 1)}).code(), Code::kInvalid);
  EXPECT_EQ(remove_before(*reader, 1).status().code(), Code::kInvalid);
  EXPECT_EQ(*writer->count(), 0u);
}

TEST(DeadLetterStore, ManyThreadsWriteAndReadAtOnce) {
  TempDir dir;
  auto store = open_letters(dir);
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint64_t i = 0; i < 10; ++i) {
        if (!store->put({make_letter(t * 100 + i, "A", 1)}).is_ok()) ++failures;
        if (!store->count_by_reason({}).is_ok()) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(*store->count(), 40u);
}

#if !defined(SLUICE_LETTERS_IN_POSTGRES) && !defined(SLUICE_LETTERS_IN_KAFKA)  // there are none
TEST(DeadLetterStore, FilesArePrivate) {
  TempDir dir;
  auto store = open_letters(dir);
  ASSERT_TRUE(store->put({make_letter(1, "A", 1)}).is_ok());
  for (const char* name : {"dead_letters.db", "dead_letters.db-wal", "dead_letters.db-shm"}) {
    struct stat info {};
    ASSERT_EQ(::stat((dir / name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777, 0600u) << name;
  }
}
#endif

}  // namespace
}  // namespace sluice
