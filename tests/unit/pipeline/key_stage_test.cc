// SPDX-License-Identifier: Apache-2.0
// Records told apart by keys: twins, what only some sinks have, a store that is away, other nodes.
#include "runtime/pipeline/in_flight_keys.h"
#include "tests/unit/pipeline/key_stage_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using Key = IdempotencyConfig::Key;

TEST_F(KeyStageTest, EqualRecordsAreDeliveredOnce) {
  give({"{\"a\":1}", "{\"a\":2}", "{\"a\":1}", "{ \"a\":1}", "{\"a\":2}"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 2, 4));
  EXPECT_EQ(outcome(Outcome::kCommitted), 3U);
  EXPECT_EQ(outcome(Outcome::kDuplicate), 2U);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(KeyStageTest, AlsoWhenTheyComeInLaterBatches) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i) give({"{\"n\":" + std::to_string(i) + "}"});
  }
  start(4);
  ASSERT_TRUE(settle());
  EXPECT_EQ(committed("out").size(), 50U);
  EXPECT_EQ(outcome(Outcome::kDuplicate), 100U);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(KeyStageTest, KeysOutliveTheProcess) {
  give({"{\"a\":1}"});
  start();
  ASSERT_TRUE(settle());
  end();
  keys_.reset();
  give({"{\"a\":1}", "{\"a\":2}"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 3));
  EXPECT_EQ(outcome(Outcome::kDuplicate), 1U);
}

TEST_F(KeyStageTest, PointersAreReadFromTheRecordAsReceived) {
  config_.idempotency.key = Key::kPointers;
  config_.idempotency.pointers = {"/id", "/rev"};
  config_.transform = write("t.lua", "function transform(r) r.id = nil return r end");
  give({R"({"id":"a","rev":1,"x":1})", R"({"id":"\u0061","rev":1,"x":2})", R"({"id":"a","rev":2})",
        R"({"id":1,"rev":"a"})", R"({"id":"1","rev":"a"})"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 3, 4, 5));
  EXPECT_EQ(pipeline_->snapshot().unkeyed, 0U);
}

TEST_F(KeyStageTest, ValuesAreNotJoinedAcrossTheirBorders) {
  config_.idempotency.key = Key::kPointers;
  config_.idempotency.pointers = {"/a", "/b"};
  give({R"({"a":"xy","b":"z"})", R"({"a":"x","b":"yz"})"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(committed("out").size(), 2U);
}

TEST_F(KeyStageTest, WhatHasNoKeyIsDeliveredAndCounted) {
  config_.idempotency.key = Key::kPointers;
  config_.idempotency.pointers = {"/id"};
  give({"{\"x\":1}", "{\"x\":1}", "{\"id\":null}", "{\"id\":null}"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 2, 3));
  EXPECT_EQ(pipeline_->snapshot().unkeyed, 2U);
}

TEST_F(KeyStageTest, AHeaderMayBeTheKey) {
  config_.idempotency.key = Key::kHeader;
  config_.idempotency.header = "event-id";
  test::source_levers("in").records = {{"lane", 1, "{\"a\":1}", {{"event-id", "e1"}}},
                                       {"lane", 2, "{\"a\":2}", {{"x", "y"}, {"event-id", "e1"}}},
                                       {"lane", 3, "{\"a\":1}", {{"event-id", "e2"}}},
                                       {"lane", 4, "{\"a\":1}", {{"other", "e2"}}}};
  start();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 3, 4));
  EXPECT_EQ(pipeline_->snapshot().unkeyed, 1U);
}

TEST_F(KeyStageTest, ATwinWaitsForTheFirst) {
  test::sink_levers("out").corked = true;
  give({"{\"a\":1}", "{\"a\":1}", "{\"a\":2}"});
  start();
  until([this] { return pipeline_->snapshot().keys->waiting_twins == 1; });
  EXPECT_EQ(outcome(Outcome::kDuplicate), 0U);
  test::sink_levers("out").uncork();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 3));
  EXPECT_EQ(outcome(Outcome::kDuplicate), 1U);
}

TEST_F(KeyStageTest, ATwinOfADeadLetterGoesOnByItself) {
  refuse("out", {1});
  give({"{\"a\":1}", "{\"a\":1}"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(2));
  EXPECT_EQ(outcome(Outcome::kDeadLettered), 1U);
  EXPECT_EQ(outcome(Outcome::kCommitted), 1U);
  EXPECT_EQ(account().unaccounted(), 0);
  end();
  EXPECT_EQ(test::source_levers("in").acked["lane"], 2U);
}

TEST_F(KeyStageTest, OfSeveralTwinsOneGoesAtATime) {
  refuse("out", {1, 2, 14});
  std::vector<std::string> equal(25, "{\"a\":1}");
  give(equal);
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(committed("out").size(), 1U);
  const uint64_t letters = outcome(Outcome::kDeadLettered);
  EXPECT_GE(letters, 2U);
  EXPECT_EQ(outcome(Outcome::kDuplicate), 24U - letters);
  EXPECT_EQ(account().unaccounted(), 0);
}

TEST_F(KeyStageTest, ALetterOfATwinNamesTheTwin) {
  refuse("out", {1, 2});
  give({"{\"a\":1}", "{\"a\":1}"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(outcome(Outcome::kDeadLettered), 2U);
  const auto written = letters();
  ASSERT_EQ(written.size(), 2U);
  EXPECT_EQ(written[1].position, 2U);
  EXPECT_EQ(written[1].raw, "{\"a\":1}");
  EXPECT_EQ(written[1].lane, "lane");
  EXPECT_EQ(written[1].sink, "out");
}

TEST_F(KeyStageTest, WhatSomeSinksHaveGoesOnlyToTheOthers) {
  config_.sinks.push_back(sink("side"));
  refuse("side", {1});
  give({"{\"a\":1}", "{\"a\":1}", "{\"a\":1}"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1));
  EXPECT_EQ(committed("side").size(), 1U);
  EXPECT_EQ(outcome(Outcome::kDeadLettered), 1U) << "the first";
  EXPECT_EQ(outcome(Outcome::kCommitted), 1U) << "at the sink that had refused it";
  EXPECT_EQ(outcome(Outcome::kDuplicate), 1U);
}

TEST_F(KeyStageTest, PartsHaveMarksOfTheirOwn) {
  config_.sinks.push_back(sink("side"));
  config_.transform = write("t.lua", R"(
      function transform(r)
        sluice.emit({ copy = 1 })
        sluice.emit({ copy = 2 }, { sink = "side" })
      end)");
  FakeKeys& keys = use_fake_keys();
  give({"{\"a\":1}", "{\"a\":1}"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(committed("out").size(), 1U);
  EXPECT_EQ(committed("side").size(), 2U);
  EXPECT_EQ(keys.done(), 3U);
}

TEST_F(KeyStageTest, WhatWasRefusedLeavesNoMark) {
  FakeKeys& keys = use_fake_keys();
  refuse("out", {1});
  give({"{\"a\":1}", "{\"a\":2}"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_EQ(keys.done(), 1U);
  until([&] { return keys.released == 1; });
}

TEST_F(KeyStageTest, HoldsWhileTheStoreIsAway) {
  FakeKeys& keys = use_fake_keys();
  keys.away = true;
  give({"{\"a\":1}", "{\"a\":2}"});
  start();
  until([&] { return keys.asked > 1; });
  EXPECT_TRUE(committed("out").empty());
  EXPECT_EQ(account().in_flight(), 2U);
  const auto status = *pipeline_->snapshot().keys;
  EXPECT_TRUE(status.away);
  EXPECT_EQ(status.last_error, "the store is away");
  EXPECT_EQ(status.waiting_batches, 1U);
  keys.away = false;
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 2));
  until([this] { return !pipeline_->snapshot().keys->away; });
}

TEST_F(KeyStageTest, OrAdmitsWhatComes) {
  config_.idempotency.admit_when_away = true;
  FakeKeys& keys = use_fake_keys();
  keys.away = true;
  give({"{\"a\":1}", "{\"a\":2}"});
  start();
  ASSERT_TRUE(settle());
  EXPECT_THAT(committed("out"), ElementsAre(1, 2));
  EXPECT_TRUE(pipeline_->snapshot().keys->away);
}

TEST_F(KeyStageTest, NothingIsAcknowledgedBeforeItsMarkIsThere) {
  FakeKeys& keys = use_fake_keys();
  keys.cannot_mark = true;
  give({"{\"a\":1}"});
  start();
  until([&] { return committed("out").size() == 1 && !ledger_->status().healthy; });
  EXPECT_EQ(account().in_flight(), 1U);
  EXPECT_TRUE(test::source_levers("in").acked.empty());
  keys.cannot_mark = false;
  ASSERT_TRUE(settle());
  EXPECT_EQ(keys.done(), 1U);
}

TEST_F(KeyStageTest, WaitsForAnotherNodeAndKeepsTheOrder) {
  FakeKeys& keys = use_fake_keys();
  keys.foreign = true;
  std::vector<uint64_t> all;
  for (int i = 0; i < 35; ++i) {
    give({"{\"n\":" + std::to_string(i) + "}"});
    all.push_back(all.size() + 1);
  }
  start();
  until([&] { return keys.asked > 2; });
  EXPECT_TRUE(committed("out").empty());
  keys.foreign = false;
  ASSERT_TRUE(settle());
  EXPECT_EQ(committed("out"), all);
}

TEST_F(KeyStageTest, ARunThatGivesUpLeavesWhatWaitsUnsettled) {
  FakeKeys& keys = use_fake_keys();
  keys.away = true;
  give({"{\"a\":1}"});
  start();
  until([&] { return keys.asked > 0; });
  end();
  EXPECT_EQ(last_.in_flight(), 1U);
  EXPECT_EQ(last_.unaccounted(), 0);
  EXPECT_EQ(test::source_levers("in").released, test::source_levers("in").handed_over);
}

TEST(InFlightKeys, FindsWhatIsThereThroughGrowthAndErasure) {
  InFlightKeys keys;
  const auto* batch = reinterpret_cast<const Batch*>(&keys);  // only compared
  std::vector<Sha256Digest> digests;
  for (int i = 0; i < 5000; ++i) digests.push_back(sha256(std::to_string(i)));
  for (uint32_t i = 0; i < digests.size(); ++i) keys.insert(digests[i], *batch, i);
  for (size_t i = 0; i < digests.size(); i += 2) keys.erase(*keys.find(digests[i]));
  EXPECT_EQ(keys.size(), 2500U);
  for (uint32_t i = 0; i < digests.size(); ++i) {
    const InFlightKeys::Entry* entry = keys.find(digests[i]);
    ASSERT_EQ(entry != nullptr, i % 2 == 1) << i;
    EXPECT_TRUE(entry == nullptr || entry->record == i) << i;
  }
}

}  // namespace
}  // namespace sluice
