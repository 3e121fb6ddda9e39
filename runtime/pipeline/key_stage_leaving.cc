// SPDX-License-Identifier: Apache-2.0
// Records of lanes that have left this process: what waits in the key stage for a store that is
// away, for another node or for a twin is dropped, so that nobody waits for it.
#include <algorithm>

#include "runtime/pipeline/key_stage.h"

namespace sluice {

void KeyStage::given_back(const BatchPtr& batch, const Part& part, uint16_t sink) {
  if (batch->key(part.record) == nullptr) return;
  MutexLock lock(mutex_);
  if (stopping_) return;
  // As with a refused part: no mark is left, and the claim goes.
  new_refused_.push_back(
      {batch, part.record, part.part, config_.sinks[sink].name, host_.obliged(part, sink)});
  changed_.notify_one();
}

void KeyStage::lanes_left() {
  MutexLock lock(mutex_);
  lanes_left_ = true;
  changed_.notify_one();
}

void KeyStage::drop_left() {
  for (auto& [index, source] : sources_) {
    std::erase_if(source.waiting, [this](const BatchPtr& batch) { return drop_left(*batch); });
  }
  if (waiting_twins_ == 0) return;
  const auto dropped = [this](const Waiter& waiter) { return drop_left(waiter); };
  for (auto at = twins_.begin(); at != twins_.end();) {
    std::erase_if(at->second, dropped);
    at = at->second.empty() ? twins_.erase(at) : std::next(at);
  }
  std::erase_if(ready_, dropped);
}

// The batch is not sent yet, so it is ours alone. True: nothing of it is left to be sent.
bool KeyStage::drop_left(Batch& batch) {
  bool all = true;
  for (uint32_t i = 0; i < batch.segments().size(); ++i) {
    const Batch::Segment& segment = batch.segments()[i];
    if (segment.published) continue;
    if (!segment.left()) {
      all = false;
      continue;
    }
    for (uint32_t record = 0; record < batch.count(); ++record) {
      if (batch.segment_of(record) == i) batch.give_back(record);
    }
    // The rest of the batch goes to the sinks without it.
    const auto sinks = static_cast<uint32_t>(tags_.size());
    if (!batch.keeps_skips()) batch.keep_skips(sinks);
    for (size_t part = 0; part < batch.parts().size(); ++part) {
      if (batch.segment_of(batch.parts()[part].record) != i) continue;
      for (uint32_t sink = 0; sink < sinks; ++sink) batch.skip(part, sink);
    }
    batch.publish(i);
  }
  return all;
}

bool KeyStage::drop_left(const Waiter& waiter) {
  if (!waiter.batch->left(waiter.record)) return false;
  waiter.batch->give_back(waiter.record);
  waiter.batch->meet(waiter.batch->segment_of(waiter.record), 1);
  --waiting_twins_;
  return true;
}

}  // namespace sluice
