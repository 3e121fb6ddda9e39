// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "runtime/pipeline/redrive_batch.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;

// What happened, in order, over both stores and the client.
class Log {
 public:
  void add(std::string what) {
    MutexLock lock(mutex_);
    lines_.push_back(std::move(what));
    changed_.notify_all();
  }
  bool wait_for(const std::string& what) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    MutexLock lock(mutex_);
    while (std::find(lines_.begin(), lines_.end(), what) == lines_.end()) {
      if (!changed_.wait_until(mutex_, deadline)) return false;
    }
    return true;
  }
  std::vector<std::string> lines() {
    MutexLock lock(mutex_);
    return lines_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ SLUICE_GUARDED_BY(mutex_);
};

class FakeCheckpoints final : public CheckpointStore {
 public:
  explicit FakeCheckpoints(Log& log) : log_(log) {}
  Result<SourceCheckpoint> load(const std::string&, const std::string&) override {
    return SourceCheckpoint{};
  }
  Status commit(const std::vector<CheckpointUpdate>& updates, int64_t) override {
    if (failures > 0) {
      --failures;
      log_.add("checkpoint failed");
      return Status(Code::kExhausted, "disk full");
    }
    for (const auto& update : updates) {
      for (const auto& mark : update.set) {
        log_.add("checkpoint " + mark.lane + "@" + std::to_string(mark.position));
      }
    }
    return Status::ok();
  }
  Result<uint32_t> move(const CheckpointMove&, int64_t) override { return 0U; }
  std::atomic<int> failures{0};

 private:
  Log& log_;
};

class FakeLetters final : public DeadLetterStore {
 public:
  explicit FakeLetters(Log& log) : log_(log) {}
  Status put(const std::vector<DeadLetter>& letters) override {
    if (failing) {
      log_.add("letters failed");
      return Status(Code::kUnavailable, "read-only");
    }
    for (const auto& letter : letters) log_.add("letter " + letter.reason);
    return Status::ok();
  }
  Result<std::map<std::string, uint64_t>> count_by_reason(const LetterFilter&) override {
    return std::map<std::string, uint64_t>{};
  }
  Status each(const LetterFilter&, uint64_t,
              const std::function<void(const DeadLetter&)>&) override {
    return Status::ok();
  }
  Result<std::optional<DeadLetter>> find(const std::string&) override {
    return std::optional<DeadLetter>{};
  }
  Result<uint64_t> count() override { return uint64_t{0}; }
  void set_limits(std::map<std::string, LetterLimit>) override {}
  Result<uint64_t> dropped() override { return uint64_t{0}; }
  Result<LetterSummary> summarize(const LetterFilter&) override { return LetterSummary(); }
  Status each_class(const LetterFilter&, int64_t,
                    const std::function<void(const LetterClassCounts&)>&) override {
    return Status::ok();
  }
  Result<LetterPage> page(const LetterFilter&, const LetterCursor&) override {
    return LetterPage();
  }
  Result<uint64_t> remove(const LetterFilter&) override { return uint64_t{0}; }
  Result<uint64_t> create_redrive(const RedrivePlan&) override { return uint64_t{1}; }
  Status choose(uint64_t, const LetterFilter&, bool) override { return Status::ok(); }
  Status choose(uint64_t, const std::vector<uint64_t>&) override { return Status::ok(); }
  Status set_redrive_state(uint64_t, const std::string&, int64_t) override { return Status::ok(); }
  Result<std::vector<DeadLetter>> next_chosen(uint64_t, uint64_t, uint64_t) override {
    return std::vector<DeadLetter>();
  }
  Status settle_redriven(const std::vector<RedrivenLetter>&, int64_t) override {
    log_.add("settling");
    if (!log_.wait_for("it may be settled")) return Status(Code::kInternal, "waited in vain");
    if (failures > 0) {
      --failures;
      log_.add("settling failed");
      return Status(Code::kExhausted, "disk full");
    }
    log_.add("settled");
    return Status::ok();
  }
  Result<std::vector<RedrivePlan>> redrives(uint64_t) override {
    return std::vector<RedrivePlan>();
  }
  Result<std::optional<RedrivePlan>> find_redrive(uint64_t) override {
    return std::optional<RedrivePlan>();
  }
  std::atomic<bool> failing{false};
  std::atomic<int> failures{0};

 private:
  Log& log_;
};

// A pipeline of which only the ledger's side is there: each settlement raises the mark by one.
class FakeClient final : public LedgerClient, public SettlementListener {
 public:
  FakeClient(Log& log, Ledger& ledger) : log_(log), ledger_(ledger) {}
  DeadLetter make_letter(const LetterRequest& request) override {
    DeadLetter letter;
    letter.reason = request.reason;
    return letter;
  }
  void letter_written(const LetterRequest& request) override {
    log_.add("written " + request.reason);
    request.batch->meet(0, 1);
  }
  void account(Batch& batch, uint32_t) override {
    if (batch.redrive) return log_.add("redriven");
    ++mark_;
    rose_ = true;
  }
  void collect(std::vector<Commit>& commits) override {
    if (!std::exchange(rose_, false)) return;
    Commit commit;
    commit.update.set.push_back({"lane", mark_});
    commit.marks.push_back({1, 0, mark_});
    commits.push_back(commit);
  }
  Status note_delivered(std::span<const DeliveredParts>) override {
    log_.add("marked");
    return Status::ok();
  }
  void redriven(Batch&, uint32_t, std::vector<RedrivenLetter>& out) override { out.emplace_back(); }
  void committed(const Commit& commit) override {
    log_.add("ack " + std::to_string(commit.marks[0].position));
  }
  void segment_settled(std::shared_ptr<Batch> batch, uint32_t segment) override {
    ledger_.post_settled(*this, std::move(batch), segment);
  }
  void batch_gone(const Batch&) override {}

 private:
  Log& log_;
  Ledger& ledger_;
  uint64_t mark_ = 0;
  bool rose_ = false;
};

class LedgerTest : public ::testing::Test {
 protected:
  void start() { ledger_.start({&client_}); }
  BatchPtr one_record() {
    record_ = sluice_record{};
    sluice_batch raw{};
    raw.stride = sizeof(sluice_record);
    raw.count = 1;
    raw.records = &record_;
    return std::make_shared<Batch>(raw, pool_, client_);
  }
  // A redriven record that a sink has taken.
  void redrive() {
    const BatchPtr batch = one_record();
    batch->redrive = std::make_shared<RedriveBatch>();
    const DeliveredParts parts{batch, 0, 1, 0};
    ledger_.post_delivered(client_, {&parts, 1});
    batch->publish();
  }
  void reject(const std::string& reason) {
    const BatchPtr batch = one_record();
    batch->oblige(0, 1);
    LetterRequest request;
    request.batch = batch;
    request.reason = reason;
    ledger_.post_letter(client_, std::move(request));
    batch->publish();
  }

  Log log_;
  BatchBufferPool pool_;
  sluice_record record_{};
  FakeCheckpoints checkpoints_{log_};
  FakeLetters letters_{log_};
  Ledger ledger_{checkpoints_, letters_, Clock::real()};
  FakeClient client_{log_, ledger_};
};

TEST_F(LedgerTest, WritesTheLetterThenTheCheckpointThenAcks) {
  start();
  reject("PARSE_ERROR");
  ASSERT_TRUE(log_.wait_for("ack 1"));
  EXPECT_THAT(log_.lines(), ElementsAre("letter PARSE_ERROR", "written PARSE_ERROR",
                                        "checkpoint lane@1", "ack 1"));
}

TEST_F(LedgerTest, AcksNothingWhileTheCheckpointCannotBeStored) {
  checkpoints_.failures = 1;
  start();
  one_record()->publish();
  ASSERT_TRUE(log_.wait_for("ack 1"));
  EXPECT_THAT(log_.lines(), ElementsAre("checkpoint failed", "checkpoint lane@1", "ack 1"));
  EXPECT_TRUE(ledger_.status().healthy);
  EXPECT_EQ(ledger_.status().failed_commits, 1U);
}

TEST_F(LedgerTest, HoldsWhileLettersCannotBeStored) {
  letters_.failing = true;
  start();
  reject("PARSE_ERROR");
  ASSERT_TRUE(log_.wait_for("letters failed"));
  StopSource never;
  while (ledger_.status().healthy) never.wait_for(std::chrono::milliseconds(1));
  EXPECT_EQ(ledger_.status().last_error, "read-only");
  letters_.failing = false;
  ASSERT_TRUE(log_.wait_for("ack 1"));
}

TEST_F(LedgerTest, NothingWaitsForTheLettersOfARedrive) {
  start();
  redrive();
  ASSERT_TRUE(log_.wait_for("settling"));
  one_record()->publish();
  ASSERT_TRUE(log_.wait_for("ack 1"));
  EXPECT_EQ(ledger_.backlog(), 0U);
  log_.add("it may be settled");
  ASSERT_TRUE(log_.wait_for("redriven"));
  EXPECT_THAT(log_.lines(), ElementsAre("marked", "settling", "checkpoint lane@1", "ack 1",
                                        "it may be settled", "settled", "redriven"));
}

TEST_F(LedgerTest, RedrivenLettersThatCannotBeStoredAreTriedAgain) {
  letters_.failures = 1;
  log_.add("it may be settled");
  start();
  redrive();
  ASSERT_TRUE(log_.wait_for("redriven"));
  EXPECT_THAT(log_.lines(), ElementsAre("it may be settled", "marked", "settling",
                                        "settling failed", "settling", "settled", "redriven"));
  EXPECT_TRUE(ledger_.status().healthy);
  EXPECT_EQ(ledger_.status().failed_commits, 1U);
}

TEST_F(LedgerTest, FinishSettlesTheRedriven) {
  log_.add("it may be settled");
  start();
  redrive();
  ledger_.finish();
  EXPECT_EQ(log_.lines().back(), "redriven");
}

TEST_F(LedgerTest, FinishLeavesRedrivenLettersAsTheyAreWhenTheStoreFails) {
  letters_.failures = 1000;
  log_.add("it may be settled");
  start();
  redrive();
  ASSERT_TRUE(log_.wait_for("settling failed"));
  ledger_.finish();
  EXPECT_EQ(log_.lines().back(), "settling failed");
}

TEST_F(LedgerTest, FinishCommitsWhatWasPosted) {
  start();
  one_record()->publish();
  ledger_.finish();
  EXPECT_THAT(log_.lines(), ElementsAre("checkpoint lane@1", "ack 1"));
}

TEST_F(LedgerTest, FinishGivesUpOnAStoreThatFailsAndAcksNothing) {
  letters_.failing = true;
  start();
  reject("PARSE_ERROR");
  ASSERT_TRUE(log_.wait_for("letters failed"));
  ledger_.finish();
  const auto lines = log_.lines();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), "ack 1"), 0);
}

}  // namespace
}  // namespace sluice
