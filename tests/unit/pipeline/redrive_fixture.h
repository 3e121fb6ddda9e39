// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runtime/pipeline/redriver.h"
#include "tests/unit/pipeline/fixture.h"

namespace sluice {

// A pipeline as PipelineTest makes it, and a redriver of its letters.
class RedriveTest : public PipelineTest {
 protected:
  void TearDown() override {
    stop_redriver();
    PipelineTest::TearDown();
  }

  void begin(uint32_t workers = 2) {
    config_.dlq_burst.on = false;  // many letters are the point
    start(workers);
    Redriver::Context context;
    context.pipelines = {pipeline_.get()};
    context.letters = letters_.get();
    context.clock = &Clock::real();
    redriver_ = std::make_unique<Redriver>(std::move(context));
  }
  void stop_redriver() {
    if (!redriver_) return;
    redriver_->stop_all();
    redriver_->finish(true);
    redriver_.reset();
  }
  // To its end.
  RedrivePlan redrive(const RedriveRequest& request = {}) {
    const auto plan = redriver_->start(request);
    EXPECT_TRUE(plan.is_ok()) << plan.status().message();
    return plan ? finished(plan->id) : RedrivePlan();
  }
  RedrivePlan finished(uint64_t id) {
    StopSource never;
    for (int i = 0; i < 3000 && redriver_->busy(); ++i) never.wait_for(Millis(10));
    EXPECT_FALSE(redriver_->busy());
    return **redriver_->find(id);
  }
  // The pipeline again with another script, as after a repair.
  void restart_with(const std::string& script) {
    stop_redriver();
    end();
    config_.transform = write("t.lua", script);
    begin();
    ASSERT_TRUE(settle());
  }
  // The sink refuses records at these positions; nowhere: it takes all.
  static void refuse(const std::string& sink, const std::set<uint64_t>& positions,
                     uint16_t reason = 1) {
    test::sink_levers(sink).answer = [positions, reason](
                                         const std::vector<test::SeenRecord>& records,
                                         sluice_outcome* outcomes) {
      for (size_t i = 0; i < records.size(); ++i) {
        const bool refused = positions.contains(records[i].position);
        outcomes[i].verdict = refused ? SLUICE_REC_REJECT : SLUICE_REC_OK;
        outcomes[i].reason = refused ? reason : SLUICE_REASON_NONE;
      }
      return SLUICE_OK;
    };
  }
  static std::vector<std::string> values(const std::string& sink) {
    std::vector<std::string> out;
    for (const auto& record : test::sink_levers(sink).committed) out.push_back(record.value);
    return out;
  }

  std::unique_ptr<Redriver> redriver_;
};

inline constexpr const char* kRejectsOdd = R"(
  function transform(r, meta)
    if r.n % 2 == 1 then return sluice.reject("odd", "n is " .. r.n) end
    return r
  end)";
inline constexpr const char* kTellsMeta = R"(
  function transform(r, meta)
    r.from = meta.source .. "/" .. meta.lane .. "/" .. meta.position
    return r
  end)";

}  // namespace sluice
