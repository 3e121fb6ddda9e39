// SPDX-License-Identifier: Apache-2.0
#include "runtime/bench/record_bench.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace sluice {
namespace {

class RecordBenchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("sluice-bench-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    options_.rounds = 2;
    options_.file = write("in.jsonl", "{\"a\":1}\n\n{\"a\":2}\n{\"a\":\"x\"}\n{broken\n");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  Result<BenchReport> bench() {
    return bench_records(options_, [](uint32_t) {});
  }

  std::filesystem::path folder_;
  BenchOptions options_;
};

TEST_F(RecordBenchTest, MeasuresTheStagesThatThereAre) {
  const auto report = bench();
  ASSERT_TRUE(report) << report.status().message();
  EXPECT_EQ(report->records, 4U);
  EXPECT_EQ(report->rejected, 1U);
  ASSERT_EQ(report->stages.size(), 2U);
  EXPECT_EQ(report->stages[0].name, "parse");
  EXPECT_EQ(report->stages[1].name, "hash");
  EXPECT_GT(report->path_over_raw(), 0);
}

TEST_F(RecordBenchTest, CountsWhatSchemaAndScriptRefuse) {
  options_.schema = write("s.json", R"({"properties": {"a": {"type": "integer"}}})");
  options_.transform =
      write("t.lua", "function transform(r) if r.a == 2 then error('no') end return r end");
  const auto report = bench();
  ASSERT_TRUE(report) << report.status().message();
  EXPECT_EQ(report->rejected, 3U);
  EXPECT_EQ(report->stages.size(), 5U);
}

TEST_F(RecordBenchTest, SaysWhatIsWrongWithItsInput) {
  options_.file = folder_ / "nowhere";
  EXPECT_EQ(bench().status().code(), Code::kNotFound);
  options_.file = write("empty.jsonl", "\n\n");
  EXPECT_NE(bench().status().message().find("holds no records"), std::string::npos);
}

}  // namespace
}  // namespace sluice
