// SPDX-License-Identifier: Apache-2.0
//
// What records come out of files, and how they are handed over.
#include <sys/stat.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "tests/unit/plugins_common/compress.h"
#include "tests/unit/source_file/file_fixture.h"

namespace sluice::file {
namespace {

using fakes::gzip;
using fakes::zstd;

TEST_F(FileSourceTest, HandsOverLinesWithTheOffsetJustPastEach) {
  write("a.jsonl", "{\"a\":1}\n{\"a\":22}\n");
  const auto got = run(config({"a.jsonl"}));
  ASSERT_EQ(values(got), (Values{"{\"a\":1}", "{\"a\":22}"}));
  EXPECT_EQ(got[0].position, 8U);
  EXPECT_EQ(got[1].position, 17U);
  EXPECT_TRUE(got[0].lane.starts_with(path("a.jsonl") + "#")) << got[0].lane;
  EXPECT_EQ(got[0].lane, got[1].lane);
}

TEST_F(FileSourceTest, ReadsCrLfEmptyLinesByteOrderMarkAndNoFinalNewline) {
  write("a.jsonl", "\xEF\xBB\xBF{\"a\":1}\r\n\r\n\n{\"b\":2}\r\n{\"c\":3}");
  const auto got = run(config({"a.jsonl"}));
  ASSERT_EQ(values(got), (Values{"\xEF\xBB\xBF{\"a\":1}", "{\"b\":2}", "{\"c\":3}"}));
  EXPECT_EQ(got[0].position, 12U);
  EXPECT_EQ(got[1].position, 24U);
  EXPECT_EQ(got[2].position, 31U);
}

TEST_F(FileSourceTest, EmptyFileHasNoRecordsAndNoLane) {
  write("a.jsonl", "");
  FakeHost::State state;
  EXPECT_TRUE(run(config({"a.jsonl"}), &state).empty());
  write("b.jsonl", "\n\r\n\n");
  EXPECT_TRUE(run(config({"b.jsonl"}), &state).empty());
}

TEST_F(FileSourceTest, ReadsFilesInTheOrderOfTheirNamesEachOnce) {
  write("b.jsonl", "2\n");
  write("a.jsonl", "1\n");
  write("c.jsonl", "3\n");
  std::filesystem::create_hard_link(path("a.jsonl"), path("z.jsonl"));
  std::filesystem::create_directory(path("folder.jsonl"));
  EXPECT_EQ(values(run(config({"c*", "*.jsonl", "a.jsonl"}))), (Values{"1", "2", "3"}));
}

TEST_F(FileSourceTest, HandsOverTheBeginningOfAHugeLineAndGoesOn) {
  write("a.jsonl", "1\n" + std::string(3'000'000, 'x') + "\n2\n");
  const auto got = run(config({"a.jsonl"}, R"("max_record":"64KiB")"));
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[1].value, std::string(65537, 'x'));
  EXPECT_EQ(got[1].position, 3'000'003U);
  EXPECT_EQ(got[2].value, "2");
  EXPECT_EQ(got[2].position, 3'000'005U);
}

TEST_F(FileSourceTest, ReadsCompressedFilesOfSeveralMembersByTheirFirstBytes) {
  write("a.jsonl", gzip("{\"a\":1}\n{\"a\"") + gzip(":2}\n{\"a\":3}"));
  write("b.jsonl", zstd("4\n") + zstd("5\n"));
  write("c.gz", "6\n");  // plain, whatever its name says
  const auto got = run(config({"*"}));
  ASSERT_EQ(values(got), (Values{"{\"a\":1}", "{\"a\":2}", "{\"a\":3}", "4", "5", "6"}));
  EXPECT_EQ(got[0].position, 8U);
  EXPECT_EQ(got[1].position, 16U);
  EXPECT_EQ(got[2].position, 23U);
}

TEST_F(FileSourceTest, TellsWhereACompressedFileIsCutOffAfterAllElseIsRead) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "{\"n\":" + std::to_string(i * 7919 % 10007) + "}\n";
  const std::string packed = gzip(text);
  write("a.gz", packed.substr(0, packed.size() / 2));
  write("b.jsonl", "last\n");
  SourceRun source(sluice_plugin_v1, config({"*"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  sluice_rc last = SLUICE_OK;
  const auto got = source.drain(&last);
  EXPECT_EQ(last, SLUICE_E_CONFIG);
  ASSERT_GT(got.size(), 1000U);
  for (std::size_t i = 0; i + 1 < got.size(); ++i) {
    EXPECT_EQ(got[i].value, "{\"n\":" + std::to_string(i * 7919 % 10007) + "}");
  }
  EXPECT_EQ(got.back().value, "last");
  EXPECT_NE(source.error().find("a.gz: the compressed stream is cut off at byte " +
                                std::to_string(packed.size() / 2)),
            std::string::npos)
      << source.error();
  source.drain(&last);
  EXPECT_EQ(last, SLUICE_E_CONFIG);  // it stays an error

  // Restored, it goes on from the last whole record.
  source.settle(got);
  FakeHost::State state = source.state();
  write("a.gz", packed);
  const auto rest = run(config({"*"}), &state);
  EXPECT_EQ(got.size() - 1 + rest.size(), 20000U);
}

TEST_F(FileSourceTest, TellsOfDamageInACompressedFile) {
  std::string packed = gzip(std::string(100000, 'a') + "\nnext\n");
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 0x7f);
  write("a.gz", packed);
  SourceRun source(sluice_plugin_v1, config({"a.gz"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  sluice_rc last = SLUICE_OK;
  source.drain(&last);
  EXPECT_EQ(last, SLUICE_E_CONFIG);
  EXPECT_NE(source.error().find("a.gz: gzip: "), std::string::npos) << source.error();
}

TEST_F(FileSourceTest, ABombIsReadInBoundedStepsAndRefused) {
  write("bomb.zst", zstd(std::string(std::size_t{100} << 20, '\n')));
  SourceRun source(sluice_plugin_v1, config({"*"}, R"("max_expansion":10)"));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  EXPECT_EQ(source.poll(&got, 1000, 8U << 20, 0), SLUICE_IDLE);  // no longer than asked
  sluice_rc rc = SLUICE_IDLE;
  while (rc == SLUICE_IDLE) rc = source.poll(&got);
  EXPECT_EQ(rc, SLUICE_E_CONFIG);
  EXPECT_NE(source.error().find("max_expansion"), std::string::npos) << source.error();
  EXPECT_TRUE(got.empty());
}

TEST_F(FileSourceTest, RespectsTheLimitsOfAPoll) {
  write("a.jsonl", "aaaaaaaaaa\nb\nc\ndddd\n");
  SourceRun source(sluice_plugin_v1, config({"a.jsonl"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  EXPECT_EQ(source.poll(&got, 10, 4), SLUICE_OK);
  EXPECT_EQ(values(got), (Values{"aaaaaaaaaa"}));  // the first may exceed
  got.clear();
  EXPECT_EQ(source.poll(&got, 10, 4), SLUICE_OK);
  EXPECT_EQ(values(got), (Values{"b", "c"}));
  got.clear();
  EXPECT_EQ(source.poll(&got, 1, 100), SLUICE_OK);
  EXPECT_EQ(values(got), (Values{"dddd"}));
  EXPECT_EQ(source.poll(&got), SLUICE_END);
  EXPECT_EQ(source.poll(&got), SLUICE_END);
  EXPECT_EQ(source.close(), SLUICE_OK);
  EXPECT_EQ(source.close(), SLUICE_OK);
}

TEST_F(FileSourceTest, PositionsRiseStrictlyWithinEachLane) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::string(static_cast<std::size_t>(i % 97), 'x') + "\n";
  write("a.jsonl", text);
  write("b.gz", gzip(text));
  std::map<std::string, std::uint64_t> last;
  for (const Got& one : run(config({"*"}))) {
    EXPECT_GT(one.position, last[one.lane]);
    last[one.lane] = one.position;
  }
  EXPECT_EQ(last.size(), 2U);
}

TEST_F(FileSourceTest, BatchesStayValidAfterLaterPollsAndAreReleasedOnAnyThread) {
  std::string text;
  for (int i = 0; i < 40000; ++i)
    text += "{\"number\":" + std::to_string(i) + ",\"text\":\"0123456789\"}\n";
  write("a.jsonl", text);
  SourceRun source(sluice_plugin_v1, config({"a.jsonl"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<sluice_batch> batches(1);
  while (source.poll_raw(&batches.back(), 500) == SLUICE_OK) batches.emplace_back();
  batches.pop_back();
  ASSERT_GE(batches.size(), 80U);
  int number = 0;
  for (const sluice_batch& batch : batches) {
    for (const Got& one : source.copy(batch)) {
      ASSERT_TRUE(one.value.starts_with("{\"number\":" + std::to_string(number++) + ","));
    }
  }
  EXPECT_EQ(number, 40000);
  std::jthread other([&] {
    for (std::size_t i = batches.size(); i-- > 0;) {
      sluice_batch moved = batches[i];  // the host may keep the struct elsewhere
      moved.release(&moved);
    }
  });
}

TEST_F(FileSourceTest, StopEndsAPollThatWaits) {
  write("a.jsonl", "1\n");
  SourceRun source(sluice_plugin_v1,
                   config({"a.jsonl"}, R"("follow":true,"interval":"1h","rescan":"1h")"));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  ASSERT_EQ(source.poll(&got), SLUICE_OK);
  std::jthread other([&] { source.stop(); });
  EXPECT_EQ(source.poll(&got, 10, 1000, 60000), SLUICE_CANCELLED);
  EXPECT_EQ(source.poll(&got, 10, 1000, 60000), SLUICE_CANCELLED);
}

TEST_F(FileSourceTest, TheHostsStopEndsAPollThatWaits) {
  SourceRun source(sluice_plugin_v1,
                   config({"*.jsonl"}, R"("follow":true,"interval":"1h","rescan":"1h")"));
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  std::jthread other([&] { source.host().stop(); });
  EXPECT_EQ(source.poll(&got, 10, 1000, 60000), SLUICE_CANCELLED);
}

TEST_F(FileSourceTest, StopBeforeOpenIsRemembered) {
  write("a.jsonl", "1\n");
  SourceRun source(sluice_plugin_v1, config({"a.jsonl"}));
  source.stop();
  EXPECT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  EXPECT_EQ(source.poll(&got), SLUICE_CANCELLED);
}

TEST_F(FileSourceTest, LagTellsHowFarEachFileIsSettled) {
  write("a.jsonl", "1\n22\n");
  SourceRun source(sluice_plugin_v1, config({"a.jsonl"}));
  ASSERT_EQ(source.open(), SLUICE_OK);
  sluice_batch batch{};
  ASSERT_EQ(source.poll_raw(&batch), SLUICE_OK);
  source.keep(batch);
  const auto* table = static_cast<const sluice_source_lag*>(
      source.ops().extension(source.source(), SLUICE_EXT_SOURCE_LAG));
  ASSERT_NE(table, nullptr);
  const sluice_mark marks[] = {{batch.records[0].lane, 0, 2}, {77, 0, 5}};
  EXPECT_EQ(source.ops().ack(source.source(), marks, 2, nullptr), SLUICE_OK);
  const sluice_mark back[] = {{batch.records[0].lane, 0, 1}};
  EXPECT_EQ(source.ops().ack(source.source(), back, 1, nullptr), SLUICE_OK);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> lags;
  EXPECT_EQ(table->lag(
                source.source(),
                [](void* ctx, const sluice_lane_lag* lag) {
                  static_cast<decltype(lags)*>(ctx)->emplace_back(lag->committed, lag->end);
                },
                &lags),
            SLUICE_OK);
  EXPECT_EQ(lags, (decltype(lags){{2, 5}}));
  EXPECT_EQ(source.ops().extension(source.source(), "sluice.unknown/1"), nullptr);
}

}  // namespace
}  // namespace sluice::file
