// SPDX-License-Identifier: Apache-2.0
// What a source may ask of the host: lanes, cursors, and lanes that come and go.
#include <algorithm>
#include <utility>

#include "runtime/base/log.h"
#include "runtime/pipeline/source_driver.h"

namespace sluice {
namespace {

constexpr Millis kLookAtMarks{5'000};
constexpr Millis kGiveBackReserve{2'000};
constexpr Millis kErrandWait{60'000};  // for the call under way

}  // namespace

sluice_rc SourceDriver::lane_open(std::string_view name, uint32_t* id, uint64_t* resume) {
  const sluice_rc rc = context_.lanes->open(name, id, resume);
  if (opened_ && rc >= 0) opened_->insert(*id);
  // What was given to us in this run is on its way to every sink.
  if (rc == SLUICE_OK && context_.resume_at && !context_.lanes->begun(*id)) {
    *resume = context_.resume_at(std::string(name), *resume);
  }
  return rc;
}

sluice_rc SourceDriver::lane_done(uint32_t id) {
  const sluice_rc rc = context_.lanes->done(id);
  context_.changed();
  return rc;
}

sluice_rc SourceDriver::cursor_get(sluice_str* out) {
  const auto cursor = context_.lanes->cursor();
  if (!cursor) {
    *out = {nullptr, 0};
    return SLUICE_OK;
  }
  cursor_ = *cursor;
  *out = {cursor_.data(), cursor_.size()};
  return SLUICE_OK;
}

sluice_rc SourceDriver::cursor_set(std::string_view blob) {
  constexpr size_t kMaxCursor = 1 << 20;
  if (blob.size() > kMaxCursor) return SLUICE_E_CONFIG;
  context_.lanes->set_cursor(blob);
  context_.changed();
  return SLUICE_OK;
}

sluice_rc SourceDriver::lanes_assigned(std::span<const uint32_t> ids) {
  SourceCheckpoint stored;
  if (context_.stored) {
    auto loaded = context_.stored();
    if (!loaded) {
      log::warn("source.assigned",
                "it is not known where lanes go on: " + loaded.status().message(),
                {{"source", context_.config.name}});
      return SLUICE_E_RETRY;
    }
    stored = std::move(loaded).value();
  }
  context_.lanes->assigned(ids, stored);
  if (context_.look_at_marks) context_.look_at_marks(context_.clock->now() + kLookAtMarks);
  return SLUICE_OK;
}

sluice_rc SourceDriver::lanes_revoked(std::span<const uint32_t> ids, uint32_t limit_ms,
                                      sluice_mark* marks, uint32_t* n_marks) {
  LaneTable& lanes = *context_.lanes;
  const Millis limit(limit_ms);
  const auto deadline = context_.clock->now() + limit;
  // Some of the time is for letting go of the rest and for making it durable.
  const Millis reserve = std::min(limit / 4, kGiveBackReserve);
  const bool drained = lanes.wait_settled(ids, deadline - reserve);
  lanes.leave(ids);
  if (context_.lanes_left) context_.lanes_left();
  if (!drained) lanes.wait_settled(ids, deadline - reserve / 2);
  context_.changed();
  const auto final_marks = lanes.durable_marks(ids, deadline);
  lanes.end(ids);
  forget_acks(ids);
  const uint32_t n = std::min<uint32_t>(*n_marks, static_cast<uint32_t>(final_marks.size()));
  std::copy_n(final_marks.begin(), n, marks);
  *n_marks = n;
  return SLUICE_OK;
}

Status SourceDriver::stop_for(const std::function<Status()>& work, Millis limit) {
  const auto deadline = context_.clock->now() + limit + kErrandWait;
  Errand mine{&work, limit, false, {}};
  MutexLock lock(mutex_);
  if (ended_) return unavailable("the source " + context_.config.name + " has ended");
  if (errand_ != nullptr) {
    return {Code::kExists, "the source " + context_.config.name + " is being moved already"};
  }
  errand_ = &mine;
  while (!mine.done) {
    if (mine.started) {
      changed_.wait(mutex_);
    } else if (!changed_.wait_until(mutex_, deadline) && !mine.started && !mine.done) {
      mine.done = unavailable("the source " + context_.config.name + " does not answer");
    }
  }
  errand_ = nullptr;
  return *mine.done;
}

// False: the source could not be opened again, and the run is over.
bool SourceDriver::run_errand() {
  Errand* errand = nullptr;
  {
    MutexLock lock(mutex_);
    if (errand_ == nullptr || errand_->started) return true;
    errand = errand_;
    errand->started = true;
  }
  set_state("connecting", "being moved");
  LaneTable& lanes = *context_.lanes;
  const std::vector<uint32_t> ids = lanes.ids();
  lanes.wait_settled(ids, context_.clock->now() + errand->limit);
  lanes.leave(ids);
  if (context_.lanes_left) context_.lanes_left();
  lanes.wait_settled(ids, context_.clock->now() + kGiveBackReserve);
  context_.changed();
  lanes.durable_marks(ids, context_.clock->now() + kGiveBackReserve);
  serve_acks();
  lanes.end(ids);
  forget_acks(ids);
  Status status = Status::ok();
  const bool open = restart(Millis(0), [&] { status = (*errand->work)(); });
  MutexLock lock(mutex_);
  errand->done = std::move(status);
  changed_.notify_all();
  return open;
}

void SourceDriver::end_errands() {
  MutexLock lock(mutex_);
  ended_ = true;
  if (errand_ == nullptr || errand_->done) return;
  errand_->started = true;
  errand_->done = unavailable("the source " + context_.config.name + " has ended");
  changed_.notify_all();
}

sluice_rc SourceDriver::epoch_current(uint32_t* epoch) {
  *epoch = context_.lanes->epoch();
  return SLUICE_OK;
}

std::optional<uint64_t> SourceDriver::settled_of(uint32_t lane) const {
  const auto marks = context_.lanes->marks_of(std::span(&lane, 1));
  return marks.empty() ? std::nullopt : std::optional(marks.front().position);
}

// A position that we did not store, and that is not where the lane had come to.
bool SourceDriver::moved_by_others(const sluice_lane_place& place) const {
  if ((place.flags & SLUICE_PLACE_KNOWN) == 0 || (place.flags & SLUICE_PLACE_OURS) != 0) {
    return false;
  }
  const auto settled = settled_of(place.lane);
  return settled && *settled + 1 != place.next;
}

sluice_rc SourceDriver::epoch_resume(std::span<sluice_lane_place> places) {
  std::vector<CheckpointMove::Lane> moved;
  std::vector<uint32_t> ids;
  for (const sluice_lane_place& place : places) {
    ids.push_back(place.lane);
    if (!moved_by_others(place)) continue;
    const auto to = place.next == 0 ? std::nullopt : std::optional(place.next - 1);
    moved.push_back({context_.lanes->name_of(place.lane), to});
  }
  if (!moved.empty() && context_.move) {
    log::info("source.moved",
              "other hands have moved it: records are processed again from where it stands now",
              {{"source", context_.config.name}, {"lanes", moved.size()}});
    if (const Status status = context_.move(std::move(moved)); !status) {
      log::warn("source.moved", "the move cannot be stored: " + status.message(),
                {{"source", context_.config.name}});
      return SLUICE_E_RETRY;
    }
    if (const sluice_rc rc = lanes_assigned(ids); rc != SLUICE_OK) return rc;
  }
  const uint32_t epoch = context_.lanes->epoch();
  for (sluice_lane_place& place : places) decide_place(place, epoch);
  return SLUICE_OK;
}

// A position from before a move of its lane: back, of which a note is kept, or onward. A move of
// other lanes says nothing of it, and neither does an epoch in which this process has begun.
bool SourceDriver::out_of_date(const sluice_lane_place& place, std::optional<uint64_t> next,
                               uint32_t epoch) const {
  if ((place.flags & SLUICE_PLACE_OURS) == 0 || place.epoch >= epoch) return false;
  const auto again = context_.lanes->again(context_.lanes->name_of(place.lane));
  return (again && place.epoch < again->epoch) || (next && *next > place.next);
}

void SourceDriver::decide_place(sluice_lane_place& place, uint32_t epoch) {
  std::optional<uint64_t> next;
  if (const auto settled = settled_of(place.lane)) next = *settled + 1;
  if ((place.flags & SLUICE_PLACE_KNOWN) != 0 && !out_of_date(place, next, epoch)) {
    // What differs is what a crash left. Where the store is one process's alone, the other system
    // knows of processes that this store does not.
    const bool lower = context_.shared_store && next && *next < place.next;
    if (!lower) next = place.next;
  }
  // Moved to its beginning, which is not the same as new.
  if (!next && context_.lanes->again(context_.lanes->name_of(place.lane))) next = 0;
  place.flags = SLUICE_PLACE_OURS;
  place.epoch = epoch;
  place.next = 0;
  if (!next) return;
  place.flags |= SLUICE_PLACE_KNOWN;
  place.next = *next;
  context_.lanes->go_on_at(place.lane, *next);
  if (context_.resume_at && *next != 0 && !context_.lanes->begun(place.lane)) {
    place.next = context_.resume_at(context_.lanes->name_of(place.lane), *next - 1) + 1;
  }
}

// Somebody else has them already: nothing is waited for, and nothing is committed.
sluice_rc SourceDriver::lanes_lost(std::span<const uint32_t> ids) {
  context_.lanes->end(ids);
  if (context_.lanes_left) context_.lanes_left();
  forget_acks(ids);
  return SLUICE_OK;
}

void SourceDriver::forget_acks(std::span<const uint32_t> ids) {
  const auto of_these = [ids](const sluice_mark& mark) {
    return std::find(ids.begin(), ids.end(), mark.lane) != ids.end();
  };
  std::erase_if(early_acks_, of_these);
  MutexLock lock(mutex_);
  std::erase_if(acks_, of_these);
}

}  // namespace sluice
