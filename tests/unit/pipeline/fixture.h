// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "runtime/pipeline/pipeline.h"
#include "runtime/pipeline/worker_pool.h"
#include "tests/unit/support/comes_true.h"
#include "tests/unit/support/fake_plugins.h"

namespace sluice {

using test::comes_true;

// A pipeline from a fake source through real workers, ledger and stores into fake sinks.
class PipelineTest : public ::testing::Test {
 protected:
  void SetUp() override {
    test::reset_levers();
    folder_ = std::filesystem::temp_directory_path() /
              ("sluice-pipeline-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    registry_ = PluginRegistry::create({}).value();
    ASSERT_TRUE(registry_->register_static(test::fake_plugin()));
    config_.name = "p";
    config_.sources.push_back(source("in"));
    config_.sinks.push_back(sink("out"));
  }
  void TearDown() override {
    end();
    std::filesystem::remove_all(folder_);
  }

  static SourceConfig source(const std::string& name) {
    SourceConfig config;
    config.name = name;
    config.use = "fake";
    config.config_json = "{}";
    return config;
  }
  static SinkConfig sink(const std::string& name) {
    SinkConfig config;
    config.name = name;
    config.use = "fake";
    config.config_json = "{}";
    config.retry.base = Millis(1);
    config.retry.cap = Millis(5);
    config.batch.linger = Millis(1);
    return config;
  }
  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  // What the pipeline is to use in place of the store.
  virtual std::unique_ptr<CheckpointStore> wrap(std::unique_ptr<CheckpointStore> store) {
    return store;
  }
  Result<std::unique_ptr<Pipeline>> make(std::shared_ptr<const Bundle> bundle = nullptr) {
    checkpoints_ = wrap(open_checkpoint_store(folder_).value());
    letters_ = open_dead_letter_store(folder_).value();
    ledger_ = std::make_unique<Ledger>(*checkpoints_, *letters_, Clock::real());
    pool_ = std::make_unique<WorkerPool>();
    Pipeline::Context context;
    context.registry = registry_.get();
    context.ledger = ledger_.get();
    context.work = pool_.get();
    context.clock = &Clock::real();
    context.state_dir = folder_;
    context.bundle = std::move(bundle);
    const auto key = config_.idempotency.key;
    if (!keys_ && key != IdempotencyConfig::Key::kOrigin && key != IdempotencyConfig::Key::kOff) {
      keys_ = open_idempotency_store(folder_, Clock::real()).value();
    }
    context.idempotency = keys_.get();
    return Pipeline::create(config_, context);
  }
  void start(uint32_t workers = 2, std::shared_ptr<const Bundle> bundle = nullptr) {
    auto made = make(std::move(bundle));
    ASSERT_TRUE(made) << made.status().message();
    pipeline_ = std::move(made).value();
    ASSERT_TRUE(pipeline_->restore(*checkpoints_));
    ASSERT_TRUE(pool_->start(workers, {pipeline_.get()}));
    ledger_->start({pipeline_.get()});
    ASSERT_TRUE(pipeline_->start_sinks(std::chrono::steady_clock::now() + std::chrono::minutes(1)));
    pipeline_->start_sources();
  }

  // Waits until everything the source has is settled.
  ::testing::AssertionResult settle() {
    StopSource never;
    for (int i = 0; i < 3000; ++i) {
      if (pipeline_->sources_quiet() && pipeline_->settled()) return ::testing::AssertionSuccess();
      never.wait_for(Millis(10));
    }
    return ::testing::AssertionFailure() << "not settled: " << account().in_flight();
  }

  void end() {
    if (!pipeline_) return;
    pipeline_->stop_sources();
    pipeline_->give_up();
    pool_->abandon();
    pipeline_->abandon_sinks();
    ledger_->finish();
    pipeline_->finish_sources();
    last_ = account();
    pool_.reset();
    ledger_.reset();
    pipeline_.reset();
  }

  // All letters, in the order of lane and position.
  std::vector<DeadLetter> letters() {
    std::vector<DeadLetter> out;
    EXPECT_TRUE(letters_->each({}, 100'000, [&](const DeadLetter& l) { out.push_back(l); }));
    std::sort(out.begin(), out.end(), [](const DeadLetter& a, const DeadLetter& b) {
      return std::tie(a.lane, a.position) < std::tie(b.lane, b.position);
    });
    return out;
  }

  Account account() { return pipeline_->snapshot().account; }

  static void feed(const std::string& name, size_t n, const std::string& lane = "lane") {
    auto& levers = test::source_levers(name);
    for (size_t i = 0; i < n; ++i) {
      levers.records.push_back({lane, i + 1, "{\"n\":" + std::to_string(i) + "}"});
    }
  }

  std::filesystem::path folder_;
  PipelineConfig config_;
  std::unique_ptr<PluginRegistry> registry_;
  std::unique_ptr<CheckpointStore> checkpoints_;
  std::unique_ptr<DeadLetterStore> letters_;
  std::unique_ptr<IdempotencyStore> keys_;  // opened when there are keys, unless a test did
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<WorkerPool> pool_;
  Account last_;
};

}  // namespace sluice
