// SPDX-License-Identifier: Apache-2.0
// Writing to a sink that keeps marks: exactly once (sink_marks.h).
#include "runtime/base/log.h"
#include "runtime/deliver/sink_driver.h"

namespace sluice {

CallResult SinkDriver::write_batch(const sluice_batch& batch) {
  if (!marks_.in_use()) return instance_->write(batch, outcomes_);
  // A mark must not pass a refused record whose letter could still be lost.
  if (!receipt_->wait()) return {SLUICE_CANCELLED, {}, SLUICE_REASON_NONE, 0};
  return marks_.write(*instance_, batches_.source(), batch, outcomes_);
}

// Somebody else moved a mark, or a commit of ours was not seen. What is stored is true: what it
// covers is there already. False: the sink cannot be called for now.
bool SinkDriver::read_marks_again(const CallResult& result) {
  const bool in_a_row = std::exchange(fenced_, true);
  log::warn("sink.fenced", "its marks are read again: " + result.message,
            {{"sink", options_.config.name}});
  const CallResult read = marks_.read(*instance_);
  if (read.rc == SLUICE_OK && !in_a_row) return true;
  note_failed(read.rc == SLUICE_OK ? result : read);
  return false;
}

bool SinkDriver::covered(const Delivery& delivery) {
  return marks_.in_use() &&
         marks_.covers(delivery.batch->source, delivery.lane(), delivery.record().position);
}

// What the sink turned out to have already is a duplicate.
void SinkDriver::skip_covered(Range& range) {
  if (!marks_.moved_by_others()) return;
  size_t kept = range.begin;
  for (size_t i = range.begin; i < range.end; ++i) {
    const Delivery delivery = gathered_[i];
    if (covered(delivery)) {
      settle(delivery, Outcome::kDuplicate);
    } else {
      gathered_[kept++] = delivery;
    }
  }
  if (kept != range.end) range = {range.begin, kept, false, false};
}

// Marks of what never comes here: records that were filtered, refused or went to other sinks. Not
// worth a try of their own if it fails: they rise with the next write. False: it failed.
bool SinkDriver::flush_marks() {
  for (const uint32_t source : marks_.behind()) {
    if (!receipt_->wait() || stop_.requested()) return false;
    sluice_batch batch{};
    batch.struct_size = sizeof batch;
    batch.stride = sizeof(sluice_record);
    const CallResult result = marks_.write(*instance_, source, batch, {});
    if (result.rc == SLUICE_E_FENCED) return read_marks_again(result);
    if (result.rc < 0) note_failed(result);
    if (result.rc != SLUICE_OK) return false;
  }
  return true;
}

// Where the parts of the record at `at` end: a mark passes a record with all of its parts.
size_t SinkDriver::end_of_record(size_t at, size_t end) const {
  size_t next = at + 1;
  if (!marks_.in_use()) return next;
  const auto same = [&](const Delivery& other) {
    return other.lane() == gathered_[at].lane() &&
           other.record().position == gathered_[at].record().position;
  };
  while (next < end && same(gathered_[next])) ++next;
  return next;
}

// The end of a record nearest to the middle; the range's end if it is one record.
size_t SinkDriver::middle_of(Range range) const {
  const size_t half = range.begin + (range.end - range.begin) / 2;
  if (!marks_.in_use()) return half;
  size_t middle = end_of_record(range.begin, range.end);
  while (middle < half) middle = end_of_record(middle, range.end);
  return middle;
}

}  // namespace sluice
