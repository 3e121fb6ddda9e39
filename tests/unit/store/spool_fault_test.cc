// SPDX-License-Identifier: Apache-2.0
// What crashes, disks and people do to a spool: nothing acknowledged is missing without being told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <charconv>
#include <cstdlib>
#include <random>

#include "runtime/store/spool.h"
#include "runtime/store/spool_check.h"
#include "tests/unit/store/child.h"
#include "tests/unit/store/failing_sync.h"
#include "tests/unit/store/spool_support.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What a killed writer had said.
struct Said {
  uint64_t appended = 0;
  uint64_t removing = 0;
  uint64_t removed = 0;

  void take(const std::string& line) {
    const auto space = line.find(' ');
    ASSERT_NE(space, std::string::npos) << line;
    uint64_t number = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), number);
    if (line.starts_with("appended")) appended = number;
    if (line.starts_with("removing")) removing = number;
    if (line.starts_with("removed")) removed = number;
    ASSERT_FALSE(line.starts_with("failed")) << line;
  }
};

TEST(SpoolFault, AKilledWriterLosesNothingThatWasAcknowledged) {
  TempDir dir;
  std::minstd_rand random(20'261'126);
  Said said;
  for (int round = 0; round < 8; ++round) {
    {
      Child child([&](const Child::Pipe& pipe) {
        pipe.become({SLUICE_SPOOL_WRITER, dir.path().string()});
      });
      const int lines = 1 + static_cast<int>(random() % 40);
      for (int i = 0; i < lines; ++i) said.take(child.read_line());
      child.kill();
      for (std::string line; !(line = child.read_line()).empty();) said.take(line);
    }
    auto spool = opened_spool(spool_in(dir));
    ASSERT_TRUE(spool);
    const std::vector<uint64_t> inside = positions_in(*spool, 500);
    ASSERT_EQ(inside.size(), spool->stats().found);
    ASSERT_FALSE(inside.empty());
    for (size_t i = 1; i < inside.size(); ++i) ASSERT_EQ(inside[i], inside[i - 1] + 1);
    EXPECT_GE(inside.back(), said.appended);
    EXPECT_GT(inside.front(), said.removed) << "kill -9 takes no removal back";
    EXPECT_LE(inside.front(), std::max(said.removing, said.removed) + 1);
    spool.reset();  // it writes tables in the background, and files go meanwhile
    EXPECT_TRUE(verify_spool(dir.path(), "pg")->whole());
  }
}

TEST(SpoolFault, AFailingSyncAcknowledgesNothingAndIsOverWhenItIsOver) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  ASSERT_TRUE(append_all(*spool, run_of(1, 3)));
  {
    FailingSync failing;
    const Status refused = append_all(*spool, run_of(4, 3));
    EXPECT_FALSE(refused);
    EXPECT_THAT(refused.message(), HasSubstr("the spool of pg"));
    EXPECT_GT(FailingSync::calls(), 0);
    EXPECT_EQ(spool->stats().records, 3u);
    EXPECT_FALSE(append_all(*spool, run_of(4, 3))) << "as long as it lasts";
  }
  // Had the refused ones come to be there, they would be there twice now.
  ASSERT_TRUE(append_all(*spool, run_of(4, 3)));
  EXPECT_THAT(positions_in(*spool), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(spool->stats().records, 6u);
  spool.reset();
  spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  EXPECT_THAT(positions_in(*spool), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(SpoolFault, AFailedSyncOfARemovalIsToldAndCanBeRepeated) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  ASSERT_TRUE(append_all(*spool, run_of(1, 3)));
  const std::vector<uint64_t> ids{1, 2};
  {
    FailingSync failing;
    EXPECT_FALSE(spool->remove(ids, /*sync=*/true));
  }
  ASSERT_TRUE(spool->remove(ids, /*sync=*/true));
  EXPECT_THAT(positions_in(*spool), ElementsAre(3));
  EXPECT_EQ(spool->stats().records, 1u);
}

// A limit on the size of files is what a full disk looks like to one process.
class FileLimit {
 public:
  explicit FileLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    handler_ = ::signal(SIGXFSZ, SIG_IGN);
  }
  ~FileLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST(SpoolFault, AFullDiskRefusesAndNothingIsHalfThere) {
  TempDir dir;
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  uint64_t next = 1;
  {
    FileLimit full(300'000);
    Status status;
    for (; next < 1000; next += 10) {
      status = append_all(*spool, run_of(next, 10, 1000));
      if (!status) break;
    }
    ASSERT_EQ(status.code(), Code::kExhausted) << status.message();
    EXPECT_THAT(status.message(), HasSubstr("free space"));
    EXPECT_EQ(spool->stats().records, next - 1);
  }
  ASSERT_TRUE(append_all(*spool, run_of(next, 10, 1000)));
  const std::vector<uint64_t> inside = positions_in(*spool);
  ASSERT_EQ(inside.size(), next + 9);
  for (size_t i = 0; i < inside.size(); ++i) ASSERT_EQ(inside[i], i + 1);
  spool.reset();
  spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  EXPECT_EQ(positions_in(*spool), inside);
}

// ---- damaged files ------------------------------------------------------------------------------

constexpr uint64_t kRecords = 400;

// A spool with records in tables and in the log.
void make_spool(const TempDir& dir, bool tables) {
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  if (tables) {
    // More than a buffer holds, so that some of it goes to tables.
    ASSERT_TRUE(append_all(*spool, run_of(1, kRecords - 100, 40'000)));
  } else {
    ASSERT_TRUE(append_all(*spool, run_of(1, kRecords - 100, 500)));
  }
  for (uint64_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(append_all(*spool, run_of(kRecords - 99 + i * 10, 10, 500)));
  }
}

// Reads everything; true when all of it came as it was written. What is missing has to be told.
void expect_all_or_told(const TempDir& dir, const std::string& what) {
  auto spool = open_spool(spool_in(dir));
  if (!spool) {
    EXPECT_EQ(spool.status().code(), Code::kCorrupt) << what << spool.status().message();
    EXPECT_THAT(spool.status().message(), HasSubstr("sluice spool salvage --sink pg")) << what;
    return;
  }
  SpoolItems items;
  uint64_t after = 0;
  uint64_t seen = 0;
  uint64_t last = 0;
  for (;;) {
    const Status peeked = (*spool)->peek(after, 50, 4 << 20, items);
    if (!peeked) {
      EXPECT_EQ(peeked.code(), Code::kCorrupt) << what << peeked.message();
      EXPECT_THAT(peeked.message(), HasSubstr("sluice spool salvage --sink pg")) << what;
      return;
    }
    if (items.empty()) break;
    for (const SpoolItem& item : items.items()) {
      EXPECT_GT(item.record.position, last) << what;
      last = item.record.position;
      const size_t size = item.record.value.size() > 1000 ? 40'000 : 500;
      EXPECT_EQ(item.record.value, spool_value(last, size)) << what;
      ++seen;
    }
    after = items.items().back().id;
  }
  EXPECT_EQ(seen + (*spool)->stats().damaged, kRecords) << what;
}

// How many places of each file are damaged, one at a time; many more in the soak.
int damages(int usual) {
  const char* soak = std::getenv("SLUICE_SOAK");
  return soak != nullptr && *soak != '0' ? usual * 50 : usual;
}

class DamagedSpool : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(make_spool(whole_, GetParam()));
    for (const auto& entry : fs::recursive_directory_iterator(whole_ / "spool")) {
      if (entry.is_regular_file()) files_.push_back(fs::relative(entry.path(), whole_.path()));
    }
    std::sort(files_.begin(), files_.end());
  }

  // A copy in which one file is changed.
  template <typename Change>
  void with(const fs::path& file, const std::string& what, const Change& change) {
    TempDir dir;
    fs::copy(whole_ / "spool", dir / "spool", fs::copy_options::recursive);
    std::string content = slurp(dir / file.string());
    change(content);
    spew(dir / file.string(), content);
    expect_all_or_told(dir, file.string() + ": " + what + ": ");
  }

  TempDir whole_;
  std::vector<fs::path> files_;
};

TEST_P(DamagedSpool, AFlippedBitIsToldOrDoesNotMatter) {
  std::minstd_rand random(7);
  for (const fs::path& file : files_) {
    const size_t size = slurp(whole_ / file.string()).size();
    for (int i = 0; size > 0 && i < damages(5); ++i) {
      const size_t at = i == 0 ? size - 1 : random() % size;
      with(file, "bit of byte " + std::to_string(at), [&](std::string& content) {
        content[at] = static_cast<char>(content[at] ^ (1 << (random() % 8)));
      });
    }
  }
}

TEST_P(DamagedSpool, ATruncatedFileIsToldOrDoesNotMatter) {
  std::minstd_rand random(8);
  for (const fs::path& file : files_) {
    const size_t size = slurp(whole_ / file.string()).size();
    for (int i = 0; size > 0 && i < damages(3); ++i) {
      const size_t left = i == 0 ? size - 1 : random() % size;
      with(file, "cut to " + std::to_string(left),
           [&](std::string& content) { content.resize(left); });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(LogOrTables, DamagedSpool, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "Tables" : "Log"; });

TEST(SpoolFault, AnUnacknowledgedTornEndIsNoDamage) {
  TempDir dir;
  ASSERT_NO_FATAL_FAILURE(make_spool(dir, false));
  // What a crash in the middle of the next append leaves.
  const fs::path log = spool_file(dir, ".log");
  spew(log, slurp(log) + std::string("\x01\x02\x03\x04\x00\x20\x01torn", 11));
  auto spool = opened_spool(spool_in(dir));
  ASSERT_TRUE(spool);
  EXPECT_EQ(spool->stats().records, kRecords);
}

TEST(SpoolFault, TwoProcessesCannotHaveIt) {
  TempDir dir;
  Child child([&](const Child::Pipe& pipe) {
    pipe.become({SLUICE_SPOOL_WRITER, dir.path().string()});
  });
  ASSERT_THAT(child.read_line(), HasSubstr("appended"));
  const auto second = open_spool(spool_in(dir));
  EXPECT_EQ(second.status().code(), Code::kExists) << second.status().message();
  // But it can be looked at.
  const auto look = look_into_spool(dir.path(), "pg");
  ASSERT_TRUE(look.is_ok()) << look.status().message();
  EXPECT_GT(look->stats.records, 0u);
  EXPECT_TRUE(verify_spool(dir.path(), "pg")->whole());
}

}  // namespace
}  // namespace sluice
