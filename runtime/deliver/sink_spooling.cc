// SPDX-License-Identifier: Apache-2.0
// What the driver does with its spool: into it while the sink is left alone, out of it afterwards.
#include <algorithm>

#include "runtime/deliver/sink_driver.h"

namespace sluice {
namespace {

// One append, and so one fsync.
constexpr size_t kAppendRecords = 2000;
constexpr uint64_t kAppendBytes = 4ULL << 20;
constexpr Millis kLookForRoom{200};

}  // namespace

// The sink cannot be called now: do its records go to disk rather than wait in memory? Once its
// breaker is open, or before if they take more than their share: a call that hangs until its time
// limit, a few times, would stop the source.
bool SinkDriver::spills() const {
  if (!spool_ || options_.config.on_unavailable == OnUnavailable::kDeadLetter) return false;
  if (breaker_.state() == CircuitBreaker::State::kOpen || !overflow_.empty()) return true;
  return crowded();
}

bool SinkDriver::crowded() const {
  const uint64_t held = queue_.bytes() + waiting_.kept_bytes() + batches_.charged_bytes();
  return held > options_.share_bytes;
}

// False: nothing is left to do.
bool SinkDriver::sit_out_spooling() {
  overflow_held();
  overflow_queue();
  if (!push_overflow()) {
    const auto left = std::max(resume_at_ - clock_.now(), Time::duration::zero());
    stop_.wait_for(std::min(std::chrono::ceil<Millis>(left), kLookForRoom));
    return true;
  }
  next_ = take_next(resume_at_);
  return next_ || !queue_.closed() || queue_.size() != 0;
}

// All that is held and not in the spool already, in the order of its lanes.
void SinkDriver::overflow_held() {
  todo_.clear();
  rest_ = 0;
  while (!waiting_.empty()) waiting_.take_all(waiting_.first_source(), gathered_, batches_);
  std::erase_if(gathered_, [this](const Delivery& delivery) {
    if (delivery.batch->redrive) park(delivery);
    return delivery.batch->spooled || delivery.batch->redrive;
  });
  std::sort(gathered_.begin(), gathered_.end(), [](const Delivery& a, const Delivery& b) {
    return std::tuple(a.batch->source, a.place()) < std::tuple(b.batch->source, b.place());
  });
  // What did not fit before is older.
  overflow_.insert(overflow_.end(), gathered_.begin(), gathered_.end());
  gathered_.clear();
  overflow_batches_.absorb(batches_);
  if (next_ && (*next_)->spooled) next_.reset();
  spool_->rewind();
}

// A redriven record is safe where it is, in its letter, which says more of it than a spool could.
void SinkDriver::park(const Delivery& delivery) {
  parked_.push_back(delivery);
  parked_batches_.keep(delivery.batch->shared_from_this());
}

// The sink can be called again.
void SinkDriver::unpark() {
  for (const Delivery& delivery : parked_) waiting_.wait(delivery, clock_.now());
  parked_.clear();
  parked_batches_.clear();
}

// What waits of this source is older than what it sends now.
void SinkDriver::overflow_waiting(uint32_t source) {
  if (waiting_.fresh_records() == 0) return;
  Deliveries older;
  waiting_.take_all(source, older, overflow_batches_);
  std::sort(older.begin(), older.end(),
            [](const Delivery& a, const Delivery& b) { return a.place() < b.place(); });
  overflow_.insert(overflow_.end(), older.begin(), older.end());
}

// What has come meanwhile, as much as one append takes; nothing while older records do not fit.
void SinkDriver::overflow_queue() {
  if (!overflow_.empty() && clock_.now() < look_for_room_at_) return;
  uint64_t bytes = 0;
  const auto now = Time::min();
  while (overflow_.size() < kAppendRecords && bytes < kAppendBytes) {
    if (!next_) next_ = take_next(now);
    if (!next_ || (*next_)->spooled) return;
    if (!(*next_)->redrive) overflow_waiting((*next_)->source);
    for (const Part& part : (*next_)->parts()) {
      if (!takes(**next_, part)) continue;
      if ((*next_)->skips((*next_)->index_of(part), options_.index)) continue;
      Delivery delivery;
      delivery.batch = next_->get();
      delivery.part = &part;
      if ((*next_)->redrive) {
        park(delivery);
        continue;
      }
      overflow_.push_back(delivery);
      bytes += part.value.size();
    }
    overflow_batches_.keep(std::move(*next_));
    next_.reset();
  }
}

// Makes it durable, which settles it for the source. False: the spool is full, or the disk refuses;
// the rest is held.
bool SinkDriver::push_overflow() {
  drop_left(overflow_);
  std::erase_if(overflow_, [this](const Delivery& delivery) {
    const bool again = comes_again(delivery);
    if (again) settle(delivery, Outcome::kDuplicate);
    return again;
  });
  size_t at = 0;
  size_t most = kAppendRecords;
  while (at < overflow_.size()) {
    size_t end = at;
    uint64_t bytes = 0;
    while (end < overflow_.size() && end - at < most && bytes < kAppendBytes) {
      bytes += overflow_[end++].part->value.size();
    }
    const Status status = spool_->append({overflow_.data() + at, end - at});
    if (!status && status.code() == Code::kExhausted && end - at > 1) {
      most = (end - at) / 2;  // a part of it may still fit
      continue;
    }
    if (!status) {
      no_room(status);
      break;
    }
    for (; at < end; ++at) settle(overflow_[at], Outcome::kNone);  // its outcome is not known yet
  }
  flush_settled();
  overflow_.erase(overflow_.begin(), overflow_.begin() + static_cast<ptrdiff_t>(at));
  if (!overflow_.empty()) return false;
  if (at != 0) spool_->note_append(Status::ok());
  overflow_batches_.clear();
  return true;
}

void SinkDriver::no_room(const Status& status) {
  health_.spool_full(status.message());
  spool_->note_append(status);
  look_for_room_at_ = clock_.now() + kLookForRoom;
}

// The sink works. True: next_ or gathered_ holds what is to be written.
bool SinkDriver::look_at_spool() {
  spool_->retry_removals();
  if (!overflow_.empty()) {
    if (clock_.now() >= look_for_room_at_) push_overflow();
    if (!overflow_.empty() && spool_->empty()) {
      take_overflow();
      spool_->note_append(Status::ok());
      return true;
    }
  }
  if (!spool_->ready()) return false;
  // Turn by turn with what comes in, which is appended behind.
  spool_had_turn_ = !spool_had_turn_;
  if (!spool_had_turn_ && overflow_.empty() && queue_.size() != 0) return false;
  next_ = spool_->next();
  if (*next_ == nullptr) next_.reset();
  return next_.has_value();
}

// Nothing is in front of it any more: it is written without the detour.
void SinkDriver::take_overflow() {
  const uint32_t source = overflow_.front().batch->source;
  for (const Delivery& delivery : overflow_) {
    if (delivery.batch->source != source) continue;
    gathered_.push_back(delivery);
    gathered_bytes_ += delivery.part->value.size();
    batches_.keep(delivery.batch->shared_from_this());
  }
  std::erase_if(overflow_,
                [source](const Delivery& delivery) { return delivery.batch->source == source; });
  if (overflow_.empty()) overflow_batches_.clear();
}

// A batch that was just received goes behind what is in the spool.
bool SinkDriver::goes_behind(const Batch& batch) const {
  if (!spool_ || batch.spooled != nullptr || batch.redrive) return false;
  return !overflow_.empty() || spool_->holds(batch.source);
}

// After a crash: was it in the spool when that was opened?
bool SinkDriver::comes_again(const Delivery& delivery) const {
  return spool_ && delivery.batch->spooled == nullptr && spool_->found(delivery);
}

}  // namespace sluice
