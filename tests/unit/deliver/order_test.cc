// SPDX-License-Identifier: Apache-2.0
// Who waits when a record has to be tried again (semantics 4 and 5).
#include <gmock/gmock.h>

#include <cmath>
#include <set>
#include <tuple>

#include "tests/unit/deliver/driver_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class OrderTest : public DriverFixture {
 protected:
  // Answers as a sink that keeps order must: after a record that has to be tried again, later ones
  // of its lane are left untried. `busy` is asked of each value, under the levers' lock.
  template <typename Busy>
  void answer_in_order(Busy busy) {
    levers().answer = [busy](const auto& seen, sluice_outcome* outcomes) {
      std::set<uint32_t> stopped;
      for (size_t i = 0; i < seen.size(); ++i) {
        outcomes[i].verdict = SLUICE_REC_OK;
        if (stopped.contains(seen[i].lane)) {
          outcomes[i].verdict = SLUICE_REC_UNTRIED;
        } else if (busy(seen[i].value)) {
          outcomes[i].verdict = SLUICE_REC_RETRY;
          outcomes[i].reason = 0;
          stopped.insert(seen[i].lane);
        }
      }
      return SLUICE_OK;
    };
  }
  // Refuses every batch that holds a bad one, as a whole.
  static sluice_rc refuse_whole(const std::vector<SeenRecord>& seen, sluice_outcome* outcomes) {
    for (const SeenRecord& record : seen) {
      if (record.value.starts_with("bad")) return SLUICE_E_BATCH;
    }
    for (size_t i = 0; i < seen.size(); ++i) outcomes[i].verdict = SLUICE_REC_OK;
    return SLUICE_OK;
  }
  static uint32_t bound(size_t n) {
    return static_cast<uint32_t>(std::floor(2 * std::log2(static_cast<double>(n)) + 1));
  }
  uint32_t sent_ = 0;
};

TEST_F(OrderTest, ARecordThatIsTriedAgainHoldsItsLaneAndNoOther) {
  std::atomic<bool> busy{true};
  config_.retry.max_attempts = 1000;
  answer_in_order([&](const std::string& value) { return busy && value == "a2"; });
  start();
  send_lanes({{1, "a1"}, {1, "a2"}, {1, "a3"}, {2, "b1"}});
  send_lanes({{1, "a4"}, {2, "b2"}});
  ASSERT_TRUE(comes_true([&] { return taken(2).size() == 2; })) << "lane 2 goes on";
  EXPECT_THAT(taken(1), ElementsAre("a1"));
  EXPECT_TRUE(comes_true([&] { return driver_->status().waiting_records >= 3; }));
  busy = false;
  ASSERT_TRUE(ends_.wait_settled(6));
  EXPECT_THAT(taken(1), ElementsAre("a1", "a2", "a3", "a4"));
  EXPECT_THAT(taken(2), ElementsAre("b1", "b2"));
  EXPECT_THAT(ends_.letters(), IsEmpty());
  EXPECT_TRUE(comes_true([&] { return driver_->status().waiting_records == 0; }));
}

TEST_F(OrderTest, WithoutOrderNeighboursPass) {
  std::atomic<bool> busy{true};
  config_.order = SinkOrder::kNone;
  config_.retry.max_attempts = 1000;
  levers().answer = [&](const auto& seen, sluice_outcome* outcomes) {
    for (size_t i = 0; i < seen.size(); ++i) {
      const bool again = busy && seen[i].value == "a1";
      outcomes[i].verdict = again ? SLUICE_REC_RETRY : SLUICE_REC_OK;
      if (again) outcomes[i].reason = 0;
    }
    return SLUICE_OK;
  };
  start();
  send({"a1", "a2"});
  send({"a3"});
  ASSERT_TRUE(comes_true([&] { return taken().size() == 2; }));
  EXPECT_THAT(taken(), ElementsAre("a2", "a3"));
  busy = false;
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_THAT(taken(), ElementsAre("a2", "a3", "a1"));
}

TEST_F(OrderTest, LaneAndPositionRiseInEveryWrite) {
  config_.batch.linger = Millis(20);
  std::set<std::string> once;
  answer_in_order([&](const std::string& value) {
    return value.back() == '2' && once.insert(value).second;  // each once
  });
  start();
  for (const char* number : {"1", "2", "3", "4"}) {
    std::vector<Sent> sent;
    for (const uint32_t lane : {3U, 1U, 2U}) sent.push_back({lane, number});
    send_lanes(sent);
  }
  ASSERT_TRUE(ends_.wait_settled(12));
  const std::lock_guard lock(levers().mutex);
  for (const auto& write : levers().writes) {
    for (size_t i = 1; i < write.size(); ++i) {
      EXPECT_LT(std::tuple(write[i - 1].lane, write[i - 1].position, write[i - 1].part),
                std::tuple(write[i].lane, write[i].position, write[i].part));
    }
  }
}

TEST_F(OrderTest, AWriteHoldsRecordsOfOneSource) {
  config_.batch.linger = Millis(20);
  std::atomic<bool> busy{true};
  answer_in_order([&](const std::string& value) { return busy.exchange(false) && value == "x"; });
  start();
  send_lanes({{1, "x"}}, 0);
  send_lanes({{9, "y"}}, 1);
  send_lanes({{1, "x"}}, 0);
  send_lanes({{9, "y"}}, 1);
  ASSERT_TRUE(ends_.wait_settled(4));
  const std::lock_guard lock(levers().mutex);
  for (const auto& write : levers().writes) {
    for (const SeenRecord& record : write) EXPECT_EQ(record.value, write.front().value);
  }
}

TEST_F(OrderTest, AHeldLaneIsGivenUpOnceItsNextRecordShowsWhoseFaultItIs) {
  config_.retry.max_attempts = 2;
  config_.breaker.failures = 0;
  config_.breaker.error_rate = 0;
  answer_in_order([](const std::string& value) { return value == "bad"; });
  start();
  send({"bad"});
  ASSERT_TRUE(comes_true([&] { return levers().write_count() >= 4; })) << "alone, it is held";
  EXPECT_THAT(ends_.letters(), IsEmpty());
  send({"good", "fine"});
  ASSERT_TRUE(ends_.wait_settled(3));
  EXPECT_THAT(taken(), ElementsAre("good", "fine"));
  ASSERT_THAT(ends_.letters(), SizeIs(1));
  EXPECT_EQ(ends_.letters()[0].rendered, "bad");
  EXPECT_EQ(ends_.letters()[0].reason, "RATE_LIMITED");
  EXPECT_GE(ends_.letters()[0].attempts, 2U);
}

TEST_F(OrderTest, WhenTheNextRecordFailsTooTheSinkIsAtFaultAndBothAreHeldInOrder) {
  std::atomic<bool> busy{true};
  config_.retry.max_attempts = 1;
  answer_in_order([&](const std::string&) { return busy.load(); });
  start();
  send({"a1", "a2", "a3"});
  ASSERT_TRUE(comes_true([&] { return levers().write_count() >= 8; }));
  busy = false;
  ASSERT_TRUE(ends_.wait_settled(3));
  // The first may have been found guilty by the second going through first: its attempts are spent.
  if (taken().size() == 3) {
    EXPECT_THAT(taken(), ElementsAre("a1", "a2", "a3"));
  } else {
    EXPECT_THAT(taken(), ElementsAre("a2", "a3"));
    EXPECT_THAT(ends_.letters(), SizeIs(1));
  }
}

TEST_F(OrderTest, WaitsAsLongAsItIsAskedTo) {
  std::atomic<bool> busy{true};
  std::chrono::steady_clock::time_point first;
  std::chrono::steady_clock::time_point second;
  levers().answer = [&](const auto&, sluice_outcome* outcomes) {
    (busy ? first : second) = std::chrono::steady_clock::now();
    outcomes[0].verdict = busy ? SLUICE_REC_RETRY : SLUICE_REC_OK;
    if (busy) outcomes[0].retry_after_ms = 50;
    busy = false;
    return SLUICE_OK;
  };
  start();
  send({"a"});
  ASSERT_TRUE(ends_.wait_settled(1));
  EXPECT_GE(second - first, Millis(50));
}

TEST_F(OrderTest, ACulpritIsFoundWithinTheBoundWhereverItIs) {
  start();
  for (size_t n = 1; n <= 33; ++n) {
    for (size_t culprit = 0; culprit < n; ++culprit) {
      uint32_t writes = 0;
      {
        const std::lock_guard lock(levers().mutex);
        levers().committed.clear();
        levers().answer = [&](const auto& seen, sluice_outcome* outcomes) -> sluice_rc {
          ++writes;
          return refuse_whole(seen, outcomes);
        };
      }
      std::vector<std::string> values;
      for (size_t i = 0; i < n; ++i) values.push_back(i == culprit ? "bad" : std::to_string(i));
      sent_ += static_cast<uint32_t>(n);
      send(values);
      ASSERT_TRUE(ends_.wait_settled(sent_));
      EXPECT_LE(writes, bound(n)) << "n " << n << ", culprit " << culprit;
      values.erase(values.begin() + static_cast<ptrdiff_t>(culprit));
      EXPECT_EQ(taken(), values);
    }
  }
}

TEST_F(OrderTest, SeveralCulpritsAreAllFoundInOrder) {
  std::atomic<uint32_t> writes{0};
  levers().answer = [&](const auto& seen, sluice_outcome* outcomes) -> sluice_rc {
    ++writes;
    return refuse_whole(seen, outcomes);
  };
  start();
  std::vector<std::string> values;
  std::vector<std::string> good;
  for (int i = 0; i < 64; ++i) {
    values.push_back((i % 21 == 0 ? "bad" : "") + std::to_string(i));
    if (i % 21 != 0) good.push_back(values.back());
  }
  send(values);
  ASSERT_TRUE(ends_.wait_settled(64));
  EXPECT_EQ(taken(), good);
  EXPECT_LE(writes, 4 * bound(64));
  ASSERT_THAT(ends_.letters(), SizeIs(4));
  for (const LetterRequest& letter : ends_.letters()) EXPECT_EQ(letter.attempts, 1U);
}

TEST_F(OrderTest, AFailedCallInTheMiddleOfHalvingLosesNothing) {
  uint32_t writes = 0;
  levers().answer = [&](const auto& seen, sluice_outcome* outcomes) -> sluice_rc {
    if (++writes % 3 == 0) return SLUICE_E_RETRY;
    return refuse_whole(seen, outcomes);
  };
  start();
  send({"a", "b", "c", "bad", "d", "e", "f", "g"});
  ASSERT_TRUE(ends_.wait_settled(8));
  EXPECT_THAT(taken(), ElementsAre("a", "b", "c", "d", "e", "f", "g"));
  EXPECT_THAT(ends_.letters(), SizeIs(1));
}

TEST_F(OrderTest, WhatWaitsForAnOptionalSinkIsBounded) {
  config_.required = false;
  config_.retry.max_attempts = 1000;
  share_bytes_ = 5000;  // five batches
  std::atomic<bool> busy{true};
  answer_in_order([&](const std::string&) { return busy.load(); });
  start();
  send({"x"});
  ASSERT_TRUE(comes_true([&] { return driver_->status().waiting_records == 1; }));
  for (int i = 0; i < 50; ++i) send({"x"});
  EXPECT_TRUE(comes_true([&] { return driver_->status().skipped >= 35; }));
  busy = false;
  EXPECT_TRUE(comes_true([&] {
    const SinkStatus status = driver_->status();
    return status.written + status.skipped == 51;
  }));
}

}  // namespace
}  // namespace sluice
