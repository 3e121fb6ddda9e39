// SPDX-License-Identifier: Apache-2.0
#include "runtime/retry/retry_reader.h"

#include <algorithm>
#include <utility>

#include "runtime/base/log.h"

namespace sluice {
namespace {

constexpr Millis kLook{100};  // how long a call waits for messages, at most
constexpr Millis kPatience{1000};
constexpr Millis kSettlingTime{10'000};
constexpr Millis kCommitInterval{1000};
// How long partitions that somebody else is to have wait for what is out; well below the session.
constexpr Millis kRevokeWait{10'000};
constexpr size_t kDeliveredAtOnce = 500;
// Taken out and not settled: more than that is left in the topics.
constexpr uint64_t kMostOut = 2000;
constexpr uint64_t kMostOutBytes = 32ULL << 20;

uint64_t bytes_of(const DeadLetter& letter) {
  return letter.raw.size() + letter.rendered.size() + 512;
}

}  // namespace

RetryReader::RetryReader(Options options)
    : options_(std::move(options)), lanes_(options_.number_base) {}

RetryReader::~RetryReader() { finish(); }

void RetryReader::start() { thread_ = std::thread(&RetryReader::run, this); }

void RetryReader::finish() {
  stop_.request();
  finish_.request();
  if (thread_.joinable()) thread_.join();
}

RetryReader::Status RetryReader::status() const {
  Status out;
  out.delivered = delivered_;
  out.foreign = foreign_;
  MutexLock lock(mutex_);
  out.last_error = last_error_;
  return out;
}

void RetryReader::run() {
  while (!finish_.requested()) {
    if (!member_) open();
    if (member_) read();
  }
  if (!member_) return;
  commit(true);
  member_->close();
  member_.reset();
}

void RetryReader::open() {
  const RetryRoute& route = *options_.route;
  std::vector<std::string> topics;
  for (const RetryRoute::Tier& tier : route.tiers) topics.push_back(tier.topic);
  if (sluice::Status prepared = options_.prepare(); !prepared) {
    failed(prepared);
    finish_.wait_for(kPatience);
    return;
  }
  auto opened = store::KafkaMember::open(route.target, topics, route.group(), *this);
  if (opened) {
    member_ = std::move(opened).value();
    opened_at_ = options_.clock->now();
    return;
  }
  failed(opened.status());
  finish_.wait_for(kPatience);
}

void RetryReader::read() {
  size_t taken = 0;
  for (Millis wait = next_wait(); taken < kDeliveredAtOnce; wait = Millis(0)) {
    auto incoming = member_->poll(wait);
    if (!incoming) {
      // Brokers hear of a topic that has just been made one after the other.
      const bool settling = incoming.status().code() == Code::kNotFound &&
                            options_.clock->now() - opened_at_ < kSettlingTime;
      if (!settling) failed(incoming.status());
      break;
    }
    if (!*incoming) break;
    well();
    take_in(**incoming);
    ++taken;
  }
  if (!stop_.requested()) deliver_due();
  pause_or_resume();
  if (options_.clock->now() >= commit_at_) commit(false);
}

void RetryReader::take_in(const store::KafkaMember::Incoming& incoming) {
  const auto queue = queues_.find(incoming.from);
  if (queue == queues_.end()) return;  // given to somebody else meanwhile
  queue->second.waiting.push_back(waiting_of(incoming));
}

RetryReader::Waiting RetryReader::waiting_of(const store::KafkaMember::Incoming& incoming) const {
  const RetryRoute& route = *options_.route;
  Waiting out;
  out.offset = incoming.offset;
  auto read = read_retry_message(incoming.message);
  if (read && read->letter.pipeline == route.pipeline && read->letter.sink == route.sink) {
    out.message = std::move(read).value();
    return out;
  }
  out.foreign = true;
  DeadLetter& letter = out.message.letter;
  letter.pipeline = route.pipeline;
  letter.source = incoming.from.first;
  letter.lane = incoming.from.first + "/" + std::to_string(incoming.from.second);
  letter.position = static_cast<uint64_t>(incoming.offset);
  letter.stage = "parse";
  letter.reason = "VALIDATION_FAIL";
  letter.detail =
      "a message of a retry topic that is no record of sink " + route.sink + ": " +
      (read ? "it is of pipeline " + read->letter.pipeline + ", sink " + read->letter.sink
            : read.status().message());
  letter.raw = incoming.message.value.value_or("");
  letter.no_value = !incoming.message.value;
  letter.key = incoming.message.key;
  letter.headers = incoming.message.headers;
  letter.event_time_us = incoming.time_ms * 1000;
  letter.first_at_us = letter.last_at_us = options_.clock->wall_us();
  letter.id = letter_id(letter);
  return out;
}

bool RetryReader::full() const {
  return lanes_.out() >= kMostOut || lanes_.out_bytes() >= kMostOutBytes;
}

void RetryReader::deliver_due() {
  const int64_t now = options_.clock->wall_us();
  std::vector<DeadLetter> due;
  if (!options_.room()) return;
  for (auto& [partition, queue] : queues_) {
    while (!queue.waiting.empty() && due.size() < kDeliveredAtOnce && !full()) {
      Waiting& next = queue.waiting.front();
      if (next.foreign ? !keep(partition, next) : next.message.retry_at_us > now) break;
      if (!next.foreign) {
        DeadLetter& letter = due.emplace_back(std::move(next.message.letter));
        letter.seq = lanes_.take(partition, next.offset, bytes_of(letter));
      }
      queue.waiting.pop_front();
    }
  }
  if (due.empty()) return;
  const uint64_t count = due.size();
  if (options_.deliver(std::move(due), stop_)) delivered_ += count;
}

// False: the store cannot take it now, so that it is tried again.
bool RetryReader::keep(const Partition& partition, const Waiting& waiting) {
  if (sluice::Status kept = options_.keep(waiting.message.letter); !kept) {
    failed(kept);
    return false;
  }
  ++foreign_;
  log::warn("retry.foreign", waiting.message.letter.detail,
            {{"topic", partition.first},
             {"partition", static_cast<int64_t>(partition.second)},
             {"offset", waiting.offset}});
  lanes_.settle(lanes_.take(partition, waiting.offset, 0));
  return true;
}

// While records of a partition lie here, no more of it is fetched.
void RetryReader::pause_or_resume() {
  for (auto& [partition, queue] : queues_) {
    const bool wanted = !queue.waiting.empty();
    if (queue.paused == wanted) continue;
    if (sluice::Status done = member_->pause(partition, wanted); !done) {
      failed(done);
      continue;
    }
    queue.paused = wanted;
  }
}

Millis RetryReader::next_wait() const {
  const int64_t now = options_.clock->wall_us();
  Millis wait = kLook;
  for (const auto& [partition, queue] : queues_) {
    if (queue.waiting.empty()) continue;
    const int64_t in_us = queue.waiting.front().message.retry_at_us - now;
    wait = std::clamp(Millis(in_us / 1000 + 1), Millis(1), wait);
  }
  return wait;
}

void RetryReader::commit(bool wait) {
  commit_at_ = options_.clock->now() + kCommitInterval;
  if (sluice::Status done = member_->commit(lanes_.take_moved(), wait); !done) failed(done);
}

void RetryReader::assigned(const std::vector<Partition>& partitions) {
  for (const Partition& partition : partitions) {
    lanes_.add(partition);
    queues_[partition] = Queue();
  }
}

std::map<RetryReader::Partition, int64_t> RetryReader::revoked(
    const std::vector<Partition>& partitions, bool lost) {
  for (const Partition& partition : partitions) queues_.erase(partition);
  // At the end of the process whoever settles has ended, too.
  if (!lost && !finish_.requested()) lanes_.wait_settled(partitions, kRevokeWait);
  auto places = lanes_.places_of(partitions);
  for (const Partition& partition : partitions) lanes_.remove(partition);
  return places;
}

void RetryReader::failed(const sluice::Status& status) {
  MutexLock lock(mutex_);
  if (last_error_.empty()) {
    log::error("retry.unavailable",
               "the retry topics cannot be read; it is tried again: " + status.message(),
               {{"sink", options_.route->sink}});
  }
  last_error_ = status.message();
}

void RetryReader::well() {
  MutexLock lock(mutex_);
  if (!last_error_.empty()) {
    log::info("retry.recovered", "the retry topics can be read again",
              {{"sink", options_.route->sink}});
  }
  last_error_.clear();
}

}  // namespace sluice
