// SPDX-License-Identifier: Apache-2.0
#include "runtime/retry/retry_route.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

SinkConfig sink(std::string address, std::vector<Millis> delays, uint32_t retries) {
  SinkConfig out;
  out.name = "pg";
  out.retry_topics = RetryTopicsConfig{std::move(address), std::move(delays), retries};
  return out;
}

std::vector<std::string> topics(const std::string& address, std::vector<Millis> delays) {
  const auto route = RetryRoute::of("p", sink(address, std::move(delays), 4));
  std::vector<std::string> out;
  if (!route) return {route.status().message()};
  for (const auto& tier : route->tiers) out.push_back(tier.topic);
  return out;
}

using Names = std::vector<std::string>;
using std::chrono::minutes;

TEST(RetryRoute, NamesATopicADelay) {
  const std::vector<Millis> delays = {minutes(5), minutes(10), minutes(20), minutes(40)};
  EXPECT_EQ(topics("kafka://k:9092/x.retry.{delay}", delays),
            (Names{"x.retry.5m", "x.retry.10m", "x.retry.20m", "x.retry.40m"}));
  EXPECT_EQ(topics("kafka://k:9092/x.retry.{seconds}s", delays),
            (Names{"x.retry.300s", "x.retry.600s", "x.retry.1200s", "x.retry.2400s"}));
  EXPECT_EQ(topics("kafka://k:9092/x.{seconds}", {Millis(1500), Millis(50)}),
            (Names{"x.1.500", "x.0.050"}));
}

TEST(RetryRoute, TheLastTierRepeats) {
  const auto route =
      RetryRoute::of("p", sink("kafka://k:9092/x.{delay}", {minutes(5), minutes(10)}, 4));
  ASSERT_TRUE(route.is_ok()) << route.status().message();
  EXPECT_EQ(route->tier_after(0).topic, "x.5m");
  EXPECT_EQ(route->tier_after(1).topic, "x.10m");
  EXPECT_EQ(route->tier_after(3).topic, "x.10m");
  EXPECT_EQ(route->tier_of("x.10m")->delay, minutes(10));
  EXPECT_EQ(route->tier_of("x.20m"), nullptr);
}

TEST(RetryRoute, RefusesTwoDelaysOfOneTopic) {
  const Names said = topics("kafka://k:9092/x.{delay}", {minutes(5), minutes(5)});
  EXPECT_NE(said[0].find("two delays have the topic x.5m"), std::string::npos) << said[0];
}

TEST(RetryRoute, RefusesWhatIsNoAddress) {
  const Names said = topics("kafka:///{delay}", {minutes(5)});
  EXPECT_NE(said[0].find("sink pg: retry.topics"), std::string::npos) << said[0];
}

}  // namespace
}  // namespace sluice
