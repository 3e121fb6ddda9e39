// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/deliver/sink_driver.h"
#include "runtime/plugin_host/registry.h"
#include "tests/unit/support/comes_true.h"
#include "tests/unit/support/fake_plugins.h"

namespace sluice {

using test::comes_true;
using test::SeenRecord;
using test::SinkLevers;

// Collects settlements and letters, and waits for them.
class Ends final : public SettlementListener, public LetterBox {
 public:
  void segment_settled(std::shared_ptr<Batch> batch, uint32_t segment) override {
    MutexLock lock(mutex_);
    settled_ += batch->segments()[segment].count;
    changed_.notify_all();
  }
  void batch_gone(const Batch&) override {}
  void post(LetterRequest request) override {
    BatchPtr batch = request.batch;
    const uint32_t record = request.record;
    if (request.receipt && !hold_receipts) request.receipt->durable();
    {
      MutexLock lock(mutex_);
      letters_.push_back(std::move(request));
    }
    if (batch->spooled != nullptr) {
      if (!hold_letters) batch->spooled->letter_written(record);
      return;
    }
    batch->note(record, Outcome::kDeadLettered);
    batch->meet(batch->segment_of(record), 1);
  }
  // Letters are not told to be durable; a test does it.
  std::atomic<bool> hold_receipts{false};

  bool wait_settled(uint32_t records) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    MutexLock lock(mutex_);
    while (settled_ < records) {
      if (!changed_.wait_until(mutex_, deadline)) return false;
    }
    return true;
  }
  void forget_letters() {
    MutexLock lock(mutex_);
    letters_.clear();
  }
  uint32_t settled_so_far() {
    MutexLock lock(mutex_);
    return settled_;
  }
  std::atomic<bool> hold_letters{false};  // of spooled records: they do not become durable

  std::vector<LetterRequest> letters() {
    MutexLock lock(mutex_);
    return letters_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  uint32_t settled_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::vector<LetterRequest> letters_ SLUICE_GUARDED_BY(mutex_);
};

class DriverFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    test::reset_levers();
    auto registry = PluginRegistry::create({});
    ASSERT_TRUE(registry) << registry.status().message();
    registry_ = std::move(registry).value();
    ASSERT_TRUE(registry_->register_static(test::fake_plugin()));
    config_.name = "out";
    config_.use = "fake";
    config_.config_json = "{}";
    config_.retry.base = Millis(1);
    config_.retry.cap = Millis(2);
    config_.batch.linger = Millis(0);
    config_.breaker.half_open_after = Millis(1);
  }

  void TearDown() override {
    if (driver_) {
      driver_->stop();
      driver_->join();
    }
  }

  void start() {
    auto component = registry_->find(ComponentKind::kSink, config_.use);
    ASSERT_TRUE(component) << component.status().message();
    SinkDriver::Options options{config_, 0, share_bytes_, marks_};
    options.spool = std::move(spool_made_);
    options.desk = desk_ptr_;
    auto made =
        SinkDriver::create(std::move(component).value(), std::move(options), ends_, Clock::real());
    ASSERT_TRUE(made) << made.status().message();
    driver_ = std::move(made).value();
    ASSERT_TRUE(driver_->recover());
    driver_->start();
  }

  struct Sent {
    uint32_t lane;
    std::string value;
  };

  // A published batch; each value becomes a part of its own record. Positions rise within a lane.
  BatchPtr send_lanes(const std::vector<Sent>& sent, uint32_t source = 0, bool redriven = false) {
    records_.push_back({});
    values_.push_back(sent);
    for (const Sent& from : values_.back()) {
      sluice_record record{};
      record.lane = from.lane;
      record.position = ++positions_[from.lane];
      record.value = {from.value.data(), from.value.size()};
      records_.back().push_back(record);
    }
    sluice_batch raw{};
    raw.stride = sizeof(sluice_record);
    raw.count = static_cast<uint32_t>(sent.size());
    raw.records = records_.back().data();
    auto batch = std::make_shared<Batch>(raw, pool_, ends_);
    batch->source = source;
    // The driver asks only whether there are letters behind it.
    static int letters = 0;
    if (redriven) {
      batch->redrive = {std::shared_ptr<void>(), reinterpret_cast<RedriveBatch*>(&letters)};
    }
    batch->charged_bytes = 1000;
    for (Batch::Segment& segment : batch->segments()) {
      segment.again_epoch = again_epoch_;
      segment.again_to = again_to_;
    }
    for (uint32_t i = 0; i < sent.size(); ++i) {
      Part part;
      part.value = values_.back()[i].value;
      part.record = i;
      batch->parts().push_back(part);
      if (driver_->obliged(part)) batch->oblige(i, 1);
    }
    driver_->enqueue(batch);
    batch->publish();
    return batch;
  }

  // Of one lane.
  BatchPtr send(const std::vector<std::string>& values) {
    std::vector<Sent> sent;
    for (const std::string& value : values) sent.push_back({1, value});
    return send_lanes(sent);
  }

  SinkLevers& levers() { return test::sink_levers("out"); }
  // What the sink took, in order; of one lane if named.
  std::vector<std::string> taken(uint32_t lane = 0) {
    const std::lock_guard lock(levers().mutex);
    std::vector<std::string> out;
    for (const SeenRecord& record : levers().committed) {
      if (lane == 0 || record.lane == lane) out.push_back(record.value);
    }
    return out;
  }
  static std::vector<std::string> values(const std::vector<SeenRecord>& seen) {
    std::vector<std::string> out;
    for (const SeenRecord& record : seen) out.push_back(record.value);
    return out;
  }

  BatchBufferPool pool_;
  // Since which epoch, and up to where, what is sent comes again on purpose.
  uint32_t again_epoch_ = 0;
  uint64_t again_to_ = 0;
  Ends ends_;
  std::deque<std::vector<sluice_record>> records_;
  std::deque<std::vector<Sent>> values_;
  std::map<uint32_t, uint64_t> positions_;
  SinkConfig config_;
  uint64_t share_bytes_ = 1 << 20;
  SinkMarks::Options marks_;
  std::unique_ptr<Spool> spool_made_;
  SpoolDesk* desk_ptr_ = nullptr;
  std::unique_ptr<PluginRegistry> registry_;
  std::unique_ptr<SinkDriver> driver_;
};

}  // namespace sluice
