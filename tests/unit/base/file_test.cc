// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

namespace sluice {
namespace {

class File : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sluice-file-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(File, ComesBackAsItWasWritten) {
  const std::string content("a\0b\nlast", 8);
  ASSERT_TRUE(write_file_atomic(folder_ / "x", content).is_ok());
  EXPECT_EQ(*read_file(folder_ / "x", 8), content);
  ASSERT_TRUE(write_file_atomic(folder_ / "x", "shorter").is_ok());
  EXPECT_EQ(*read_file(folder_ / "x", 100), "shorter");
}

TEST_F(File, IsWrittenForItsOwnerOnlyAndLeavesNothingBeside) {
  ASSERT_TRUE(write_file_atomic(folder_ / "x", "secret").is_ok());
  struct stat info {};
  ASSERT_EQ(::stat((folder_ / "x").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(File, ReadErrorsNamePathAndCause) {
  const auto missing = read_file(folder_ / "none", 10);
  EXPECT_EQ(missing.status().code(), Code::kNotFound);
  EXPECT_EQ(missing.status().message(),
            (folder_ / "none").string() + ": No such file or directory");
  const auto folder = read_file(folder_, 10);
  EXPECT_NE(folder.status().message().find("not a regular file"), std::string::npos);
  ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(read_file(folder_ / "pipe", 10).is_ok());  // and does not wait for a writer
}

TEST_F(File, IsRefusedPastItsLimit) {
  ASSERT_TRUE(write_file_atomic(folder_ / "x", std::string(200'000, 'x')).is_ok());
  EXPECT_TRUE(read_file(folder_ / "x", 200'000).is_ok());
  const auto large = read_file(folder_ / "x", 199'999);
  ASSERT_FALSE(large.is_ok());
  EXPECT_NE(large.status().message().find("larger than"), std::string::npos);
}

TEST_F(File, WriteErrorsNamePathAndCause) {
  const Status status = write_file_atomic(folder_ / "no" / "x", "y");
  ASSERT_FALSE(status.is_ok());
  EXPECT_NE(status.message().find("No such file or directory"), std::string::npos);
  EXPECT_NE(status.message().find((folder_ / "no").string()), std::string::npos);
}

}  // namespace
}  // namespace sluice
