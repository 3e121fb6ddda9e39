// SPDX-License-Identifier: Apache-2.0
#include "runtime/store/checkpoint_plan.h"

#include <algorithm>
#include <limits>

namespace sluice {
namespace {

// What sinks have of the lane between two positions, should they not be given it again.
void keep_delivered(const CheckpointMove& move, const CheckpointMove::Lane& lane, uint64_t from,
                    CheckpointUpdate& update) {
  const uint64_t first = lane.settled ? *lane.settled + 1 : 0;
  for (const std::string& sink : move.sinks) {
    update.delivered.push_back(
        {lane.lane, sink, first, 0, from, std::numeric_limits<uint32_t>::max()});
  }
}

const LaneAgain* again_of(const SourceCheckpoint& checkpoint, const std::string& lane) {
  const LaneAgain* found = nullptr;
  for (const LaneAgain& again : checkpoint.again) {
    if (again.lane == lane || (again.lane.empty() && found == nullptr)) found = &again;
  }
  return found;
}

// Up to where the lane comes again: as far as it had come before this move or any other that it has
// not caught up with.
std::optional<uint64_t> until(const SourceCheckpoint& before, const CheckpointMove::Lane& lane,
                              std::optional<uint64_t> mark) {
  std::optional<uint64_t> out = mark;
  if (lane.reached) out = std::max(out.value_or(0), *lane.reached);
  const LaneAgain* const again = again_of(before, lane.lane);
  if (again != nullptr) out = std::max(out.value_or(0), again->until);
  return out;
}

}  // namespace

CheckpointPlan plan_move(const SourceCheckpoint& before, const CheckpointMove& move,
                         uint32_t epoch) {
  CheckpointPlan plan;
  plan.update.pipeline = move.pipeline;
  plan.update.tenant = move.tenant;
  plan.update.source = move.source;
  plan.forget = plan.update;
  std::vector<CheckpointMove::Lane> lanes = move.lanes;
  if (move.all) {
    for (const LaneMark& mark : before.lanes) lanes.push_back({mark.lane, std::nullopt});
    plan.forget_cursor = true;
    if (!move.keep_idempotency) {
      plan.forget_again = true;
      plan.again.push_back({"", epoch, std::numeric_limits<uint64_t>::max()});
    }
  }
  for (const CheckpointMove::Lane& lane : lanes) {
    const auto mark = std::find_if(before.lanes.begin(), before.lanes.end(),
                                   [&](const LaneMark& of) { return of.lane == lane.lane; });
    const auto before_it =
        mark == before.lanes.end() ? std::nullopt : std::optional(mark->position);
    // Also what sinks have above the mark goes, or it would be skipped.
    plan.forget.forget.push_back(lane.lane);
    if (lane.settled) plan.update.set.push_back({lane.lane, *lane.settled});
    if (move.keep_idempotency) {
      if (before_it) keep_delivered(move, lane, *before_it, plan.update);
      continue;
    }
    const auto to = until(before, lane, before_it);
    // Also of a move onward, where nothing comes again: what sinks and others have noted of the
    // lane in earlier epochs must not hold it back.
    if (!move.all && to) plan.again.push_back({lane.lane, epoch, *to});
  }
  return plan;
}

}  // namespace sluice
