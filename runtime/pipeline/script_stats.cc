// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/script_stats.h"

#include <algorithm>

#include "runtime/base/log.h"
#include "runtime/base/text.h"

namespace sluice {
namespace {

constexpr std::array kCallSeconds = {1e-6, 2.5e-6, 5e-6, 1e-5, 2.5e-5, 5e-5,
                                     1e-4, 2.5e-4, 1e-3, 1e-2, 1e-1,   1.0};
constexpr std::string_view kOther = "(other)";
uint64_t sum_of(const ScriptCaps& caps) {
  return caps.memory + caps.instructions + caps.cpu + caps.wall;
}

constexpr size_t kToldBytes = 500;
constexpr size_t kMostTold = 100;  // codes that are kept apart in the log

}  // namespace

ScriptStats::ScriptStats(std::string script) : script_(std::move(script)), seconds_(kCallSeconds) {}

ScriptStats::Snapshot ScriptStats::snapshot() const {
  Snapshot out;
  out.script = script_;
  out.calls = calls_.load(std::memory_order_relaxed);
  out.filtered = filtered_.load(std::memory_order_relaxed);
  out.memory_bytes = memory_bytes_.load(std::memory_order_relaxed);
  out.seconds = seconds_.snapshot();
  MutexLock lock(mutex_);
  out.rejects = rejects_;
  out.caps_hit = caps_hit_;
  return out;
}

std::shared_ptr<ScriptStats> ScriptVersions::of(const std::string& script) {
  MutexLock lock(mutex_);
  const auto known = std::find_if(versions_.begin(), versions_.end(),
                                  [&](const auto& stats) { return stats->script() == script; });
  std::shared_ptr<ScriptStats> stats;
  if (known != versions_.end()) {
    stats = *known;
    versions_.erase(known);
  } else {
    stats = std::make_shared<ScriptStats>(script);
  }
  versions_.push_front(stats);
  if (versions_.size() > kKept) versions_.pop_back();
  return stats;
}

std::vector<ScriptStats::Snapshot> ScriptVersions::snapshot() const {
  std::vector<std::shared_ptr<ScriptStats>> versions;
  {
    MutexLock lock(mutex_);
    versions.assign(versions_.begin(), versions_.end());
  }
  std::vector<ScriptStats::Snapshot> out;
  out.reserve(versions.size());
  for (const auto& stats : versions) out.push_back(stats->snapshot());
  return out;
}

void ScriptVersions::tell(const Reject& reject, std::chrono::steady_clock::time_point now) {
  uint64_t untold = 0;
  {
    MutexLock lock(mutex_);
    auto at = told_.find(reject.code);
    if (at == told_.end()) {
      const std::string_view name = told_.size() < kMostTold ? reject.code : kOther;
      at = told_.try_emplace(std::string(name)).first;
    }
    Told& told = at->second;
    if (now < told.quiet_until) {
      told.untold += reject.count;
      return;
    }
    untold = told.untold + reject.count - 1;
    told.untold = 0;
    told.quiet_until = now + kQuiet;
  }
  log::error("script.rejected", shorten(reject.detail, kToldBytes),
             {{"pipeline", pipeline_},
              {"code", reject.code},
              {"source", reject.source},
              {"lane", reject.lane},
              {"position", reject.position},
              {"pointer", reject.pointer},
              {"more_since_last_told", untold}});
}

ScriptTally::ScriptTally(ScriptVersions& versions, const std::string& script)
    : versions_(versions), stats_(versions.of(script)) {}

ScriptTally::~ScriptTally() {
  stats_->memory_bytes_.fetch_sub(told_memory_, std::memory_order_relaxed);
}

void ScriptTally::note_time() {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  stats_->seconds_.observe(took.count(), ScriptStats::kTimed);
}

void ScriptTally::rejected(std::string_view code, std::string_view detail, std::string_view pointer,
                           const Batch& batch, uint32_t record, std::string_view source,
                           std::string_view lane) {
  auto at = std::find_if(rejects_.begin(), rejects_.end(),
                         [&](const Rejected& known) { return known.code == code; });
  if (at == rejects_.end() && rejects_.size() >= ScriptStats::kMostCodes) {
    code = kOther;
    at = std::find_if(rejects_.begin(), rejects_.end(),
                      [&](const Rejected& known) { return known.code == code; });
  }
  if (at == rejects_.end()) {
    rejects_.push_back({std::string(code), std::string(detail), std::string(pointer),
                        std::string(source), std::string(lane), batch.record(record).position, 0});
    at = rejects_.end() - 1;
  }
  ++at->count;
}

void ScriptTally::end(const ScriptRunner& runner) {
  stats_->calls_.fetch_add(calls_ - told_calls_, std::memory_order_relaxed);
  told_calls_ = calls_;
  if (filtered_ != 0) stats_->filtered_.fetch_add(filtered_, std::memory_order_relaxed);
  filtered_ = 0;
  if (sum_of(runner.caps_hit()) != sum_of(told_caps_)) add_caps(runner.caps_hit());
  const auto memory = static_cast<int64_t>(runner.memory_bytes());
  stats_->memory_bytes_.fetch_add(memory - told_memory_, std::memory_order_relaxed);
  told_memory_ = memory;
  if (!rejects_.empty()) add_rejects();
}

void ScriptTally::add_caps(const ScriptCaps& now) {
  {
    MutexLock lock(stats_->mutex_);
    ScriptCaps& sum = stats_->caps_hit_;
    sum.memory += now.memory - told_caps_.memory;
    sum.instructions += now.instructions - told_caps_.instructions;
    sum.cpu += now.cpu - told_caps_.cpu;
    sum.wall += now.wall - told_caps_.wall;
  }
  told_caps_ = now;
}

void ScriptTally::add_rejects() {
  {
    MutexLock lock(stats_->mutex_);
    for (const Rejected& one : rejects_) {
      auto& counts = stats_->rejects_;
      const bool full = counts.size() >= ScriptStats::kMostCodes && !counts.contains(one.code);
      counts[full ? std::string(kOther) : one.code] += one.count;
    }
  }
  const auto now = std::chrono::steady_clock::now();
  for (const Rejected& one : rejects_) {
    versions_.tell(
        {one.code, one.detail, one.pointer, one.source, one.lane, one.position, one.count}, now);
  }
  rejects_.clear();
}

}  // namespace sluice
