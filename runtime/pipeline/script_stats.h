// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/histogram.h"
#include "runtime/base/mutex.h"
#include "runtime/config/config.h"
#include "runtime/record/batch.h"
#include "runtime/script/script.h"

namespace sluice {

// What one version of a script did, over all workers. Thread-safe.
class ScriptStats {
 public:
  static constexpr size_t kMostCodes = 32;  // others are counted together as "(other)"
  struct Snapshot {
    std::string script;  // its hash
    uint64_t calls = 0;
    uint64_t filtered = 0;
    ScriptCaps caps_hit;                      // states thrown away because of a cap
    int64_t memory_bytes = 0;                 // of its Lua states now
    std::map<std::string, uint64_t> rejects;  // by the script's own code, or TRANSFORM_ERROR
    Histogram::Snapshot seconds;  // one call in kTimed is timed and stands for all of them
  };
  static constexpr uint64_t kTimed = 8;

  explicit ScriptStats(std::string script);
  [[nodiscard]] Snapshot snapshot() const SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] const std::string& script() const { return script_; }

 private:
  friend class ScriptTally;
  const std::string script_;
  std::atomic<uint64_t> calls_{0};
  std::atomic<uint64_t> filtered_{0};
  std::atomic<int64_t> memory_bytes_{0};
  Histogram seconds_;
  mutable Mutex mutex_;
  std::map<std::string, uint64_t> rejects_ SLUICE_GUARDED_BY(mutex_);
  ScriptCaps caps_hit_ SLUICE_GUARDED_BY(mutex_);
};

// What the versions of a pipeline's script did: of the one that runs and a few before it.
// Thread-safe.
class ScriptVersions {
 public:
  static constexpr size_t kKept = 5;

  explicit ScriptVersions(std::string pipeline) : pipeline_(std::move(pipeline)) {}
  // Of the script with this hash, from now on among the newest.
  std::shared_ptr<ScriptStats> of(const std::string& script) SLUICE_EXCLUDES(mutex_);
  // Newest first.
  [[nodiscard]] std::vector<ScriptStats::Snapshot> snapshot() const SLUICE_EXCLUDES(mutex_);

  // A reject that may be told in the log: one a code in kQuiet, with the number of those that were
  // not told.
  struct Reject {
    std::string_view code;
    std::string_view detail;  // with file:line
    std::string_view pointer;
    std::string_view source;
    std::string_view lane;
    uint64_t position = 0;
    uint64_t count = 1;  // so many of this code; the rest is of the first
  };
  static constexpr Millis kQuiet{10'000};
  void tell(const Reject& reject, std::chrono::steady_clock::time_point now)
      SLUICE_EXCLUDES(mutex_);

 private:
  struct Told {
    std::chrono::steady_clock::time_point quiet_until{};
    uint64_t untold = 0;
  };
  const std::string pipeline_;
  mutable Mutex mutex_;
  std::deque<std::shared_ptr<ScriptStats>> versions_ SLUICE_GUARDED_BY(mutex_);  // newest first
  std::map<std::string, Told, std::less<>> told_ SLUICE_GUARDED_BY(mutex_);      // by code
};

// One record path's part of it: counts a batch for itself and adds it up at its end, so that a
// record costs no lock and no shared memory. Not thread-safe.
class ScriptTally {
 public:
  ScriptTally(ScriptVersions& versions, const std::string& script);
  ~ScriptTally();
  ScriptTally(const ScriptTally&) = delete;
  ScriptTally& operator=(const ScriptTally&) = delete;

  // Around a call of the script.
  void before() {
    timing_ = calls_++ % ScriptStats::kTimed == 0;
    if (timing_) began_ = std::chrono::steady_clock::now();
  }
  void after() {
    if (timing_) [[unlikely]]
      note_time();
  }
  void filtered() { ++filtered_; }
  // `detail` and `pointer` of the letter it became; `code` is the script's own or a reason code.
  void rejected(std::string_view code, std::string_view detail, std::string_view pointer,
                const Batch& batch, uint32_t record, std::string_view source,
                std::string_view lane);
  // The batch is done; `runner` tells memory and caps.
  void end(const ScriptRunner& runner);

 private:
  struct Rejected {
    std::string code;
    std::string detail;  // of the first, as the rest
    std::string pointer;
    std::string source;
    std::string lane;
    uint64_t position = 0;
    uint64_t count = 0;
  };
  void note_time();
  void add_rejects();
  void add_caps(const ScriptCaps& now);

  ScriptVersions& versions_;
  const std::shared_ptr<ScriptStats> stats_;
  uint64_t calls_ = 0;  // ever
  uint64_t told_calls_ = 0;
  uint64_t filtered_ = 0;
  ScriptCaps told_caps_;
  int64_t told_memory_ = 0;
  bool timing_ = false;
  std::chrono::steady_clock::time_point began_{};
  std::vector<Rejected> rejects_;  // of the batch, by code
};

}  // namespace sluice
