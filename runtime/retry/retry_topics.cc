// SPDX-License-Identifier: Apache-2.0
#include "runtime/retry/retry_topics.h"

#include <algorithm>
#include <map>
#include <utility>

#include "runtime/base/log.h"
#include "runtime/retry/retry_message.h"

namespace sluice {
namespace {

// The upper bits of a record's number say which branch it came from, from 1.
constexpr unsigned kBranchShift = 48;

}  // namespace

RetryTopics::RetryTopics(FailureStore& store, const Clock& clock) : store_(store), clock_(clock) {}

RetryTopics::~RetryTopics() { finish(); }

Result<std::unique_ptr<RetryTopics>> RetryTopics::create(
    const std::vector<const PipelineConfig*>& pipelines, FailureStore& store, const Clock& clock) {
  std::unique_ptr<RetryTopics> out(new RetryTopics(store, clock));
  for (const PipelineConfig* pipeline : pipelines) {
    for (const SinkConfig& sink : pipeline->sinks) {
      if (!sink.retry_topics) continue;
      auto branch = std::make_unique<Branch>();
      SLUICE_ASSIGN_OR_RETURN(branch->route, RetryRoute::of(pipeline->name, sink));
      {
        MutexLock lock(branch->mutex);
        SLUICE_ASSIGN_OR_RETURN(branch->writer, store::KafkaWriter::open(branch->route.target));
      }
      out->branches_.push_back(std::move(branch));
    }
  }
  if (out->branches_.empty()) out.reset();
  return out;
}

RetryTopics::Branch* RetryTopics::branch_of(const DeadLetter& letter) const {
  for (const auto& branch : branches_) {
    if (branch->route.pipeline == letter.pipeline && branch->route.sink == letter.sink) {
      return branch.get();
    }
  }
  return nullptr;
}

sluice::Status RetryTopics::put(const std::vector<DeadLetter>& letters) {
  std::map<Branch*, std::vector<const DeadLetter*>> waiting;
  for (const DeadLetter& letter : letters) {
    if (Branch* branch = letter.waits ? branch_of(letter) : nullptr) {
      waiting[branch].push_back(&letter);
    }
  }
  if (waiting.empty()) return store_.put(letters);
  std::vector<DeadLetter> dead;
  for (const DeadLetter& letter : letters) {
    if (!letter.waits || branch_of(letter) == nullptr) dead.push_back(letter);
  }
  if (!dead.empty()) SLUICE_RETURN_IF_ERROR(store_.put(dead));
  for (const auto& [branch, records] : waiting) {
    SLUICE_RETURN_IF_ERROR(write(*branch, records));
  }
  return sluice::Status::ok();
}

sluice::Status RetryTopics::write(Branch& branch, const std::vector<const DeadLetter*>& letters) {
  const int64_t now = clock_.wall_us();
  std::map<std::string, std::vector<store::TopicMessage>> by_topic;
  for (const DeadLetter* letter : letters) {
    const RetryRoute::Tier& tier = branch.route.tier_after(letter->retries);
    DeadLetter once_more = *letter;
    ++once_more.retries;
    const int64_t delay_us = std::chrono::microseconds(tier.delay).count();
    by_topic[tier.topic].push_back(retry_message(once_more, now + delay_us));
  }
  MutexLock lock(branch.mutex);
  for (const auto& [topic, messages] : by_topic) {
    std::vector<store::KafkaWriter::Outgoing> outgoing;
    for (const store::TopicMessage& message : messages) outgoing.push_back({&message, -1});
    sluice::Status written = branch.writer->write(topic, outgoing);
    if (!written) {
      return std::move(written).with_context("retry topics of sink " + branch.route.sink);
    }
    branch.put += messages.size();
  }
  return sluice::Status::ok();
}

// Those that are missing are made as the brokers do by themselves, or as the address says.
sluice::Status RetryTopics::make_topics(Branch& branch) {
  MutexLock lock(branch.mutex);
  for (const RetryRoute::Tier& tier : branch.route.tiers) {
    SLUICE_ASSIGN_OR_RETURN(const auto there, branch.writer->partitions(tier.topic));
    if (there) continue;
    const store::KafkaTarget& target = branch.route.target;
    SLUICE_RETURN_IF_ERROR(
        branch.writer->create_topic({tier.topic, target.partitions, target.replication, {}}));
    log::info("retry.topic", "a retry topic was missing and has been made",
              {{"topic", tier.topic}, {"sink", branch.route.sink}});
  }
  return sluice::Status::ok();
}

// First what goes on, then what is done with: whatever a crash leaves in between comes once more.
sluice::Status RetryTopics::settle_redriven(const std::vector<RedrivenLetter>& letters,
                                            int64_t now_us) {
  const bool all_planned = std::all_of(
      letters.begin(), letters.end(), [](const auto& letter) { return letter.redrive != kNoPlan; });
  if (all_planned) return store_.settle_redriven(letters, now_us);
  std::vector<RedrivenLetter> planned;
  std::vector<DeadLetter> failed;
  for (const RedrivenLetter& letter : letters) {
    if (letter.redrive != kNoPlan) {
      planned.push_back(letter);
      continue;
    }
    if (letter.letter) failed.push_back(*letter.letter);
    failed.insert(failed.end(), letter.more.begin(), letter.more.end());
  }
  if (!failed.empty()) SLUICE_RETURN_IF_ERROR(put(failed));
  if (!planned.empty()) SLUICE_RETURN_IF_ERROR(store_.settle_redriven(planned, now_us));
  for (const RedrivenLetter& letter : letters) {
    const uint64_t branch = (letter.seq >> kBranchShift) - 1;
    if (letter.redrive != kNoPlan || branch >= branches_.size()) continue;
    if (const auto& reader = branches_[branch]->reader) reader->settled(letter.seq);
  }
  return sluice::Status::ok();
}

void RetryTopics::start(Pipelines& pipelines) {
  for (size_t i = 0; i < branches_.size(); ++i) {
    Branch& branch = *branches_[i];
    const std::string& name = branch.route.pipeline;
    RetryReader::Options options;
    options.route = &branch.route;
    options.clock = &clock_;
    options.number_base = static_cast<uint64_t>(i + 1) << kBranchShift;
    options.prepare = [&branch] { return make_topics(branch); };
    options.room = [&pipelines, &name] { return pipelines.room(name); };
    options.deliver = [&pipelines, &name](std::vector<DeadLetter> letters, StopSource& stop) {
      return pipelines.deliver(name, std::move(letters), stop);
    };
    options.keep = [this](DeadLetter letter) { return store_.put({std::move(letter)}); };
    branch.reader = std::make_unique<RetryReader>(std::move(options));
    branch.reader->start();
  }
}

void RetryTopics::stop() {
  for (const auto& branch : branches_) {
    if (branch->reader) branch->reader->stop();
  }
}

void RetryTopics::finish() {
  for (const auto& branch : branches_) {
    if (branch->reader) branch->reader->finish();
  }
}

std::vector<RetryTopics::Status> RetryTopics::status() const {
  std::vector<Status> out;
  for (const auto& branch : branches_) {
    Status& one = out.emplace_back();
    one.pipeline = branch->route.pipeline;
    one.sink = branch->route.sink;
    one.put = branch->put;
    if (branch->reader) one.reader = branch->reader->status();
  }
  return out;
}

}  // namespace sluice
