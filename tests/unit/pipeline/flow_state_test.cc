// SPDX-License-Identifier: Apache-2.0
// States that hold a pipeline back, and the desk where operators ask for them.
#include "runtime/pipeline/flow_desk.h"
#include "tests/unit/pipeline/fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FlowStateTest : public PipelineTest {
 protected:
  void begin(size_t records, size_t gate) {
    feed("in", records);
    test::source_levers("in").gate = gate;
    audit_ = AuditLog::open(folder_).value();
    start();
    desk_ = desk();
  }
  std::unique_ptr<FlowDesk> desk() {
    FlowDesk::Context context;
    context.pipelines = {pipeline_.get()};
    context.state_dir = folder_;
    context.audit = audit_.get();
    context.clock = &Clock::real();
    return std::make_unique<FlowDesk>(std::move(context));
  }
  Result<FlowDesk::Names> order(FlowState state, double keep = 1) {
    FlowOrder order;
    order.state = state;
    order.keep = keep;
    order.cause = "an operator asked for it";
    return desk_->order("", order);
  }
  bool comes_to(uint64_t committed) {
    return comes_true([&] { return account().outcome(Outcome::kCommitted) == committed; });
  }
  std::string source_state() { return pipeline_->snapshot().sources[0].state; }
  void open_gate() { test::source_levers("in").gate = SIZE_MAX; }

  std::unique_ptr<AuditLog> audit_;
  std::unique_ptr<FlowDesk> desk_;
};

TEST_F(FlowStateTest, ADrainLetsOutWhatIsInFlightAndTakesNothingIn) {
  test::sink_levers("out").corked = true;
  begin(1'000, 100);
  ASSERT_TRUE(comes_true([&] { return account().received() == 100; }));
  ASSERT_TRUE(order(FlowState::kDrain));
  ASSERT_TRUE(comes_true([&] { return source_state() == "paused"; }));
  open_gate();
  test::sink_levers("out").uncork();
  ASSERT_TRUE(comes_to(100));
  EXPECT_EQ(account().in_flight(), 0U);
  EXPECT_EQ(account().received(), 100U);
  EXPECT_THAT(desk_->resume("").value(), ElementsAre("p"));
  EXPECT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 1'000U);
}

TEST_F(FlowStateTest, APauseLeavesTheSinkAlone) {
  std::atomic<int> calls{0};
  std::atomic<int> while_paused{0};
  StopSource go_on;
  config_.sinks[0].batch.records = 10;
  test::sink_levers("out").answer = [&](const auto& seen, sluice_outcome* outcomes) {
    if (calls++ == 0) {
      EXPECT_TRUE(go_on.wait_for(std::chrono::minutes(1)));
    } else if (pipeline_->flow().holds_writes()) {
      ++while_paused;
    }
    for (size_t i = 0; i < seen.size(); ++i) outcomes[i].verdict = SLUICE_REC_OK;
    return SLUICE_OK;
  };
  begin(1'000, 100);
  ASSERT_TRUE(comes_true([&] { return calls == 1 && account().received() == 100; }));
  ASSERT_TRUE(order(FlowState::kPaused));
  ASSERT_TRUE(comes_true([&] { return source_state() == "paused"; }));
  go_on.request();  // the call under way has its answer
  ASSERT_TRUE(comes_to(10));
  open_gate();
  EXPECT_EQ(account().in_flight(), 90U);
  EXPECT_EQ(account().unaccounted(), 0);
  ASSERT_TRUE(desk_->resume("p"));
  EXPECT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 1'000U);
  EXPECT_EQ(while_paused, 0);
}

TEST_F(FlowStateTest, TheEndOfTheProcessLetsOutWhatAPauseHolds) {
  test::sink_levers("out").corked = true;
  begin(100, 100);
  ASSERT_TRUE(comes_true([&] { return account().received() == 100; }));
  ASSERT_TRUE(order(FlowState::kPaused));
  test::sink_levers("out").uncork();
  pipeline_->stop_sources();
  EXPECT_TRUE(settle());
  EXPECT_EQ(account().outcome(Outcome::kCommitted), 100U);
}

TEST_F(FlowStateTest, ABrownoutConcernsSourcesOfLowPriorityOnly) {
  config_.sources.push_back(source("low"));
  config_.sources.back().low_priority = true;
  feed("low", 1'000, "low");
  begin(1'000, 100);
  EXPECT_TRUE(pipeline_->has_low_priority());
  test::source_levers("low").gate = 0;
  ASSERT_TRUE(order(FlowState::kBrownout, 0));
  const auto received = [&](size_t source) { return account().sources[source].received; };
  const uint64_t before = received(1);
  open_gate();
  test::source_levers("low").gate = SIZE_MAX;
  ASSERT_TRUE(comes_true([&] { return received(0) == 1'000; }));
  ASSERT_TRUE(comes_true([&] { return pipeline_->snapshot().sources[1].state == "waiting"; }));
  EXPECT_LE(received(1), before + 10) << "but what a poll under way had";
  ASSERT_TRUE(desk_->resume(""));
  EXPECT_TRUE(settle());
  EXPECT_EQ(received(1), 1'000U);
}

TEST_F(FlowStateTest, WhatAnOperatorAskedForStandsAfterARestart) {
  begin(10, 10);
  ASSERT_TRUE(order(FlowState::kBrownout, 0.25));
  EXPECT_THAT(audit_->lines(), ElementsAre(HasSubstr("\"state\":\"brownout\"")));
  ASSERT_TRUE(settle());
  end();
  start();
  desk_ = desk();
  EXPECT_EQ(pipeline_->flow().status().state, FlowState::kNormal);
  ASSERT_TRUE(desk_->restore(false));
  EXPECT_EQ(pipeline_->flow().status().state, FlowState::kNormal) << "of a finite run";
  ASSERT_TRUE(desk_->restore(true));
  EXPECT_EQ(pipeline_->flow().status().state, FlowState::kBrownout);
  EXPECT_EQ(pipeline_->flow().keep(), 0.25);
  ASSERT_TRUE(desk_->resume(""));
  end();
  start();
  desk_ = desk();
  ASSERT_TRUE(desk_->restore(true));
  EXPECT_EQ(pipeline_->flow().status().state, FlowState::kNormal);
}

TEST_F(FlowStateTest, WhatIsAskedUntilARestartDoesNot) {
  begin(10, 10);
  FlowOrder once;
  once.state = FlowState::kDrain;
  once.lasting = false;
  ASSERT_TRUE(desk_->order("p", once));
  end();
  start();
  desk_ = desk();
  ASSERT_TRUE(desk_->restore(true));
  EXPECT_EQ(pipeline_->flow().status().state, FlowState::kNormal);
}

TEST_F(FlowStateTest, RateLimitsAreMultipliedAndRemembered) {
  config_.flow.rate = 1'000;
  begin(10, 10);
  EXPECT_THAT(desk_->multiply("", 2).value(), ElementsAre("p"));
  EXPECT_EQ(pipeline_->snapshot().multiplier, 2);
  end();
  start();
  desk_ = desk();
  ASSERT_TRUE(desk_->restore(true));
  EXPECT_EQ(pipeline_->snapshot().multiplier, 2);
  EXPECT_TRUE(desk_->multiply("", std::nullopt));
  EXPECT_EQ(pipeline_->snapshot().multiplier, config_.flow.burst_multiplier);
}

TEST_F(FlowStateTest, WrongNamesAndLimitsThatAreNotThereAreRefused) {
  begin(10, 10);
  EXPECT_EQ(desk_->order("q", {}).status().code(), Code::kNotFound);
  EXPECT_EQ(desk_->resume("q").status().code(), Code::kNotFound);
  EXPECT_THAT(desk_->resume("p").value(), IsEmpty()) << "it was not held";
  const auto none = desk_->multiply("", 2);
  EXPECT_EQ(none.status().code(), Code::kExists);
  EXPECT_THAT(none.status().message(), HasSubstr("flow.rate"));
}

TEST_F(FlowStateTest, AFileThatIsNotOursIsRefusedWithTheCure) {
  begin(10, 10);
  for (const char* text :
       {"", "[]", "{\"p\":1}",
        "{\"p\":{\"state\":\"throttled\",\"keep\":1,\"cause\":\"\",\"at_us\":1}}",
        "{\"p\":{\"state\":\"drain\",\"keep\":2,\"cause\":\"\",\"at_us\":1}}",
        "{\"p\":{\"state\":\"drain\",\"keep\":1,\"cause\":\"\",\"at_us\":1,\"multiplier\":-1}}"}) {
    write("flow.json", text);
    const Status read = desk()->restore(true);
    EXPECT_EQ(read.code(), Code::kInvalid) << text;
    EXPECT_THAT(read.message(), HasSubstr("remove it")) << text;
  }
}

}  // namespace
}  // namespace sluice
