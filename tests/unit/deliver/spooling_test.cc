// SPDX-License-Identifier: Apache-2.0
// What a dead sink cannot take goes to its spool and comes back in order (issue 6, "Isolation").
#include <set>

#include "tests/unit/deliver/spooling_fixture.h"

namespace sluice {
namespace {

using State = CircuitBreaker::State;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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

// The letter is written on another thread, while the record is read once more.
TEST_F(SpoolingTest, ARecordWhoseLetterIsWrittenDuringAReadLeavesOnce) {
  ends_.hold_letters = true;
  std::atomic<bool> again{false};
  after_peek_ = [&](uint64_t after) {
    if (after != 0 || !again.exchange(false)) return;  // the read from the beginning
    const LetterRequest letter = ends_.letters().at(0);
    letter.batch->spooled->letter_written(letter.record);
    dead_ = false;
  };
  start_spooling();
  send({"bad", "a"});
  ASSERT_TRUE(ends_.wait_settled(2));
  dead_ = false;
  ASSERT_TRUE(comes_true([&] { return ends_.letters().size() == 1 && desk_.left_count() == 1; }));
  dead_ = true;
  again = true;
  send({"b"});  // fails, goes to the spool, and all that is inside is read again
  ASSERT_TRUE(ends_.wait_settled(3));
  ASSERT_TRUE(drained());
  EXPECT_EQ(ends_.letters().size(), 1U);
  EXPECT_EQ(desk_.left_count(), 3U);
  EXPECT_EQ(taken(), (std::vector<std::string>{"a", "b"}));
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

// Somebody moved the source back: what is inside was made by the script of before.
TEST_F(SpoolingTest, WhatComesAgainOnPurposeIsNotInsideAlready) {
  config_.breaker.half_open_after = Millis(3'600'000);
  start_spooling();
  send(numbers(0, 10));
  ASSERT_TRUE(ends_.wait_settled(10));
  restart();
  positions_.clear();
  again_epoch_ = 2;
  again_to_ = 8;
  const BatchPtr batch = send(numbers(100, 110));
  ASSERT_TRUE(ends_.wait_settled(20));
  EXPECT_EQ(driver_->status().spool->records, 18U);
  EXPECT_TRUE(batch->in_spool(7));
  EXPECT_EQ(batch->outcome(8), Outcome::kDuplicate) << "behind where it had come";
  // After a crash in the middle of it the same come once more.
  config_.breaker.half_open_after = Millis(1);
  dead_ = false;
  restart();
  positions_.clear();
  const BatchPtr once_more = send(numbers(100, 110));
  ASSERT_TRUE(ends_.wait_settled(30));
  ASSERT_TRUE(drained());
  for (uint32_t i = 0; i < 10; ++i) EXPECT_EQ(once_more->outcome(i), Outcome::kDuplicate) << i;
  std::vector<std::string> all = numbers(0, 10);
  for (const std::string& value : numbers(100, 108)) all.push_back(value);
  EXPECT_EQ(taken(), all);
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

}  // namespace
}  // namespace sluice
