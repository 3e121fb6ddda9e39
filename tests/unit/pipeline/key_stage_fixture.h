// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <set>

#include "runtime/store/idempotency_store.h"
#include "tests/unit/pipeline/fixture.h"

namespace sluice {

// A store in memory with levers.
class FakeKeys final : public IdempotencyStore {
 public:
  sluice::Status claim(std::span<const IdempotencyRow> rows, std::span<Claim> answers) override {
    ++asked;
    if (away) return unavailable("the store is away");
    MutexLock lock(mutex_);
    for (size_t i = 0; i < rows.size(); ++i) {
      answers[i] = done_.contains(rows[i]) ? Claim::kDone
                   : foreign               ? Claim::kForeign
                                           : Claim::kMine;
    }
    return sluice::Status::ok();
  }
  sluice::Status finish(std::span<const IdempotencyRow> rows, std::chrono::milliseconds) override {
    if (away || cannot_mark) return unavailable("the store is away");
    MutexLock lock(mutex_);
    done_.insert(rows.begin(), rows.end());
    return sluice::Status::ok();
  }
  sluice::Status release(std::span<const IdempotencyRow> rows) override {
    released += rows.size();
    return sluice::Status::ok();
  }
  sluice::Status renew() override { return sluice::Status::ok(); }
  [[nodiscard]] std::chrono::milliseconds renew_every() const override {
    return std::chrono::hours(1);
  }
  [[nodiscard]] Status status() const override { return {}; }
  size_t done() {
    MutexLock lock(mutex_);
    return done_.size();
  }

  std::atomic<bool> away{false};
  std::atomic<bool> cannot_mark{false};
  std::atomic<bool> foreign{false};
  std::atomic<size_t> asked{0};
  std::atomic<size_t> released{0};

 private:
  Mutex mutex_;
  std::set<IdempotencyRow> done_ SLUICE_GUARDED_BY(mutex_);
};

class KeyStageTest : public PipelineTest {
 protected:
  void SetUp() override {
    PipelineTest::SetUp();
    config_.idempotency.key = IdempotencyConfig::Key::kRaw;
  }
  void TearDown() override {
    // What a test's own store still answers to goes first.
    end();
    PipelineTest::TearDown();
  }
  FakeKeys& use_fake_keys() {
    auto made = std::make_unique<FakeKeys>();
    FakeKeys& keys = *made;
    keys_ = std::move(made);
    return keys;
  }
  static void give(const std::vector<std::string>& values) {
    auto& records = test::source_levers("in").records;
    for (const std::string& value : values) {
      records.push_back({"lane", records.size() + 1, value});
    }
  }
  static std::vector<uint64_t> committed(const std::string& sink) {
    test::SinkLevers& levers = test::sink_levers(sink);
    const std::lock_guard lock(levers.mutex);
    std::vector<uint64_t> out;
    for (const test::SeenRecord& record : levers.committed) out.push_back(record.position);
    return out;
  }
  // Refuses those positions for good.
  static void refuse(const std::string& sink, std::set<uint64_t> positions) {
    test::sink_levers(sink).answer = [positions = std::move(positions)](const auto& records,
                                                                        sluice_outcome* outcomes) {
      for (size_t i = 0; i < records.size(); ++i) {
        const bool refused = positions.contains(records[i].position);
        outcomes[i].verdict = refused ? SLUICE_REC_REJECT : SLUICE_REC_OK;
        outcomes[i].reason = refused ? 1 : SLUICE_REASON_NONE;
      }
      return SLUICE_OK;
    };
  }
  uint64_t outcome(Outcome of) { return account().outcome(of); }
  static void until(const std::function<bool()>& what) {
    StopSource never;
    for (int i = 0; i < 30'000 && !what(); ++i) never.wait_for(Millis(1));
    ASSERT_TRUE(what());
  }
};

}  // namespace sluice
