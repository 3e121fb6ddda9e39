// SPDX-License-Identifier: Apache-2.0
// The record path's side of transform_batch: records wait until a call is full, the batch ends, or
// something goes on that must not overtake them.
#include <utility>

#include "runtime/base/check.h"
#include "runtime/pipeline/record_path.h"

namespace sluice {

void RecordPath::let_wait(Batch& batch, Staged& staged, std::vector<LetterRequest>& letters) {
  if (waiting_count_ == waiting_.size()) waiting_.push_back(std::make_unique<Waiting>());
  Waiting& waiting = *waiting_[waiting_count_++];
  if (staged.newest == &staged.document) {
    std::swap(waiting.document, staged.document);
  } else {
    // A lifted record lives in the lifter, until the next one is lifted.
    const ParseLimits limits{context_.config->script_limits.output, limits_.max_depth};
    const ParseResult parsed =
        waiting.document.parse(batch.arena().copy(staged.newest->text()), limits);
    SLUICE_CHECK(parsed, "a lifted record, which was parsed with these limits, does not parse");
  }
  waiting.index = staged.index;
  waiting.meta = meta(batch, staged.index);
  waiting.lane = lane_name_;
  waiting.meta.lane = waiting.lane;
  waiting.headers = headers_;
  waiting.meta.headers = waiting.headers.data();
  if (waiting_count_ == runner_->batch_records()) run_waiting(batch, letters);
}

void RecordPath::run_waiting(Batch& batch, std::vector<LetterRequest>& letters) {
  if (waiting_count_ == 0) return;
  items_.clear();
  for (size_t i = 0; i < waiting_count_; ++i) {
    items_.push_back({&waiting_[i]->document, &waiting_[i]->meta, {}, 0, 0});
  }
  script_parts_.clear();
  if (tally_) tally_->before();
  runner_->run_batch(items_, batch.arena(), script_parts_);
  if (tally_) tally_->after();
  for (size_t i = 0; i < waiting_count_; ++i) {
    const ScriptRunner::BatchItem& item = items_[i];
    const uint32_t index = waiting_[i]->index;
    // What is said of a rejected record names its lane, which is that of the last meta().
    if (item.result.outcome == ScriptOutcome::kRejected) static_cast<void>(meta(batch, index));
    take_result(batch, index, item.result,
                std::span(script_parts_).subspan(item.first_part, item.parts), letters);
  }
  waiting_count_ = 0;
}

}  // namespace sluice
