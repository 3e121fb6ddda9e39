// SPDX-License-Identifier: Apache-2.0
//
// A second run: what is recognised, what is read again.
#include "tests/unit/plugins_common/compress.h"
#include "tests/unit/source_file/file_fixture.h"

namespace sluice::file {
namespace {

TEST_F(FileSourceTest, ResumesAtEveryRecordBoundary) {
  const std::string text = "{\"a\":1}\r\n\n{\"a\":2}\n{\"a\":3}\n\n\r\n{\"a\":4}";
  write("plain", text);
  write("gzip", fakes::gzip(text.substr(0, 13)) + fakes::gzip(text.substr(13)));
  write("zstd", fakes::zstd(text.substr(0, 20)) + fakes::zstd(text.substr(20)));
  for (const char* name : {"plain", "gzip", "zstd"}) {
    const auto all = run(config({name}));
    ASSERT_EQ(all.size(), 4U) << name;
    for (std::size_t settled = 0; settled <= all.size(); ++settled) {
      FakeHost::State state;
      if (settled > 0) state.marks[all[settled - 1].lane] = all[settled - 1].position;
      const auto rest = run(config({name}), &state);
      EXPECT_EQ(rest,
                std::vector<Got>(all.begin() + static_cast<std::ptrdiff_t>(settled), all.end()))
          << name << " after " << settled;
    }
  }
}

TEST_F(FileSourceTest, ASecondRunFindsNothingNew) {
  write("a.jsonl", "1\n2\n3");
  write("b.gz", fakes::gzip("4\n5\n"));
  FakeHost::State state;
  EXPECT_EQ(run(config({"*"}), &state).size(), 5U);
  EXPECT_TRUE(run(config({"*"}), &state).empty());
  state.cursor.clear();  // even without what the source had remembered
  EXPECT_TRUE(run(config({"*"}), &state).empty());
}

TEST_F(FileSourceTest, WithoutMarksEverythingComesAgainUnderTheSameNames) {
  write("a.jsonl", "1\n2\n");
  FakeHost::State state;
  const auto first = run(config({"*"}), &state);
  state.marks.clear();
  EXPECT_EQ(run(config({"*"}), &state), first);
}

TEST_F(FileSourceTest, AFileThatGrewBetweenRunsGoesOnFromItsMark) {
  write("a.jsonl", "1\n");
  write("b.gz", fakes::gzip("b1\n"));
  FakeHost::State state;
  const auto first = run(config({"*"}), &state);
  for (int round = 2; round < 5; ++round) {
    append("a.jsonl", std::to_string(round) + std::string(600, '.') + "\n");
    append("b.gz", fakes::gzip("b" + std::to_string(round) + "\n"));
    const auto got = run(config({"*"}), &state);
    ASSERT_EQ(got.size(), 2U) << round;
    EXPECT_TRUE(got[0].value.starts_with(std::to_string(round)));
    EXPECT_EQ(got[0].lane, first[0].lane);
    EXPECT_EQ(got[1].value, "b" + std::to_string(round));
    EXPECT_EQ(got[1].lane, first[1].lane);
  }
}

TEST_F(FileSourceTest, AFileReplacedBetweenRunsIsANewLane) {
  write("a.jsonl", "old 1\nold 2\n");
  FakeHost::State state;
  const auto first = run(config({"*"}), &state);
  remove("a.jsonl");
  write("a.jsonl", "new 1\nnew 2\nnew 3\n");
  const auto second = run(config({"*"}), &state);
  EXPECT_EQ(values(second), (Values{"new 1", "new 2", "new 3"}));
  EXPECT_NE(second[0].lane, first[0].lane);
  EXPECT_EQ(state.marks.size(), 1U);  // the old lane was closed
  EXPECT_EQ(run(config({"*"}), &state).size(), 0U);
}

TEST_F(FileSourceTest, AReplacementThatBeginsAlikeButDiffersBehindIsANewLane) {
  const std::string head = std::string(2000, 'h') + "\n";
  write("a.jsonl", head + "old\n");
  FakeHost::State state;
  const auto first = run(config({"*"}), &state);
  remove("a.jsonl");
  write("a.jsonl", head + "new\nmore\n");
  const auto second = run(config({"*"}), &state);
  ASSERT_EQ(second.size(), 3U);
  EXPECT_NE(second[0].lane, first[0].lane);
}

TEST_F(FileSourceTest, AFileShorterThanItsMarkIsANewLaneThoughItBeginsAlike) {
  write("a.jsonl", "1\n2\n3\n");
  FakeHost::State state;
  const auto first = run(config({"*"}), &state);
  write("a.jsonl", "1\n2\n");
  const auto second = run(config({"*"}), &state);
  ASSERT_EQ(values(second), (Values{"1", "2"}));
  EXPECT_NE(second[0].lane, first[0].lane);
}

TEST_F(FileSourceTest, ALaneNameNeverComesToMeanOtherBytes) {
  FakeHost::State state;
  std::map<std::string, int> seen;
  for (int round = 0; round < 5; ++round) {
    write("a.jsonl", "same\nround " + std::to_string(round) + "\n");
    const auto got = run(config({"*"}), &state);
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(seen[got[0].lane]++, 0) << got[0].lane;
    remove("a.jsonl");
    write("other", "x\n");
    run(config({"*"}), &state);  // sees that it is gone
  }
}

TEST_F(FileSourceTest, AFileRenamedBetweenRunsKeepsItsLane) {
  write("app.log", "1\n2\n");
  FakeHost::State state;
  const auto first = run(config({"app.log*"}), &state);
  rename("app.log", "app.log.1");
  append("app.log.1", "3\n");
  write("app.log", "4\n");
  const auto second = run(config({"app.log*"}), &state);
  ASSERT_EQ(values(second), (Values{"4", "3"}));
  EXPECT_EQ(second[1].lane, first[0].lane);
  EXPECT_NE(second[0].lane, first[0].lane);
}

TEST_F(FileSourceTest, ACopyPutInItsPlaceIsTheSameFile) {
  write("a.jsonl", "1\n2\n");
  FakeHost::State state;
  run(config({"*"}), &state);
  std::filesystem::copy_file(path("a.jsonl"), path("copy.tmp"));
  rename("copy.tmp", "a.jsonl");
  append("a.jsonl", "3\n");
  EXPECT_EQ(values(run(config({"*"}), &state)), (Values{"3"}));
}

TEST_F(FileSourceTest, LanesOfDeletedFilesAreForgotten) {
  for (int i = 0; i < 20; ++i) write("f" + std::to_string(i), std::to_string(i) + "\n");
  FakeHost::State state;
  run(config({"f*"}), &state);
  EXPECT_EQ(state.marks.size(), 20U);
  for (int i = 0; i < 19; ++i) remove("f" + std::to_string(i));
  run(config({"f*"}), &state);
  EXPECT_EQ(state.marks.size(), 1U);
  EXPECT_LT(state.cursor.size(), 300U);
}

TEST_F(FileSourceTest, AnEmptyFolderForgetsNothing) {
  write("a.jsonl", "1\n");
  FakeHost::State state;
  run(config({"*"}), &state);
  std::filesystem::create_directory(path("away"));
  rename("a.jsonl", "away/a.jsonl");  // as when a disk is not mounted
  EXPECT_TRUE(run(config({"*.jsonl"}), &state).empty());
  rename("away/a.jsonl", "a.jsonl");
  EXPECT_TRUE(run(config({"*.jsonl"}), &state).empty());
}

TEST_F(FileSourceTest, ADamagedCursorIsSaidAndSurvived) {
  write("a.jsonl", "1\n2\n");
  FakeHost::State state;
  run(config({"*"}), &state);
  for (const std::string blob :
       {"rubbish", "sluice-file-cursor 1 x\n", "sluice-file-cursor 1 0\nlive\t1\t2\n"}) {
    state.cursor = blob;
    SourceRun source(sluice_plugin_v1, config({"*"}), state);
    ASSERT_EQ(source.open(), SLUICE_OK);
    EXPECT_TRUE(source.drain().empty()) << blob;
    EXPECT_TRUE(source.host().logged(SLUICE_LOG_WARN, "identities cannot be read"));
  }
}

TEST_F(FileSourceTest, NamesOfAnyBytesGiveLaneNamesInUtf8) {
  write("caf\xc3\xa9.jsonl", "1\n");
  write("bad\xff\n%.jsonl", "2\n");
  FakeHost::State state;
  const auto got = run(config({"*.jsonl"}), &state);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_NE(got[0].lane.find("/bad%FF%0A%25.jsonl#"), std::string::npos) << got[0].lane;
  EXPECT_NE(got[1].lane.find("/caf\xc3\xa9.jsonl#"), std::string::npos) << got[1].lane;
  EXPECT_TRUE(run(config({"*.jsonl"}), &state).empty());
}

TEST_F(FileSourceTest, AFileTruncatedWhileReadIsANewLane) {
  std::string text;
  for (int i = 0; i < 100000; ++i) text += "old record " + std::to_string(i) + "\n";
  write("a.jsonl", text);
  SourceRun source(sluice_plugin_v1, config({"a.jsonl"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  ASSERT_EQ(source.poll(&got, 10), SLUICE_OK);
  write("a.jsonl", "new 1\nnew 2\n");
  for (const Got& one : source.drain()) got.push_back(one);
  ASSERT_GE(got.size(), 12U);
  EXPECT_EQ(got[got.size() - 2].value, "new 1");
  EXPECT_EQ(got.back().value, "new 2");
  EXPECT_NE(got.back().lane, got.front().lane);
  EXPECT_EQ(got.back().position, 12U);
}

}  // namespace
}  // namespace sluice::file
