// SPDX-License-Identifier: Apache-2.0
#include "runtime/plugin_host/instance.h"

#include <gmock/gmock.h>

#include "runtime/plugin_host/host.h"
#include "runtime/plugin_host/registry.h"
#include "tests/unit/plugin_host/fixture.h"

namespace sluice {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

class Instance : public PluginFolder {
 protected:
  void SetUp() override {
    put_sample("good", "sample.so");
    auto registry = PluginRegistry::create({{dir()}});
    ASSERT_TRUE(registry) << registry.status().message();
    registry_ = std::move(*registry);
  }
  Result<std::unique_ptr<SinkInstance>> sink(const char* config) {
    auto component = registry_->find(ComponentKind::kSink, "sample");
    if (!component) return component.status();
    return SinkInstance::create(*component, "out-main", config, services);
  }
  std::unique_ptr<SourceInstance> source(const char* config) {
    auto component = registry_->find(ComponentKind::kSource, "sample");
    EXPECT_TRUE(component) << component.status().message();
    auto made = SourceInstance::create(*component, "in-main", config, services);
    EXPECT_TRUE(made) << made.status().message();
    return std::move(*made);
  }
  std::vector<sluice_outcome> write(SinkInstance& to, std::vector<std::string> values) {
    const TestBatch batch(std::move(values));
    std::vector<sluice_outcome> outcomes(batch.batch().count);
    EXPECT_EQ(to.write(batch.batch(), outcomes).rc, SLUICE_OK);
    return outcomes;
  }

  FakeServices services;

 private:
  std::unique_ptr<PluginRegistry> registry_;
};

TEST_F(Instance, SourceHandsOverRecordsThenEnds) {
  auto in = source(R"({"path": "x"})");
  ASSERT_EQ(in->open().rc, SLUICE_OK);
  for (uint64_t position = 1; position <= 3; ++position) {
    sluice_batch batch{};
    ASSERT_EQ(in->poll(10, 1000, 0, &batch).rc, SLUICE_OK);
    ASSERT_EQ(batch.count, 1U);
    EXPECT_EQ(batch.records->position, position);
    EXPECT_EQ(batch.records->lane, 7U);
    batch.release(&batch);
  }
  sluice_batch batch{};
  EXPECT_EQ(in->poll(10, 1000, 0, &batch).rc, SLUICE_END);
  EXPECT_EQ(batch.count, 0U);
  EXPECT_THAT(services.lanes, ElementsAre("a", "a", "a"));
  EXPECT_EQ(in->name(), "in-main");
  in->stop();
  EXPECT_EQ(in->close().rc, SLUICE_OK);
}

TEST_F(Instance, ResultOutOfRangeBecomesFatal) {
  auto in = source(R"({"path": "strange"})");
  sluice_batch batch{};
  const CallResult result = in->poll(10, 1000, 0, &batch);
  EXPECT_EQ(result.rc, SLUICE_E_FATAL);
  EXPECT_THAT(result.message, HasSubstr("it returned 77, which is no result of this call"));
}

TEST_F(Instance, BatchWithAShortStrideIsReleasedAndRefused) {
  auto in = source(R"({"path": "short"})");
  sluice_batch batch{};
  const CallResult result = in->poll(10, 1000, 0, &batch);
  EXPECT_EQ(result.rc, SLUICE_E_FATAL);
  EXPECT_THAT(result.message, HasSubstr("stride is shorter than a record"));
  EXPECT_EQ(batch.release, nullptr);
}

TEST_F(Instance, ConfigurationIsCheckedBeforeThePluginSeesIt) {
  const auto made = sink(R"({"path": "x", "limit": 1000})");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.status().code(), Code::kInvalid);
  EXPECT_EQ(made.status().message(), "out-main: /limit: found 1000, expected integer, 1 to 100");
}

TEST_F(Instance, ThePluginsOwnRefusalKeepsItsWords) {
  const auto made = sink(R"({"path": "nowhere"})");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.status().code(), Code::kInvalid);
  EXPECT_EQ(made.status().message(), "out-main: /path: nowhere is no place");
}

TEST_F(Instance, OutcomesAreCheckedOneByOne) {
  auto out = sink(R"({"path": "x"})");
  ASSERT_TRUE(out) << out.status().message();
  const auto outcomes = write(**out, {"fine", "bad", "unset", "odd", "undeclared"});
  EXPECT_EQ(outcomes[0].verdict, SLUICE_REC_OK);
  EXPECT_EQ(outcomes[1].verdict, SLUICE_REC_REJECT);
  EXPECT_EQ(outcomes[1].reason, 0);
  for (const size_t doubtful : {2U, 3U}) {
    EXPECT_EQ(outcomes[doubtful].verdict, SLUICE_REC_RETRY);
    EXPECT_EQ(outcomes[doubtful].flags, SLUICE_RECF_MAYBE_APPLIED);
  }
  EXPECT_EQ(outcomes[4].verdict, SLUICE_REC_REJECT);
  EXPECT_EQ(outcomes[4].reason, SLUICE_REASON_NONE);
  EXPECT_THAT(services.metrics, ElementsAre(Pair(0U, 5.0)));
}

TEST_F(Instance, SecretsAreMaskedInDetailsAndErrors) {
  auto out = sink(R"({"path": "locked", "token": "hunter2hunter2"})");
  ASSERT_TRUE(out) << out.status().message();
  const CallResult opened = (*out)->open();
  EXPECT_EQ(opened.rc, SLUICE_E_RETRY);
  EXPECT_EQ(opened.message, "the door is shut for ********");
  const auto outcomes = write(**out, {"bad"});
  const std::string detail(outcomes[0].detail.data, outcomes[0].detail.size);
  EXPECT_EQ(detail, "not liked by ********");
}

TEST_F(Instance, LogIsLimitedAndMasked) {
  auto out = sink(R"({"path": "x", "token": "hunter2hunter2"})");
  ASSERT_TRUE(out) << out.status().message();
  testing::internal::CaptureStderr();
  write(**out, {"chatter"});
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, AllOf(HasSubstr("token ********"), HasSubstr("out-main"), HasSubstr("sample.so"),
                         Not(HasSubstr("hunter2"))));
  size_t lines = 0;
  for (size_t at = log.find("plugin.log"); at != std::string::npos;
       at = log.find("plugin.log", at + 1)) {
    ++lines;
  }
  // A second may end in the middle of the hundred lines.
  EXPECT_GE(lines, 20U);
  EXPECT_LE(lines, 40U);
}

TEST_F(Instance, UndeclaredMetricIsDropped) {
  auto out = sink(R"({"path": "x"})");
  ASSERT_TRUE(out) << out.status().message();
  testing::internal::CaptureStderr();
  write(**out, {"metric"});
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("plugin.misbehaved"), HasSubstr("index 5 is not declared")));
  EXPECT_THAT(services.metrics, ElementsAre(Pair(0U, 1.0)));
}

TEST_F(Instance, ProbeWithoutTheExtensionIsFine) {
  auto out = sink(R"({"path": "x"})");
  ASSERT_TRUE(out) << out.status().message();
  EXPECT_EQ((*out)->probe().rc, SLUICE_OK);
  EXPECT_EQ((*out)->extension("no.such.thing/1"), nullptr);
}

TEST(SecretMask, LongestSecretWinsAndNothingOfItRemains) {
  const SecretMask mask({"abc", "abcdef", ""});
  EXPECT_EQ(mask.apply("x abcdef y abc z"), "x ******** y ******** z");
  EXPECT_TRUE(mask.touches("xabcx"));
  EXPECT_FALSE(mask.touches("ab"));
}

// A host whose functions are called from outside the calls they belong to.
class HostRules : public testing::Test {
 protected:
  static constexpr sluice_component component(int32_t kind) {
    sluice_component c{};
    c.struct_size = sizeof(c);
    c.kind = kind;
    c.id = "x";
    return c;
  }
  FakeServices services;
};

TEST_F(HostRules, LanesAreForSourcesInsidePollOnly) {
  const sluice_component source = component(SLUICE_KIND_SOURCE);
  PluginHost host("x.so", "in", source, {}, services);
  const sluice_host* abi = host.abi();
  const auto* lanes =
      static_cast<const sluice_host_lanes*>(abi->extension(abi, SLUICE_EXT_HOST_LANES));
  ASSERT_NE(lanes, nullptr);
  EXPECT_EQ(abi->extension(abi, SLUICE_EXT_HOST_COLUMNS), nullptr);
  EXPECT_EQ(abi->extension(abi, "unknown/1"), nullptr);
  uint32_t id = 0;
  uint64_t resume = 0;
  testing::internal::CaptureStderr();
  EXPECT_EQ(lanes->open(abi, {"a", 1}, &id, &resume), SLUICE_E_FATAL);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("is legal inside poll and open"));
  EXPECT_TRUE(services.lanes.empty());
}

TEST_F(HostRules, StopHasThreeForms) {
  const sluice_component sink = component(SLUICE_KIND_SINK);
  PluginHost host("x.so", "out", sink, {}, services);
  const sluice_host* abi = host.abi();
  EXPECT_EQ(abi->stopping(abi), 0);
  EXPECT_EQ(abi->wait(abi, 0), 0);
  EXPECT_GE(abi->stop_fd(abi), 0);
  host.stop().request();
  EXPECT_EQ(abi->stopping(abi), 1);
  EXPECT_EQ(abi->wait(abi, 60'000), 1);
}

}  // namespace
}  // namespace sluice
