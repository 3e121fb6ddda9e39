// SPDX-License-Identifier: Apache-2.0
#include "runtime/deliver/sink_marks.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

std::string text_of(sluice_str text) { return {text.data, static_cast<size_t>(text.size)}; }

sluice_named_mark mark_of(uint32_t epoch, const std::string& scope, const std::string& lane,
                          std::optional<uint64_t> position) {
  return {sizeof(sluice_named_mark),
          epoch,
          {scope.data(), scope.size()},
          {lane.data(), lane.size()},
          position.value_or(0),
          position ? 1U : 0U,
          0};
}

const sluice_record& record_at(const sluice_batch& batch, uint32_t i) {
  return *reinterpret_cast<const sluice_record*>(reinterpret_cast<const char*>(batch.records) +
                                                 static_cast<size_t>(i) * batch.stride);
}

}  // namespace

CallResult SinkMarks::read(SinkInstance& instance) {
  in_use_ = instance.keeps_marks() && !options_.scopes.empty();
  if (!in_use_) return {};
  std::vector<Stored> found(options_.scopes.size());
  epochs_.assign(options_.scopes.size(), 0);
  for (uint32_t source = 0; source < found.size(); ++source) {
    if (options_.epoch_of) epochs_[source] = options_.epoch_of(source);
    std::map<std::string, std::map<uint32_t, uint64_t>> by_epoch;
    CallResult result =
        instance.read_marks(options_.scopes[source], [&by_epoch](const sluice_named_mark& mark) {
          if (mark.present != 0) by_epoch[text_of(mark.lane)][mark.epoch] = mark.position;
        });
    if (result.rc != SLUICE_OK) return result;
    for (const auto& [lane, marks] : by_epoch) found[source][lane] = weigh(source, lane, marks);
  }
  for (auto& [key, lane] : lanes_) {
    const Stored& marks = found[key >> 32U];
    const auto at = marks.find(lane.name);
    static_cast<Mark&>(lane) = at == marks.end() ? Mark() : at->second;
  }
  ++reads_;
  stale_ = false;
  MutexLock lock(mutex_);
  stored_ = std::move(found);
  return {};
}

SinkMarks::Mark SinkMarks::weigh(uint32_t source, const std::string& lane,
                                 const std::map<uint32_t, uint64_t>& by_epoch) const {
  Mark out;
  const auto again = options_.again ? options_.again(source, lane) : std::nullopt;
  for (const auto& [epoch, position] : by_epoch) {
    if (again && epoch < again->epoch) {
      out.old_above = again->until;
      out.old_to = std::max(out.old_to, position);
    } else {
      out.mark = std::max(out.mark.value_or(0), position);
    }
    if (epoch == epochs_[source]) out.here = position;
  }
  return out;
}

// The last answer is kept: records of a lane come in runs.
SinkMarks::Lane* SinkMarks::find(uint32_t source, uint32_t lane) {
  const uint64_t key = key_of(source, lane);
  if (key == found_key_) return found_;
  auto at = lanes_.find(key);
  if (at == lanes_.end()) {
    std::string name = options_.lane_name(source, lane);
    if (name.empty()) return nullptr;
    Lane fresh;
    if (const auto mark = found(source, name)) static_cast<Mark&>(fresh) = *mark;
    fresh.name = std::move(name);
    at = lanes_.emplace(key, std::move(fresh)).first;
  }
  found_key_ = key;
  found_ = &at->second;
  return found_;
}

bool SinkMarks::covers(uint32_t source, uint32_t lane, uint64_t position) {
  const Lane* known = find(source, lane);
  if (known == nullptr) return false;
  const bool of_old = position > known->old_above && position <= known->old_to;
  return of_old || (known->mark && position <= *known->mark);
}

void SinkMarks::seen(uint32_t source, uint32_t lane, uint64_t position) {
  if (Lane* known = find(source, lane)) known->seen = position;
}

void SinkMarks::held(uint32_t source, uint32_t lane) {
  if (Lane* known = find(source, lane)) ++known->held;
}

void SinkMarks::done(uint32_t source, uint32_t lane) {
  Lane* known = find(source, lane);
  if (known != nullptr && known->held > 0) --known->held;
}

void SinkMarks::let_go() {
  if (!options_.lane_gone) return;
  MutexLock lock(mutex_);
  for (auto at = lanes_.begin(); at != lanes_.end();) {
    const auto source = static_cast<uint32_t>(at->first >> 32U);
    if (!options_.lane_gone(source, static_cast<uint32_t>(at->first))) {
      ++at;
      continue;
    }
    // Should it come back, this is where it was last seen.
    if (source < stored_.size() && at->second.mark) {
      stored_[source][at->second.name] = at->second;
    }
    at = lanes_.erase(at);
  }
  found_key_ = UINT64_MAX;
}

// What may be stored once all that is being written is in.
void SinkMarks::collect_moves(uint32_t source) {
  moves_.clear();
  for (auto& [key, lane] : lanes_) {
    if (key >> 32U != source) continue;
    const bool all = lane.held == lane.writing;
    if (!all && lane.writing == 0) continue;
    std::optional<uint64_t> to = all ? lane.seen : std::nullopt;
    if (lane.writing != 0 && (!to || *to < lane.last)) to = lane.last;
    if (to && rises(lane, *to)) moves_.push_back({lane.name, lane.here, to, key});
  }
  collect_forgotten(source);
}

void SinkMarks::collect_forgotten(uint32_t source) {
  std::vector<std::string> names;
  {
    MutexLock lock(mutex_);
    names.swap(forgotten_[source]);
  }
  for (const std::string& name : names) {
    const auto at = std::find_if(lanes_.begin(), lanes_.end(), [&](const auto& entry) {
      return entry.first >> 32U == source && entry.second.name == name;
    });
    const std::optional<uint64_t> mark =
        at != lanes_.end() ? at->second.here : found(source, name).value_or(Mark()).here;
    if (at != lanes_.end() && at->second.held != 0) continue;  // not done for an optional sink
    std::erase_if(moves_, [&](const Move& move) { return move.lane == name; });
    const uint64_t key = at != lanes_.end() ? at->first : UINT64_MAX;
    if (mark) {
      moves_.push_back({name, mark, std::nullopt, key});
    } else if (at != lanes_.end()) {
      found_key_ = UINT64_MAX;
      lanes_.erase(at);
    }
  }
}

CallResult SinkMarks::write(SinkInstance& instance, uint32_t source, const sluice_batch& batch,
                            std::span<sluice_outcome> outcomes) {
  std::vector<Lane*> written;
  for (uint32_t i = 0; i < batch.count; ++i) {
    const sluice_record& record = record_at(batch, i);
    Lane* lane = find(source, record.lane);
    if (lane == nullptr) continue;
    if (lane->writing++ == 0) written.push_back(lane);
    lane->last = record.position;
  }
  collect_moves(source);
  for (Lane* lane : written) lane->writing = 0;

  std::vector<sluice_named_mark> marks;
  marks.reserve(2 * moves_.size());
  const std::string& scope = options_.scopes[source];
  std::vector<const sluice_named_mark*> expect;
  std::vector<const sluice_named_mark*> set;
  for (const Move& move : moves_) {
    expect.push_back(&marks.emplace_back(mark_of(epochs_[source], scope, move.lane, move.expect)));
    set.push_back(&marks.emplace_back(mark_of(epochs_[source], scope, move.lane, move.set)));
  }
  CallResult result = instance.write_marked(batch, outcomes, expect, set);
  if (result.rc == SLUICE_E_FENCED) stale_ = true;
  const bool all_ok = result.rc == SLUICE_OK &&
                      std::all_of(outcomes.begin(), outcomes.end(), [](const sluice_outcome& o) {
                        return o.verdict == SLUICE_REC_OK;
                      });
  rolled_back_ = 0;
  if (all_ok) {
    moved(source);
    return result;
  }
  for (Move& move : moves_) {
    if (!move.set) forget(source, std::move(move.lane));
  }
  // Nothing was applied, so nothing that was said to be is, nor may be.
  for (sluice_outcome& outcome : outcomes) {
    if (result.rc == SLUICE_OK) outcome.flags &= static_cast<uint16_t>(~SLUICE_RECF_MAYBE_APPLIED);
    if (outcome.verdict != SLUICE_REC_OK) continue;
    ++rolled_back_;
    outcome = {};
    outcome.verdict = result.rc == SLUICE_OK ? SLUICE_REC_UNTRIED : SLUICE_REC_UNSET;
    outcome.reason = SLUICE_REASON_NONE;
  }
  return result;
}

void SinkMarks::moved(uint32_t source) {
  for (const Move& move : moves_) {
    const auto at = lanes_.find(move.key);
    if (move.set) {
      if (at != lanes_.end()) at->second.mark = at->second.here = move.set;
      continue;
    }
    if (at != lanes_.end()) {
      found_key_ = UINT64_MAX;
      lanes_.erase(at);
    }
    MutexLock lock(mutex_);
    stored_[source].erase(move.lane);
  }
}

std::vector<uint32_t> SinkMarks::behind() {
  std::vector<uint32_t> sources;
  if (!in_use_) return sources;
  for (const auto& [key, lane] : lanes_) {
    const auto source = static_cast<uint32_t>(key >> 32U);
    if (lane.held == 0 && lane.seen && rises(lane, *lane.seen)) sources.push_back(source);
  }
  {
    MutexLock lock(mutex_);
    for (uint32_t source = 0; source < forgotten_.size(); ++source) {
      if (!forgotten_[source].empty()) sources.push_back(source);
    }
  }
  std::sort(sources.begin(), sources.end());
  sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
  return sources;
}

std::optional<SinkMarks::Mark> SinkMarks::found(uint32_t source, const std::string& lane) const {
  MutexLock lock(mutex_);
  if (source >= stored_.size()) return std::nullopt;
  const auto at = stored_[source].find(lane);
  return at == stored_[source].end() ? std::nullopt : std::optional(at->second);
}

std::optional<uint64_t> SinkMarks::stored(uint32_t source, const std::string& lane) const {
  const auto mark = found(source, lane);
  return mark ? mark->mark : std::nullopt;
}

void SinkMarks::forget(uint32_t source, std::string lane) {
  MutexLock lock(mutex_);
  if (source < forgotten_.size()) forgotten_[source].push_back(std::move(lane));
}

}  // namespace sluice
