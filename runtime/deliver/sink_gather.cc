// SPDX-License-Identifier: Apache-2.0
// What a sink is given next: fresh parts from the queue, and what waited for its turn.
#include <algorithm>

#include "runtime/deliver/sink_driver.h"

namespace sluice {

bool SinkDriver::nothing_held() const {
  return gathered_.empty() && overflow_.empty() && parked_.empty() && !next_ && waiting_.empty();
}

// A required sink is bounded by the pipeline's budget; an optional one leaves the rest in its
// queue, which is bounded too and passes over what does not fit.
bool SinkDriver::room_for_more() const {
  return options_.config.required ||
         waiting_.kept_bytes() + batches_.charged_bytes() <= options_.share_bytes;
}

// Collects parts until the batch is full, its oldest record has waited long enough, or a batch of
// another source comes (a sink batch is of one source). False: the run is over.
bool SinkDriver::gather() {
  batches_.clear();
  gathered_bytes_ = 0;
  rest_ = 0;
  unpark();
  if (!wait_for_work()) return false;
  if (!gathered_.empty()) {  // what did not fit into the spool while there was one in front
    put_in_order();
    return true;
  }
  if (next_ && goes_behind(**next_)) {
    overflow_queue();
    push_overflow();
    return true;
  }
  take_waiting();
  if (next_ && (batches_.empty() || (*next_)->source == batches_.source())) {
    add(std::move(*next_));
    next_.reset();
  }
  const SinkBatchConfig& limits = options_.config.batch;
  const auto deadline = clock_.now() + limits.linger;
  const bool of_spool = !gathered_.empty() && gathered_.front().batch->spooled != nullptr;
  while (!next_ && !of_spool && room_for_more() && gathered_.size() < limits.records &&
         gathered_bytes_ < limits.bytes) {
    next_ = take_next(deadline);
    if (!next_ || (!batches_.empty() && (*next_)->source != batches_.source())) break;
    add(std::move(*next_));
    next_.reset();
  }
  put_in_order();
  return true;
}

// Until there is a batch in next_, or records that waited are due.
bool SinkDriver::wait_for_work() {
  while (!next_ && !stop_.requested()) {
    if (woken_) return true;
    const auto waiting = waiting_.next_due();
    if (waiting && *waiting <= clock_.now()) return true;
    if (spool_ && look_at_spool()) return true;
    // What is in the spool is safe there.
    const bool over = queue_.closed() && queue_.size() == 0;
    if (over && overflow_.empty() && waiting_.fresh_records() == 0) return false;
    const auto due = wake_at();
    if (!due) {
      next_ = take_next();
      continue;  // nothing: woken, or closed
    }
    const bool more = room_for_more() && overflow_.empty();
    if (more) next_ = take_next(*due);
    // A closed queue does not wait.
    if (!more || (!next_ && queue_.closed())) {
      stop_.wait_for(std::chrono::ceil<Millis>(*due - clock_.now()));
    }
  }
  return next_ && !stop_.requested();
}

// When there is something to do though nothing comes in.
std::optional<SinkDriver::Time> SinkDriver::wake_at() const {
  auto due = waiting_.next_due();
  const auto sooner = [&due](Time at) { due = due ? std::min(*due, at) : at; };
  if (!overflow_.empty()) sooner(look_for_room_at_);
  if (spool_) {
    if (const auto at = spool_->ready_at()) sooner(*at);
  }
  return due;
}

// What waited and is due, of the source whose turn it is.
void SinkDriver::take_waiting() {
  const auto now = clock_.now();
  const auto due = waiting_.next_due();
  if (!due || *due > now) return;
  waiting_had_turn_ = !next_ || !waiting_had_turn_;
  const uint32_t source = waiting_had_turn_ ? waiting_.first_source() : (*next_)->source;
  waiting_.take_due(
      source, now, options_.config.batch.records,
      [this](const Delivery& first) {
        // With marks nothing goes ahead of it: a mark has no gaps.
        return !marks_.in_use() && retry_.spent(first.attempts) && !given_up(first);
      },
      gathered_, batches_);
  // Whose attempts are spent, and whose fault it is now known to be, is not offered again.
  size_t kept = 0;
  for (const Delivery& delivery : gathered_) {
    if (delivery.attempts != 0 && given_up(delivery)) {
      give_up(delivery);
      continue;
    }
    gathered_bytes_ += delivery.part->value.size();
    gathered_[kept++] = delivery;
  }
  gathered_.resize(kept);
}

void SinkDriver::add(BatchPtr batch) {
  let_go();  // what comes may be of a lane that was here before
  for (const Part& part : batch->parts()) {
    if (!takes(*batch, part)) continue;
    if (batch->skips(batch->index_of(part), options_.index)) continue;  // has it already
    Delivery delivery;
    delivery.batch = batch.get();
    delivery.part = &part;
    if (delivery.left()) {
      drop(delivery);
      continue;
    }
    if (batch->spooled != nullptr) {
      const uint32_t tries = batch->spooled->names(part.record).tries;
      delivery.calls = static_cast<uint16_t>(std::min<uint32_t>(tries, UINT16_MAX));
    }
    if ((keeps_marks_ && covered(delivery)) || comes_again(delivery)) {
      settle(delivery, Outcome::kDuplicate);
      continue;
    }
    if (keeps_marks_) marks_.held(batch->source, delivery.lane());
    if (waiting_.holds(delivery)) {
      waiting_.join(delivery);
      continue;
    }
    gathered_.push_back(delivery);
    gathered_bytes_ += part.value.size();
  }
  // Nothing was dropped of a lane that is still here.
  for (size_t i = 0; keeps_marks_ && i < batch->segments().size(); ++i) {
    const Batch::Segment& segment = batch->segments()[i];
    if (segment.left() || !has_lane(*batch, segment.lane)) continue;
    marks_.seen(batch->source, segment.lane, segment.last_position);
  }
  batches_.keep(std::move(batch));
}

// (lane, position, part) rises in what a sink is given. Batches of one lane come so by themselves.
void SinkDriver::put_in_order() {
  const auto before = [](const Delivery& a, const Delivery& b) { return a.place() < b.place(); };
  if (std::is_sorted(gathered_.begin(), gathered_.end(), before)) return;
  order_keys_.clear();
  for (uint32_t i = 0; i < gathered_.size(); ++i) {
    order_keys_.push_back({gathered_[i].place(), i});
  }
  std::sort(order_keys_.begin(), order_keys_.end());
  sorted_.clear();
  for (const PlacedDelivery& key : order_keys_) sorted_.push_back(gathered_[key.index]);
  gathered_.swap(sorted_);
}

}  // namespace sluice
