// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/audit_log.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/store/temp_dir.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;

TEST(AuditLog, KeepsLinesInOrderOverRestarts) {
  const TempDir dir;
  {
    auto log = AuditLog::open(dir.path()).value();
    ASSERT_TRUE(log->append(R"({"n":1})"));
    ASSERT_TRUE(log->append(R"({"n":2})"));
  }
  auto log = AuditLog::open(dir.path()).value();
  ASSERT_TRUE(log->append(R"({"n":3})"));
  EXPECT_THAT(log->lines(), ElementsAre(R"({"n":1})", R"({"n":2})", R"({"n":3})"));
}

TEST(AuditLog, IsReadableByItsOwnerOnly) {
  const TempDir dir;
  auto log = AuditLog::open(dir.path()).value();
  struct stat info {};
  ASSERT_EQ(::stat((dir / "audit.jsonl").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST(AuditLog, ALineThatACrashCutStandsAlone) {
  const TempDir dir;
  std::ofstream(dir / "audit.jsonl") << "{\"n\":1}\n{\"n\":";
  auto log = AuditLog::open(dir.path()).value();
  ASSERT_TRUE(log->append(R"({"n":3})"));
  EXPECT_THAT(log->lines(), ElementsAre(R"({"n":1})", R"({"n":)", R"({"n":3})"));
}

TEST(AuditLog, StaysWithinTwoFilesOfItsSize) {
  const TempDir dir;
  auto log = AuditLog::open(dir.path()).value();
  const std::string line = "{\"x\":\"" + std::string(100'000, 'x') + "\"}";
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(log->append(line));
  EXPECT_LE(std::filesystem::file_size(dir / "audit.jsonl"), AuditLog::kMaxBytes);
  EXPECT_LE(std::filesystem::file_size(dir / "audit.1.jsonl"), AuditLog::kMaxBytes);
  EXPECT_GE(log->lines().size(), 10U);
}

TEST(AuditLog, ALineLongerThanTheFileIsRefused) {
  const TempDir dir;
  auto log = AuditLog::open(dir.path()).value();
  EXPECT_FALSE(log->append(std::string(AuditLog::kMaxBytes, 'x')));
  EXPECT_TRUE(log->append("{}"));
}

TEST(AuditLog, DoesNotFollowALinkToSomewhereElse) {
  const TempDir dir;
  std::ofstream(dir / "other") << "x\n";
  std::filesystem::create_symlink(dir / "other", dir / "audit.jsonl");
  EXPECT_FALSE(AuditLog::open(dir.path()));
}

}  // namespace
}  // namespace sluice
