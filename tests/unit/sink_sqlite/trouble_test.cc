// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/unit/sink_sqlite/sqlite_fixture.h"

// What goes wrong around the sink: never a record's fault, never a half-written batch.
namespace sluice::test {
namespace {

using SqliteTrouble = SqliteSinkTest;
using testing::HasSubstr;
using Connection = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;

constexpr const char* kRow = R"({"id":"a","rev":1,"mag":1})";

Connection connect(const std::string& path) {
  sqlite3* raw = nullptr;
  EXPECT_EQ(SQLITE_OK, sqlite3_open(path.c_str(), &raw));
  return {raw, &sqlite3_close};
}

void run(const Connection& db, const char* text) {
  EXPECT_EQ(SQLITE_OK, sqlite3_exec(db.get(), text, nullptr, nullptr, nullptr))
      << sqlite3_errmsg(db.get());
}

// While it lives, every connection opened anew may only use so many pages: a small disk.
class SmallDisk {
 public:
  SmallDisk() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&limit)); }
  ~SmallDisk() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&limit)); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  static int limit(sqlite3* db, const char**, const void*) {
    return sqlite3_exec(db, "PRAGMA max_page_count=20", nullptr, nullptr, nullptr);
  }
};

Records many(int count) {
  Records out;
  for (int i = 0; i < count; ++i) {
    out.add("{\"id\":\"" + std::to_string(i) + std::string(200, 'x') + "\",\"rev\":1}");
  }
  return out;
}

TEST_F(SqliteTrouble, FullDiskIsRetriedAndNothingIsHalfWritten) {
  const SmallDisk disk;
  ASSERT_EQ(SLUICE_OK, start(kQuakes)) << sink_.error();
  EXPECT_EQ(SLUICE_E_RETRY, sink_.write(many(1000)));
  EXPECT_THAT(sink_.error(), HasSubstr("database or disk is full; free space on the disk of"));
  EXPECT_EQ("unset", sink_.words().substr(0, 5));
  EXPECT_EQ("0", sql("SELECT count(*) FROM quakes"));
  // Less fits, and the sink goes on.
  EXPECT_EQ(SLUICE_OK, sink_.write(many(5)));
  EXPECT_EQ("ok ok ok ok ok", sink_.words());
}

TEST_F(SqliteTrouble, LockOfAnotherProgramIsRetried) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  const Connection other = connect(path_);
  run(other, "BEGIN IMMEDIATE");
  EXPECT_EQ(SLUICE_E_RETRY, sink_.write({kRow}));
  EXPECT_THAT(sink_.error(), HasSubstr("locked; another program holds the write lock"));
  EXPECT_GT(sink_.host().waits, 0U);
  EXPECT_EQ(SLUICE_E_RETRY, sink_.probe());
  run(other, "COMMIT");
  EXPECT_EQ(SLUICE_OK, sink_.probe());
  EXPECT_EQ(SLUICE_OK, sink_.write({kRow}));
}

TEST_F(SqliteTrouble, StopEndsTheWaitForALock) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  const Connection other = connect(path_);
  run(other, "BEGIN IMMEDIATE");
  sink_.host().stop_at_first_wait();
  EXPECT_EQ(SLUICE_CANCELLED, sink_.write({kRow}));
  EXPECT_EQ(1U, sink_.host().waits);
  EXPECT_EQ("unset", sink_.words());
  run(other, "COMMIT");
}

TEST_F(SqliteTrouble, WriteAfterStopStillDrains) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  sink_.host().ask_stop();
  EXPECT_EQ(SLUICE_OK, sink_.write({kRow}));
  EXPECT_EQ("ok", sink_.words());
}

TEST_F(SqliteTrouble, TwoWritersShareOneTable) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  SinkDriver second(sqlite_sink::kSqliteSink);
  ASSERT_EQ(SLUICE_OK, second.start(config(kQuakes)));
  for (int i = 0; i < 20; ++i) {
    const std::string even = R"({"id":"a","rev":)" + std::to_string(2 * i) + "}";
    const std::string odd = R"({"id":"a","rev":)" + std::to_string(2 * i + 1) + "}";
    ASSERT_EQ(SLUICE_OK, second.write(Records().add(odd)));
    EXPECT_EQ("ok", second.words());
    ASSERT_EQ(SLUICE_OK, sink_.write(Records().add(even).add(odd)));
    EXPECT_EQ("superseded duplicate", sink_.words());
  }
  EXPECT_EQ("1|39", sql("SELECT count(*),max(rev) FROM quakes"));
}

TEST_F(SqliteTrouble, ReadOnlyDatabaseIsAConfigError) {
  sql("CREATE TABLE quakes(id TEXT PRIMARY KEY, rev INTEGER, mag REAL)");
  ASSERT_EQ(0, ::chmod(path_.c_str(), 0444));
  ASSERT_EQ(0, ::chmod(folder_.c_str(), 0555));
  // Root may write everywhere, so the check runs with the rights of nobody.
  constexpr uid_t kNobody = 65534;
  const bool root = ::geteuid() == 0;
  if (root) ::setfsuid(kNobody);
  EXPECT_EQ(SLUICE_E_CONFIG, start(kQuakes));
  if (root) ::setfsuid(0);
  EXPECT_THAT(sink_.error(), HasSubstr("give the runtime's user write access"));
  ASSERT_EQ(0, ::chmod(folder_.c_str(), 0755));
}

TEST_F(SqliteTrouble, FileThatIsNoDatabaseIsFatal) {
  std::ofstream(path_) << std::string(8192, '#');
  EXPECT_EQ(SLUICE_E_FATAL, start(kQuakes));
  EXPECT_THAT(sink_.error(), HasSubstr("is not a database; `path` names a file that is not"));
}

TEST_F(SqliteTrouble, CorruptDatabaseIsFatal) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  ASSERT_EQ(SLUICE_OK, sink_.write(many(500)));
  ASSERT_EQ(SLUICE_OK, sink_.close());
  {
    const auto size = std::filesystem::file_size(path_);
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);  // past the schema, over every page of the table
    for (uint64_t at = 4096; at < size; ++at) file.put('\x5A');
  }
  const sluice_rc opened = start(kQuakes);
  const sluice_rc rc = opened == SLUICE_OK ? sink_.write(many(500)) : opened;
  EXPECT_EQ(SLUICE_E_FATAL, rc);
  EXPECT_THAT(sink_.error(), HasSubstr("malformed; restore it from a backup"));
}

TEST_F(SqliteTrouble, DroppedTableIsAConfigErrorNotARecordsFault) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  sql("DROP TABLE quakes");
  EXPECT_EQ(SLUICE_E_CONFIG, sink_.write({kRow}));
  EXPECT_THAT(sink_.error(), HasSubstr("no such table: main.quakes"));
  EXPECT_EQ("unset", sink_.words());
}

TEST_F(SqliteTrouble, DroppedColumnIsAConfigErrorNotARecordsFault) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  sql("ALTER TABLE quakes DROP COLUMN mag");
  EXPECT_EQ(SLUICE_E_CONFIG, sink_.write({kRow}));
  EXPECT_THAT(sink_.error(), HasSubstr("has no column named mag"));
}

TEST_F(SqliteTrouble, ReplacedFileIsNoticedBeforeAnythingIsLost) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  std::filesystem::rename(path_, path_ + ".moved");
  EXPECT_EQ(SLUICE_E_FATAL, sink_.write({kRow}));
  EXPECT_THAT(sink_.error(), HasSubstr("was moved, deleted or replaced"));
  // The host makes the instance anew.
  ASSERT_EQ(SLUICE_OK, start(kQuakes)) << sink_.error();
  EXPECT_EQ(SLUICE_OK, sink_.write({kRow}));
}

TEST_F(SqliteTrouble, RowsSurviveWithoutClose) {
  ASSERT_EQ(SLUICE_OK, start(kQuakes));
  ASSERT_EQ(SLUICE_OK, sink_.write({kRow}));
  // What a killed process leaves: the database and its log, nothing closed or folded in.
  const std::string copy = folder_ + "/copy.db";
  std::filesystem::copy_file(path_, copy);
  std::filesystem::copy_file(path_ + "-wal", copy + "-wal");
  path_ = copy;
  EXPECT_EQ("a|1|1.0", sql("SELECT * FROM quakes"));
}

}  // namespace
}  // namespace sluice::test
