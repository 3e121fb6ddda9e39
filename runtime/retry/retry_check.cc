// SPDX-License-Identifier: Apache-2.0
#include "runtime/retry/retry_check.h"

#include <charconv>
#include <optional>

#include "runtime/base/text.h"
#include "runtime/store/kafka.h"

namespace sluice {
namespace {

// How long the topic keeps a record; nothing: for ever.
std::optional<Millis> retention_of(const std::map<std::string, std::string>& config) {
  const auto policy = config.find("cleanup.policy");
  const bool deletes = policy == config.end() || policy->second.find("delete") != std::string::npos;
  const auto found = config.find("retention.ms");
  if (!deletes || found == config.end()) return std::nullopt;
  const std::string& text = found->second;
  int64_t ms = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (error != std::errc() || end != text.data() + text.size() || ms < 0) return std::nullopt;
  return Millis(ms);
}

}  // namespace

Result<std::vector<std::string>> check_retry_topics(const RetryRoute& route) {
  SLUICE_ASSIGN_OR_RETURN(const auto writer, store::KafkaWriter::open(route.target));
  std::vector<std::string> out;
  for (const RetryRoute::Tier& tier : route.tiers) {
    SLUICE_ASSIGN_OR_RETURN(const auto partitions, writer->partitions(tier.topic));
    if (!partitions) {
      out.push_back("retry topic " + tier.topic +
                    " is not there yet; the start makes it as the brokers do by themselves");
      continue;
    }
    SLUICE_ASSIGN_OR_RETURN(const auto config, writer->topic_config(tier.topic));
    const auto retention = retention_of(config);
    if (!retention || *retention > tier.delay) continue;
    out.push_back(
        "retry topic " + tier.topic + " keeps records for " + format_duration(*retention) +
        " and they wait in it for " + format_duration(tier.delay) +
        ": they are deleted before they are tried again; raise its retention.ms, also for "
        "the time that nobody may be there to read it");
  }
  return out;
}

}  // namespace sluice
