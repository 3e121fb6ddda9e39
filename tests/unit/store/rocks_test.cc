// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/rocks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "tests/unit/store/temp_dir.h"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

RocksOptions in(const TempDir& dir) {
  RocksOptions options;
  options.dir = dir / "db";
  options.loss = "its keys are then gone";
  return options;
}

std::unique_ptr<RocksDb> opened(RocksOptions options) {
  auto db = RocksDb::open(std::move(options));
  EXPECT_TRUE(db.is_ok()) << db.status().message();
  return db.is_ok() ? std::move(db).value() : nullptr;
}

void put(RocksDb& db, std::string_view key, std::string_view value) {
  RocksBatch batch;
  batch.put(key, value);
  const Status written = db.write(batch, true);
  EXPECT_TRUE(written) << written.message();
}

// The file with this ending that holds the most.
fs::path largest(const fs::path& folder, const std::string& ending) {
  fs::path found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ending) continue;
    if (found.empty() || entry.file_size() > fs::file_size(found)) found = entry.path();
  }
  return found;
}

void flip(const fs::path& path, size_t at) {
  std::string content = slurp(path);
  ASSERT_LT(at, content.size());
  content[at] = static_cast<char>(content[at] ^ 0x10);
  spew(path, content);
}

TEST(Rocks, WhatWasWrittenIsThereWhenOpenedAgain) {
  TempDir dir;
  {
    auto db = opened(in(dir));
    ASSERT_TRUE(db);
    RocksBatch batch;
    batch.put("a", "1");
    batch.put("b", "2", "3");
    batch.put("c", "4");
    batch.remove("c");
    ASSERT_TRUE(db->write(batch, true));
  }
  auto db = opened(in(dir));
  ASSERT_TRUE(db);
  EXPECT_EQ(*db->get("a"), "1");
  EXPECT_EQ(*db->get("b"), "23");
  EXPECT_EQ(*db->get("c"), std::nullopt);
  std::vector<std::optional<std::string>> values;
  const std::vector<std::string_view> keys{"a", "x", "b"};
  ASSERT_TRUE(db->get_many(keys, values));
  EXPECT_THAT(values, ::testing::ElementsAre("1", std::nullopt, "23"));
}

TEST(Rocks, ACursorSeesTheStateItWasMadeIn) {
  TempDir dir;
  auto db = opened(in(dir));
  ASSERT_TRUE(db);
  for (const char* key : {"k1", "k2", "k3"}) put(*db, key, "v");
  RocksCursor cursor = db->cursor();
  RocksBatch batch;
  batch.remove_range("k1", "k3");
  ASSERT_TRUE(db->write(batch, false));
  std::vector<std::string> seen;
  for (cursor.seek("k2"); cursor.valid(); cursor.next()) seen.emplace_back(cursor.key());
  EXPECT_THAT(seen, ::testing::ElementsAre("k2", "k3"));
  EXPECT_TRUE(cursor.status());
  EXPECT_EQ(*db->get("k2"), std::nullopt);
}

TEST(Rocks, KeysApartAreReadAndChangedLikeTheOthers) {
  TempDir dir;
  RocksOptions options = in(dir);
  options.apart = "rs";
  {
    auto db = opened(options);
    ASSERT_TRUE(db);
    RocksBatch batch = db->batch();
    for (const char* key : {"a1", "r1", "r2", "s1", "t1"}) batch.put(key, key);
    ASSERT_TRUE(db->write(batch, true));
    batch.clear();
    batch.remove("r1");
    batch.remove("a1");
    ASSERT_TRUE(db->write(batch, true));
    EXPECT_EQ(*db->get("r1"), std::nullopt);
    ASSERT_TRUE(db->flush());
  }
  auto db = opened(options);
  ASSERT_TRUE(db);
  EXPECT_EQ(*db->get("r2"), "r2");
  EXPECT_EQ(*db->get("t1"), "t1");
  std::vector<std::optional<std::string>> values;
  ASSERT_TRUE(db->get_many(std::vector<std::string_view>{"r1", "r2"}, values));
  EXPECT_THAT(values, ::testing::ElementsAre(std::nullopt, "r2"));
  RocksCursor cursor = db->cursor();
  std::vector<std::string> seen;
  for (const char* from : {"s", "r", "a"}) {
    for (cursor.seek(from); cursor.valid(); cursor.next()) seen.emplace_back(cursor.key());
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("s1", "r2", "t1"));
  EXPECT_TRUE(db->verify());
  RocksBatch batch = db->batch();
  batch.remove_range("r", "s");
  ASSERT_TRUE(db->write(batch, true));
  ASSERT_TRUE(db->compact());
  EXPECT_EQ(*db->get("r2"), std::nullopt);
  EXPECT_EQ(*db->get("s1"), "s1");
}

TEST(Rocks, PartsForKeysApartAreMadeOnlyInADatabaseNobodyWroteTo) {
  TempDir dir;
  ASSERT_TRUE(opened(in(dir)));  // as if its making had been cut short
  RocksOptions options = in(dir);
  options.apart = "r";
  {
    auto db = opened(options);
    ASSERT_TRUE(db);
    RocksBatch batch = db->batch();
    batch.put("r1", "1");
    ASSERT_TRUE(db->write(batch, true));
  }
  options.apart = "rs";  // which it should have then
  const Status status = RocksDb::open(options).status();
  EXPECT_EQ(status.code(), Code::kCorrupt) << status.message();
}

TEST(Rocks, FilesAreForTheirOwnerOnly) {
  TempDir dir;
  auto db = opened(in(dir));
  ASSERT_TRUE(db);
  put(*db, "a", "1");
  ASSERT_TRUE(db->flush());
  struct stat info {};
  ASSERT_EQ(::stat((dir / "db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  for (const auto& entry : fs::directory_iterator(dir / "db")) {
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0077, 0u) << entry.path();
  }
  EXPECT_FALSE(fs::exists(dir / "db/LOG"));
}

TEST(Rocks, OnlyOneMayWriteAndAnotherMayLook) {
  TempDir dir;
  auto db = opened(in(dir));
  ASSERT_TRUE(db);
  put(*db, "a", "1");
  const auto second = RocksDb::open(in(dir));
  EXPECT_EQ(second.status().code(), Code::kExists) << second.status().message();
  EXPECT_THAT(second.status().message(), HasSubstr("end that one"));
  RocksOptions reading = in(dir);
  reading.read_only = true;
  auto reader = opened(reading);
  ASSERT_TRUE(reader);
  EXPECT_EQ(*reader->get("a"), "1");
  RocksBatch batch;
  batch.put("a", "2");
  EXPECT_EQ(reader->write(batch, true).code(), Code::kInvalid);
}

TEST(Rocks, ReadingWhatIsNotThereCreatesNothing) {
  TempDir dir;
  RocksOptions reading = in(dir);
  reading.read_only = true;
  EXPECT_EQ(RocksDb::open(reading).status().code(), Code::kNotFound);
  EXPECT_FALSE(fs::exists(dir / "db"));
}

TEST(Rocks, ObsoleteEntriesGoWhenFilesAreRewritten) {
  TempDir dir;
  RocksOptions options = in(dir);
  options.obsolete = [](std::string_view, std::string_view value) { return value == "old"; };
  auto db = opened(options);
  ASSERT_TRUE(db);
  put(*db, "a", "old");
  put(*db, "b", "new");
  ASSERT_TRUE(db->compact());
  EXPECT_EQ(*db->get("a"), std::nullopt);
  EXPECT_EQ(*db->get("b"), "new");
}

// A database whose log ends with a large write.
void make_log(const TempDir& dir) {
  auto db = opened(in(dir));
  ASSERT_TRUE(db);
  put(*db, "a", "1");
  put(*db, "b", std::string(5000, 'b'));
}

TEST(Rocks, SingleKeysAreFoundInMemoryAndInFilesAlike) {
  TempDir dir;
  RocksOptions options = in(dir);
  options.bloom_bits = 10;
  options.point_lookups = true;
  auto db = opened(options);
  ASSERT_TRUE(db);
  const auto key = [](int i) { return "key-" + std::to_string(1000 + i); };
  RocksBatch batch;
  for (int i = 0; i < 300; ++i) batch.put(key(i), "old");
  ASSERT_TRUE(db->write(batch, true));
  ASSERT_TRUE(db->flush());
  batch.clear();
  for (int i = 100; i < 200; ++i) batch.put(key(i), "new");
  for (int i = 200; i < 300; ++i) batch.remove(key(i));
  for (int i = 300; i < 400; ++i) batch.put(key(i), "new");
  ASSERT_TRUE(db->write(batch, true));
  for (int round = 0; round < 3; ++round) {
    std::vector<std::string> names;
    for (int i = 0; i < 500; ++i) names.push_back(key(i));
    const std::vector<std::string_view> keys(names.begin(), names.end());
    std::vector<std::optional<std::string>> found;
    ASSERT_TRUE(db->get_many(keys, found, true));
    for (int i = 0; i < 500; ++i) {
      const bool there = i < 200 || (i >= 300 && i < 400);
      ASSERT_EQ(found[static_cast<size_t>(i)].has_value(), there) << i;
      if (!there) continue;
      EXPECT_EQ(found[static_cast<size_t>(i)], i < 100 ? "old" : "new") << i;
    }
    EXPECT_EQ(*db->get(key(150)), "new");
    EXPECT_EQ(*db->get(key(250)), std::nullopt);
    // In memory and in a file; in files; in one file, in a database that was opened anew.
    if (round == 0) {
      ASSERT_TRUE(db->flush());
      continue;
    }
    ASSERT_TRUE(db->compact());
    db.reset();
    db = opened(options);
    ASSERT_TRUE(db);
  }
}

TEST(Rocks, ATornLastWriteIsDroppedAndTheRestIsThere) {
  for (const size_t torn : {1u, 4000u}) {
    TempDir dir;
    make_log(dir);
    const fs::path log = largest(dir / "db", ".log");
    fs::resize_file(log, fs::file_size(log) - torn);
    auto db = opened(in(dir));
    ASSERT_TRUE(db) << torn;
    EXPECT_EQ(*db->get("a"), "1");
    EXPECT_EQ(*db->get("b"), std::nullopt);
  }
}

TEST(Rocks, ATornWriteOfWhichSectorsAreMissingIsDroppedAndItsLogIsKept) {
  TempDir dir;
  make_log(dir);
  const fs::path log = largest(dir / "db", ".log");
  std::string content = slurp(log);
  std::fill(content.end() - 2048, content.end() - 1024, '\0');
  spew(log, content);
  RocksOptions options = in(dir);
  options.keep_torn_in = dir / "kept";
  auto db = opened(options);
  ASSERT_TRUE(db);
  EXPECT_TRUE(db->torn_tail());
  EXPECT_EQ(*db->get("a"), "1");
  EXPECT_EQ(*db->get("b"), std::nullopt);
  EXPECT_EQ(slurp(dir / "kept" / log.filename().string()), content);
}

TEST(Rocks, DamageInTheMiddleOfTheLogIsRefusedWithAdvice) {
  TempDir dir;
  {
    auto db = opened(in(dir));
    ASSERT_TRUE(db);
    for (const char* key : {"a", "b", "c"}) put(*db, key, std::string(40'000, 'x'));
  }
  flip(largest(dir / "db", ".log"), 1000);
  const Status status = RocksDb::open(in(dir)).status();
  EXPECT_EQ(status.code(), Code::kCorrupt) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("its keys are then gone"));
}

TEST(Rocks, ADamagedTableIsFoundByReadingAndByVerifying) {
  TempDir dir;
  {
    auto db = opened(in(dir));
    ASSERT_TRUE(db);
    RocksBatch batch;
    for (int i = 0; i < 100; ++i) batch.put(std::to_string(i), std::string(1000, 'x'));
    ASSERT_TRUE(db->write(batch, false));
    ASSERT_TRUE(db->flush());
  }
  flip(largest(dir / "db", ".sst"), 100);
  auto db = opened(in(dir));
  ASSERT_TRUE(db);
  EXPECT_EQ(db->verify().code(), Code::kCorrupt);
  EXPECT_EQ(db->get("0").status().code(), Code::kCorrupt);
}

TEST(Rocks, AMissingFileIsDamage) {
  TempDir dir;
  {
    auto db = opened(in(dir));
    ASSERT_TRUE(db);
    put(*db, "a", "1");
    ASSERT_TRUE(db->flush());
  }
  const std::string current = slurp(dir / "db/CURRENT");
  spew(dir / "db/CURRENT", "MANIFEST-999999\n");
  EXPECT_EQ(RocksDb::open(in(dir)).status().code(), Code::kCorrupt);
  spew(dir / "db/CURRENT", current);
  fs::remove(largest(dir / "db", ".sst"));
  EXPECT_EQ(RocksDb::open(in(dir)).status().code(), Code::kCorrupt);
}

TEST(Rocks, RepairMakesAMissingListOfFilesAnew) {
  TempDir dir;
  {
    auto db = opened(in(dir));
    ASSERT_TRUE(db);
    put(*db, "a", "1");
    ASSERT_TRUE(db->flush());
  }
  for (const auto& entry : fs::directory_iterator(dir / "db")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) spew(entry.path(), "garbage");
  }
  EXPECT_EQ(RocksDb::open(in(dir)).status().code(), Code::kCorrupt);
  ASSERT_TRUE(RocksDb::repair(in(dir)));
  auto db = opened(in(dir));
  ASSERT_TRUE(db);
  EXPECT_EQ(*db->get("a"), "1");
}

}  // namespace
}  // namespace sluice::store
