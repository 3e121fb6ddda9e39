// SPDX-License-Identifier: Apache-2.0
// Records told apart by keys in a real Redis, which is stopped, and which another node uses too.
#include "tests/unit/pipeline/key_stage_fixture.h"
#include "tests/unit/store/redis_server.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;

class RedisKeysTest : public KeyStageTest {
 protected:
  void SetUp() override {
    KeyStageTest::SetUp();
    server_ = RedisServer::start();
    if (!server_) GTEST_SKIP() << "no redis-server; make setup installs it";
    keys_ = open("node-1");
    give({"{\"a\":1}", "{\"a\":2}", "{\"a\":2}"});
    test::source_levers("in").gate = 1;
  }
  std::unique_ptr<IdempotencyStore> open(const std::string& node) {
    RedisIdempotencyOptions options{server_->url(), {node, 1}};
    options.timeout = Millis(500);
    return open_redis_idempotency_store(options).value();
  }
  // One record is through; the others come while the server is stopped.
  void stop_the_server_midway() {
    start();
    until([this] { return outcome(Outcome::kCommitted) == 1; });
    server_->stop();
    test::source_levers("in").gate = SIZE_MAX;
    until([this] { return pipeline_->snapshot().keys->away; });
  }
  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisKeysTest, HoldsUntilTheServerIsBack) {
  stop_the_server_midway();
  EXPECT_THAT(committed("out"), ElementsAre(1));
  EXPECT_EQ(account().in_flight(), 2U);
  server_->start_again();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 2));
  EXPECT_EQ(outcome(Outcome::kDuplicate), 1U);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(RedisKeysTest, OrAdmitsWhileItIsAway) {
  config_.idempotency.admit_when_away = true;
  stop_the_server_midway();
  ASSERT_TRUE(settle());
  EXPECT_EQ(committed("out").size(), 3U) << "nothing says that the third was there";
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(RedisKeysTest, ARecordThatAnotherNodeHasClaimedWaitsForThatNode) {
  test::source_levers("in").gate = SIZE_MAX;
  // What the other node is delivering: keys as a pipeline makes them, of one of the records.
  start();
  ASSERT_TRUE(settle());
  end();
  const std::string key = server_->ask({"RANDOMKEY"});
  server_->ask({"FLUSHALL"});
  server_->ask({"SET", key, "c:node-2:1", "PX", "60000"});
  test::sink_levers("out").committed.clear();
  give({"{\"a\":1}", "{\"a\":2}", "{\"a\":2}"});
  start();
  until([this] { return pipeline_->snapshot().keys->waiting_batches == 1; });
  EXPECT_TRUE(committed("out").empty());
  server_->ask({"SET", key, "d", "PX", "60000"});
  ASSERT_TRUE(settle());
  EXPECT_EQ(committed("out").size(), 1U);
  EXPECT_EQ(outcome(Outcome::kDuplicate), 2U);
}

}  // namespace
}  // namespace sluice
