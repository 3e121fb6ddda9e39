// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "plugins/sinks/file/sink.h"
#include "tests/unit/sink_sqlite/sink_driver.h"

namespace sluice::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class FileSinkTest : public testing::Test {
 protected:
  FileSinkTest() : sink_(file_sink::kFileSink) {
    std::string pattern = testing::TempDir() + "sluice-file-XXXXXX";
    EXPECT_NE(nullptr, ::mkdtemp(pattern.data()));
    folder_ = pattern;
    path_ = folder_ + "/out.jsonl";
  }
  ~FileSinkTest() override {
    sink_.destroy();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  sluice_rc start(const std::string& members = "") {
    return sink_.start("{\"path\":\"" + path_ + "\"" + (members.empty() ? "" : ",") + members +
                       "}");
  }
  static std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  [[nodiscard]] std::string content() const { return read(path_); }
  // Finished files, oldest first.
  [[nodiscard]] std::vector<std::string> finished() const {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path() != path_) out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end(), [](const std::string& a, const std::string& b) {
      return a.size() != b.size() ? a.size() < b.size() : a < b;
    });
    return out;
  }
  void put(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }

  std::string folder_;
  std::string path_;
  SinkDriver sink_;
};

// File sizes past `bytes` fail with EFBIG, the one disk-full a test can have anywhere.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(FileSinkTest, AppendsOneLineARecord) {
  ASSERT_EQ(SLUICE_OK, start()) << sink_.error();
  ASSERT_EQ(SLUICE_OK, sink_.write({"{\"a\":1}", "2"}));
  EXPECT_EQ("ok ok", sink_.words());
  ASSERT_EQ(SLUICE_OK, sink_.write({"[3]"}));
  EXPECT_EQ("{\"a\":1}\n2\n[3]\n", content());
  ASSERT_EQ(SLUICE_OK, sink_.close());
  ASSERT_EQ(SLUICE_OK, start());
  ASSERT_EQ(SLUICE_OK, sink_.write({"4"}));
  EXPECT_EQ("{\"a\":1}\n2\n[3]\n4\n", content());
}

TEST_F(FileSinkTest, WhatIsNotALineIsRefusedAndNeighboursWritten) {
  ASSERT_EQ(SLUICE_OK, start());
  Records batch{"1", "{\n}", ""};
  batch.add_tombstone("k").add(std::string("n\0ul", 4)).add("6");
  ASSERT_EQ(SLUICE_OK, sink_.write(batch));
  EXPECT_EQ("ok not_a_line not_a_line tombstone_unsupported ok ok", sink_.words());
  EXPECT_EQ("VALIDATION_FAIL", sink_.said()[1].maps_to);
  EXPECT_THAT(sink_.said()[1].detail, HasSubstr("line break"));
  EXPECT_EQ(std::string("1\nn\0ul\n6\n", 9), content());
}

TEST_F(FileSinkTest, TornLastLineIsCutOffAndTold) {
  put("1\n2\n{\"torn\":");
  ASSERT_EQ(SLUICE_OK, start());
  ASSERT_EQ(1U, sink_.host().logs.size());
  EXPECT_THAT(sink_.host().logs[0], HasSubstr("cut off a torn last line of 8 bytes"));
  ASSERT_EQ(SLUICE_OK, sink_.write({"3"}));
  EXPECT_EQ("1\n2\n3\n", content());
}

TEST_F(FileSinkTest, TornLineLongerThanABlockAndTornOnlyLine) {
  put("1\n" + std::string(200'000, 'x'));
  ASSERT_EQ(SLUICE_OK, start());
  EXPECT_EQ("1\n", content());
  sink_.destroy();
  put(std::string(70'000, 'x'));
  ASSERT_EQ(SLUICE_OK, start());
  EXPECT_EQ("", content());
}

TEST_F(FileSinkTest, RotatesBySizeAndNeverTearsALine) {
  ASSERT_EQ(SLUICE_OK, start(R"("rotate":{"bytes":20})"));
  Records batch;
  std::string all;
  for (int i = 100; i < 150; ++i) {
    batch.add(std::to_string(i) + "-56789");
    all += std::to_string(i) + "-56789\n";
  }
  ASSERT_EQ(SLUICE_OK, sink_.write(batch));
  EXPECT_EQ(50, std::ranges::count(sink_.words(), 'o'));
  const auto files = finished();
  ASSERT_EQ(24U, files.size());  // two lines a file, the last two still under way
  std::string joined;
  for (const std::string& file : files) {
    const std::string text = read(file);
    EXPECT_EQ(20U, text.size()) << file;
    EXPECT_EQ('\n', text.back()) << file;
    joined += text;
  }
  EXPECT_EQ(20U, content().size());
  EXPECT_EQ(24.0, sink_.host().metrics[0]);
  // The clock may have passed a second in between, which only changes the names' order by number.
  EXPECT_EQ(all.size(), joined.size() + content().size());
}

TEST_F(FileSinkTest, LineLargerThanTheLimitGetsAFileOfItsOwn) {
  ASSERT_EQ(SLUICE_OK, start(R"("rotate":{"bytes":"10B"})"));
  const std::string large(50, 'x');
  ASSERT_EQ(SLUICE_OK, sink_.write(Records{"1"}.add(large).add("2")));
  EXPECT_EQ("ok ok ok", sink_.words());
  const auto files = finished();
  ASSERT_EQ(2U, files.size());
  EXPECT_EQ("1\n", read(files[0]));
  EXPECT_EQ(large + "\n", read(files[1]));
  EXPECT_EQ("2\n", content());
}

TEST_F(FileSinkTest, BatchLargerThanTheBufferIsWrittenWhole) {
  ASSERT_EQ(SLUICE_OK, start(R"("fsync":false)"));
  Records batch;
  for (int i = 0; i < 20; ++i) batch.add(std::string(1 << 20, static_cast<char>('a' + i)));
  ASSERT_EQ(SLUICE_OK, sink_.write(batch));
  EXPECT_EQ(20U * ((1U << 20U) + 1), fs::file_size(path_));
}

TEST_F(FileSinkTest, FullDiskLeavesTheFileAsItWas) {
  ASSERT_EQ(SLUICE_OK, start());
  ASSERT_EQ(SLUICE_OK, sink_.write({"before"}));
  {
    const SizeLimit limit(100);
    EXPECT_EQ(SLUICE_E_RETRY,
              sink_.write(Records{"1", "\n"}.add(std::string(80, 'x')).add(std::string(80, 'y'))));
    EXPECT_EQ("unset not_a_line unset unset", sink_.words());
    EXPECT_THAT(sink_.error(), HasSubstr("set `rotate`"));
    EXPECT_EQ("before\n", content());
  }
  ASSERT_EQ(SLUICE_OK, sink_.write({"after"}));
  EXPECT_EQ("before\nafter\n", content());
}

TEST_F(FileSinkTest, FullDiskAfterARotationKeepsWhatIsDurable) {
  ASSERT_EQ(SLUICE_OK, start(R"("rotate":{"bytes":20})"));
  const SizeLimit limit(15);
  EXPECT_EQ(SLUICE_E_RETRY, sink_.write({"123456789", "this is a longer line"}));
  EXPECT_EQ("ok unset", sink_.words());
  ASSERT_EQ(1U, finished().size());
  EXPECT_EQ("123456789\n", read(finished()[0]));
  EXPECT_EQ("", content());
}

TEST_F(FileSinkTest, MovedAwayFileIsFollowedByANewOne) {
  ASSERT_EQ(SLUICE_OK, start());
  ASSERT_EQ(SLUICE_OK, sink_.write({"1"}));
  fs::rename(path_, path_ + ".old");
  ASSERT_EQ(SLUICE_OK, sink_.write({"2"}));
  EXPECT_EQ("1\n", read(path_ + ".old"));
  EXPECT_EQ("2\n", content());
  EXPECT_THAT(sink_.host().logs, ElementsAre(HasSubstr("was moved or removed")));
}

TEST_F(FileSinkTest, TruncatedFileGoesOnAtItsEnd) {
  ASSERT_EQ(SLUICE_OK, start());
  ASSERT_EQ(SLUICE_OK, sink_.write({"1", "2"}));
  fs::resize_file(path_, 3);
  ASSERT_EQ(SLUICE_OK, sink_.write({"3"}));
  EXPECT_EQ("1\n3\n", content());
}

TEST_F(FileSinkTest, SecondWriterIsToldToUseItsOwnPath) {
  ASSERT_EQ(SLUICE_OK, start());
  SinkDriver second(file_sink::kFileSink);
  EXPECT_EQ(SLUICE_E_RETRY, second.start("{\"path\":\"" + path_ + "\"}"));
  EXPECT_THAT(second.error(), HasSubstr("give each its own path"));
  ASSERT_EQ(SLUICE_OK, sink_.close());
  EXPECT_EQ(SLUICE_OK, second.open());
}

TEST_F(FileSinkTest, PathsThatCannotBeWrittenAreConfigErrors) {
  path_ = folder_ + "/none/out.jsonl";
  EXPECT_EQ(SLUICE_E_CONFIG, start());
  EXPECT_THAT(sink_.error(), HasSubstr("create the folder first"));
  path_ = folder_;
  EXPECT_EQ(SLUICE_E_CONFIG, start());
  EXPECT_THAT(sink_.error(), HasSubstr("is not a plain file"));
  path_ = "/dev/null";
  EXPECT_EQ(SLUICE_E_CONFIG, start());
  path_ = folder_ + "/out.jsonl";
  put("");
  ASSERT_EQ(0, ::chmod(path_.c_str(), 0444));
  // Root may write everywhere, so the check runs with the rights of nobody.
  const bool root = ::geteuid() == 0;
  if (root) ::setfsuid(65534);
  EXPECT_EQ(SLUICE_E_CONFIG, start());
  if (root) ::setfsuid(0);
  EXPECT_THAT(sink_.error(), HasSubstr("write access"));
}

TEST_F(FileSinkTest, BadOptionsNameThemselves) {
  EXPECT_EQ(SLUICE_E_CONFIG, sink_.create("{}"));
  EXPECT_THAT(sink_.error(), HasSubstr("/path"));
  EXPECT_EQ(SLUICE_E_CONFIG, sink_.create(R"({"path":"x","rotate":{"bytes":"64 elephants"}})"));
  EXPECT_THAT(sink_.error(), HasSubstr("/rotate/bytes"));
  EXPECT_EQ(SLUICE_E_CONFIG, sink_.create(R"({"path":"x","rotate":{"interval":"soon"}})"));
  EXPECT_THAT(sink_.error(), HasSubstr("/rotate/interval"));
}

TEST_F(FileSinkTest, ProbeSeesAMissingFolder) {
  ASSERT_EQ(SLUICE_OK, start());
  EXPECT_EQ(SLUICE_OK, sink_.probe());
  fs::rename(folder_, folder_ + "-gone");
  EXPECT_EQ(SLUICE_E_CONFIG, sink_.probe());
  fs::rename(folder_ + "-gone", folder_);
  EXPECT_EQ(SLUICE_OK, sink_.probe());
  ASSERT_EQ(SLUICE_OK, sink_.write({"1"}));
  EXPECT_EQ("1\n", content());
}

// Ages and names, with a clock of the test's own.
class LineFileTest : public FileSinkTest {
 protected:
  file_sink::LineFile::WallClock::time_point now_{std::chrono::seconds(1'700'000'000)};
  file_sink::LineFile make(file_sink::Options options) {
    options.path = path_;
    return {options, [this] { return now_; }, [](const std::string&) {}};
  }
};

TEST_F(LineFileTest, RotatesByAgeWithUtcInTheName) {
  file_sink::Options options;
  options.rotate_after = std::chrono::hours(1);
  file_sink::LineFile file = make(options);
  file.open();
  EXPECT_FALSE(file.due(0, 10));
  file.append("1\n");
  now_ += std::chrono::minutes(59);
  EXPECT_FALSE(file.due(0, 10));
  now_ += std::chrono::minutes(1);
  EXPECT_TRUE(file.due(0, 10));
  file.rotate();
  EXPECT_FALSE(file.due(0, 10));
  EXPECT_THAT(finished(), ElementsAre(path_ + ".20231114T231320Z.1"));
}

TEST_F(LineFileTest, FinishedFilesOfOneSecondAreNumberedAndNeverOverwritten) {
  file_sink::LineFile file = make({});
  file.open();
  for (const char* line : {"1\n", "2\n", "3\n"}) {
    file.append(line);
    file.rotate();
  }
  const auto files = finished();
  ASSERT_EQ(3U, files.size());
  EXPECT_EQ("1\n", read(files[0]));
  EXPECT_EQ("3\n", read(files[2]));
  EXPECT_EQ(path_ + ".20231114T221320Z.3", files[2]);
  EXPECT_EQ(3U, file.rotations());
}

TEST_F(LineFileTest, EmptyFileIsNeverDue) {
  file_sink::Options options;
  options.rotate_after = std::chrono::milliseconds(1);
  options.rotate_bytes = 1;
  file_sink::LineFile file = make(options);
  file.open();
  now_ += std::chrono::hours(1);
  EXPECT_FALSE(file.due(0, 100));
  EXPECT_TRUE(file.due(1, 100));
}

}  // namespace
}  // namespace sluice::test
