// SPDX-License-Identifier: Apache-2.0
// What a dead sink cannot take goes to its spool and comes back in order (issue 6, "Isolation").
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "tests/unit/deliver/driver_fixture.h"

namespace sluice {
namespace {

using State = CircuitBreaker::State;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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
    spool_made_ = std::move(spool).value();
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
};

TEST_F(SpoolingTest, WhatADeadSinkCannotTakeIsSettledOnceItIsOnDisk) {
  config_.breaker.half_open_after = Millis(3'600'000);
  start_spooling();
  const BatchPtr batch = send({"a", "b", "c"});
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_TRUE(batch->in_spool(0));
  EXPECT_EQ(batch->outcome(0), Outcome::kNone) << "not known yet";
  send({"d"});
  ASSERT_TRUE(ends_.wait_settled(4)) << "and what comes while it is left alone";
  EXPECT_EQ(driver_->status().spool->records, 4U);
  EXPECT_EQ(levers().write_count(), 2U);
  EXPECT_THAT(ends_.letters(), IsEmpty());
}

TEST_F(SpoolingTest, DrainsInOrderAndNewerRecordsGoBehind) {
  start_spooling();
  send(numbers(0, 50));
  send(numbers(50, 100));
  ASSERT_TRUE(ends_.wait_settled(100));
  dead_ = false;
  send(numbers(100, 150));
  ASSERT_TRUE(ends_.wait_settled(150));
  ASSERT_TRUE(drained());
  send(numbers(150, 200));
  ASSERT_TRUE(ends_.wait_settled(200));
  EXPECT_EQ(taken(), numbers(0, 200));
  ASSERT_TRUE(comes_true([&] { return driver_->status().breaker == State::kClosed; }));
  for (const auto& [lane, position, outcome] : desk_.left) EXPECT_EQ(outcome, Outcome::kCommitted);
}

TEST_F(SpoolingTest, LanesAndSourcesKeepTheirOrderEach) {
  start_spooling();
  for (int i = 0; i < 20; ++i) {
    send_lanes({{1, "a" + std::to_string(i)}, {2, "b" + std::to_string(i)}}, 0);
    send_lanes({{5, "c" + std::to_string(i)}}, 1);
  }
  ASSERT_TRUE(ends_.wait_settled(60));
  dead_ = false;
  ASSERT_TRUE(drained());
  std::map<char, int> next;
  for (const std::string& value : taken()) {
    EXPECT_EQ(value.substr(1), std::to_string(next[value[0]]++));
  }
  EXPECT_EQ(taken().size(), 60U);
  const std::lock_guard lock(levers().mutex);
  for (const auto& write : levers().writes) {
    std::set<bool> sources;
    for (const SeenRecord& record : write) sources.insert(record.value[0] == 'c');
    EXPECT_EQ(sources.size(), 1U) << "a write holds records of one source";
    for (size_t i = 1; i < write.size(); ++i) {
      EXPECT_LT(std::tuple(write[i - 1].lane, write[i - 1].position),
                std::tuple(write[i].lane, write[i].position));
    }
  }
}

TEST_F(SpoolingTest, SurvivesTheEndOfTheProcessAndIsFoundAgain) {
  config_.breaker.half_open_after = Millis(3'600'000);
  start_spooling();
  send(numbers(0, 100));
  ASSERT_TRUE(ends_.wait_settled(100));
  dead_ = false;
  config_.breaker.half_open_after = Millis(1);
  restart();
  EXPECT_EQ(desk_.found, 100U);
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 100));
  EXPECT_TRUE(comes_true([&] { return desk_.left_count() == 100; }));
}

TEST_F(SpoolingTest, WhatComesAgainAfterACrashIsInsideAlready) {
  config_.breaker.half_open_after = Millis(3'600'000);
  start_spooling();
  send(numbers(0, 10));
  ASSERT_TRUE(ends_.wait_settled(10));
  restart();
  positions_.clear();  // the source never heard of it
  const BatchPtr batch = send(numbers(0, 12));
  ASSERT_TRUE(ends_.wait_settled(22));
  EXPECT_EQ(driver_->status().spool->records, 12U);
  EXPECT_EQ(batch->outcome(0), Outcome::kDuplicate);
  EXPECT_TRUE(batch->in_spool(11));
}

TEST_F(SpoolingTest, AFullSpoolHoldsTheRestAndLosesNothing) {
  config_.spool_bytes = 2000;
  start_spooling();
  for (int i = 0; i < 50; ++i) send({std::to_string(i)});
  ASSERT_TRUE(comes_true([&] { return !driver_->status().spool_trouble.empty(); }));
  const SinkStatus status = driver_->status();
  EXPECT_LE(status.spool->bytes, 2000U);
  EXPECT_GT(status.spool->records, 0U);
  EXPECT_LT(status.spool->records, 50U);
  EXPECT_FALSE(ends_.settled_so_far() == 50);
  dead_ = false;
  ASSERT_TRUE(ends_.wait_settled(50));
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 50));
  EXPECT_TRUE(comes_true([&] { return driver_->status().spool_trouble.empty(); }));
}

TEST_F(SpoolingTest, ARefusedRecordLeavesOnceItsLetterIsDurable) {
  start_spooling();
  send({"a", "bad", "c"});
  ASSERT_TRUE(ends_.wait_settled(3));
  ends_.hold_letters = true;
  dead_ = false;
  ASSERT_TRUE(comes_true([&] { return driver_->status().spool->records == 1; }));
  ASSERT_TRUE(comes_true([&] { return ends_.letters().size() == 1; }));
  const LetterRequest letter = ends_.letters()[0];
  EXPECT_EQ(letter.reason, "CONSTRAINT_VIOLATION");
  EXPECT_EQ(letter.rendered, "bad");
  EXPECT_EQ(letter.batch->spooled->names(letter.record).lane, "lane1");
  send({"d"});
  ASSERT_TRUE(comes_true([&] { return taken().size() == 3; })) << "others go on";
  EXPECT_TRUE(comes_true([this] { return driver_->status().spool->records == 1; }));
  letter.batch->spooled->letter_written(letter.record);
  ASSERT_TRUE(drained());
  EXPECT_THAT(taken(), ElementsAre("a", "c", "d"));
  EXPECT_THAT(ends_.letters(), SizeIs(1)) << "it was not offered twice";
}

TEST_F(SpoolingTest, ComesBackFewAtATimeAtFirst) {
  start_spooling();
  send(numbers(0, 500));
  ASSERT_TRUE(ends_.wait_settled(500));
  dead_ = false;
  ASSERT_TRUE(drained());
  const std::lock_guard lock(levers().mutex);
  size_t good = 0;
  size_t first = 0;
  for (size_t i = 0; i < levers().writes.size(); ++i) {
    if (levers().writes[i].size() == 1) first = i;  // the last probe
  }
  for (size_t i = first + 1; i < levers().writes.size(); ++i, ++good) {
    EXPECT_LE(levers().writes[i].size(), size_t{16} << (good + 1));
  }
}

TEST_F(SpoolingTest, ARateOfItsOwnKeepsARecoveringSinkFromBeingFlattened) {
  config_.spool_drain_rate = 100;
  start_spooling();
  send(numbers(0, 130));
  ASSERT_TRUE(ends_.wait_settled(130));
  const auto began = std::chrono::steady_clock::now();
  dead_ = false;
  ASSERT_TRUE(drained());
  EXPECT_GE(std::chrono::steady_clock::now() - began, Millis(200)) << "30 beyond the burst of 100";
  EXPECT_EQ(taken(), numbers(0, 130));
}

TEST_F(SpoolingTest, ASinkThatDiesAgainInTheMiddleStartsAnewWhereItWas) {
  start_spooling();
  send(numbers(0, 300));
  ASSERT_TRUE(ends_.wait_settled(300));
  for (size_t goal = 20; goal <= 100; goal += 20) {
    dead_ = false;
    ASSERT_TRUE(comes_true([&] { return taken().size() >= goal || taken().size() == 300; }));
    dead_ = true;
    ASSERT_TRUE(comes_true(
        [&] { return taken().size() == 300 || driver_->status().breaker == State::kOpen; }));
  }
  dead_ = false;
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 300));
}

TEST_F(SpoolingTest, WithDeadLettersAskedForNothingIsSpooled) {
  config_.on_unavailable = OnUnavailable::kDeadLetter;
  config_.breaker.half_open_after = Millis(3'600'000);
  start_spooling();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_THAT(ends_.letters(), SizeIs(1));
  EXPECT_EQ(driver_->status().spool->records, 0U);
}

TEST_F(SpoolingTest, FinishingLeavesWhatIsInTheSpool) {
  config_.breaker.half_open_after = Millis(3'600'000);
  start_spooling();
  send(numbers(0, 10));
  ASSERT_TRUE(ends_.wait_settled(10));
  driver_->finish();
  driver_->join();
  EXPECT_EQ(driver_->status().spool->records, 10U);
}

// 2 was refused and its letter not durable yet when the process ended: it is in no spool.
TEST_F(SpoolingTest, WhatIsMissingBetweenRecordsInsideIsDeliveredAfterACrash) {
  config_.breaker.half_open_after = Millis(3'600'000);
  start_spooling();
  send({"1"});
  positions_[1] = 30;
  send({"3"});
  ASSERT_TRUE(ends_.wait_settled(2));
  dead_ = false;
  config_.breaker.half_open_after = Millis(1);
  restart();
  ASSERT_TRUE(drained());
  positions_.clear();
  send({"1"});
  positions_[1] = 20;
  send({"2"});
  positions_[1] = 30;
  const BatchPtr last = send({"3"});
  ASSERT_TRUE(ends_.wait_settled(5));
  EXPECT_THAT(taken(), ElementsAre("1", "3", "2"));
  EXPECT_EQ(last->outcome(0), Outcome::kDuplicate) << "also when the spool has let go of it";
}

TEST_F(SpoolingTest, WhatACheckpointKnowsIsNotRemembered) {
  config_.breaker.half_open_after = Millis(3'600'000);
  start_spooling();
  send(numbers(0, 3));
  ASSERT_TRUE(ends_.wait_settled(3));
  desk_.settled = 1'000'000;
  dead_ = false;
  config_.breaker.half_open_after = Millis(1);
  restart();
  ASSERT_TRUE(drained());
  positions_.clear();  // an operator's move: they are wanted again
  send(numbers(0, 3));
  ASSERT_TRUE(comes_true([&] { return taken().size() == 6; }));
}

TEST_F(SpoolingTest, AFailingSinkThatTakesMoreThanItsShareSpillsBeforeItsBreakerOpens) {
  config_.breaker.failures = 1000;
  config_.breaker.error_rate = 0;
  config_.retry.base = config_.retry.cap = Millis(3'600'000);
  share_bytes_ = 5000;  // five batches of the fixture
  start_spooling();
  for (int i = 0; i < 4; ++i) send({"a" + std::to_string(i)});
  ASSERT_TRUE(comes_true([&] { return levers().write_count() == 1; }));
  EXPECT_EQ(driver_->status().spool->records, 0U);
  for (int i = 0; i < 4; ++i) send({"b" + std::to_string(i)});
  ASSERT_TRUE(ends_.wait_settled(8));
  EXPECT_EQ(driver_->status().spool->records, 8U);
  EXPECT_EQ(driver_->status().breaker, State::kClosed);
}

TEST_F(SpoolingTest, ARedrivenRecordStaysWithItsLetter) {
  config_.breaker.half_open_after = Millis(50);
  start_spooling();
  send({"1"});
  ASSERT_TRUE(ends_.wait_settled(1));
  const BatchPtr redriven = send_lanes({{9, "again"}}, 2, /*redriven=*/true);
  send({"2"});
  ASSERT_TRUE(ends_.wait_settled(2));
  EXPECT_FALSE(redriven->in_spool(0));
  EXPECT_EQ(redriven->outcome(0), Outcome::kNone);
  EXPECT_EQ(driver_->status().spool->records, 2U);
  dead_ = false;
  ASSERT_TRUE(ends_.wait_settled(3));
  ASSERT_TRUE(drained());
  EXPECT_EQ(redriven->outcome(0), Outcome::kCommitted);
  EXPECT_THAT(taken(), ::testing::UnorderedElementsAre("1", "2", "again"));
}

// A call that does not come back, and more than the sink's share behind it.
class HangingSinkTest : public SpoolingTest {
 protected:
  void SetUp() override {
    SpoolingTest::SetUp();
    share_bytes_ = 5000;  // five batches of the fixture
    dead_ = false;
  }
  void hang() {
    const std::lock_guard lock(levers().mutex);
    levers().corked = true;
  }
  // Ten batches of one record, from `first` on; all of them settle while the call hangs.
  void send_behind(int first, uint32_t settled) {
    for (int i = first; i < first + 10; ++i) send(numbers(i, i + 1));
    ASSERT_TRUE(ends_.wait_settled(settled));
  }
};

TEST_F(HangingSinkTest, WhatIsBehindTheCallIsSpooledMeanwhile) {
  start_spooling();
  hang();
  send(numbers(0, 1));
  send_behind(1, 11);
  EXPECT_EQ(driver_->status().spool->records, 11U) << "with what the call has";
  levers().uncork();
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 11)) << "in order, and what the call took once";
  EXPECT_TRUE(comes_true([&] { return desk_.left_count() == 11; }));
  send(numbers(11, 12));
  ASSERT_TRUE(comes_true([&] { return taken().size() == 12; }));
}

TEST_F(HangingSinkTest, ACallThatFailsInTheEndLeavesItsRecordsInTheSpool) {
  config_.breaker.half_open_after = Millis(1);
  start_spooling();
  hang();
  send(numbers(0, 3));
  send_behind(3, 13);
  dead_ = true;
  levers().uncork();
  ASSERT_TRUE(comes_true([&] { return levers().write_count() > 2; }));
  EXPECT_EQ(driver_->status().spool->records, 13U);
  dead_ = false;
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 13));
  EXPECT_THAT(ends_.letters(), IsEmpty());
}

TEST_F(HangingSinkTest, ARefusalInTheEndIsALetterOnce) {
  start_spooling();
  hang();
  send({"a", "bad", "c"});
  send_behind(0, 13);
  levers().uncork();
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken().size(), 12U);
  EXPECT_THAT(ends_.letters(), SizeIs(1));
}

TEST_F(HangingSinkTest, ACallWithRecordsOfTheSpoolIsNoDifferent) {
  config_.breaker.half_open_after = Millis(50);
  dead_ = true;
  start_spooling();
  send(numbers(0, 100));
  ASSERT_TRUE(ends_.wait_settled(100));
  hang();
  dead_ = false;
  send_behind(100, 110);
  levers().uncork();
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 110));
}

TEST_F(HangingSinkTest, ARedrivenRecordInTheCallStaysWithItsLetter) {
  start_spooling();
  hang();
  const BatchPtr redriven = send_lanes({{9, "again"}}, 2, /*redriven=*/true);
  send_behind(0, 10);
  EXPECT_EQ(redriven->outcome(0), Outcome::kNone);
  dead_ = true;
  levers().uncork();
  ASSERT_TRUE(comes_true([&] { return levers().write_count() > 1; }));
  dead_ = false;
  ASSERT_TRUE(drained());
  ASSERT_TRUE(ends_.wait_settled(11));
  EXPECT_EQ(redriven->outcome(0), Outcome::kCommitted);
  std::vector<std::string> others = taken();
  std::erase(others, "again");
  EXPECT_EQ(others, numbers(0, 10));
}

TEST_F(HangingSinkTest, AFullSpoolHoldsWhatTheCallHasToo) {
  config_.spool_bytes = 200;
  start_spooling();
  hang();
  send(numbers(0, 1));
  for (int i = 1; i < 11; ++i) send(numbers(i, i + 1));
  ASSERT_TRUE(comes_true([&] { return !driver_->status().spool_trouble.empty(); }));
  levers().uncork();
  ASSERT_TRUE(ends_.wait_settled(11));
  ASSERT_TRUE(drained());
  EXPECT_EQ(taken(), numbers(0, 11));
}

}  // namespace
}  // namespace sluice
