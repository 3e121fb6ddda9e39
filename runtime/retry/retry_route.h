// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/status.h"
#include "runtime/config/config.h"
#include "runtime/store/kafka_target.h"

namespace sluice {

// The retry topics of one sink: a tier a delay.
struct RetryRoute {
  struct Tier {
    std::string topic;
    Millis delay{0};
  };

  std::string pipeline;
  std::string sink;
  store::KafkaTarget target;  // of the first tier; the brokers are those of all
  std::vector<Tier> tiers;
  uint32_t max_retries = 0;

  // The tier that a record waits in after it has waited so often; beyond the last that one repeats.
  [[nodiscard]] const Tier& tier_after(uint32_t retries) const {
    return tiers[retries < tiers.size() ? retries : tiers.size() - 1];
  }
  [[nodiscard]] const Tier* tier_of(const std::string& topic) const;
  // The consumer group in which processes share the topics.
  [[nodiscard]] std::string group() const { return "sluice-retry-" + pipeline + "-" + sink; }

  // The sink has `retry_topics`. kInvalid: the address is none, or two delays have one topic.
  static Result<RetryRoute> of(const std::string& pipeline, const SinkConfig& sink);
};

}  // namespace sluice
