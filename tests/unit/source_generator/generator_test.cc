// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "plugins/sources/generator/generator_source.h"
#include "tests/unit/plugins_common/fake_source.h"

extern "C" const sluice_plugin_entry sluice_plugin_v1;

namespace sluice::generator {
namespace {

using fakes::FakeHost;
using fakes::Got;
using fakes::SourceRun;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Got> run(const std::string& config, FakeHost::State state = {}) {
  SourceRun source(sluice_plugin_v1, config, std::move(state));
  EXPECT_EQ(source.open(), SLUICE_OK) << source.error();
  sluice_rc last = SLUICE_OK;
  auto got = source.drain(&last, 64);
  EXPECT_EQ(last, SLUICE_END);
  return got;
}

TEST(GeneratorSource, MakesAsManyRecordsAsAskedAndEnds) {
  const auto got = run(R"({"count":1000,"seed":5})");
  ASSERT_EQ(got.size(), 1000U);
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].position, i + 1);
    EXPECT_EQ(got[i].lane, "generator/orders/5");
  }
}

TEST(GeneratorSource, GoesOnAfterAMarkWithTheSameRecords) {
  const std::string config = R"({"count":300,"seed":2,"bad_percent":20})";
  const auto all = run(config);
  for (const std::size_t settled : {1U, 17U, 299U, 300U}) {
    FakeHost::State state;
    state.marks[all[0].lane] = settled;
    EXPECT_EQ(run(config, state),
              std::vector<Got>(all.begin() + static_cast<std::ptrdiff_t>(settled), all.end()));
  }
}

TEST(GeneratorSource, WhateverShapesTheRecordsIsInTheLanesName) {
  EXPECT_NE(run(R"({"count":1,"seed":1})")[0].lane, run(R"({"count":1,"seed":2})")[0].lane);
  EXPECT_EQ(run(R"({"count":1,"bad_percent":2.5})")[0].lane, "generator/orders/1/bad-2.5");
}

TEST(GeneratorSource, IsEndlessByDefaultAndRespectsThePollsLimits) {
  SourceRun source(sluice_plugin_v1, "{}");
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  EXPECT_EQ(source.poll(&got, 7), SLUICE_OK);
  EXPECT_EQ(got.size(), 7U);
  got.clear();
  EXPECT_EQ(source.poll(&got, 100, 1), SLUICE_OK);
  EXPECT_EQ(got.size(), 1U);  // the first may exceed
  got.clear();
  EXPECT_EQ(source.poll(&got, 20000, 100000), SLUICE_OK);
  std::size_t bytes = 0;
  for (const Got& one : got) bytes += one.value.size();
  EXPECT_LE(bytes, 100000U);
  EXPECT_GT(bytes, 98000U);
  EXPECT_EQ(got.front().position, 9U);
}

TEST(GeneratorSource, BatchesOutliveLaterPollsAndAreReleasedOnAnyThread) {
  SourceRun source(sluice_plugin_v1, R"({"count":20000})");
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<sluice_batch> batches(1);
  while (source.poll_raw(&batches.back(), 5000) == SLUICE_OK) batches.emplace_back();
  batches.pop_back();
  const auto expected = run(R"({"count":20000})");
  std::size_t at = 0;
  for (const sluice_batch& batch : batches) {
    for (const Got& one : source.copy(batch)) ASSERT_EQ(one, expected[at++]);
  }
  EXPECT_EQ(at, 20000U);
  std::jthread other([&] {
    for (sluice_batch& batch : batches) batch.release(&batch);
  });
}

TEST(GeneratorSource, StopEndsAPollThatWaitsForItsRate) {
  SourceRun source(sluice_plugin_v1, R"({"rate":"1/h"})");
  ASSERT_EQ(source.open(), SLUICE_OK);
  std::vector<Got> got;
  ASSERT_EQ(source.poll(&got), SLUICE_OK);  // the first comes at once
  EXPECT_EQ(got.size(), 1U);
  EXPECT_EQ(source.poll(&got, 10, 10000, 1), SLUICE_IDLE);
  std::jthread other([&] { source.stop(); });
  EXPECT_EQ(source.poll(&got, 10, 10000, 60000), SLUICE_CANCELLED);
}

TEST(GeneratorSource, RefusesWhatCannotBeMeant) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"profile":"invoices"})", "/profile"},
      {R"({"count":-1})", "/count"},
      {R"({"count":"many"})", "/count"},
      {R"({"rate":"fast"})", "/rate"},
      {R"({"rate":-5})", "/rate"},
      {R"({"seed":1.5})", "/seed"},
      {R"({"bad_percent":101})", "/bad_percent"},
      {R"({"bad_precent":1})", "/bad_precent"},
  };
  for (const auto& [config, pointer] : cases) {
    const SourceRun source(sluice_plugin_v1, config);
    EXPECT_EQ(source.created(), SLUICE_E_CONFIG) << config;
    EXPECT_NE(source.error().find(pointer), std::string::npos) << source.error();
  }
}

TEST(GeneratorSource, LagIsWhatIsNotYetSettled) {
  SourceRun source(sluice_plugin_v1, R"({"count":100})");
  ASSERT_EQ(source.open(), SLUICE_OK);
  sluice_batch batch{};
  ASSERT_EQ(source.poll_raw(&batch, 50), SLUICE_OK);
  const sluice_mark mark{batch.records[0].lane, 0, 30};
  source.keep(batch);
  ASSERT_EQ(source.ops().ack(source.source(), &mark, 1, nullptr), SLUICE_OK);
  const auto* table = static_cast<const sluice_source_lag*>(
      source.ops().extension(source.source(), SLUICE_EXT_SOURCE_LAG));
  ASSERT_NE(table, nullptr);
  std::int64_t behind = -1;
  table->lag(
      source.source(),
      [](void* ctx, const sluice_lane_lag* lag) {
        *static_cast<std::int64_t*>(ctx) = lag->records_behind;
      },
      &behind);
  EXPECT_EQ(behind, 70);
}

TEST(Pace, AllowsTheRateOverTime) {
  Pace pace(1000);
  auto now = Pace::Clock::time_point(seconds(1));
  std::uint64_t made = 0;
  for (int i = 0; i <= 1000; ++i) {
    const std::uint64_t n = pace.allowed(now);
    pace.spend(n);
    made += n;
    now += milliseconds(3);
  }
  EXPECT_NEAR(static_cast<double>(made), 3000, 5);
}

TEST(Pace, CatchesUpByNoMoreThanATenthOfASecond) {
  Pace pace(1000);
  auto now = Pace::Clock::time_point(seconds(1));
  pace.spend(pace.allowed(now));
  now += seconds(60);
  EXPECT_EQ(pace.allowed(now), 100U);
}

TEST(Pace, WaitsUntilABatchIsWorthwhile) {
  Pace pace(100000);
  const auto now = Pace::Clock::time_point(seconds(1));
  pace.spend(pace.allowed(now));
  EXPECT_EQ(pace.until_worthwhile(10000), milliseconds(10));
  EXPECT_EQ(pace.until_worthwhile(100), milliseconds(1));
  Pace slow(0.5);
  slow.spend(slow.allowed(now));
  EXPECT_EQ(slow.until_worthwhile(100), seconds(2));
  EXPECT_EQ(Pace(0).until_worthwhile(1).count(), 0);
}

}  // namespace
}  // namespace sluice::generator
