// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "runtime/store/rocks.h"
#include "runtime/store/spool_check.h"
#include "runtime/store/spool_files.h"
#include "tests/unit/store/spool_support.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

SpoolSalvage salvaged(const TempDir& dir) {
  auto state = StateDir::acquire(dir.path());
  EXPECT_TRUE(state.is_ok()) << state.status().message();
  auto done = salvage_spool(*state, "pg", Clock::real());
  EXPECT_TRUE(done.is_ok()) << done.status().message();
  return done.is_ok() ? *done : SpoolSalvage{};
}

SpoolVerdict verified(const TempDir& dir) {
  auto verdict = verify_spool(dir.path(), "pg");
  EXPECT_TRUE(verdict.is_ok()) << verdict.status().message();
  return verdict.is_ok() ? *verdict : SpoolVerdict{};
}

void fill(const TempDir& dir, uint64_t records, size_t size) {
  auto spool = opened_spool(spool_in(dir, 1 << 30));
  ASSERT_TRUE(spool);
  for (uint64_t i = 0; i < records; i += 50) {
    ASSERT_TRUE(append_all(*spool, run_of(i + 1, 50, size, i % 100 == 0 ? "a" : "b")));
  }
}

// Changes the database behind the spool's back.
void change(const TempDir& dir, const std::function<void(store::RocksDb&)>& how) {
  auto db = store::RocksDb::open(store::spool_options(dir.path(), "pg"));
  ASSERT_TRUE(db.is_ok()) << db.status().message();
  how(**db);
}

// Alters the value of one record and lets RocksDB find it good.
void alter(const TempDir& dir, uint64_t id) {
  change(dir, [&](store::RocksDb& db) {
    const std::string key = store::spool_key(store::kRecordSpace, id);
    std::string value = db.get(key)->value();
    value[value.size() / 2] ^= 1;
    store::RocksBatch batch = db.batch();
    batch.put(key, value);
    ASSERT_TRUE(db.write(batch, true));
  });
}

TEST(SpoolVerify, AWholeOneIsWhole) {
  TempDir dir;
  ASSERT_NO_FATAL_FAILURE(fill(dir, 100, 100));
  const SpoolVerdict verdict = verified(dir);
  EXPECT_TRUE(verdict.whole());
  EXPECT_EQ(verdict.records, 100u);
  EXPECT_EQ(verify_spool(dir.path(), "other").status().code(), Code::kNotFound);
  EXPECT_FALSE(salvaged(dir).changed);
}

TEST(SpoolVerify, SaysWhatIsWrong) {
  TempDir dir;
  ASSERT_NO_FATAL_FAILURE(fill(dir, 50, 100));
  ASSERT_NO_FATAL_FAILURE(alter(dir, 7));
  change(dir, [](store::RocksDb& db) {
    store::RocksBatch batch = db.batch();
    batch.remove(store::spool_key(store::kRecordSpace, 9));
    batch.remove(store::spool_key(store::kIndexSpace, 11));
    ASSERT_TRUE(db.write(batch, true));
  });
  const SpoolVerdict verdict = verified(dir);
  EXPECT_EQ(verdict.problems, 3u);
  EXPECT_EQ(verdict.records, 48u);
  EXPECT_THAT(verdict.what, ElementsAre(HasSubstr("record 7 fails its check"),
                                        HasSubstr("record 9 of the index is not there"),
                                        HasSubstr("record 11 is not in the index")));
}

TEST(Spool, AnAlteredRecordIsPassedOverAndKept) {
  TempDir dir;
  ASSERT_NO_FATAL_FAILURE(fill(dir, 50, 100));
  for (const uint64_t id : {1u, 2u, 20u}) ASSERT_NO_FATAL_FAILURE(alter(dir, id));
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  SpoolItems items;
  // The first two are all there is in the first step: it goes on to what is good.
  ASSERT_TRUE(spool->peek(0, 2, 1 << 20, items));
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items.items()[0].record.position, 3u);
  EXPECT_EQ(positions_in(*spool).size(), 47u);
  EXPECT_EQ(spool->stats().damaged, 3u);
  EXPECT_EQ(spool->stats().records, 47u);
  spool.reset();
  EXPECT_EQ(look_into_spool(dir.path(), "pg")->stats.damaged, 3u);

  const SpoolSalvage done = salvaged(dir);
  EXPECT_TRUE(done.changed);
  EXPECT_EQ(done.saved, 47u);
  EXPECT_EQ(done.damaged, 3u);
  EXPECT_EQ(done.lost, 0u);
  const std::string list = slurp(done.to / "damaged.jsonl");
  EXPECT_THAT(list, HasSubstr(R"("id":20,"source":"kafka-main","lane":"a","position":20)"));
  EXPECT_TRUE(fs::exists(done.to / "records/CURRENT"));
  spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  EXPECT_EQ(spool->stats().damaged, 0u);
  EXPECT_EQ(positions_in(*spool).size(), 47u);
  EXPECT_EQ(look_into_spool(dir.path(), "pg")->set_aside, 1u);
}

TEST(SpoolSalvage, ASpoolOfAnOlderFormatIsRefusedAndLeftAlone) {
  TempDir dir;
  store::RocksOptions options = store::spool_options(dir.path(), "pg");
  options.apart.clear();  // as format 1 was
  ASSERT_TRUE(store::make_spool_folder(options.dir.parent_path()));
  {
    auto db = store::RocksDb::open(options);
    ASSERT_TRUE(db.is_ok()) << db.status().message();
    store::RocksBatch batch;
    batch.put("v", std::string_view("\x01", 1));
    batch.put(store::spool_key(store::kRecordSpace, 1), "a record");
    ASSERT_TRUE((*db)->write(batch, true));
  }
  const Status opened = open_spool(spool_in(dir)).status();
  EXPECT_EQ(opened.code(), Code::kInvalid) << opened.message();
  EXPECT_THAT(opened.message(), HasSubstr("written by an older Sluice (format 1"));
  EXPECT_EQ(verify_spool(dir.path(), "pg").status().code(), Code::kInvalid);
  EXPECT_EQ(look_into_spool(dir.path(), "pg").status().code(), Code::kInvalid);
}

TEST(SpoolSalvage, ASpoolOfTheFormatBeforeIsTaken) {
  TempDir dir;
  ASSERT_NO_FATAL_FAILURE(fill(dir, 50, 10));
  const auto format = [&](const char* number) {
    auto db = store::RocksDb::open(store::spool_options(dir.path(), "pg"));
    ASSERT_TRUE(db.is_ok()) << db.status().message();
    ASSERT_EQ((*db)->get("v")->value_or(""), "\x03");
    if (number == nullptr) return;
    store::RocksBatch batch = (*db)->batch();
    batch.put("v", number);
    ASSERT_TRUE((*db)->write(batch, true));
  };
  ASSERT_NO_FATAL_FAILURE(format("\x02"));
  EXPECT_TRUE(verify_spool(dir.path(), "pg").is_ok());
  {
    auto spool = open_spool(spool_in(dir));
    ASSERT_TRUE(spool.is_ok()) << spool.status().message();
    EXPECT_EQ((*spool)->stats().records, 50u);
  }
  ASSERT_NO_FATAL_FAILURE(format(nullptr));
}

TEST(SpoolSalvage, AContradictingIndexIsMadeAnew) {
  TempDir dir;
  ASSERT_NO_FATAL_FAILURE(fill(dir, 100, 100));
  change(dir, [](store::RocksDb& db) {
    store::RocksBatch batch = db.batch();
    batch.remove_range({&store::kLaneSpace, 1}, store::spool_space_end(store::kLaneSpace));
    batch.remove(store::spool_key(store::kRecordSpace, 9));
    ASSERT_TRUE(db.write(batch, true));
  });
  EXPECT_EQ(open_spool(spool_in(dir)).status().code(), Code::kCorrupt);
  const SpoolSalvage done = salvaged(dir);
  EXPECT_EQ(done.saved, 99u);
  EXPECT_EQ(done.lost, 1u);
  EXPECT_THAT(slurp(done.to / "lost.jsonl"), HasSubstr("\"position\":9"));
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  EXPECT_EQ(spool->lane("kafka-main", "a").records, 49u);
  EXPECT_TRUE(verified(dir).whole());
}

TEST(SpoolSalvage, ACutOffEndIsAcceptedOnlyHere) {
  TempDir dir;
  ASSERT_NO_FATAL_FAILURE(fill(dir, 100, 100));
  const fs::path log = spool_file(dir, ".log");
  fs::resize_file(log, fs::file_size(log) - 3000);
  const Status refused = open_spool(spool_in(dir)).status();
  EXPECT_EQ(refused.code(), Code::kCorrupt);
  EXPECT_THAT(refused.message(), HasSubstr("its end is missing"));
  EXPECT_FALSE(verified(dir).whole());
  const SpoolSalvage done = salvaged(dir);
  EXPECT_EQ(done.saved, 50u);
  EXPECT_EQ(done.lost, 50u);
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  EXPECT_EQ(positions_in(*spool).size(), 50u);
}

// Damage of every kind to every file: salvage always ends, saves what is whole, and the spool can
// be used again.
TEST(SpoolSalvage, SavesWhatCanBeReadWhateverHappenedToTheFiles) {
  constexpr uint64_t kRecords = 2000;
  TempDir whole;
  ASSERT_NO_FATAL_FAILURE(fill(whole, kRecords, 5000));
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(whole / "spool/pg/records")) {
    files.push_back(entry.path().filename());
  }
  std::sort(files.begin(), files.end());
  std::minstd_rand random(5);
  for (const fs::path& file : files) {
    TempDir dir;
    fs::copy(whole / "spool", dir / "spool", fs::copy_options::recursive);
    const fs::path path = dir / "spool/pg/records" / file;
    std::string content = slurp(path);
    if (content.empty()) continue;
    for (int i = 0; i < 3; ++i) content[random() % content.size()] ^= 0x20;
    content.back() = static_cast<char>(content.back() ^ 0x40);
    spew(path, content);
    const SpoolSalvage done = salvaged(dir);
    auto spool = opened_spool(spool_in(dir, 1 << 30));
    ASSERT_TRUE(spool) << file;
    ASSERT_TRUE(append_all(*spool, run_of(kRecords + 1, 1)));
    const std::vector<uint64_t> inside = positions_in(*spool, 500);
    EXPECT_TRUE(std::is_sorted(inside.begin(), inside.end())) << file;
    EXPECT_EQ(inside.size(), spool->stats().records) << file;
    spool.reset();
    EXPECT_TRUE(verified(dir).whole()) << file;
    if (!done.changed) {
      EXPECT_EQ(inside.size(), kRecords + 1) << file;
      continue;
    }
    EXPECT_TRUE(fs::exists(done.to / "records" / file)) << file;
    // Whatever is gone is counted, and only a file with records in it has some to lose.
    EXPECT_EQ(inside.size() - 1 + done.damaged + done.lost, kRecords) << file;
    const bool holds = file.extension() == ".sst" || file.extension() == ".log";
    EXPECT_TRUE(holds || done.lost == 0) << file;
    EXPECT_GT(inside.size(), 300u) << file;
  }
}

TEST(SpoolSalvage, OneBadBlockCostsOnlyItsRecords) {
  TempDir dir;
  ASSERT_NO_FATAL_FAILURE(fill(dir, 2000, 5000));
  ASSERT_TRUE(opened_spool(spool_in(dir, 1 << 30)));  // what was still in the log goes to a table
  const fs::path table = spool_file(dir, ".sst");
  ASSERT_FALSE(table.empty());
  std::string content = slurp(table);
  content[content.size() / 2] ^= 0x20;
  spew(table, content);
  EXPECT_FALSE(verified(dir).whole());
  const SpoolSalvage done = salvaged(dir);
  EXPECT_GE(done.saved, 1950u);
  EXPECT_EQ(done.saved + done.lost, 2000u);
  EXPECT_TRUE(verified(dir).whole());
}

TEST(SpoolSalvage, WhatACrashLeftIsFinishedByTheNextStart) {
  TempDir dir;
  ASSERT_NO_FATAL_FAILURE(fill(dir, 50, 100));
  // Between moving the old away and putting the new into its place.
  fs::rename(dir / "spool/pg/records", dir / "spool/pg/records.salvaged");
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  EXPECT_EQ(spool->stats().records, 50u);
  spool.reset();
  // In the middle of making it.
  fs::create_directory(dir / "spool/pg/records.building");
  ASSERT_NO_FATAL_FAILURE(alter(dir, 3));
  EXPECT_EQ(salvaged(dir).saved, 49u);
}

TEST(SpoolSalvage, ManyLanesKeepTheirOrderAndNames) {
  TempDir dir;
  {
    auto spool = opened_spool(spool_in(dir));
    ASSERT_TRUE(spool);
    for (uint64_t i = 0; i < 20; ++i) {
      ASSERT_TRUE(append_all(*spool, run_of(i, 2, 100, "lane" + std::to_string(i % 7))));
    }
  }
  ASSERT_NO_FATAL_FAILURE(alter(dir, 1));
  const auto before = look_into_spool(dir.path(), "pg");
  ASSERT_TRUE(salvaged(dir).changed);
  const auto after = look_into_spool(dir.path(), "pg");
  ASSERT_TRUE(before.is_ok() && after.is_ok());
  EXPECT_EQ(after->stats.oldest_us, before->stats.oldest_us);
  ASSERT_EQ(after->lanes.size(), 7u);
  for (size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(after->lanes[i].lane, before->lanes[i].lane);
    EXPECT_EQ(after->lanes[i].records, before->lanes[i].records - (i == 0 ? 1 : 0));
    EXPECT_EQ(after->lanes[i].last_position, before->lanes[i].last_position);
  }
}

}  // namespace
}  // namespace sluice
