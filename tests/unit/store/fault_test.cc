// SPDX-License-Identifier: Apache-2.0
// What disks and people do to the state files: every case ends in a clear error or in a store that
// has what it acknowledged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <random>

#include "runtime/store/checkpoint_store.h"
#include "runtime/store/dead_letter_store.h"
#include "runtime/store/sqlite.h"
#include "tests/unit/store/child.h"
#include "tests/unit/store/temp_dir.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

CheckpointUpdate at(uint64_t position, size_t lanes = 1) {
  CheckpointUpdate update;
  update.pipeline = "p";
  update.tenant = "t";
  update.source = "s";
  for (size_t i = 0; i < lanes; ++i) {
    std::string lane("lane");
    update.set.push_back({lane.append(std::to_string(i)), position});
  }
  return update;
}

DeadLetter big_letter(uint64_t position) {
  DeadLetter letter;
  letter.pipeline = "p";
  letter.position = position;
  letter.reason = "PARSE_ERROR";
  letter.raw.assign(100'000, 'x');
  return letter;
}

// A database with several pages, closed.
void make_checkpoints(const TempDir& dir) {
  auto store = open_checkpoint_store(dir.path());
  ASSERT_TRUE(store.is_ok()) << store.status().message();
  ASSERT_TRUE((*store)->commit({at(1, 2000)}, 1).is_ok());
}

Status open_status(const TempDir& dir) { return open_checkpoint_store(dir.path()).status(); }

void expect_corrupt(const TempDir& dir, const std::string& what) {
  const Status status = open_status(dir);
  EXPECT_EQ(status.code(), Code::kCorrupt) << what << ": " << status.message();
  EXPECT_THAT(status.message(), AllOf(HasSubstr("checkpoints.db"), HasSubstr("set it aside: mkdir"),
                                      HasSubstr("sources then start from their beginning")))
      << what;
}

TEST(DamagedDatabase, GarbageIsRefusedWithAdvice) {
  TempDir dir;
  spew(dir / "checkpoints.db", std::string(5000, 'g'));
  expect_corrupt(dir, "garbage");
  spew(dir / "checkpoints.db", "g");
  expect_corrupt(dir, "one byte");
}

TEST(DamagedDatabase, AnEmptyFileIsNotTakenForANewOne) {
  TempDir dir;
  spew(dir / "checkpoints.db", "");
  expect_corrupt(dir, "empty");
}

TEST(DamagedDatabase, ATruncatedFileIsRefused) {
  TempDir dir;
  make_checkpoints(dir);
  const std::string whole = slurp(dir / "checkpoints.db");
  ASSERT_GT(whole.size(), 20'000u);
  for (const size_t size : {whole.size() - 1, whole.size() - 4096, size_t{8192}, size_t{100}}) {
    spew(dir / "checkpoints.db", whole.substr(0, size));
    expect_corrupt(dir, std::to_string(size) + " bytes");
  }
}

TEST(DamagedDatabase, AnOverwrittenPageIsRefused) {
  TempDir dir;
  make_checkpoints(dir);
  const std::string whole = slurp(dir / "checkpoints.db");
  for (size_t page = 0; page < whole.size() / 4096; ++page) {
    std::string damaged = whole;
    damaged.replace(page * 4096, 4096, std::string(4096, '\xa5'));
    spew(dir / "checkpoints.db", damaged);
    if (page == 1) {
      // The pointer map serves vacuuming alone; damage there may stay without effect.
      EXPECT_TRUE(open_status(dir).is_ok() || open_status(dir).code() == Code::kCorrupt);
    } else {
      expect_corrupt(dir, "page " + std::to_string(page + 1));
    }
  }
}

TEST(DamagedDatabase, RandomFlipsNeverCrash) {
  TempDir dir;
  make_checkpoints(dir);
  const std::string whole = slurp(dir / "checkpoints.db");
  std::minstd_rand random(7);
  for (int round = 0; round < 60; ++round) {
    std::string damaged = whole;
    for (int i = 0; i < 20; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    spew(dir / "checkpoints.db", damaged);
    auto store = open_checkpoint_store(dir.path());
    if (!store.is_ok()) {
      EXPECT_FALSE(store.status().message().empty());
      continue;
    }
    // Flips inside values cannot be told from values; reading and writing must still be safe.
    auto loaded = (*store)->load("p", "s");
    const Status committed = (*store)->commit({at(2, 100)}, 2);
    EXPECT_TRUE(committed.is_ok() || !committed.message().empty());
  }
}

TEST(DamagedDatabase, ALogWithoutItsDatabaseIsRefused) {
  TempDir dir;
  spew(dir / "checkpoints.db-wal", "old log");
  expect_corrupt(dir, "orphan log");
}

TEST(DamagedDatabase, TheAdvisedCommandCures) {
  TempDir dir;
  spew(dir / "checkpoints.db", "garbage");
  spew(dir / "checkpoints.db-wal", "garbage");
  const std::string message = open_status(dir).message();
  const size_t from = message.find("mkdir");
  const std::string command = message.substr(from, message.find(';', from) - from);
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  EXPECT_TRUE(open_status(dir).is_ok()) << open_status(dir).message();
}

TEST(ForeignDatabase, IsLeftAlone) {
  TempDir dir;
  make_checkpoints(dir);
  std::filesystem::rename(dir / "checkpoints.db", dir / "dead_letters.db");
  const std::string before = slurp(dir / "dead_letters.db");
  auto store = open_dead_letter_store(dir.path());
  ASSERT_FALSE(store.is_ok());
  EXPECT_EQ(store.status().code(), Code::kInvalid);
  EXPECT_THAT(store.status().message(), HasSubstr("not a dead_letters.db of Sluice"));
  EXPECT_EQ(slurp(dir / "dead_letters.db"), before);
}

TEST(StateFiles, AFolderInPlaceOfAFileIsRefused) {
  TempDir dir;
  std::filesystem::create_directory(dir / "checkpoints.db");
  const Status status = open_status(dir);
  EXPECT_EQ(status.code(), Code::kInvalid);
  EXPECT_THAT(status.message(), HasSubstr("not a regular file"));
}

TEST(StateFiles, AnAbsentFolderIsUnavailable) {
  auto store = open_checkpoint_store("/proc/self/absent");
  ASSERT_FALSE(store.is_ok());
  EXPECT_EQ(store.status().code(), Code::kUnavailable);
  EXPECT_THAT(store.status().message(), HasSubstr("runtime.state.dir"));
}

TEST(ReadOnlyFolder, IsUnavailableWithAdviceWhetherOrNotTheFilesExist) {
  TempDir dir;
  TempDir empty;
  make_checkpoints(dir);
  ASSERT_EQ(::chmod((dir / "checkpoints.db").c_str(), 0444), 0);
  ASSERT_EQ(::chmod(dir.path().c_str(), 0555), 0);
  ASSERT_EQ(::chmod(empty.path().c_str(), 0555), 0);
  Child user([&](const Child::Pipe& pipe) {
    become_ordinary_user();
    for (const auto* folder : {&dir, &empty}) {
      const Status status = open_status(*folder);
      pipe.say(std::string(code_name(status.code())) + " " + status.message());
    }
  });
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(user.read_line(),
                AllOf(HasSubstr("unavailable"), HasSubstr("writable by this user")));
  }
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(empty.path().c_str(), 0755), 0);
}

// Files may not grow past `bytes` in this process: EFBIG where a full disk says ENOSPC.
void limit_file_size(rlim_t bytes) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ::setrlimit(RLIMIT_FSIZE, &limit);
}

TEST(FullDisk, IsExhaustedLosesNothingAndHeals) {
  TempDir dir;
  Child child([&](const Child::Pipe& pipe) {
    auto store = open_dead_letter_store(dir.path());
    if (!store.is_ok()) return pipe.say(store.status().message());
    if (!(*store)->put({big_letter(1)}).is_ok()) return pipe.say("the first put failed");
    limit_file_size(400'000);
    Status status;
    uint64_t written = 1;
    while (written < 100 && status.is_ok()) {
      status = (*store)->put({big_letter(written + 1)});
      if (status.is_ok()) ++written;
    }
    pipe.say(std::string(code_name(status.code())) + " " + status.message());
    auto count = (*store)->count();
    pipe.say(count.is_ok() && *count == written ? "kept" : "lost");
    limit_file_size(RLIM_INFINITY);
    const Status healed = (*store)->put({big_letter(1000)});
    pipe.say(healed.is_ok() ? "healed" : healed.message());
  });
  EXPECT_THAT(child.read_line(), AllOf(HasSubstr("exhausted"), HasSubstr("free space")));
  EXPECT_EQ(child.read_line(), "kept");
  EXPECT_EQ(child.read_line(), "healed");
}

TEST(FullDisk, WhileCreatingLeavesNothingHalfMade) {
  TempDir dir;
  Child child([&](const Child::Pipe& pipe) {
    limit_file_size(2000);
    pipe.say(code_name(open_status(dir).code()));
    limit_file_size(RLIM_INFINITY);
    const Status status = open_status(dir);
    pipe.say(status.is_ok() ? "healed" : status.message());
  });
  EXPECT_EQ(child.read_line(), "exhausted");
  EXPECT_EQ(child.read_line(), "healed");
}

TEST(FullDisk, SqlitesOwnLimitIsExhaustedToo) {
  TempDir dir;
  make_checkpoints(dir);
  auto database = store::Database::open({(dir / "checkpoints.db").string(), ""}, false);
  ASSERT_TRUE(database.is_ok());
  ASSERT_TRUE(database->exec("PRAGMA max_page_count=1").is_ok());
  const Status status = database->exec("CREATE TABLE more AS SELECT * FROM lanes");
  EXPECT_EQ(status.code(), Code::kExhausted) << status.message();
}

TEST(TwoProcesses, AWriterThatKeepsTheLockIsNamedAsTheCause) {
  TempDir dir;
  make_checkpoints(dir);
  Child holder([&](const Child::Pipe& pipe) {
    auto database = store::Database::open({(dir / "checkpoints.db").string(), ""}, false);
    pipe.say(database.is_ok() && database->exec("BEGIN EXCLUSIVE").is_ok() ? "held" : "failed");
    pipe.wait_for_ever();
  });
  ASSERT_EQ(holder.read_line(), "held");
  auto database = store::Database::open({(dir / "checkpoints.db").string(), ""}, false);
  ASSERT_TRUE(database.is_ok());
  ASSERT_TRUE(database->exec("PRAGMA busy_timeout=1").is_ok());
  const Status status = store::Transaction::begin(*database).status();
  EXPECT_EQ(status.code(), Code::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("another process holds the file locked"));
}

TEST(TwoProcesses, ReadWhileTheOtherWrites) {
  TempDir dir;
  Child writer([&](const Child::Pipe& pipe) {
    auto store = open_dead_letter_store(dir.path());
    if (!store.is_ok()) return pipe.say(store.status().message());
    for (uint64_t i = 0;; ++i) {
      DeadLetter letter = big_letter(i);
      letter.raw.resize(1);
      if (!(*store)->put({letter}).is_ok()) return pipe.say("failed");
      pipe.say("ok");
    }
  });
  ASSERT_EQ(writer.read_line(), "ok");
  auto reader = open_dead_letter_store(dir.path(), true);
  ASSERT_TRUE(reader.is_ok()) << reader.status().message();
  for (uint64_t acknowledged = 1; acknowledged < 20; ++acknowledged) {
    auto count = (*reader)->count();
    ASSERT_TRUE(count.is_ok()) << count.status().message();
    EXPECT_GE(*count, acknowledged);
    ASSERT_EQ(writer.read_line(), "ok");
  }
}

// A process that commits 1, 2, 3, ... to 50 lanes at once and says each number once acknowledged
// is killed at some moment; the reopened store has the last one said, or one it never said, and
// all lanes agree.
TEST(KillNine, ReopenedCheckpointsAreAPrefixOfTheCommits) {
  TempDir dir;
  std::minstd_rand random(11);
  uint64_t reached = 0;
  for (int round = 0; round < 8; ++round) {
    Child child([&](const Child::Pipe& pipe) {
      auto store = open_checkpoint_store(dir.path());
      if (!store.is_ok()) return pipe.say(store.status().message());
      for (uint64_t n = reached + 1;; ++n) {
        if (!(*store)->commit({at(n, 50)}, 1).is_ok()) return pipe.say("failed");
        pipe.say(std::to_string(n));
      }
    });
    const uint64_t target = reached + 1 + random() % 20;
    uint64_t acknowledged = 0;
    while (acknowledged < target) {
      const std::string line = child.read_line();
      ASSERT_EQ(line.find_first_not_of("0123456789"), std::string::npos) << line;
      ASSERT_FALSE(line.empty());
      acknowledged = std::stoull(line);
    }
    child.kill();
    for (std::string line = child.read_line(); !line.empty(); line = child.read_line()) {
      acknowledged = std::stoull(line);
    }
    auto store = open_checkpoint_store(dir.path());
    ASSERT_TRUE(store.is_ok()) << store.status().message();
    auto loaded = (*store)->load("p", "s");
    ASSERT_TRUE(loaded.is_ok());
    ASSERT_EQ(loaded->lanes.size(), 50u);
    reached = loaded->lanes[0].position;
    EXPECT_GE(reached, acknowledged);
    EXPECT_LE(reached, acknowledged + 1);
    for (const LaneMark& mark : loaded->lanes) EXPECT_EQ(mark.position, reached);
  }
}

}  // namespace
}  // namespace sluice
