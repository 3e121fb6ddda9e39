// SPDX-License-Identifier: Apache-2.0
// What both stores of checkpoints promise, moves and epochs included, and what only Redis has to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <thread>

#include "runtime/store/checkpoint_json.h"
#include "runtime/store/checkpoint_store.h"
#include "tests/unit/store/redis_server.h"
#include "tests/unit/store/temp_dir.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kAll = std::numeric_limits<uint64_t>::max();

std::unique_ptr<CheckpointStore> open_shared(const RedisServer& server, const TempDir& local) {
  RedisCheckpointOptions options;
  options.url = server.url();
  options.tenants = {{"in", "acme"}};
  return open_redis_checkpoint_store(std::move(options),
                                     open_checkpoint_store(local.path()).value())
      .value();
}

CheckpointUpdate marks(std::vector<LaneMark> set, std::vector<std::string> forget = {}) {
  CheckpointUpdate out;
  out.pipeline = "p";
  out.tenant = "acme";
  out.source = "in";
  out.set = std::move(set);
  out.forget = std::move(forget);
  return out;
}

CheckpointMove to(std::vector<CheckpointMove::Lane> lanes) {
  CheckpointMove out;
  out.pipeline = "p";
  out.tenant = "acme";
  out.source = "in";
  out.all = lanes.empty();
  out.lanes = std::move(lanes);
  return out;
}

SourceCheckpoint load(CheckpointStore& store) {
  auto loaded = store.load("p", "in");
  EXPECT_TRUE(loaded) << loaded.status().message();
  return loaded ? std::move(loaded).value() : SourceCheckpoint();
}

std::vector<std::string> lanes_of(const SourceCheckpoint& checkpoint) {
  std::vector<std::string> out;
  for (const LaneMark& lane : checkpoint.lanes) {
    out.push_back(lane.lane + "@" + std::to_string(lane.position));
  }
  return out;
}

std::vector<std::string> again_of(const SourceCheckpoint& checkpoint) {
  std::vector<std::string> out;
  for (const LaneAgain& again : checkpoint.again) {
    out.push_back(again.lane +
                  "<=" + (again.until == kAll ? std::string("all") : std::to_string(again.until)) +
                  " e" + std::to_string(again.epoch - checkpoint.epoch));
  }
  return out;
}

enum class Which { kLocal, kRedis, kRedisTls };

class Checkpoints : public ::testing::TestWithParam<Which> {
 protected:
  void SetUp() override {
    if (GetParam() != Which::kLocal) {
      server_ = RedisServer::start(GetParam() == Which::kRedis ? RedisServer::Speaks::kPlain
                                                               : RedisServer::Speaks::kTls);
      if (!server_) GTEST_SKIP() << "there is no redis-server";
    }
    store_ = open();
    load(*store_);
  }
  std::unique_ptr<CheckpointStore> open() {
    if (server_) return open_shared(*server_, dir_);
    return open_checkpoint_store(dir_.path()).value();
  }
  void commit(const CheckpointUpdate& update) {
    const Status done = store_->commit({update}, 7'000'000);
    ASSERT_TRUE(done) << done.message();
  }
  uint32_t move(const CheckpointMove& what) {
    const auto moved = store_->move(what, 9'000'000);
    EXPECT_TRUE(moved) << moved.status().message();
    return moved ? *moved : 0;
  }

  TempDir dir_;
  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<CheckpointStore> store_;
};

TEST_P(Checkpoints, KeepMarksOfEveryPositionAcrossReopening) {
  commit(marks({{"a/1", 10}, {"b", kAll}}));
  commit(marks({{"a/1", 11}, {"c", 5}}, {"c"}));
  store_.reset();
  store_ = open();
  EXPECT_THAT(lanes_of(load(*store_)), ElementsAre("a/1@11", "b@18446744073709551615"));
}

TEST_P(Checkpoints, AMoveToTheBeginningForgetsLanesAndOpensAnEpoch) {
  CheckpointUpdate update = marks({{"a", 10}, {"b", 20}});
  update.cursor = "blob";
  commit(update);
  const uint32_t before = load(*store_).epoch;
  EXPECT_GT(move(to({})), before);
  store_.reset();
  store_ = open();
  const SourceCheckpoint after = load(*store_);
  EXPECT_THAT(lanes_of(after), IsEmpty());
  EXPECT_FALSE(after.cursor);
  EXPECT_GT(after.epoch, before);
  EXPECT_THAT(again_of(after), ElementsAre("<=all e0"));
}

TEST_P(Checkpoints, AMovedLaneComesAgainUpToWhereItWas) {
  CheckpointUpdate update = marks({{"a", 10}, {"b", 20}});
  update.delivered = {{"a", "pg", 12, 0, 15, 0}, {"b", "pg", 22, 0, 25, 0}};
  commit(update);
  move(to({{"a", 4}}));
  const SourceCheckpoint after = load(*store_);
  EXPECT_THAT(lanes_of(after), ElementsAre("a@4", "b@20"));
  EXPECT_THAT(again_of(after), ElementsAre("a<=10 e0"));
  ASSERT_EQ(after.delivered.size(), 1U) << "what a sink had of the lane is forgotten";
  EXPECT_EQ(after.delivered[0].lane, "b");
}

TEST_P(Checkpoints, ASecondMoveDoesNotForgetHowFarTheLaneHadCome) {
  commit(marks({{"a", 100}}));
  const uint32_t first = move(to({{"a", std::nullopt}}));
  commit(marks({{"a", 30}}));
  EXPECT_GT(move(to({{"a", 10}})), first);
  EXPECT_THAT(again_of(load(*store_)), ElementsAre("a<=100 e0"));
}

TEST_P(Checkpoints, WhatIsKnownElsewhereTellsHowFarALaneHadCome) {
  commit(marks({{"a", 100}}));
  CheckpointMove move_to = to({{"a", 10}, {"b", 5}});
  move_to.lanes[0].reached = 60;
  move_to.lanes[1].reached = 80;
  move(move_to);
  EXPECT_THAT(again_of(load(*store_)), ElementsAre("a<=100 e0", "b<=80 e0"));
}

TEST_P(Checkpoints, AMoveAheadIsNotedThoughNothingComesAgain) {
  commit(marks({{"a", 10}}));
  move(to({{"a", 50}}));
  EXPECT_THAT(lanes_of(load(*store_)), ElementsAre("a@50"));
  EXPECT_THAT(again_of(load(*store_)), ElementsAre("a<=10 e0")) << "or a mark at 10 holds it back";
}

TEST_P(Checkpoints, KeptIdempotencyIsWhatSinksHaveAboveTheNewMark) {
  commit(marks({{"a", 10}}));
  const uint32_t before = load(*store_).epoch;
  CheckpointMove keep = to({{"a", 4}});
  keep.keep_idempotency = true;
  keep.sinks = {"pg", "search"};
  EXPECT_EQ(move(keep), before);
  const SourceCheckpoint after = load(*store_);
  EXPECT_THAT(lanes_of(after), ElementsAre("a@4"));
  EXPECT_THAT(again_of(after), IsEmpty());
  ASSERT_EQ(after.delivered.size(), 2U);
  EXPECT_EQ(after.delivered[0].sink, "pg");
  EXPECT_EQ(after.delivered[0].first_position, 5U);
  EXPECT_EQ(after.delivered[0].last_position, 10U);
}

TEST_P(Checkpoints, AnEpochIsNeverUsedTwice) {
  std::vector<uint32_t> seen{load(*store_).epoch};
  for (int i = 0; i < 3; ++i) {
    seen.push_back(move(to({})));  // all in the same second
    EXPECT_GT(seen.back(), seen[seen.size() - 2]);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, Checkpoints,
                         ::testing::Values(Which::kLocal, Which::kRedis, Which::kRedisTls),
                         [](const auto& which) {
                           return which.param == Which::kLocal   ? "Local"
                                  : which.param == Which::kRedis ? "Redis"
                                                                 : "RedisTls";
                         });

class SharedCheckpoints : public ::testing::TestWithParam<RedisServer::Speaks> {
 protected:
  void SetUp() override {
    server_ = RedisServer::start(GetParam());
    if (!server_) GTEST_SKIP() << "there is no redis-server";
    one_ = open_shared(*server_, dir_one_);
    other_ = open_shared(*server_, dir_other_);
    load(*one_);
    load(*other_);
  }
  TempDir dir_one_;
  TempDir dir_other_;
  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<CheckpointStore> one_;
  std::unique_ptr<CheckpointStore> other_;
};

TEST_P(SharedCheckpoints, TheKeyIsOneObjectThatPeopleCanRead) {
  CheckpointUpdate update = marks({{"orders/3", 42}});
  update.highest_event_time_us = 1'700'000'000'000'000;
  ASSERT_TRUE(one_->commit({update}, 1'700'000'001'000'000));
  const std::string text = server_->ask({"GET", "checkpoint:acme:in"});
  EXPECT_THAT(text, HasSubstr(R"("lanes":{"orders/3":42})"));
  EXPECT_THAT(text, HasSubstr(R"("highest_event_time":"2023-11-14T22:13:20)"));
  EXPECT_THAT(text, HasSubstr(R"("updated_at":"2023-11-14T22:13:21)"));
}

TEST_P(SharedCheckpoints, NodesWriteTheirLanesIntoOneObject) {
  const auto write = [](CheckpointStore& store, const std::string& lane) {
    for (uint64_t i = 1; i <= 200; ++i) {
      const Status done = store.commit({marks({{lane, i}})}, 1);
      ASSERT_TRUE(done) << done.message();
    }
  };
  std::thread thread([&] { write(*other_, "b"); });
  write(*one_, "a");
  thread.join();
  EXPECT_THAT(lanes_of(load(*one_)), ElementsAre("a@200", "b@200"));
}

TEST_P(SharedCheckpoints, AMarkOfANodeThatLostTheLaneDoesNotSetItBack) {
  ASSERT_TRUE(other_->commit({marks({{"a", 50}})}, 1));
  ASSERT_TRUE(one_->commit({marks({{"a", 20}})}, 1));
  EXPECT_THAT(lanes_of(load(*one_)), ElementsAre("a@50"));
}

TEST_P(SharedCheckpoints, AMarkOfAnEpochThatIsOverIsNotWritten) {
  ASSERT_TRUE(one_->commit({marks({{"a", 50}})}, 1));
  ASSERT_TRUE(other_->move(to({}), 1));
  ASSERT_TRUE(one_->commit({marks({{"a", 60}})}, 1));
  EXPECT_THAT(lanes_of(load(*other_)), IsEmpty());
}

TEST_P(SharedCheckpoints, ADeletedKeyMeansThatTheSourceHasNeverRun) {
  CheckpointUpdate update = marks({{"a", 50}});
  update.cursor = "blob";
  ASSERT_TRUE(one_->commit({update}, 1));
  const uint32_t before = load(*one_).epoch;
  EXPECT_EQ(server_->ask({"DEL", "checkpoint:acme:in"}), "1");
  one_ = open_shared(*server_, dir_one_);
  const SourceCheckpoint after = load(*one_);
  EXPECT_THAT(lanes_of(after), IsEmpty());
  EXPECT_FALSE(after.cursor);
  EXPECT_GT(after.epoch, before);
  EXPECT_THAT(again_of(after), ElementsAre("<=all e0"));
  EXPECT_EQ(load(*other_).epoch, after.epoch) << "one epoch for all nodes";
}

TEST_P(SharedCheckpoints, ANodeThatWorkedAloneBringsItsMarks) {
  TempDir dir;
  {
    auto local = open_checkpoint_store(dir.path()).value();
    CheckpointUpdate update = marks({{"x", 5}});
    update.source = "solo";
    ASSERT_TRUE(local->commit({update}, 1));
  }
  auto shared = open_shared(*server_, dir);
  EXPECT_THAT(lanes_of(shared->load("p", "solo").value()), ElementsAre("x@5"));
}

TEST_P(SharedCheckpoints, AServerThatIsAwayIsReportedAndComesBack) {
  server_->freeze();
  const Status away = one_->commit({marks({{"a", 1}})}, 1);
  EXPECT_EQ(away.code(), Code::kUnavailable) << away.message();
  server_->thaw();
  ASSERT_TRUE(one_->commit({marks({{"a", 2}})}, 1));
  EXPECT_THAT(lanes_of(load(*one_)), ElementsAre("a@2"));
}

TEST_P(SharedCheckpoints, AnObjectThatIsNoneIsRefusedWithAdvice) {
  server_->ask({"SET", "checkpoint:acme:in", "not json"});
  const auto loaded = one_->load("p", "in");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.status().code(), Code::kCorrupt);
  EXPECT_THAT(loaded.status().message(), HasSubstr("checkpoint:acme:in"));
  EXPECT_THAT(loaded.status().message(), HasSubstr("delete it"));
}

INSTANTIATE_TEST_SUITE_P(Over, SharedCheckpoints,
                         ::testing::Values(RedisServer::Speaks::kPlain, RedisServer::Speaks::kTls),
                         [](const auto& of) {
                           return of.param == RedisServer::Speaks::kPlain ? "Tcp" : "Tls";
                         });

TEST(CheckpointJson, RefusesPositionsThatAreNone) {
  for (const char* text : {R"({"lanes":{"a":-1}})", R"({"lanes":{"a":1.5}})",
                           R"({"lanes":{"a":"1"}})", "[]", "", "{"}) {
    EXPECT_FALSE(parse_checkpoint_json(text)) << text;
  }
  EXPECT_TRUE(parse_checkpoint_json("{}")) << "nothing is known";
}

}  // namespace
}  // namespace sluice
