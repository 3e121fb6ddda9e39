// SPDX-License-Identifier: Apache-2.0
// Lanes that leave this process and come to it while it runs. What is held of a lane that has left
// is dropped, in the order of the lane, so that what was delivered of it is a prefix.
#include <algorithm>

#include "runtime/base/log.h"
#include "runtime/deliver/sink_driver.h"

namespace sluice {

void SinkDriver::lanes_left() {
  lanes_left_ = true;
  wake();
}

void SinkDriver::look_at_marks(Time deadline) {
  if (!keeps_marks_) return;
  uint64_t asked = 0;
  {
    MutexLock lock(mutex_);
    asked = ++marks_asked_;
  }
  wake();
  MutexLock lock(mutex_);
  while (marks_answered_ < asked && opened_.wait_until(mutex_, deadline)) {
  }
}

// The thread may be waiting for work: nothing is work, too.
void SinkDriver::wake() {
  woken_ = true;
  BatchPtr nothing;
  queue_.push(nothing, 0);
}

// Nothing: woken, the deadline passed, or the queue is closed and empty.
std::optional<BatchPtr> SinkDriver::take_next(std::optional<Time> deadline) {
  std::optional<BatchPtr> next = deadline ? queue_.pop_until(*deadline) : queue_.pop();
  if (next && *next == nullptr) next.reset();
  return next;
}

// Between two calls: what others have asked for.
void SinkDriver::serve_asks() {
  if (!woken_.exchange(false)) return;
  let_go();
  uint64_t asked = 0;
  {
    MutexLock lock(mutex_);
    asked = marks_asked_;
    if (asked == marks_answered_) return;
  }
  if (link_ == Link::kOpen) {
    const CallResult read = marks_.read(*instance_);
    if (read.rc != SLUICE_OK) note_failed(read);
  }
  MutexLock lock(mutex_);
  marks_answered_ = asked;
  opened_.notify_all();
}

// The thread ends: nobody is to wait for it.
void SinkDriver::end_asks() {
  MutexLock lock(mutex_);
  marks_answered_ = UINT64_MAX;
  opened_.notify_all();
}

// Drops all that is held of lanes that have left.
void SinkDriver::let_go() {
  if (!lanes_left_.exchange(false, std::memory_order_acq_rel)) return;
  for (Range& range : todo_) drop_left(range);
  // Behind what was begun lies what was not.
  Range rest{rest_, gathered_.size(), false, false};
  drop_left(rest);
  gathered_.resize(rest.end);
  drop_left(overflow_);
  Deliveries waiting;
  KeptBatches kept;
  waiting_.take_left(waiting, kept);
  for (const Delivery& delivery : waiting) drop(delivery);
  flush_settled();  // before the batches can go
  forget_answered();
  if (overflow_.empty()) overflow_batches_.clear();
  marks_.let_go();
}

void SinkDriver::drop_left(Range& range) {
  size_t kept = range.begin;
  for (size_t i = range.begin; i < range.end; ++i) {
    const Delivery delivery = gathered_[i];
    if (delivery.left()) {
      drop(delivery);
    } else {
      gathered_[kept++] = delivery;
    }
  }
  // Which half a culprit is in is not known any more.
  if (kept != range.end) range = {range.begin, kept, false, false};
}

void SinkDriver::drop_left(Deliveries& deliveries) {
  std::erase_if(deliveries, [this](const Delivery& delivery) {
    const bool left = delivery.left();
    if (left) drop(delivery);
    return left;
  });
}

// Its lane's new owner will have to deliver it.
void SinkDriver::drop(const Delivery& delivery) {
  const BatchPtr batch = delivery.batch->shared_from_this();
  letters_.given_back(batch, *delivery.part, options_.index);
  if (!obliged(*delivery.part)) return;
  batch->give_back(delivery.part->record);
  const uint32_t segment = batch->segment_of(delivery.part->record);
  met_.push_back({delivery.batch, segment, 1});
}

}  // namespace sluice
