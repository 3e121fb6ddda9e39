// SPDX-License-Identifier: Apache-2.0
#include "runtime/flow/burst_guard.h"

#include <algorithm>

namespace sluice {

std::string_view BurstGuard::name(State state) {
  switch (state) {
    case State::kFlowing:
      return "flowing";
    case State::kPaused:
      return "paused";
    case State::kProbing:
      return "probing";
  }
  return "";
}

uint32_t BurstGuard::allow(uint32_t wanted) {
  MutexLock lock(mutex_);
  switch (status_.state) {
    case State::kFlowing:
      return wanted;
    case State::kPaused:
      if (clock_.now() < probe_at_) return 0;
      status_.state = State::kProbing;
      probe_sequence_.reset();
      forget();
      return std::min(wanted, kProbeRecords);
    case State::kProbing:
      return probe_sequence_ ? 0 : std::min(wanted, kProbeRecords);
  }
  return 0;
}

void BurstGuard::taken(uint64_t sequence, uint32_t records) {
  MutexLock lock(mutex_);
  if (status_.state != State::kProbing || probe_sequence_) return;
  probe_sequence_ = sequence;
  probe_left_ = records;
}

bool BurstGuard::concerns(uint64_t sequence) const {
  switch (status_.state) {
    case State::kFlowing:
      return true;
    case State::kPaused:
      return false;
    case State::kProbing:
      return probe_sequence_ && sequence == *probe_sequence_;
  }
  return false;
}

void BurstGuard::good(uint64_t sequence, uint64_t records) {
  MutexLock lock(mutex_);
  if (!concerns(sequence)) return;
  step(records);
  if (status_.state == State::kProbing) judge_probe();
}

bool BurstGuard::bad(uint64_t sequence, std::string_view reason) {
  MutexLock lock(mutex_);
  if (!concerns(sequence)) return false;
  step(1);
  auto count = counts_.find(reason);
  if (count == counts_.end()) count = counts_.emplace(reason, 0).first;
  ++count->second;
  bad_.push_back({seen_, count});
  if (status_.state == State::kProbing) return judge_probe();
  if (!too_many(count->second, limits_.least)) return false;
  pause(reason, count->second);
  return true;
}

// The window moves on; what falls out of it is no longer counted.
void BurstGuard::step(uint64_t records) {
  seen_ += records;
  if (status_.state == State::kProbing) probe_left_ -= std::min(probe_left_, records);
  while (!bad_.empty() && bad_.front().number + limits_.window <= seen_) {
    if (--bad_.front().reason->second == 0) counts_.erase(bad_.front().reason);
    bad_.pop_front();
  }
}

bool BurstGuard::too_many(uint32_t count, uint32_t least) const {
  const auto of = static_cast<double>(std::min<uint64_t>(seen_, limits_.window));
  return count >= least && static_cast<double>(count) > limits_.share * of;
}

// Once all of the probe is settled. True: it pauses again.
bool BurstGuard::judge_probe() {
  if (probe_left_ != 0) return false;
  const auto worst =
      std::max_element(counts_.begin(), counts_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (worst != counts_.end() && too_many(worst->second, 1)) {
    pause(std::string(worst->first), worst->second);
    return true;
  }
  status_.state = State::kFlowing;
  status_.since_us = 0;
  forget();
  return false;
}

void BurstGuard::pause(std::string_view reason, uint32_t count) {
  if (status_.state == State::kFlowing) {
    ++status_.bursts;
    status_.since_us = clock_.wall_us();
  }
  status_.reason = reason;
  status_.cause = std::to_string(count) + " of the last " +
                  std::to_string(std::min<uint64_t>(seen_, limits_.window)) +
                  " records became dead letters of " + status_.reason;
  status_.state = State::kPaused;
  probe_at_ = clock_.now() + limits_.cool_down;
  forget();
}

void BurstGuard::forget() {
  seen_ = 0;
  bad_.clear();
  counts_.clear();
}

bool BurstGuard::resume() {
  MutexLock lock(mutex_);
  if (status_.state == State::kFlowing) return false;
  status_.state = State::kFlowing;
  status_.since_us = 0;
  forget();
  return true;
}

BurstGuard::Status BurstGuard::status() const {
  MutexLock lock(mutex_);
  return status_;
}

}  // namespace sluice
