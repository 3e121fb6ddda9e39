// SPDX-License-Identifier: Apache-2.0
//
// Which topic each record goes to, where /topic leaves that to the records.
#include <algorithm>

#include "plugins/sinks/kafka/errors.h"
#include "plugins/sinks/kafka/sink.h"

namespace sluice::kafka_sink {

// Sets where_ of each record, or its verdict. What was not there is asked for anew in each write,
// so that names of no topic take no room for longer.
void KafkaSink::choose_topics(const Batch& batch, Outcomes out) {
  where_.assign(batch.size(), nullptr);
  if (options_.topic_of.fixed()) {
    fixed_.handle = producer_.topic(options_.topic);
    std::fill(where_.begin(), where_.end(), &fixed_);
    return;
  }
  std::erase_if(targets_, [](const auto& entry) { return !entry.second.there; });
  for (std::size_t i = 0; i < batch.size(); ++i) where_[i] = target_of(batch, i, out);
  context_.metric(Metric::kTopics, static_cast<double>(targets_.size()));
  const bool larger = std::max(largest_, limit_) > std::max(made_largest_, made_limit_);
  if (limit_ != made_limit_ || larger) begin_producer();
  for (Target* target : where_) {
    if (target != nullptr) target->handle = producer_.topic(target->name);
  }
}

// Null: the record has its verdict.
KafkaSink::Target* KafkaSink::target_of(const Batch& batch, std::size_t i, Outcomes out) {
  std::span<const sluice_cell> cells;
  if (cells_) cells = cells_->row(i).subspan(options_.key == KeyFrom::kPointer ? 1 : 0);
  std::string name;
  const std::string why = options_.topic_of.name(batch[i], cells, name);
  if (!why.empty()) {
    out.reject(i, Reason::kTopicInvalid, why);
    return nullptr;
  }
  auto found = targets_.find(name);
  if (found == targets_.end()) {
    if (targets_.size() >= options_.max_topics) {
      out.reject(i, Reason::kTooManyTopics,
                 "topic " + name + " would be one more than the " +
                     std::to_string(options_.max_topics) +
                     " of /max_topics; raise it, or let /topic make fewer names");
      return nullptr;
    }
    found = targets_.emplace(name, Target{}).first;
    found->second.name = name;
    look_up(found->second);
  }
  if (found->second.there) return &found->second;
  out.retry(i, Reason::kTopicMissing, found->second.why);
  return nullptr;
}

void KafkaSink::look_up(Target& target) {
  const TopicState state = ask(producer_.topic(target.name), options_.connect_timeout);
  const std::string at = "topic " + target.name;
  if (fate_of(state.error) == Fate::kMissing) {
    target.why = "there is no " + at + " at " + options_.connection.brokers +
                 "; create it, or correct /topic or the record";
  } else if (state.error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    target.why = told(at, state.error);
  } else if (options_.partition >= state.partitions) {
    target.why = at + " has " + std::to_string(state.partitions) +
                 " partitions, counted from 0: correct /partition";
  } else {
    target.there = true;
    target.limits = ask_limits(target.name);
    if (target.limits.batch != 0) limit_ = std::min(limit_, target.limits.batch);
    largest_ = std::max(largest_, target.limits.batch);
    return;
  }
  producer_.forget_topic(target.name);
}

// Trouble of one topic is that of its records alone, where others go elsewhere.
bool KafkaSink::blames_topic(std::size_t i) {
  if (options_.topic_of.fixed() || where_[i] == nullptr) return false;
  const auto error = reports_[i].error;
  const bool blamed = fate_of(error) == Fate::kMissing ||
                      error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                      error == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
  if (!blamed) return false;
  where_[i]->there = false;
  // The client would remember the topic's trouble for a while; a new one asks again.
  spent_ = true;
  return true;
}

}  // namespace sluice::kafka_sink
