// SPDX-License-Identifier: Apache-2.0
#include "runtime/pipeline/delivered_ranges.h"

#include <algorithm>
#include <array>
#include <optional>

namespace sluice {
namespace {

// Is there a record of this segment between two others, neither included? Then what lies there was
// not delivered, and a range must not reach across it.
bool segment_between(const Batch& batch, uint32_t segment, uint32_t after, uint32_t before) {
  for (uint32_t i = after + 1; i < before; ++i) {
    if (batch.segment_of(i) == segment) return true;
  }
  return false;
}

}  // namespace

DeliveredRanges::DeliveredRanges(std::vector<Sink> sinks) : sinks_(std::move(sinks)) {}

void DeliveredRanges::restore(const SourceCheckpoint& checkpoint) {
  for (const DeliveredRange& range : checkpoint.delivered) {
    const auto sink = std::find_if(sinks_.begin(), sinks_.end(),
                                   [&](const Sink& of) { return of.name == range.sink; });
    if (sink == sinks_.end()) continue;
    SinkRanges& of = restored_[range.lane];
    of.resize(sinks_.size());
    of[static_cast<size_t>(sink - sinks_.begin())].push_back(
        {{range.first_position, range.first_part}, {range.last_position, range.last_part}});
  }
  for (auto& [lane, of] : restored_) {
    for (std::vector<Range>& ranges : of) {
      std::sort(ranges.begin(), ranges.end(),
                [](const Range& a, const Range& b) { return a.first < b.first; });
    }
  }
}

bool DeliveredRanges::holds(const std::vector<Range>& ranges, const Place& place) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), place,
                       [](const Place& at, const Range& range) { return at < range.first; });
  return after != ranges.begin() && place <= std::prev(after)->last;
}

void DeliveredRanges::skip_delivered(Batch& batch, const LaneName& name_of) const {
  // Both are rare: a source that comes to below its mark, and the time after a crash.
  std::vector<const SinkRanges*> ranges;
  bool again = false;
  for (const Batch::Segment& segment : batch.segments()) {
    const auto found =
        restored_.empty() || forgotten_ ? restored_.end() : restored_.find(name_of(segment.lane));
    ranges.push_back(found == restored_.end() ? nullptr : &found->second);
    again = again || segment.settled_to || ranges.back() != nullptr;
  }
  if (!again) return;
  batch.keep_skips(static_cast<uint32_t>(sinks_.size()));
  for (size_t i = 0; i < batch.parts().size(); ++i) {
    const Part& part = batch.parts()[i];
    const uint32_t segment = batch.segment_of(part.record);
    const std::optional<uint64_t>& settled_to = batch.segments()[segment].settled_to;
    const Place place{batch.record(part.record).position, part.part};
    const bool settled = settled_to && place.position <= *settled_to;
    for (uint32_t sink = 0; sink < sinks_.size(); ++sink) {
      if (sinks_[sink].keeps_marks) continue;
      if (settled || (ranges[segment] != nullptr && holds((*ranges[segment])[sink], place))) {
        batch.skip(i, sink);
      }
    }
  }
}

void DeliveredRanges::add(const DeliveredParts& parts) {
  Batch& batch = *parts.batch;
  open_.assign(batch.segments().size(), 0);
  std::vector<uint32_t> last_record(batch.segments().size());
  for (uint32_t i = parts.first; i < parts.first + parts.count; ++i) {
    const Part& part = batch.parts()[i];
    const uint32_t segment = batch.segment_of(part.record);
    const Place place{batch.record(part.record).position, part.part};
    if (open_[segment] != 0 &&
        !segment_between(batch, segment, last_record[segment], part.record)) {
      added_[open_[segment] - 1].range.last = place;
    } else {
      added_.push_back({batch.segments()[segment].lane, parts.sink, {place, place}});
      open_[segment] = added_.size();
    }
    last_record[segment] = part.record;
  }
}

void DeliveredRanges::take(const LaneTable& lanes, CheckpointUpdate& update) {
  uint32_t lane = 0;  // ids begin at 1
  std::optional<uint64_t> mark;
  std::string name;
  for (const Added& added : added_) {
    if (added.lane != lane) {
      lane = added.lane;
      name = lanes.name_of(lane);
      const auto marks = lanes.marks_of(std::array{lane});
      mark = marks.empty() ? std::nullopt : std::optional(marks.front().position);
    }
    // A lane without a name is done and forgotten: all of it was settled.
    if (name.empty() || (mark && added.range.last.position <= *mark)) continue;
    update.delivered.push_back({name, sinks_[added.sink].name, added.range.first.position,
                                added.range.first.part, added.range.last.position,
                                added.range.last.part});
  }
  added_.clear();
}

}  // namespace sluice
