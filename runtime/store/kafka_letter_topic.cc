// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/kafka_letter_topic.h"

#include <charconv>
#include <optional>

#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/store/kafka_client.h"

namespace sluice::store {
namespace {

using std::chrono::milliseconds;

// Records of the default max_record fit in together with what a sink was given.
constexpr const char* kMaxMessage = "67108864";
constexpr int64_t kLargeRecord = 16 << 20;
// How long a node may rest and still learn from tombstones alone what is gone.
constexpr const char* kKeepTombstones = "604800000";

std::optional<int64_t> number_of(const LetterTopic& topic, const std::string& name) {
  const auto at = topic.config.find(name);
  if (at == topic.config.end()) return std::nullopt;
  int64_t out = 0;
  const char* end = at->second.data() + at->second.size();
  const auto [stop, error] = std::from_chars(at->second.data(), end, out);
  if (error != std::errc() || stop != end) return std::nullopt;
  return out;
}

bool is_compacted(const LetterTopic& topic) {
  const auto at = topic.config.find("cleanup.policy");
  return at != topic.config.end() && at->second.find("compact") != std::string::npos;
}

Status make_topic(KafkaWriter& writer, const KafkaTarget& target) {
  Status made = writer.create_topic({.name = target.topic,
                                     .partitions = target.partitions,
                                     .replication = target.replication,
                                     .config = {{"cleanup.policy", "compact,delete"},
                                                {"retention.ms", "-1"},
                                                {"delete.retention.ms", kKeepTombstones},
                                                {"max.message.bytes", kMaxMessage}}});
  if (!made) {
    return {made.code(), made.message() + "; or make it yourself: kafka-topics --create --topic " +
                             target.topic +
                             " --config cleanup.policy=compact,delete --config retention.ms=-1"};
  }
  log::info("dead_letters.topic_made", "made the topic for dead letters",
            {{"topic", target.shown}});
  return Status::ok();
}

}  // namespace

milliseconds LetterTopic::tombstones_kept() const {
  constexpr int64_t kDefault = 86'400'000;  // the brokers'
  if (!config.empty() && !is_compacted(*this)) return milliseconds::max();
  return milliseconds(number_of(*this, "delete.retention.ms").value_or(kDefault));
}

size_t LetterTopic::largest_message() const {
  constexpr int64_t kDefault = 1'048'588;  // the brokers'
  return static_cast<size_t>(number_of(*this, "max.message.bytes").value_or(kDefault));
}

Result<LetterTopic> find_letter_topic(KafkaWriter& writer, const KafkaTarget& target, bool make) {
  SLUICE_ASSIGN_OR_RETURN(auto partitions, writer.partitions(target.topic));
  if (!partitions && !make) {
    return not_found(target.shown +
                     ": there are no dead letters yet; the topic is made when a pipeline runs");
  }
  if (!partitions) {
    SLUICE_RETURN_IF_ERROR(make_topic(writer, target));
    // It takes a moment until every broker knows.
    const auto give_up_at = std::chrono::steady_clock::now() + milliseconds(kKafkaPatienceMs);
    while (!partitions && std::chrono::steady_clock::now() < give_up_at) {
      SLUICE_ASSIGN_OR_RETURN(partitions, writer.partitions(target.topic));
      if (!partitions) writer.wait(milliseconds(50));
    }
    if (!partitions)
      return unavailable(target.shown + ": the topic was made, but is not there yet");
  }
  LetterTopic out;
  out.partitions = *partitions;
  auto config = writer.topic_config(target.topic);
  if (config) {
    out.config = std::move(config).value();
  } else if (config.status().code() != Code::kInvalid) {
    return config.status();
  }
  return out;
}

std::vector<std::string> warnings_of(const LetterTopic& topic, const KafkaTarget& target,
                                     milliseconds keep) {
  std::vector<std::string> out;
  if (topic.config.empty()) {
    return {target.shown +
            ": the topic's configuration may not be read, so it is not known how long it keeps "
            "letters; allow DescribeConfigs"};
  }
  const std::string cure = "; kafka-configs --alter --topic " + target.topic + " --add-config ";
  if (!is_compacted(topic)) {
    out.push_back(target.shown +
                  ": the topic is not compacted, so letters that are gone take room until its "
                  "retention ends, and each update of a letter stays" +
                  cure + "cleanup.policy=[compact,delete]");
  }
  const auto retention = number_of(topic, "retention.ms");
  const bool deletes = topic.config.at("cleanup.policy").find("delete") != std::string::npos;
  if (deletes && retention && *retention >= 0 && *retention < keep.count()) {
    out.push_back(target.shown + ": the topic keeps letters for " +
                  format_duration(milliseconds(*retention)) + ", less than dead_letters.keep (" +
                  format_duration(keep) + "): they are lost before they are redriven" + cure +
                  "retention.ms=-1");
  }
  const auto bytes = number_of(topic, "retention.bytes");
  if (deletes && bytes && *bytes >= 0) {
    out.push_back(target.shown + ": the topic keeps " + format_size(static_cast<uint64_t>(*bytes)) +
                  " of letters in each partition and deletes older ones unseen; let "
                  "dead_letters.max_bytes decide" +
                  cure + "retention.bytes=-1");
  }
  const auto largest = number_of(topic, "max.message.bytes");
  if (largest && *largest < kLargeRecord) {
    out.push_back(target.shown + ": the topic takes messages up to " +
                  format_size(static_cast<uint64_t>(*largest)) +
                  "; a larger letter holds the pipelines until that is raised" + cure +
                  "max.message.bytes=" + kMaxMessage);
  }
  return out;
}

}  // namespace sluice::store
