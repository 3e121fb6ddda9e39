// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/mutex.h"
#include "runtime/base/stop.h"
#include "runtime/retry/retry_lanes.h"
#include "runtime/retry/retry_message.h"
#include "runtime/retry/retry_route.h"
#include "runtime/store/kafka_member.h"

namespace sluice {

// Reads the retry topics of one sink on a thread of its own, holds each record back until it is
// due, and commits what has been settled. A partition whose next record is not due is paused: the
// wait costs no memory but for that record, and nobody's place in the group.
class RetryReader final : store::KafkaMember::Listener {
 public:
  struct Options {
    const RetryRoute* route = nullptr;  // outlives the reader
    const Clock* clock = nullptr;
    uint64_t number_base = 0;  // of the numbers given to records
    // Called before the topics are subscribed to, until it succeeds.
    std::function<sluice::Status()> prepare;
    // Would deliver() take something now?
    std::function<bool()> room;
    // Takes records whose time has come; their `seq` are to be named to settled(). False: not
    // taken, because the pipeline is ending.
    std::function<bool(std::vector<DeadLetter>, StopSource&)> deliver;
    // Keeps a message that is no record of this sink's: none of ours, or a damaged one.
    std::function<sluice::Status(DeadLetter)> keep;
  };

  explicit RetryReader(Options options);
  ~RetryReader() override;

  void start();
  // These are done with for good. Any thread.
  void settled(uint64_t seq) { lanes_.settle(seq); }
  // Delivers no more; what is out may still be settled.
  void stop() { stop_.request(); }
  // Commits what is settled, leaves the group, ends the thread.
  void finish();

  struct Status {
    uint64_t delivered = 0;
    uint64_t foreign = 0;    // messages that were no records of this sink's
    std::string last_error;  // empty: the topics can be read
  };
  [[nodiscard]] Status status() const SLUICE_EXCLUDES(mutex_);

 private:
  using Partition = store::KafkaMember::Partition;
  struct Waiting {
    RetryMessage message;
    int64_t offset = 0;
    bool foreign = false;
  };
  struct Queue {
    std::deque<Waiting> waiting;
    bool paused = false;
  };

  void assigned(const std::vector<Partition>& partitions) override;
  std::map<Partition, int64_t> revoked(const std::vector<Partition>& partitions,
                                       bool lost) override;

  void run();
  void open();
  void read();
  void take_in(const store::KafkaMember::Incoming& incoming);
  Waiting waiting_of(const store::KafkaMember::Incoming& incoming) const;
  void deliver_due();
  bool keep(const Partition& partition, const Waiting& waiting);
  void pause_or_resume();
  void commit(bool wait);
  [[nodiscard]] Millis next_wait() const;
  [[nodiscard]] bool full() const;
  void failed(const sluice::Status& status) SLUICE_EXCLUDES(mutex_);
  void well() SLUICE_EXCLUDES(mutex_);

  const Options options_;
  StopSource stop_;
  StopSource finish_;
  std::thread thread_;
  RetryLanes lanes_;
  // Of the thread.
  std::unique_ptr<store::KafkaMember> member_;
  std::map<Partition, Queue> queues_;
  std::chrono::steady_clock::time_point commit_at_;
  std::chrono::steady_clock::time_point opened_at_;

  std::atomic<uint64_t> delivered_{0};
  std::atomic<uint64_t> foreign_{0};
  mutable Mutex mutex_;
  std::string last_error_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice
