// SPDX-License-Identifier: Apache-2.0
#include "runtime/retry/retry_route.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace sluice {
namespace {

void replace_all(std::string& text, std::string_view what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

// 300000 ms as "5m" for {delay} and as "300" for {seconds}; below a second both keep milliseconds.
std::string address_for(std::string address, Millis delay) {
  const int64_t ms = delay.count();
  replace_all(address, "{delay}", format_duration(delay));
  replace_all(address, "{seconds}",
              ms % 1000 == 0
                  ? std::to_string(ms / 1000)
                  : std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1));
  return address;
}

}  // namespace

const RetryRoute::Tier* RetryRoute::tier_of(const std::string& topic) const {
  const auto at = std::find_if(tiers.begin(), tiers.end(),
                               [&](const Tier& tier) { return tier.topic == topic; });
  return at == tiers.end() ? nullptr : &*at;
}

Result<RetryRoute> RetryRoute::of(const std::string& pipeline, const SinkConfig& sink) {
  const RetryTopicsConfig& config = *sink.retry_topics;
  const std::string where = "sink " + sink.name + ": retry.topics";
  RetryRoute out;
  out.pipeline = pipeline;
  out.sink = sink.name;
  out.max_retries = config.max_retries;
  for (const Millis delay : config.delays) {
    auto target = store::KafkaTarget::parse(address_for(config.address, delay));
    if (!target) return std::move(target).status().with_context(where);
    if (out.tier_of(target->topic) != nullptr) {
      return invalid(where + ": two delays have the topic " + target->topic +
                     "; leave one of them out (max_retries above the number of delays repeats "
                     "the last one)");
    }
    out.tiers.push_back({target->topic, delay});
    if (out.tiers.size() == 1) out.target = std::move(target).value();
  }
  return out;
}

}  // namespace sluice
