// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/sink_branch.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sluice {
namespace {

// From well to ill.
size_t illness(const std::string& state) {
  constexpr std::array<const char*, 5> kStates{"closed", "ok", "probing", "connecting", "holding"};
  const auto* const at = std::find(kStates.begin(), kStates.end(), state);
  return static_cast<size_t>(at - kStates.begin());
}

void add(Histogram::Snapshot& to, const Histogram::Snapshot& more) {
  for (size_t i = 0; i < to.counts.size() && i < more.counts.size(); ++i) {
    to.counts[i] += more.counts[i];
  }
  to.sum += more.sum;
  to.count += more.count;
}

void add(std::vector<PluginMetrics::Sample>& to, const std::vector<PluginMetrics::Sample>& more) {
  for (size_t i = 0; i < to.size() && i < more.size(); ++i) {  // those of one descriptor
    to[i].value += more[i].value;
    if (to[i].histogram && more[i].histogram) add(*to[i].histogram, *more[i].histogram);
  }
}

void add(std::vector<std::pair<std::string, uint64_t>>& to,
         const std::vector<std::pair<std::string, uint64_t>>& more) {
  for (const auto& [reason, count] : more) {
    const auto at = std::find_if(to.begin(), to.end(),
                                 [&name = reason](const auto& one) { return one.first == name; });
    if (at == to.end()) {
      to.emplace_back(reason, count);
    } else {
      at->second += count;
    }
  }
}

void add(std::optional<SpoolStats>& to, const std::optional<SpoolStats>& more) {
  if (!to || !more) {
    if (more) to = more;
    return;
  }
  to->records += more->records;
  to->bytes += more->bytes;
  to->limit_bytes += more->limit_bytes;
  to->lanes += more->lanes;
  to->damaged += more->damaged;
  to->disk_bytes += more->disk_bytes;
  to->found += more->found;
  if (to->oldest_us == 0 || (more->oldest_us != 0 && more->oldest_us < to->oldest_us)) {
    to->oldest_us = more->oldest_us;
  }
}

void add(SinkStatus& to, const SinkStatus& more) {
  if (illness(more.state) > illness(to.state)) {
    to.state = more.state;
    to.last_error = more.last_error;
  }
  if (to.breaker == CircuitBreaker::State::kClosed) {
    to.breaker = more.breaker;
    to.breaker_cause = more.breaker_cause;
  }
  // All are given the same batches.
  to.queue_batches = std::max(to.queue_batches, more.queue_batches);
  to.queue_bytes = std::max(to.queue_bytes, more.queue_bytes);
  to.waiting_records += more.waiting_records;
  to.written += more.written;
  to.skipped += more.skipped;
  to.effects_unknown += more.effects_unknown;
  if (to.failing_since_us == 0 ||
      (more.failing_since_us != 0 && more.failing_since_us < to.failing_since_us)) {
    to.failing_since_us = more.failing_since_us;
  }
  add(to.spool, more.spool);
  if (to.spool_trouble.empty()) to.spool_trouble = more.spool_trouble;
  add(to.retries, more.retries);
  add(to.seconds, more.seconds);
  add(to.batch_records, more.batch_records);
  add(to.metrics, more.metrics);
}

}  // namespace

Result<std::unique_ptr<SinkBranch>> SinkBranch::create(const ComponentRef& component,
                                                       uint32_t writers, const MakeOptions& options,
                                                       const SinkDriver::LaneName& lane_name,
                                                       LetterBox& letters, const Clock& clock) {
  std::unique_ptr<SinkBranch> branch(new SinkBranch);
  for (uint32_t writer = 0; writer < writers; ++writer) {
    SLUICE_ASSIGN_OR_RETURN(SinkDriver::Options one, options(writer));
    one.writer = writer;
    one.writers = writers;
    one.lane_name = lane_name;
    SLUICE_ASSIGN_OR_RETURN(auto driver,
                            SinkDriver::create(component, std::move(one), letters, clock));
    branch->drivers_.push_back(std::move(driver));
  }
  return branch;
}

Status SinkBranch::recover() {
  for (const auto& driver : drivers_) SLUICE_RETURN_IF_ERROR(driver->recover());
  return Status::ok();
}

void SinkBranch::start() {
  for (const auto& driver : drivers_) driver->start();
}

std::optional<Status> SinkBranch::first_open(std::chrono::steady_clock::time_point deadline) {
  std::optional<Status> worst = Status::ok();
  for (const auto& driver : drivers_) {
    std::optional<Status> opened = driver->first_open(deadline);
    if (opened && opened->code() == Code::kInvalid) return opened;
    if (!worst || !*worst) continue;
    worst = std::move(opened);
  }
  return worst;
}

void SinkBranch::enqueue(const BatchPtr& batch) {
  for (const auto& driver : drivers_) driver->enqueue(batch);
}

void SinkBranch::lanes_left() {
  for (const auto& driver : drivers_) driver->lanes_left();
}

void SinkBranch::look_at_marks(std::chrono::steady_clock::time_point deadline) {
  for (const auto& driver : drivers_) driver->look_at_marks(deadline);
}

void SinkBranch::finish() {
  for (const auto& driver : drivers_) driver->finish();
}

void SinkBranch::stop() {
  for (const auto& driver : drivers_) driver->stop();
}

void SinkBranch::join() {
  for (const auto& driver : drivers_) driver->join();
}

bool SinkBranch::spool_empty() const {
  return std::all_of(drivers_.begin(), drivers_.end(),
                     [](const auto& driver) { return driver->spool_empty(); });
}

SinkStatus SinkBranch::status() const {
  SinkStatus out = drivers_.front()->status();
  for (size_t i = 1; i < drivers_.size(); ++i) add(out, drivers_[i]->status());
  return out;
}

}  // namespace sluice
