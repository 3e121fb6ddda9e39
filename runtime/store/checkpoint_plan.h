// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/store/checkpoint_store.h"

namespace sluice {

// What a move means for what is stored of the source: the same for every store.
struct CheckpointPlan {
  CheckpointUpdate forget;  // lanes, with all that is known of them; first
  CheckpointUpdate update;  // then this
  bool forget_cursor = false;
  bool forget_again = false;  // entries from before go first
  std::vector<LaneAgain> again;
};
CheckpointPlan plan_move(const SourceCheckpoint& before, const CheckpointMove& move,
                         uint32_t epoch);

}  // namespace sluice
