// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/state_dir.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/store/child.h"
#include "tests/unit/store/temp_dir.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

TEST(StateDir, CreatesAPrivateFolderWithItsFormat) {
  TempDir dir;
  auto state = StateDir::acquire(dir / "deep/er/state/");
  ASSERT_TRUE(state.is_ok()) << state.status().message();
  struct stat info {};
  ASSERT_EQ(::stat((dir / "deep/er/state").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_EQ(slurp(dir / "deep/er/state/format"), "1\n");
  EXPECT_EQ(slurp(dir / "deep/er/state/lock"), std::to_string(::getpid()) + "\n");
}

TEST(StateDir, ASecondHolderIsToldWhoHoldsIt) {
  TempDir dir;
  auto first = StateDir::acquire(dir.path());
  ASSERT_TRUE(first.is_ok());
  auto second = StateDir::acquire(dir.path());
  ASSERT_FALSE(second.is_ok());
  EXPECT_EQ(second.status().code(), Code::kExists);
  EXPECT_THAT(second.status().message(), HasSubstr("process " + std::to_string(::getpid())));
  EXPECT_THAT(second.status().message(), HasSubstr("runtime.state.dir"));
}

TEST(StateDir, AnotherProcessIsRefusedUntilTheHolderDies) {
  TempDir dir;
  Child holder([&](const Child::Pipe& pipe) {
    auto state = StateDir::acquire(dir.path());
    pipe.say(state.is_ok() ? "held" : state.status().message());
    pipe.wait_for_ever();
  });
  ASSERT_EQ(holder.read_line(), "held");
  auto refused = StateDir::acquire(dir.path());
  ASSERT_FALSE(refused.is_ok());
  EXPECT_EQ(refused.status().code(), Code::kExists);
  EXPECT_THAT(refused.status().message(), HasSubstr("process " + std::to_string(holder.pid())));
  holder.kill();
  EXPECT_TRUE(StateDir::acquire(dir.path()).is_ok());
}

TEST(StateDir, IsFreeAgainWhenItsHolderGoes) {
  TempDir dir;
  { ASSERT_TRUE(StateDir::acquire(dir.path()).is_ok()); }
  EXPECT_TRUE(StateDir::acquire(dir.path()).is_ok());
}

TEST(StateDir, ANewerFormatIsRefused) {
  TempDir dir;
  spew(dir / "format", "3\n");
  auto state = StateDir::acquire(dir.path());
  ASSERT_FALSE(state.is_ok());
  EXPECT_EQ(state.status().code(), Code::kInvalid);
  EXPECT_THAT(state.status().message(),
              HasSubstr("newer Sluice (format 3, this program knows 1); upgrade"));
}

TEST(StateDir, AFormatThatIsNoNumberIsDamage) {
  for (const char* content : {"", "x", "1x\n", "0", "-1", "99999999999999999999999", "\x1b[2J"}) {
    TempDir dir;
    spew(dir / "format", content);
    auto state = StateDir::acquire(dir.path());
    ASSERT_FALSE(state.is_ok()) << content;
    EXPECT_EQ(state.status().code(), Code::kCorrupt) << content;
    EXPECT_THAT(state.status().message(), HasSubstr("expected a format number"));
    EXPECT_EQ(state.status().message().find('\x1b'), std::string::npos);
  }
}

TEST(StateDir, AFileInItsPlaceIsRefusedWithACure) {
  TempDir dir;
  spew(dir / "state", "a file");
  for (const char* name : {"state", "state/below"}) {
    auto state = StateDir::acquire(dir / name);
    ASSERT_FALSE(state.is_ok());
    EXPECT_EQ(state.status().code(), Code::kUnavailable);
    EXPECT_THAT(state.status().message(), HasSubstr("set runtime.state.dir to another folder"));
  }
}

TEST(StateDir, AFolderThatCannotBeWrittenIsRefusedWithACure) {
  TempDir dir;
  ASSERT_EQ(::chmod(dir.path().c_str(), 0555), 0);
  Child user([&](const Child::Pipe& pipe) {
    become_ordinary_user();
    for (const auto& path : {dir.path(), dir / "new"}) {
      auto state = StateDir::acquire(path);
      pipe.say(state.is_ok() ? "acquired" : state.status().message());
    }
  });
  for (int i = 0; i < 2; ++i) {
    const std::string answer = user.read_line();
    EXPECT_THAT(answer, HasSubstr("Permission denied"));
    EXPECT_THAT(answer, HasSubstr("make it a folder this user can write"));
  }
  ASSERT_EQ(::chmod(dir.path().c_str(), 0755), 0);
}

TEST(StateDir, ALockThatIsASymlinkIsNotFollowed) {
  TempDir dir;
  spew(dir / "precious", "content");
  std::filesystem::create_symlink(dir / "precious", dir / "lock");
  EXPECT_FALSE(StateDir::acquire(dir.path()).is_ok());
  EXPECT_EQ(slurp(dir / "precious"), "content");
}

TEST(StateDir, KernelFoldersAreRefusedNotMistaken) {
  auto state = StateDir::acquire("/proc/sluice");
  ASSERT_FALSE(state.is_ok());
  EXPECT_EQ(state.status().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace sluice
