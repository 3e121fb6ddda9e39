// SPDX-License-Identifier: Apache-2.0
// What both stores of idempotency keys promise, and what only Redis has to.
#include "runtime/store/idempotency_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "runtime/base/stop.h"
#include "tests/unit/store/redis_server.h"
#include "tests/unit/store/temp_dir.h"

namespace sluice {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::chrono::milliseconds kDay{86'400'000};

IdempotencyRow row(const std::string& key, uint32_t part = 0, const std::string& sink = "pg") {
  return {sha256(key), part, sink_tag(sink)};
}

std::vector<Claim> claim(IdempotencyStore& store, const std::vector<IdempotencyRow>& rows) {
  std::vector<Claim> answers(rows.size(), Claim::kForeign);
  const Status claimed = store.claim(rows, answers);
  EXPECT_TRUE(claimed) << claimed.message();
  return answers;
}

void finish(IdempotencyStore& store, const std::vector<IdempotencyRow>& rows,
            std::chrono::milliseconds ttl = kDay) {
  const Status finished = store.finish(rows, ttl);
  EXPECT_TRUE(finished) << finished.message();
}

// One of the stores under test: opens it, again and again, and lets time pass.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual std::unique_ptr<IdempotencyStore> open(const IdempotencyOwner& owner) = 0;
  // Until what had that time to live has gone.
  virtual void outlive(IdempotencyStore& store, const IdempotencyRow& row,
                       std::chrono::milliseconds ttl) = 0;
};

class RocksSubject final : public Subject {
 public:
  std::unique_ptr<IdempotencyStore> open(const IdempotencyOwner&) override {
    auto opened = open_idempotency_store(dir_.path(), clock_);
    EXPECT_TRUE(opened) << opened.status().message();
    return std::move(opened).value();
  }
  void outlive(IdempotencyStore&, const IdempotencyRow&, std::chrono::milliseconds ttl) override {
    clock_.advance(ttl);
  }

 private:
  TempDir dir_;
  ManualClock clock_;
};

class RedisSubject final : public Subject {
 public:
  explicit RedisSubject(std::unique_ptr<RedisServer> server) : server_(std::move(server)) {}
  std::unique_ptr<IdempotencyStore> open(const IdempotencyOwner& owner) override {
    return open_redis_idempotency_store({server_->url(), owner}).value();
  }
  void outlive(IdempotencyStore& store, const IdempotencyRow& row,
               std::chrono::milliseconds) override {
    StopSource never;
    while (claim(store, {row})[0] == Claim::kDone) never.wait_for(std::chrono::milliseconds(1));
  }

 private:
  std::unique_ptr<RedisServer> server_;
};

class IdempotencyConformance : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (GetParam() == "rocks") {
      subject_ = std::make_unique<RocksSubject>();
    } else {
      auto server = RedisServer::start(GetParam() == "redis" ? RedisServer::Speaks::kPlain
                                                             : RedisServer::Speaks::kTls);
      if (!server) GTEST_SKIP() << "no redis-server; make setup installs it";
      subject_ = std::make_unique<RedisSubject>(std::move(server));
    }
    store_ = subject_->open({"node", 1});
  }

  std::unique_ptr<Subject> subject_;
  std::unique_ptr<IdempotencyStore> store_;
};

TEST_P(IdempotencyConformance, WhatIsNotKnownIsMine) {
  EXPECT_THAT(claim(*store_, {row("a"), row("b")}), Each(Claim::kMine));
}

TEST_P(IdempotencyConformance, OnlyWhatIsFinishedIsDone) {
  EXPECT_THAT(claim(*store_, {row("a"), row("b"), row("c")}), Each(Claim::kMine));
  finish(*store_, {row("b")});
  EXPECT_THAT(claim(*store_, {row("c"), row("b"), row("a")}),
              ElementsAre(Claim::kMine, Claim::kDone, Claim::kMine));
}

TEST_P(IdempotencyConformance, PartsAndSinksOfAKeyAreToldApart) {
  finish(*store_, {row("a", 0, "pg"), row("a", 1, "search")});
  EXPECT_THAT(claim(*store_, {row("a", 0, "pg"), row("a", 1, "pg"), row("a", 0, "search"),
                              row("a", 1, "search"), row("a", 256, "pg")}),
              ElementsAre(Claim::kDone, Claim::kMine, Claim::kMine, Claim::kDone, Claim::kMine));
}

TEST_P(IdempotencyConformance, WhatIsDoneOutlivesTheProcess) {
  finish(*store_, {row("a")});
  store_.reset();
  store_ = subject_->open({"node", 2});
  EXPECT_THAT(claim(*store_, {row("a")}), ElementsAre(Claim::kDone));
}

TEST_P(IdempotencyConformance, AClaimOfAnOlderEpochIsTakenOver) {
  EXPECT_THAT(claim(*store_, {row("a")}), ElementsAre(Claim::kMine));
  store_.reset();
  store_ = subject_->open({"node", 2});
  EXPECT_THAT(claim(*store_, {row("a")}), ElementsAre(Claim::kMine));
}

TEST_P(IdempotencyConformance, AReleasedClaimLeavesNoMark) {
  claim(*store_, {row("a")});
  ASSERT_TRUE(store_->release(std::vector{row("a")}));
  EXPECT_THAT(claim(*store_, {row("a")}), ElementsAre(Claim::kMine));
}

TEST_P(IdempotencyConformance, ReleasingDoesNotUndoWhatIsDone) {
  claim(*store_, {row("a")});
  finish(*store_, {row("a")});
  ASSERT_TRUE(store_->release(std::vector{row("a")}));
  EXPECT_THAT(claim(*store_, {row("a")}), ElementsAre(Claim::kDone));
}

TEST_P(IdempotencyConformance, WhatIsDoneIsForgottenAfterItsTime) {
  finish(*store_, {row("a")}, std::chrono::milliseconds(30));
  finish(*store_, {row("b")});
  subject_->outlive(*store_, row("a"), std::chrono::milliseconds(30));
  EXPECT_THAT(claim(*store_, {row("a"), row("b")}), ElementsAre(Claim::kMine, Claim::kDone));
}

TEST_P(IdempotencyConformance, ALargeBatchKeepsItsOrder) {
  std::vector<IdempotencyRow> rows;
  std::vector<IdempotencyRow> odd;
  for (int i = 0; i < 5000; ++i) rows.push_back(row(std::to_string(i)));
  for (size_t i = 1; i < rows.size(); i += 2) odd.push_back(rows[i]);
  claim(*store_, rows);
  finish(*store_, odd);
  const std::vector<Claim> answers = claim(*store_, rows);
  for (size_t i = 0; i < answers.size(); ++i) {
    ASSERT_EQ(answers[i], i % 2 == 1 ? Claim::kDone : Claim::kMine) << i;
  }
}

TEST_P(IdempotencyConformance, AnEmptyBatchIsNothing) {
  EXPECT_TRUE(claim(*store_, {}).empty());
  finish(*store_, {});
  EXPECT_TRUE(store_->release({}));
  EXPECT_TRUE(store_->renew());
  EXPECT_TRUE(store_->status().healthy);
}

INSTANTIATE_TEST_SUITE_P(All, IdempotencyConformance,
                         ::testing::Values("rocks", "redis", "redis_tls"),
                         [](const auto& of) { return of.param; });

class RedisIdempotency : public ::testing::TestWithParam<RedisServer::Speaks> {
 protected:
  void SetUp() override {
    server_ = RedisServer::start(GetParam());
    if (!server_) GTEST_SKIP() << "no redis-server; make setup installs it";
  }
  std::unique_ptr<IdempotencyStore> open(const std::string& node, uint64_t epoch,
                                         std::chrono::milliseconds claim_ms = kDay) {
    RedisIdempotencyOptions options{server_->url(), {node, epoch}};
    options.claim_ms = claim_ms;
    options.timeout = std::chrono::milliseconds(300);
    return open_redis_idempotency_store(options).value();
  }
  // The first try that does not answer that another node has it.
  static Claim wait_for(IdempotencyStore& store, const IdempotencyRow& of) {
    StopSource never;
    for (;;) {
      const Claim answer = claim(store, {of})[0];
      if (answer != Claim::kForeign) return answer;
      never.wait_for(std::chrono::milliseconds(1));
    }
  }
  std::unique_ptr<RedisServer> server_;
};

TEST_P(RedisIdempotency, AClaimOfAnotherNodeIsForeignUntilItIsDone) {
  auto a = open("a", 1);
  auto b = open("b", 1);
  EXPECT_THAT(claim(*a, {row("k")}), ElementsAre(Claim::kMine));
  EXPECT_THAT(claim(*b, {row("k"), row("l")}), ElementsAre(Claim::kForeign, Claim::kMine));
  finish(*a, {row("k")});
  EXPECT_THAT(claim(*b, {row("k")}), ElementsAre(Claim::kDone));
}

TEST_P(RedisIdempotency, AClaimThatIsGivenBackIsTheOthers) {
  auto a = open("a", 1);
  auto b = open("b", 1);
  claim(*a, {row("k")});
  ASSERT_TRUE(a->release(std::vector{row("k")}));
  EXPECT_THAT(claim(*b, {row("k")}), ElementsAre(Claim::kMine));
  ASSERT_TRUE(a->release(std::vector{row("k")}));
  EXPECT_THAT(claim(*a, {row("k")}), ElementsAre(Claim::kForeign)) << "released another's claim";
}

TEST_P(RedisIdempotency, AClaimThatNobodyRenewsEnds) {
  auto a = open("a", 1, std::chrono::milliseconds(50));
  auto b = open("b", 1);
  claim(*a, {row("k")});
  EXPECT_EQ(wait_for(*b, row("k")), Claim::kMine);
  ASSERT_TRUE(a->renew()) << "must not take it back";
  EXPECT_THAT(claim(*a, {row("k")}), ElementsAre(Claim::kForeign));
}

TEST_P(RedisIdempotency, RenewedClaimsStay) {
  auto a = open("a", 1, std::chrono::milliseconds(60'000));
  claim(*a, {row("k")});
  const std::string key = server_->ask({"RANDOMKEY"});
  server_->ask({"PEXPIRE", key, "10000"});
  ASSERT_TRUE(a->renew());
  EXPECT_GT(std::stoll(server_->ask({"PTTL", key})), 30'000);
}

TEST_P(RedisIdempotency, KeysAndValuesAreAsPromised) {
  auto a = open("a", 7);
  claim(*a, {row("k", 3, "pg")});
  const std::string key = server_->ask({"RANDOMKEY"});
  EXPECT_THAT(key, ::testing::StartsWith("ingest_idempotency:" + sha256_hex("k") + ":3:"));
  EXPECT_EQ(server_->ask({"GET", key}), "c:a:7");
  finish(*a, {row("k", 3, "pg")});
  EXPECT_EQ(server_->ask({"GET", key}), "d");
  EXPECT_GT(std::stoll(server_->ask({"PTTL", key})), 80'000'000);
}

TEST_P(RedisIdempotency, AServerThatIsAwayIsUnavailableAndThenBack) {
  auto a = open("a", 1);
  finish(*a, {row("k")});
  server_->stop();
  std::vector<Claim> answers(1);
  const Status away = a->claim(std::vector{row("k")}, answers);
  EXPECT_EQ(away.code(), Code::kUnavailable);
  EXPECT_THAT(away.message(), HasSubstr("127.0.0.1"));
  EXPECT_FALSE(a->status().healthy);
  server_->start_again();
  EXPECT_THAT(claim(*a, {row("k")}), ElementsAre(Claim::kMine)) << "it had it in memory only";
  EXPECT_TRUE(a->status().healthy);
}

TEST_P(RedisIdempotency, AServerThatDoesNotAnswerIsGivenUpOn) {
  auto a = open("a", 1);
  claim(*a, {row("k")});
  server_->freeze();
  std::vector<Claim> answers(1);
  EXPECT_EQ(a->claim(std::vector{row("l")}, answers).code(), Code::kUnavailable);
  server_->thaw();
  EXPECT_THAT(claim(*a, {row("l")}), ElementsAre(Claim::kMine));
}

TEST_P(RedisIdempotency, AWrongPasswordIsTheOperatorsFault) {
  server_->ask({"CONFIG", "SET", "requirepass", "right"});
  auto url = server_->url();
  url.insert(url.find("//") + 2, ":wrong@");
  auto store = open_redis_idempotency_store({url, {"a", 1}}).value();
  std::vector<Claim> answers(1);
  const Status refused = store->claim(std::vector{row("k")}, answers);
  EXPECT_EQ(refused.code(), Code::kInvalid);
  EXPECT_THAT(refused.message(), HasSubstr("WRONGPASS"));
  EXPECT_THAT(refused.message(), ::testing::Not(HasSubstr(":wrong")));
}

INSTANTIATE_TEST_SUITE_P(Over, RedisIdempotency,
                         ::testing::Values(RedisServer::Speaks::kPlain, RedisServer::Speaks::kTls),
                         [](const auto& of) {
                           return of.param == RedisServer::Speaks::kPlain ? "Tcp" : "Tls";
                         });

TEST(IdempotencyOwner, EpochsRiseAndTheNameStays) {
  TempDir dir;
  const auto first = next_owner(dir.path()).value();
  const auto second = next_owner(dir.path()).value();
  EXPECT_EQ(first.epoch, 1U);
  EXPECT_EQ(second.epoch, 2U);
  EXPECT_EQ(first.node, second.node);
  EXPECT_EQ(first.node.size(), 32U);
}

TEST(IdempotencyOwner, ADamagedFileIsRefusedWithTheCure) {
  TempDir dir;
  spew(dir / "node", "nonsense");
  const auto owner = next_owner(dir.path());
  ASSERT_FALSE(owner);
  EXPECT_EQ(owner.status().code(), Code::kCorrupt);
  EXPECT_THAT(owner.status().message(), HasSubstr("remove it"));
}

}  // namespace
}  // namespace sluice
