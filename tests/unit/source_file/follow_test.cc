// SPDX-License-Identifier: Apache-2.0
//
// follow: true. Files that grow, are rotated, truncated, replaced and deleted.
#include <chrono>

#include "tests/unit/plugins_common/compress.h"
#include "tests/unit/source_file/file_fixture.h"

namespace sluice::file {
namespace {

using std::chrono::milliseconds;

class FollowTest : public FileSourceTest {
 protected:
  // One line in, one record out.
  Got next(SourceRun& source) {
    const auto got = source.wait_for(1);
    EXPECT_EQ(got.size(), 1U);
    return got.empty() ? Got{} : got[0];
  }
};

TEST_F(FollowTest, ReadsOnAsAFileGrows) {
  write("a.log", "1\n");
  SourceRun source(sluice_plugin_v1, follow({"a.log"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  EXPECT_EQ(next(source).value, "1");
  append("a.log", "2\n");
  EXPECT_EQ(next(source).value, "2");
  append("a.log", "3\n4\n");
  EXPECT_EQ(values(source.wait_for(2)), (Values{"3", "4"}));
}

TEST_F(FollowTest, AnUnfinishedLineWaitsForItsNewline) {
  write("a.log", "1\n{\"par");
  SourceRun source(sluice_plugin_v1, follow({"a.log"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  EXPECT_EQ(next(source).value, "1");
  append("a.log", "tial\":");
  EXPECT_TRUE(source.wait(milliseconds(30)).empty());
  append("a.log", "1}\n");
  const Got got = next(source);
  EXPECT_EQ(got.value, "{\"partial\":1}");
  EXPECT_EQ(got.position, 16U);
}

TEST_F(FollowTest, WaitsForAFileThatIsNotThereYet) {
  SourceRun source(sluice_plugin_v1, follow({"a.log", "b*.log"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  EXPECT_EQ(source.poll(&got, 10, 1000, 5), SLUICE_IDLE);
  write("a.log", "1\n");
  EXPECT_EQ(next(source).value, "1");
  write("b7.log", "2\n");
  EXPECT_EQ(next(source).value, "2");
}

TEST_F(FollowTest, RotationByRenameReadsTheOldFileToItsEnd) {
  write("app.log", "1\n");
  SourceRun source(sluice_plugin_v1, follow({"app.log"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  const Got first = next(source);
  append("app.log", "2\n");
  rename("app.log", "app.log.1");
  write("app.log", "new 1\n");
  append("app.log.1", "3 written after the rename\nlast without newline");
  std::vector<Got> got = source.wait_for(4);
  ASSERT_EQ(got.size(), 4U);
  Values old_lane;
  Values new_lane;
  for (const Got& one : got) (one.lane == first.lane ? old_lane : new_lane).push_back(one.value);
  EXPECT_EQ(old_lane, (Values{"2", "3 written after the rename", "last without newline"}));
  EXPECT_EQ(new_lane, (Values{"new 1"}));
  source.wait(milliseconds(20));
  EXPECT_EQ(source.host().done(), (Values{first.lane}));
}

TEST_F(FollowTest, ARenamedFileThatIsStillMatchedKeepsItsLane) {
  write("app.log", "1\n");
  SourceRun source(sluice_plugin_v1, follow({"app.log*"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  const Got first = next(source);
  rename("app.log", "app.log.1");
  write("app.log", "new 1\n");
  const Got fresh = next(source);
  EXPECT_NE(fresh.lane, first.lane);
  append("app.log.1", "2\n");
  const Got second = next(source);
  EXPECT_EQ(second.value, "2");
  EXPECT_EQ(second.lane, first.lane);
  EXPECT_TRUE(source.wait(milliseconds(60)).empty());
  EXPECT_TRUE(source.host().done().empty());
}

TEST_F(FollowTest, AFileRotatedWhileNobodyLookedIsReadToItsEnd) {
  write("app.log", "1\n2\n");
  FakeHost::State state;
  std::string lane;
  {
    SourceRun source(sluice_plugin_v1, follow({"app.log"}));
    ASSERT_EQ(source.open(), SLUICE_OK);
    const auto got = source.wait_for(2);
    ASSERT_EQ(got.size(), 2U);
    lane = got[0].lane;
    source.settle({got.data(), 1});  // only the first
    state = source.state();
  }
  append("app.log", "3\n");
  rename("app.log", "app.log.1");
  write("app.log", "new\n");
  SourceRun source(sluice_plugin_v1, follow({"app.log"}), state);
  ASSERT_EQ(source.open(), SLUICE_OK);
  const auto got = source.wait_for(3);
  ASSERT_EQ(values(got), (Values{"2", "3", "new"}));
  EXPECT_EQ(got[0].lane, lane);
  EXPECT_EQ(got[1].lane, lane);
  EXPECT_NE(got[2].lane, lane);
}

TEST_F(FollowTest, TruncationBeginsANewLane) {
  write("a.log", "old 1\nold 2\n");
  SourceRun source(sluice_plugin_v1, follow({"a.log"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  const auto old = source.wait_for(2);
  ASSERT_EQ(old.size(), 2U);
  write("a.log", "n\n");  // the same inode
  const Got fresh = next(source);
  EXPECT_EQ(fresh.value, "n");
  EXPECT_NE(fresh.lane, old[0].lane);
  source.wait(milliseconds(10));
  EXPECT_EQ(source.host().done(), (Values{old[0].lane}));
}

TEST_F(FollowTest, CopyTruncateIsSeenThoughTheFileGrewPastTheOldPlace) {
  write("a.log", "old 1\nold 2\n");
  SourceRun source(sluice_plugin_v1, follow({"a.log"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  const auto old = source.wait_for(2);
  ASSERT_EQ(old.size(), 2U);
  source.poll_raw(std::vector<sluice_batch>(1).data());  // it has seen the end
  write("a.log", "new 1\nnew 2\nnew 3 and longer\n");
  const auto fresh = source.wait_for(3);
  ASSERT_EQ(values(fresh), (Values{"new 1", "new 2", "new 3 and longer"}));
  EXPECT_NE(fresh[0].lane, old[0].lane);
}

TEST_F(FollowTest, AFileReplacedUnderTheSameNameIsANewLane) {
  write("a.log", "old\n");
  SourceRun source(sluice_plugin_v1, follow({"a.log"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  const Got old = next(source);
  write("a.tmp", "new\n");
  rename("a.tmp", "a.log");
  const Got fresh = next(source);
  EXPECT_EQ(fresh.value, "new");
  EXPECT_NE(fresh.lane, old.lane);
}

TEST_F(FollowTest, ADeletedFileIsReadToItsEndAndForgotten) {
  write("a.log", "1\nunfinished");
  SourceRun source(sluice_plugin_v1, follow({"*.log"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  const Got first = next(source);
  remove("a.log");
  const Got last = next(source);
  EXPECT_EQ(last.value, "unfinished");
  EXPECT_EQ(last.lane, first.lane);
  source.wait(milliseconds(10));
  EXPECT_EQ(source.host().done(), (Values{first.lane}));
}

TEST_F(FollowTest, ResumesBehindItsMarksInAllFiles) {
  write("a.log", "1\n2\n");
  write("b.log", "3\n4\n");
  FakeHost::State state;
  {
    SourceRun source(sluice_plugin_v1, follow({"*.log"}));
    ASSERT_EQ(source.open(), SLUICE_OK);
    const auto got = source.wait_for(4);
    ASSERT_EQ(got.size(), 4U);
    source.settle({got.data(), 3});
    state = source.state();
  }
  SourceRun source(sluice_plugin_v1, follow({"*.log"}), state);
  ASSERT_EQ(source.open(), SLUICE_OK);
  EXPECT_EQ(next(source).value, "4");
}

TEST_F(FollowTest, ReadsACompressedFileAsMembersAreAppended) {
  write("a.gz", "");
  SourceRun source(sluice_plugin_v1, follow({"a.gz"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> none;
  EXPECT_EQ(source.poll(&none, 10, 1000, 5), SLUICE_IDLE);
  const std::string first = fakes::gzip("1\n");
  append("a.gz", first.substr(0, 1));
  EXPECT_TRUE(source.wait(milliseconds(15)).empty());
  append("a.gz", first.substr(1));
  EXPECT_EQ(next(source).value, "1");
  append("a.gz", fakes::gzip("2\n"));
  EXPECT_EQ(next(source).value, "2");
}

TEST_F(FollowTest, OneBusyFileDoesNotStarveTheOthers) {
  std::string busy;
  for (int i = 0; i < 5000; ++i) busy += "busy\n";
  write("a.log", busy);
  write("b.log", "quiet\n");
  SourceRun source(sluice_plugin_v1, follow({"*.log"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(source.poll(&got, 100), SLUICE_OK);
  const Values all = values(got);
  EXPECT_NE(std::find(all.begin(), all.end(), "quiet"), all.end());
}

}  // namespace
}  // namespace sluice::file
