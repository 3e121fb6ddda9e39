// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/store/kafka_member.h"

namespace sluice {

// How far the partitions of retry topics are settled. A partition's offset may be committed once
// everything below it is settled, in whatever order that happens. Any thread.
class RetryLanes {
 public:
  using Partition = store::KafkaMember::Partition;

  // Numbers begin behind this one.
  explicit RetryLanes(uint64_t base = 0) : next_number_(base + 1) {}

  // From now on it is ours, or not any more: what is still out of it is forgotten.
  void add(const Partition& partition) SLUICE_EXCLUDES(mutex_);
  void remove(const Partition& partition) SLUICE_EXCLUDES(mutex_);

  // A message was taken out; its number among all. `bytes` is what it holds of the memory.
  uint64_t take(const Partition& partition, int64_t offset, uint64_t bytes) SLUICE_EXCLUDES(mutex_);
  // What has this number needs no keeping any more. Unknown ones are no matter.
  void settle(uint64_t number) SLUICE_EXCLUDES(mutex_);

  // Where partitions go on: those that have moved since the last call; those given.
  std::map<Partition, int64_t> take_moved() SLUICE_EXCLUDES(mutex_);
  std::map<Partition, int64_t> places_of(const std::vector<Partition>& partitions)
      SLUICE_EXCLUDES(mutex_);

  // Taken out and not settled.
  [[nodiscard]] uint64_t out() const SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] uint64_t out_bytes() const SLUICE_EXCLUDES(mutex_);
  // Waits until nothing of these partitions is out, or the time has passed.
  void wait_settled(const std::vector<Partition>& partitions, std::chrono::milliseconds limit)
      SLUICE_EXCLUDES(mutex_);

 private:
  struct Lane {
    std::deque<std::pair<int64_t, bool>> taken;  // offset, settled; from the first that is not
    int64_t next = -1;                           // behind what is settled; -1: nothing is yet
    bool moved = false;
  };
  struct Out {
    Partition partition;
    int64_t offset = 0;
    uint64_t bytes = 0;
  };

  [[nodiscard]] bool any_out(const std::vector<Partition>& partitions) const
      SLUICE_REQUIRES(mutex_);

  mutable Mutex mutex_;
  CondVar changed_;
  std::map<Partition, Lane> lanes_ SLUICE_GUARDED_BY(mutex_);
  std::unordered_map<uint64_t, Out> out_ SLUICE_GUARDED_BY(mutex_);
  uint64_t next_number_ SLUICE_GUARDED_BY(mutex_);
  uint64_t out_bytes_ SLUICE_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
