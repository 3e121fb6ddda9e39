// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/deliver/letter_box.h"
#include "runtime/pipeline/lane_table.h"
#include "runtime/record/batch.h"
#include "runtime/store/checkpoint_store.h"

namespace sluice {

// Idempotency by origin, of one source: which parts each sink has already of what lies above the
// lanes' marks. Positions of a lane rise and a name never comes to mean other bytes, so ranges of
// positions are exact; nothing is kept for a record, and nothing of what the mark has passed.
//
// restore() comes before all else; skip_delivered() may then be called by any number of threads,
// add() and take() by the ledger's thread.
class DeliveredRanges {
 public:
  using LaneName = std::function<std::string(uint32_t lane)>;

  struct Sink {
    std::string name;
    bool keeps_marks = false;  // it tells by itself what it has, and nothing is kept or skipped
  };
  // `sinks`: by number.
  explicit DeliveredRanges(std::vector<Sink> sinks);

  void restore(const SourceCheckpoint& checkpoint);
  // The source was moved: what was restored is of before. Any thread.
  void forget_restored() { forgotten_ = true; }
  // Lets the batch skip what sinks have. The batch is still its worker's alone.
  void skip_delivered(Batch& batch, const LaneName& name_of) const;

  void add(const DeliveredParts& parts);
  // Puts what was added and lies above its lane's mark into the update, and lets go of the rest.
  void take(const LaneTable& lanes, CheckpointUpdate& update);

 private:
  struct Place {
    uint64_t position = 0;
    uint32_t part = 0;
    auto operator<=>(const Place&) const = default;
  };
  struct Range {
    Place first;
    Place last;
  };
  using SinkRanges = std::vector<std::vector<Range>>;  // by sink: sorted, apart from each other
  struct Added {
    uint32_t lane = 0;
    uint16_t sink = 0;
    Range range;
  };

  [[nodiscard]] static bool holds(const std::vector<Range>& ranges, const Place& place);

  const std::vector<Sink> sinks_;
  std::map<std::string, SinkRanges> restored_;  // by lane name
  std::atomic<bool> forgotten_{false};          // it does not count any more
  std::vector<Added> added_;
  std::vector<size_t> open_;  // scratch of add(): by segment, the range it extends, plus one
};

}  // namespace sluice
