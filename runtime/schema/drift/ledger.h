// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/base/mutex.h"
#include "runtime/schema/drift/entry.h"
#include "runtime/schema/drift/profile.h"

namespace sluice::drift {

struct LedgerLimits {
  uint64_t baseline = 1000;  // records to learn from before anything learned counts as drift
  Bounds bounds;
  size_t entries = 2000;  // of one source
};

// One kind of drift at one path, as one worker saw it since its last report. Views live until the
// report is taken.
struct Delta {
  std::string_view path;
  Kind kind = Kind::kNewField;
  Severity severity = Severity::kInfo;
  uint64_t count = 0;
  std::string_view before;
  std::string_view after;
  std::string_view sample;
  std::string_view record_sha256;
};

// What a worker hands over after a batch.
struct Report {
  uint32_t source = 0;
  int64_t now_us = 0;
  uint64_t records = 0;   // that went by
  uint64_t observed = 0;  // that were looked at
  uint64_t refused = 0;   // paths, values or kinds that were not kept because there were too many
  std::string_view schema_version;
  std::span<const Delta> deltas;
  const Profile* learned = nullptr;  // what was learned since the last report; null: nothing
};

// What a worker needs to go on: the settled baseline, or how many records are still to be learned.
struct Baseline {
  std::shared_ptr<const Profile> settled;
  uint64_t to_learn = 0;
};

struct SourceCounts {
  uint64_t records = 0;
  uint64_t observed = 0;
  uint64_t learned = 0;  // records in the baseline
  bool settled = false;
  uint64_t paths = 0;
  uint64_t refused = 0;                      // see Report
  uint64_t evicted = 0;                      // entries that made room for others
  std::array<uint64_t, kSeverities> seen{};  // observations of drift since start, by severity
};

// Entries and baseline of one source, as they go to disk.
struct SourceState {
  std::vector<Entry> entries;                         // all, or those changed since
  std::vector<std::pair<std::string, Kind>> removed;  // since
  bool all = false;      // `entries` are all there are, whatever was removed
  std::string baseline;  // Profile::encode(); empty: unchanged
  bool settled = false;
};

// The drift ledger of one pipeline: what its workers saw of each source, put together. Bounded
// whatever comes in; when it is full, what is least important and longest unseen makes room. Any
// thread; a worker comes once a batch.
class Ledger {
 public:
  Ledger(std::vector<std::string> sources, const LedgerLimits& limits);

  // What was kept by an earlier run; before the workers start. False: the baseline cannot be read
  // and is learned anew.
  bool restore(uint32_t source, const SourceState& state) SLUICE_EXCLUDES(mutex_);

  Baseline report(const Report& report) SLUICE_EXCLUDES(mutex_);

  [[nodiscard]] const std::vector<std::string>& sources() const { return sources_; }
  [[nodiscard]] const LedgerLimits& limits() const { return limits_; }
  [[nodiscard]] std::vector<Entry> entries(uint32_t source) const SLUICE_EXCLUDES(mutex_);
  [[nodiscard]] SourceCounts counts(uint32_t source) const SLUICE_EXCLUDES(mutex_);

  // What changed since it was last taken; nothing if nothing did. When it cannot be stored,
  // put_back() makes the next call answer it again.
  std::optional<SourceState> take_changes(uint32_t source) SLUICE_EXCLUDES(mutex_);
  void put_back(uint32_t source, const SourceState& state) SLUICE_EXCLUDES(mutex_);

 private:
  struct Kept {
    Entry entry;
    int64_t base_observed = 0;  // of the source, when it was first seen
    int64_t base_records = 0;
    bool changed = true;
  };
  using Key = std::pair<std::string, Kind>;
  struct Source {
    std::map<Key, Kept> entries;
    std::vector<Key> removed;  // since it was last taken; past a bound `all_changed` instead
    bool all_changed = false;
    Profile learning;
    std::shared_ptr<const Profile> settled;
    bool baseline_changed = false;
    SourceCounts counts;
  };

  void take(Source& source, const Report& report, const Delta& delta) const;
  static void fold_new_field(const Source& source, Key& key);
  void make_room(Source& source) const;
  static void refresh(const Source& source, Kept& kept);

  const std::vector<std::string> sources_;
  const LedgerLimits limits_;
  mutable Mutex mutex_;
  std::vector<Source> states_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::drift
