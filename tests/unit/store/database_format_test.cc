// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/database_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>

#include "tests/unit/store/temp_dir.h"

namespace sluice::store {
namespace {

using ::testing::HasSubstr;

constexpr std::array kOne = {"CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (7);"};
constexpr std::array kThree = {kOne[0], "ALTER TABLE t ADD COLUMN b INTEGER;",
                               "UPDATE t SET b = a * 2;"};
constexpr std::array kBroken = {kOne[0], "ALTER TABLE t ADD COLUMN b INTEGER;",
                                "UPDATE absent SET b = 1;"};

DatabaseFormat format(std::span<const char* const> steps) {
  return {.file = "x.db", .application_id = 77, .steps = steps, .loss = "all is lost"};
}

TEST(DatabaseFormat, ANewFileHasTheNewestFormat) {
  TempDir dir;
  auto database = open_database(dir.path(), format(kThree), false);
  ASSERT_TRUE(database.is_ok()) << database.status().message();
  EXPECT_EQ(*database->query_int("PRAGMA user_version"), 3);
  EXPECT_EQ(*database->query_int("SELECT b FROM t"), 14);
  EXPECT_EQ(*database->query_text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ(*database->query_int("PRAGMA synchronous"), 2);
  EXPECT_FALSE(std::filesystem::exists(dir / "x.db.new"));
}

TEST(DatabaseFormat, ANewerFileIsRefusedAndLeftAlone) {
  TempDir dir;
  ASSERT_TRUE(open_database(dir.path(), format(kThree), false).is_ok());
  const std::string before = slurp(dir / "x.db");
  for (const bool read_only : {false, true}) {
    auto database = open_database(dir.path(), format(kOne), read_only);
    ASSERT_FALSE(database.is_ok());
    EXPECT_EQ(database.status().code(), Code::kInvalid);
    EXPECT_THAT(database.status().message(),
                HasSubstr("written by a newer Sluice (format 3, this program knows 1); upgrade"));
  }
  EXPECT_EQ(slurp(dir / "x.db"), before);
}

TEST(DatabaseFormat, AnOlderFileIsCopiedThenMigrated) {
  TempDir dir;
  ASSERT_TRUE(open_database(dir.path(), format(kOne), false).is_ok());
  auto database = open_database(dir.path(), format(kThree), false);
  ASSERT_TRUE(database.is_ok()) << database.status().message();
  EXPECT_EQ(*database->query_int("SELECT b FROM t"), 14);
  auto backup = Database::open({(dir / "x.db.v1.bak").string(), ""}, true);
  ASSERT_TRUE(backup.is_ok()) << backup.status().message();
  EXPECT_EQ(*backup->query_int("PRAGMA user_version"), 1);
  EXPECT_EQ(*backup->query_int("PRAGMA application_id"), 77);
  EXPECT_EQ(*backup->query_int("SELECT a FROM t"), 7);
  struct stat info {};
  ASSERT_EQ(::stat((dir / "x.db.v1.bak").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST(DatabaseFormat, AFailedMigrationChangesNothing) {
  TempDir dir;
  ASSERT_TRUE(open_database(dir.path(), format(kOne), false).is_ok());
  EXPECT_FALSE(open_database(dir.path(), format(kBroken), false).is_ok());
  auto database = open_database(dir.path(), format(kOne), false);
  ASSERT_TRUE(database.is_ok()) << database.status().message();
  EXPECT_EQ(*database->query_int("SELECT count(*) FROM pragma_table_info('t')"), 1);
  // And once the program is repaired, the same file migrates.
  EXPECT_TRUE(open_database(dir.path(), format(kThree), false).is_ok());
}

TEST(DatabaseFormat, AnOlderFileIsNotMigratedByAReader) {
  TempDir dir;
  ASSERT_TRUE(open_database(dir.path(), format(kOne), false).is_ok());
  auto database = open_database(dir.path(), format(kThree), true);
  ASSERT_FALSE(database.is_ok());
  EXPECT_THAT(database.status().message(), HasSubstr("older Sluice (format 1"));
}

TEST(DatabaseFormat, ALeftoverOfAKilledCreationIsReplaced) {
  TempDir dir;
  spew(dir / "x.db.new", "half made");
  spew(dir / "x.db.new-wal", "half made");
  EXPECT_TRUE(open_database(dir.path(), format(kOne), false).is_ok());
}

TEST(Statement, BindErrorsSurfaceAtTheNextStep) {
  TempDir dir;
  auto database = open_database(dir.path(), format(kOne), false);
  ASSERT_TRUE(database.is_ok());
  auto statement = database->prepare("SELECT ?1");
  ASSERT_TRUE(statement.is_ok());
  statement->bind(2, 1);
  EXPECT_FALSE(statement->step().is_ok());
  statement->bind(1, 5);
  ASSERT_TRUE(statement->step().is_ok());
}

TEST(Transaction, RollsBackUnlessCommitted) {
  TempDir dir;
  auto database = open_database(dir.path(), format(kOne), false);
  ASSERT_TRUE(database.is_ok());
  {
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(transaction.is_ok());
    ASSERT_TRUE(database->exec("DELETE FROM t").is_ok());
  }
  EXPECT_EQ(*database->query_int("SELECT count(*) FROM t"), 1);
}

}  // namespace
}  // namespace sluice::store
