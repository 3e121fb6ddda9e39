// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/file_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace sluice {
namespace {

namespace fs = std::filesystem;

// The kernel queues its news before a change returns, so nothing here waits.
class FileWatchTest : public ::testing::Test {
 protected:
  FileWatchTest() : watch_(FileWatch::create().value()) {
    std::string name = (fs::temp_directory_path() / "sluice-watch-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = fs::canonical(name);
  }
  ~FileWatchTest() override {
    std::error_code ignored;  // a folder left behind in /tmp fails no test
    fs::remove_all(folder_, ignored);
  }

  void write(const fs::path& name, const std::string& text = "x") const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  void watch_file(const fs::path& name) {
    wanted_.files.push_back(folder_ / name);
    ASSERT_TRUE(watch_.watch({wanted_}));
  }
  void watch_folder(const fs::path& name, const std::string& suffix) {
    wanted_.folders.push_back({folder_ / name, suffix});
    ASSERT_TRUE(watch_.watch({wanted_}));
  }
  // Takes the news and follows the names anew, as the reloader does.
  bool news() {
    const bool any = watch_.read_news();
    EXPECT_TRUE(watch_.watch({wanted_}));
    return any;
  }
  bool being_written() const { return watch_.being_written(std::chrono::steady_clock::now()); }

  fs::path folder_;
  FileWatch watch_;
  BundleFiles wanted_;
};

TEST_F(FileWatchTest, NothingChangedIsNoNews) {
  write("a.lua");
  watch_file("a.lua");
  EXPECT_FALSE(news());
}

TEST_F(FileWatchTest, AFileWrittenInPlaceIsNews) {
  write("a.lua");
  watch_file("a.lua");
  write("a.lua", "y");
  EXPECT_TRUE(news());
  EXPECT_FALSE(news());
  EXPECT_FALSE(being_written());
}

TEST_F(FileWatchTest, AWriterInTheMiddleIsSeenUntilItCloses) {
  write("a.lua");
  watch_file("a.lua");
  {
    std::ofstream file(folder_ / "a.lua");
    file << "half" << std::flush;
    EXPECT_TRUE(news());
    EXPECT_TRUE(being_written());
    EXPECT_FALSE(watch_.being_written(std::chrono::steady_clock::now() + std::chrono::minutes(1)))
        << "one that stays in the middle is not waited for";
  }
  EXPECT_TRUE(news());
  EXPECT_FALSE(being_written());
}

TEST_F(FileWatchTest, ANewFileIsBeingWrittenFromItsFirstMoment) {
  write("s/1.schema.json");
  watch_folder("s", ".json");
  {
    std::ofstream file(folder_ / "s/2.schema.json");
    EXPECT_TRUE(news());
    EXPECT_TRUE(being_written());
    file << "half" << std::flush;
    EXPECT_TRUE(news());
    EXPECT_TRUE(being_written());
  }
  EXPECT_TRUE(news());
  EXPECT_FALSE(being_written());
}

TEST_F(FileWatchTest, AnEditorsRenameIsNewsAndTheNewFileIsWatched) {
  write("a.lua");
  watch_file("a.lua");
  for (int i = 0; i < 3; ++i) {
    write("a.lua.tmp", "y");
    EXPECT_FALSE(news()) << "the temporary file is nobody's business";
    fs::rename(folder_ / "a.lua.tmp", folder_ / "a.lua");
    EXPECT_TRUE(news());
    EXPECT_FALSE(being_written());
  }
}

TEST_F(FileWatchTest, AnEditorsBackupAndNewFileIsNews) {
  write("a.lua");
  watch_file("a.lua");
  fs::rename(folder_ / "a.lua", folder_ / "a.lua~");
  EXPECT_TRUE(news());
  write("a.lua", "y");
  EXPECT_TRUE(news());
  EXPECT_FALSE(being_written());
}

TEST_F(FileWatchTest, AConfigMapsSwapIsNews) {
  write("..1/a.lua");
  write("..2/a.lua", "y");
  write("..3/a.lua", "z");
  fs::create_directory_symlink("..1", folder_ / "..data");
  fs::create_symlink("..data/a.lua", folder_ / "a.lua");
  watch_file("a.lua");
  for (const char* next : {"..2", "..3"}) {
    fs::create_directory_symlink(next, folder_ / "..tmp");
    EXPECT_FALSE(news());
    fs::rename(folder_ / "..tmp", folder_ / "..data");
    EXPECT_TRUE(news());
    EXPECT_FALSE(being_written());
  }
}

TEST_F(FileWatchTest, AFolderReachedThroughALinkIsFollowedToItsNewPlace) {
  write("v1/orders/1.schema.json");
  write("v2/orders/1.schema.json", "y");
  fs::create_directory_symlink("v1", folder_ / "current");
  watch_folder("current/orders", ".json");
  write("v1/orders/2.schema.json");
  EXPECT_TRUE(news());
  fs::remove(folder_ / "current");
  EXPECT_TRUE(news());
  fs::create_directory_symlink("v2", folder_ / "current");
  EXPECT_TRUE(news());
  write("v2/orders/3.schema.json");
  EXPECT_TRUE(news());
  write("v1/orders/3.schema.json");
  EXPECT_FALSE(news()) << "the old place is left";
}

TEST_F(FileWatchTest, AFolderThatIsRemovedAndComesAgainIsNews) {
  write("s/1.schema.json");
  watch_folder("s", ".json");
  fs::remove_all(folder_ / "s");
  EXPECT_TRUE(news());
  fs::create_directory(folder_ / "s");
  EXPECT_TRUE(news());
  write("s/1.schema.json");
  EXPECT_TRUE(news());
}

TEST_F(FileWatchTest, AFolderThatIsReplacedIsNews) {
  write("s/1.schema.json");
  write("t/1.schema.json", "y");
  watch_folder("s", ".json");
  fs::rename(folder_ / "s", folder_ / "old");
  fs::rename(folder_ / "t", folder_ / "s");
  EXPECT_TRUE(news());
  write("s/2.schema.json");
  EXPECT_TRUE(news());
}

TEST_F(FileWatchTest, AMissingFileIsWatchedForComing) {
  watch_file("deep/down/a.lua");
  write("deep/other");
  EXPECT_TRUE(news()) << "the folder came";
  fs::create_directories(folder_ / "deep/down");
  EXPECT_TRUE(news());
  write("deep/down/a.lua");
  EXPECT_TRUE(news());
}

TEST_F(FileWatchTest, FilesThatDoNotMatterAreNoNews) {
  write("s/1.schema.json");
  write("out.jsonl");
  watch_folder("s", ".json");
  write("s/notes.txt");
  write("out.jsonl", "y");
  fs::remove(folder_ / "s/notes.txt");
  EXPECT_FALSE(news());
}

TEST_F(FileWatchTest, ALoopOfLinksEnds) {
  fs::create_symlink("b", folder_ / "a");
  fs::create_symlink("a", folder_ / "b");
  watch_file("a");
  EXPECT_FALSE(news());
}

}  // namespace
}  // namespace sluice
