// SPDX-License-Identifier: Apache-2.0
#include "runtime/schema/drift/ledger.h"

#include <algorithm>

namespace sluice::drift {
namespace {

constexpr size_t kNewFieldsOfOne = 64;

void set_text(std::string& to, std::string_view from) {
  if (!from.empty()) to = from;
}

}  // namespace

Ledger::Ledger(std::vector<std::string> sources, const LedgerLimits& limits)
    : sources_(std::move(sources)), limits_(limits) {
  for (size_t i = 0; i < sources_.size(); ++i) {
    Source source;
    source.learning = Profile(limits_.bounds);
    states_.push_back(std::move(source));
  }
}

bool Ledger::restore(uint32_t index, const SourceState& state) {
  MutexLock lock(mutex_);
  Source& source = states_[index];
  for (const Entry& entry : state.entries) {
    if (source.entries.size() >= limits_.entries) break;
    Kept kept;
    kept.entry = entry;
    // Counted from the source's zero, which is now.
    kept.base_observed = kept.base_records = -static_cast<int64_t>(entry.observed);
    kept.changed = false;
    source.entries.emplace(Key(entry.path, entry.kind), std::move(kept));
  }
  if (state.baseline.empty()) return true;
  auto profile = Profile::decode(state.baseline, limits_.bounds);
  if (!profile) return false;
  source.counts.learned = profile->records();
  source.counts.paths = profile->size();
  if (state.settled) {
    source.settled = std::make_shared<const Profile>(std::move(*profile));
    source.counts.settled = true;
  } else {
    source.learning = std::move(*profile);
  }
  return true;
}

Baseline Ledger::report(const Report& report) {
  MutexLock lock(mutex_);
  Source& source = states_[report.source];
  for (const Delta& delta : report.deltas) take(source, report, delta);
  source.counts.records += report.records;
  source.counts.observed += report.observed;
  source.counts.refused += report.refused;
  // What another worker learned while this one settled the baseline is left out: all workers then
  // compare with the very same one.
  if (report.learned != nullptr && !source.settled) {
    source.learning.merge(*report.learned);
    source.baseline_changed = true;
    source.counts.learned = source.learning.records();
    source.counts.paths = source.learning.size();
  }
  if (!source.settled && source.learning.records() >= limits_.baseline) {
    source.learning.settle();
    source.counts.paths = source.learning.size();
    source.settled = std::make_shared<const Profile>(std::move(source.learning));
    source.learning = Profile(limits_.bounds);
    source.counts.settled = true;
    source.baseline_changed = true;
  }
  if (source.settled) return {source.settled, 0};
  return {nullptr, limits_.baseline - source.learning.records()};
}

void Ledger::take(Source& source, const Report& report, const Delta& delta) const {
  Key key(delta.path, delta.kind);
  auto at = source.entries.find(key);
  if (at == source.entries.end() && delta.kind == Kind::kNewField) {
    fold_new_field(source, key);
    at = source.entries.find(key);
  }
  if (at == source.entries.end()) {
    if (source.entries.size() >= limits_.entries) make_room(source);
    if (source.entries.size() >= limits_.entries) {
      ++source.counts.refused;
      return;
    }
    Kept kept;
    kept.entry.path = key.first;
    kept.entry.kind = delta.kind;
    kept.entry.severity = delta.severity;
    kept.entry.first_seen_us = report.now_us;
    kept.base_observed = static_cast<int64_t>(source.counts.observed);
    kept.base_records = static_cast<int64_t>(source.counts.records);
    at = source.entries.emplace(std::move(key), std::move(kept)).first;
  }
  Kept& kept = at->second;
  Entry& entry = kept.entry;
  kept.changed = true;
  entry.severity = std::max(entry.severity, delta.severity);
  entry.last_seen_us = report.now_us;
  entry.count += delta.count;
  entry.schema_version = report.schema_version;
  if (entry.before.empty()) set_text(entry.before, delta.before);
  set_text(entry.after, delta.after);
  if (entry.record_sha256.empty()) {
    set_text(entry.sample, delta.sample);
    set_text(entry.record_sha256, delta.record_sha256);
  }
  source.counts.seen[static_cast<size_t>(delta.severity)] += delta.count;
}

// New names are the one thing the outside can make up without end: those of one object past a
// number share an entry.
void Ledger::fold_new_field(const Source& source, Key& key) {
  const std::string parent = key.first.substr(0, key.first.rfind('/') + 1);
  size_t siblings = 0;
  for (auto at = source.entries.lower_bound(Key(parent, Kind::kNewField));
       at != source.entries.end() && at->first.first.starts_with(parent); ++at) {
    const bool sibling = at->first.second == Kind::kNewField &&
                         at->first.first.find('/', parent.size()) == std::string::npos;
    siblings += sibling ? 1U : 0U;
  }
  if (siblings >= kNewFieldsOfOne) key.first = parent + '*';
}

// The least severe, and among these the longest unseen.
void Ledger::make_room(Source& source) const {
  const auto least = std::min_element(
      source.entries.begin(), source.entries.end(), [](const auto& a, const auto& b) {
        const Entry& x = a.second.entry;
        const Entry& y = b.second.entry;
        return x.severity != y.severity ? x.severity < y.severity : x.last_seen_us < y.last_seen_us;
      });
  if (least == source.entries.end()) return;
  if (source.removed.size() >= limits_.entries) {
    source.removed.clear();
    source.all_changed = true;
  }
  if (!source.all_changed) source.removed.push_back(least->first);
  source.entries.erase(least);
  ++source.counts.evicted;
}

void Ledger::refresh(const Source& source, Kept& kept) {
  // Every record that fails the schema is looked at, even when only a sample of the others is.
  const bool all = kept.entry.severity == Severity::kBreaking;
  const auto now = static_cast<int64_t>(all ? source.counts.records : source.counts.observed);
  const int64_t since = now - (all ? kept.base_records : kept.base_observed);
  kept.entry.observed = std::max(kept.entry.count, static_cast<uint64_t>(since < 0 ? 0 : since));
}

std::vector<Entry> Ledger::entries(uint32_t index) const {
  MutexLock lock(mutex_);
  std::vector<Entry> out;
  for (const auto& [key, kept] : states_[index].entries) {
    Kept copy = kept;
    refresh(states_[index], copy);
    out.push_back(std::move(copy.entry));
  }
  return out;
}

SourceCounts Ledger::counts(uint32_t index) const {
  MutexLock lock(mutex_);
  return states_[index].counts;
}

std::optional<SourceState> Ledger::take_changes(uint32_t index) {
  MutexLock lock(mutex_);
  Source& source = states_[index];
  SourceState out;
  for (auto& [key, kept] : source.entries) {
    if (!kept.changed && !source.all_changed) continue;
    kept.changed = false;
    refresh(source, kept);
    out.entries.push_back(kept.entry);
  }
  // A key that was removed and came back since is an entry.
  for (Key& key : source.removed) {
    if (!source.entries.contains(key)) out.removed.push_back(std::move(key));
  }
  source.removed.clear();
  out.all = source.all_changed;
  source.all_changed = false;
  out.settled = source.settled != nullptr;
  if (source.baseline_changed) {
    out.baseline = (source.settled ? *source.settled : source.learning).encode();
    source.baseline_changed = false;
  }
  if (out.entries.empty() && out.removed.empty() && out.baseline.empty() && !out.all)
    return std::nullopt;
  return out;
}

void Ledger::put_back(uint32_t index, const SourceState& state) {
  MutexLock lock(mutex_);
  Source& source = states_[index];
  for (const Entry& entry : state.entries) {
    const auto at = source.entries.find(Key(entry.path, entry.kind));
    if (at != source.entries.end()) at->second.changed = true;
  }
  source.removed.insert(source.removed.end(), state.removed.begin(), state.removed.end());
  source.all_changed |= state.all;
  source.baseline_changed |= !state.baseline.empty();
}

}  // namespace sluice::drift
