// SPDX-License-Identifier: Apache-2.0
#include "runtime/retry/retry_lanes.h"

#include <algorithm>
#include <chrono>

namespace sluice {

void RetryLanes::add(const Partition& partition) {
  MutexLock lock(mutex_);
  lanes_[partition] = Lane();
}

void RetryLanes::remove(const Partition& partition) {
  MutexLock lock(mutex_);
  lanes_.erase(partition);
  for (auto at = out_.begin(); at != out_.end();) {
    if (at->second.partition != partition) {
      ++at;
      continue;
    }
    out_bytes_ -= at->second.bytes;
    at = out_.erase(at);
  }
}

uint64_t RetryLanes::take(const Partition& partition, int64_t offset, uint64_t bytes) {
  MutexLock lock(mutex_);
  lanes_[partition].taken.emplace_back(offset, false);
  out_.emplace(next_number_, Out{partition, offset, bytes});
  out_bytes_ += bytes;
  return next_number_++;
}

void RetryLanes::settle(uint64_t number) {
  MutexLock lock(mutex_);
  const auto found = out_.find(number);
  if (found == out_.end()) return;
  const Out what = std::move(found->second);
  out_.erase(found);
  out_bytes_ -= what.bytes;
  changed_.notify_all();
  Lane& lane = lanes_[what.partition];
  // Offsets rise in it.
  const auto at =
      std::lower_bound(lane.taken.begin(), lane.taken.end(), what.offset,
                       [](const auto& entry, int64_t offset) { return entry.first < offset; });
  if (at != lane.taken.end() && at->first == what.offset) at->second = true;
  while (!lane.taken.empty() && lane.taken.front().second) {
    lane.next = lane.taken.front().first + 1;
    lane.moved = true;
    lane.taken.pop_front();
  }
}

std::map<RetryLanes::Partition, int64_t> RetryLanes::take_moved() {
  MutexLock lock(mutex_);
  std::map<Partition, int64_t> out;
  for (auto& [partition, lane] : lanes_) {
    if (std::exchange(lane.moved, false)) out.emplace(partition, lane.next);
  }
  return out;
}

std::map<RetryLanes::Partition, int64_t> RetryLanes::places_of(
    const std::vector<Partition>& partitions) {
  MutexLock lock(mutex_);
  std::map<Partition, int64_t> out;
  for (const Partition& partition : partitions) {
    const auto lane = lanes_.find(partition);
    if (lane != lanes_.end() && lane->second.next >= 0) out.emplace(partition, lane->second.next);
  }
  return out;
}

uint64_t RetryLanes::out() const {
  MutexLock lock(mutex_);
  return out_.size();
}

uint64_t RetryLanes::out_bytes() const {
  MutexLock lock(mutex_);
  return out_bytes_;
}

bool RetryLanes::any_out(const std::vector<Partition>& partitions) const {
  for (const Partition& partition : partitions) {
    const auto lane = lanes_.find(partition);
    if (lane != lanes_.end() && !lane->second.taken.empty()) return true;
  }
  return false;
}

void RetryLanes::wait_settled(const std::vector<Partition>& partitions,
                              std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  MutexLock lock(mutex_);
  while (any_out(partitions) && std::chrono::steady_clock::now() < deadline) {
    changed_.wait_until(mutex_, deadline);
  }
}

}  // namespace sluice
