// SPDX-License-Identifier: Apache-2.0
// Writing what was gathered, within the limits of a write, and halving what is refused as a whole.
#include <algorithm>

#include "runtime/deliver/sink_driver.h"

namespace sluice {

// Writes piece by piece. When a call fails, what is not answered stays where it is, halves and all,
// and is the first to be written once the sink can be called again.
void SinkDriver::deliver_gathered() {
  while (!stop_.requested() && !paused() && breaker_.state() != CircuitBreaker::State::kOpen) {
    if (todo_.empty()) {
      if (rest_ == gathered_.size()) break;
      const size_t begin = rest_;
      rest_ = end_of_write(begin);
      todo_.push_back({begin, rest_, false, false});
    }
    const Range next = todo_.back();
    todo_.pop_back();
    if (!attempt(next)) break;
  }
  flush_settled();
  forget_answered();
}

size_t SinkDriver::end_of_write(size_t begin) const {
  const SinkBatchConfig& limits = options_.config.batch;
  size_t end = begin;
  uint64_t bytes = 0;
  while (end < gathered_.size() && end - begin < limits.records) {
    const size_t next = end_of_record(end, gathered_.size());
    for (size_t i = end; i < next; ++i) bytes += gathered_[i].part->value.size();
    if (end != begin && bytes > limits.bytes) break;
    end = next;
  }
  return end;
}

// One write. What is offered again at once goes back to todo_.
bool SinkDriver::attempt(Range range) {
  if (lanes_left_) drop_left(range);
  hold_back(range);
  skip_covered(range);
  if (range.begin == range.end) return true;
  const size_t first = end_of_record(range.begin, range.end);
  if (breaker_.state() == CircuitBreaker::State::kHalfOpen && range.end > first) {
    // One record is risked.
    todo_.push_back({first, range.end, false, false});
    range = {range.begin, first, false, false};
  }
  if (range.suspect && range.end > first) {
    halve(range);
    return true;
  }
  std::chrono::nanoseconds took{0};
  calling_ = range;
  const CallResult result = write(range, took);
  calling_ = {};
  if (taken_over_) return take_back(result, took);
  if (result.rc == SLUICE_CANCELLED && stop_.requested()) {
    todo_.push_back(range);
    return false;
  }
  if (result.rc == SLUICE_E_FENCED) {
    todo_.push_back(range);
    return read_marks_again(result);
  }
  fenced_ = false;
  if (result.rc == SLUICE_E_BATCH) {
    note_good(took);
    if (range.end > first) {
      halve(range);
      return true;
    }
    for (size_t i = range.begin; i < range.end; ++i) {
      reject(gathered_[i], reason_code(result.reason, "CONSTRAINT_VIOLATION"),
             describe(result.reason, result.message));
    }
    return true;
  }
  Answers answers;
  const bool of_spool = gathered_[range.begin].batch->spooled != nullptr;
  const size_t left = apply_outcomes(range, result, answers);
  flush_settled();
  const bool all_good = answers.ok == range.end - range.begin;
  if (range.left_half && all_good) todo_.back().suspect = true;
  if (left == range.end - range.begin) {
    todo_.push_back(range);
  } else if (left != 0) {
    todo_.push_back({range.begin, range.begin + left, false, false});
  }
  if (of_spool && all_good) spool_->speed_up();
  return note_answer(result, answers, took);
}

// False: the sink cannot be called for now.
bool SinkDriver::note_answer(const CallResult& result, const Answers& answers,
                             std::chrono::nanoseconds took) {
  if (result.rc < 0) {
    note_failed(result);
    return false;
  }
  if (answers.ok + answers.refused + marks_.rolled_back() != 0) {
    note_good(took);
    return true;
  }
  if (answers.retried != 0) {
    note_trouble(answers.trouble);
    return breaker_.state() != CircuitBreaker::State::kOpen;
  }
  // Neither taken nor refused nor tried: offered again without a wait, it would never end.
  CallResult idle = result;
  idle.message = "the sink tried none of the records it was given";
  note_failed(idle);
  return false;
}

// Left half first, so that order within a lane holds. Where it turns out to be good, the culprit is
// known to be in the right one, which needs no write of its own to say so: that keeps it within
// 2*log2(n)+1 writes a culprit.
void SinkDriver::halve(Range range) {
  const size_t middle = middle_of(range);
  todo_.push_back({middle, range.end, false, false});
  todo_.push_back({range.begin, middle, false, true});
}

// Records of lanes that wait go behind what they wait for.
void SinkDriver::hold_back(Range& range) {
  if (waiting_.empty()) return;
  size_t kept = range.begin;
  for (size_t i = range.begin; i < range.end; ++i) {
    const Delivery delivery = gathered_[i];
    if (waiting_.holds(delivery)) {
      waiting_.join(delivery);
    } else {
      gathered_[kept++] = delivery;
    }
  }
  if (kept == range.end) return;
  // Which half a culprit is in is not known any more.
  range = {range.begin, kept, false, false};
}

// What is answered leaves gathered_; todo_ and rest_ go on naming what is not.
void SinkDriver::forget_answered() {
  size_t kept = 0;
  const auto move_down = [this, &kept](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) gathered_[kept++] = gathered_[i];
  };
  for (auto range = todo_.rbegin(); range != todo_.rend(); ++range) {
    const size_t begin = kept;
    move_down(range->begin, range->end);
    range->begin = begin;
    range->end = kept;
  }
  const size_t rest = kept;
  move_down(rest_, gathered_.size());
  rest_ = rest;
  gathered_.resize(kept);
  if (gathered_.empty()) batches_.clear();
}

CallResult SinkDriver::write(Range range, std::chrono::nanoseconds& took) {
  records_.clear();
  for (size_t i = range.begin; i < range.end; ++i) {
    const Delivery& delivery = gathered_[i];
    sluice_record to = delivery.record();
    to.value = {delivery.part->value.data(), delivery.part->value.size()};
    to.key = {delivery.part->key.data(), delivery.part->key.size()};
    to.part = delivery.part->part;
    to.flags = delivery.part->flags;
    records_.push_back(to);
  }
  outcomes_.assign(records_.size(), sluice_outcome{});
  sluice_batch batch{};
  batch.struct_size = sizeof batch;
  batch.stride = sizeof(sluice_record);
  batch.count = static_cast<uint32_t>(records_.size());
  batch.records = records_.data();
  batch.origin = nullptr;
  const auto began = clock_.now();
  health_.call_began();
  if (spool_) stand_in_.entered();
  CallResult result = write_batch(batch);
  if (spool_) stand_in_.left();
  took = clock_.now() - began;
  call_timed_out_ = took >= options_.config.timeout;
  health_.call_ended(std::chrono::duration<double>(took).count(), records_.size());
  return result;
}

}  // namespace sluice
