// SPDX-License-Identifier: Apache-2.0
// Lanes that come and go while the pipeline runs, and sources that are moved.
#include <algorithm>

#include "runtime/pipeline/pipeline.h"

namespace sluice {
namespace {

constexpr Millis kMoveDrain{10'000};
constexpr Millis kLookAtMarksOfMoved{5'000};

}  // namespace

// What sinks tell of their marks afterwards is what is stored now, or they could not be asked in
// time: then the first write is fenced off and has them looked at.
void Pipeline::look_at_marks(std::chrono::steady_clock::time_point deadline) {
  for (const auto& sink : sinks_) sink->look_at_marks(deadline);
}

Status Pipeline::move_lanes(uint32_t source, std::vector<CheckpointMove::Lane> lanes) {
  CheckpointMove move;
  move.pipeline = config_.name;
  move.tenant = config_.tenant;
  move.source = config_.sources[source].name;
  move.lanes = std::move(lanes);
  const auto moved = checkpoints_->move(move, context_.clock->wall_us());
  if (!moved) return moved.status();
  if (sources_[source]->delivered) sources_[source]->delivered->forget_restored();
  return Status::ok();
}

Result<uint32_t> Pipeline::move_source(const CheckpointMove& move) {
  const auto at = std::find_if(sources_.begin(), sources_.end(), [&](const auto& source) {
    return source->driver->config().name == move.source;
  });
  if (at == sources_.end()) return not_found("there is no source '" + move.source + "'");
  Source& source = **at;
  uint32_t epoch = 0;
  const auto work = [&]() -> Status {
    SLUICE_ASSIGN_OR_RETURN(epoch, checkpoints_->move(move, context_.clock->wall_us()));
    SLUICE_ASSIGN_OR_RETURN(const SourceCheckpoint now,
                            checkpoints_->load(config_.name, move.source));
    source.lanes.restore(now);
    if (source.delivered) source.delivered->forget_restored();
    look_at_marks(context_.clock->now() + kLookAtMarksOfMoved);
    return Status::ok();
  };
  SLUICE_RETURN_IF_ERROR(source.driver->stop_for(work, kMoveDrain));
  return epoch;
}

void Pipeline::lanes_left() {
  if (versions_) versions_->lanes_left();
  if (keys_) keys_->lanes_left();
  for (const auto& sink : sinks_) sink->lanes_left();
}

}  // namespace sluice
