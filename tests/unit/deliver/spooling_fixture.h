// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/unit/deliver/driver_fixture.h"

namespace sluice {

// The account of what is inside; names are those the fixture's records have.
class Desk final : public SpoolDesk {
 public:
  uint32_t source_count() const override { return 2; }
  uint32_t source_number(std::string_view name) const override { return name == "in1" ? 1 : 0; }
  std::string lane_name(uint32_t, uint32_t lane) const override {
    return "lane" + std::to_string(lane);
  }
  std::optional<uint64_t> settled_before(uint32_t, std::string_view) const override {
    return settled;
  }
  RecordNames names(const Batch& batch, uint32_t record) const override {
    return {"in" + std::to_string(batch.source),
            "lane" + std::to_string(batch.record(record).lane),
            "1",
            "s",
            "b",
            "out"};
  }
  void recovered(uint32_t, uint64_t records) override { found += records; }
  void drained(uint32_t, std::string_view lane, uint64_t position, Outcome outcome) override {
    const std::lock_guard lock(mutex);
    left.emplace_back(std::string(lane), position, outcome);
  }
  size_t left_count() {
    const std::lock_guard lock(mutex);
    return left.size();
  }

  std::mutex mutex;
  uint64_t found = 0;
  std::optional<uint64_t> settled;
  std::vector<std::tuple<std::string, uint64_t, Outcome>> left;
};

// A real spool; a test may do something between a read and its answer.
class WatchedSpool final : public Spool {
 public:
  explicit WatchedSpool(std::unique_ptr<Spool> spool) : spool_(std::move(spool)) {}
  std::function<void(uint64_t after)> after_peek;

  Status append(std::span<const SpoolRecord> records) override { return spool_->append(records); }
  Status peek(uint64_t after, size_t records, uint64_t bytes, SpoolItems& out) override {
    Status status = spool_->peek(after, records, bytes, out);
    if (after_peek) after_peek(after);
    return status;
  }
  Status each_place(const std::function<void(const SpoolPlace&)>& tell) override {
    return spool_->each_place(tell);
  }
  Status remove(std::span<const uint64_t> ids, bool sync) override {
    return spool_->remove(ids, sync);
  }
  [[nodiscard]] SpoolStats stats() const override { return spool_->stats(); }
  [[nodiscard]] std::vector<SpoolLane> lanes() const override { return spool_->lanes(); }
  [[nodiscard]] SpoolLane lane(std::string_view source, std::string_view lane) const override {
    return spool_->lane(source, lane);
  }

 private:
  const std::unique_ptr<Spool> spool_;
};

class SpoolingTest : public DriverFixture {
 protected:
  void SetUp() override {
    DriverFixture::SetUp();
    config_.breaker.failures = 2;
    config_.spool_bytes = 1 << 20;
    folder_ = std::filesystem::temp_directory_path() /
              ("sluice-spooling-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    levers().answer = [this](const auto& seen, sluice_outcome* outcomes) -> sluice_rc {
      for (size_t i = 0; !dead_ && i < seen.size(); ++i) {
        const bool bad = seen[i].value == "bad";
        outcomes[i].verdict = bad ? SLUICE_REC_REJECT : SLUICE_REC_OK;
        if (bad) outcomes[i].reason = 1;
      }
      return dead_ ? SLUICE_E_RETRY : SLUICE_OK;
    };
  }
  void TearDown() override {
    DriverFixture::TearDown();
    ends_.forget_letters();  // their batches go before their spool
    driver_.reset();
    std::filesystem::remove_all(folder_);
  }
  void start_spooling() {
    SpoolOptions options;
    options.state_dir = folder_;
    options.sink = "out";
    options.limit_bytes = config_.spool_bytes;
    auto spool = open_spool(options);
    ASSERT_TRUE(spool) << spool.status().message();
    auto watched = std::make_unique<WatchedSpool>(std::move(spool).value());
    watched->after_peek = after_peek_;
    spool_made_ = std::move(watched);
    desk_ptr_ = &desk_;
    start();
  }
  // The process ends without a word.
  void restart() {
    driver_->stop();
    driver_->join();
    driver_.reset();
    start_spooling();
  }
  bool drained() {
    return comes_true([this] { return driver_->status().spool->records == 0; });
  }
  static std::vector<std::string> numbers(int from, int to) {
    std::vector<std::string> out;
    for (int i = from; i < to; ++i) out.push_back(std::to_string(i));
    return out;
  }

  std::filesystem::path folder_;
  Desk desk_;
  std::atomic<bool> dead_{true};
  std::function<void(uint64_t after)> after_peek_;  // on the driver's thread
};

}  // namespace sluice
