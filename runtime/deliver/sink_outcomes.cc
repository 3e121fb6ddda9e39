// SPDX-License-Identifier: Apache-2.0
// What a sink answered, turned into outcomes, letters and waits.
#include <algorithm>

#include "runtime/base/log.h"
#include "runtime/deliver/sink_driver.h"

namespace sluice {

// Settles what is final and lets wait what is to be tried again later. What is to be offered again
// at once moves to the front of the range; how much that is comes back.
size_t SinkDriver::apply_outcomes(Range range, const CallResult& result, Answers& answers) {
  size_t left = range.begin;
  for (size_t i = range.begin; i < range.end; ++i) {
    Delivery& delivery = gathered_[i];
    const sluice_outcome& outcome = outcomes_[i - range.begin];
    bool again = false;
    switch (outcome.verdict) {
      case SLUICE_REC_OK:
        ++answers.ok;
        ++written_;
        settle(delivery, (outcome.flags & SLUICE_RECF_DUPLICATE) != 0 ? Outcome::kDuplicate
                                                                      : Outcome::kCommitted);
        break;
      case SLUICE_REC_REJECT:
        ++answers.refused;
        refused(delivery, outcome);
        break;
      case SLUICE_REC_RETRY:
        tried_in_vain(delivery, outcome, answers);
        break;
      case SLUICE_REC_UNSET:
        if (result.rc >= 0) {
          tried_in_vain(delivery, outcome, answers);  // the plugin's mistake; it was logged
        } else {
          again = !call_failed(delivery, result);
        }
        break;
      default:  // UNTRIED: no attempt is counted
        again = true;
        break;
    }
    if (again && waiting_.holds(delivery)) {
      waiting_.join(delivery);
    } else if (again) {
      gathered_[left++] = delivery;
    }
  }
  return left - range.begin;
}

void SinkDriver::refused(const Delivery& delivery, const sluice_outcome& outcome) {
  const std::string code = reason_code(outcome.reason, "CONSTRAINT_VIOLATION");
  // Of a redrive it says that the sink has moved on, which is no failure.
  const bool passes = options_.config.older_is_duplicate || delivery.batch->redrive != nullptr;
  if (code == "OLDER_REVISION" && passes) {
    settle(delivery, Outcome::kDuplicate);
    return;
  }
  const std::string_view detail(outcome.detail.data, outcome.detail.size);
  reject(delivery, code, describe(outcome.reason, detail));
}

// This record failed for the moment: it waits for its own time, or is given up.
void SinkDriver::tried_in_vain(Delivery& delivery, const sluice_outcome& outcome,
                               Answers& answers) {
  const std::string_view said(outcome.detail.data, outcome.detail.size);
  std::string detail = describe(outcome.reason, said);
  if (answers.retried++ == 0) answers.trouble = detail;
  if (delivery.attempts == 0) delivery.others_before = written_;
  if (delivery.attempts != UINT16_MAX) ++delivery.attempts;
  delivery.reason = outcome.reason;
  delivery.timed_out = false;
  health_.count_retry(reason_code(outcome.reason, "CONNECTION_ERROR"));
  const bool idempotent = (component_.component->caps & SLUICE_CAP_IDEMPOTENT) != 0;
  if ((outcome.flags & SLUICE_RECF_MAYBE_APPLIED) != 0 && !idempotent) {
    ++effects_unknown_;
    if (options_.config.maybe_applied == MaybeApplied::kDeadLetter) {
      reject(delivery, reason_code(outcome.reason, "SINK_TIMEOUT"),
             "it may have been applied, so it is not tried again: " + detail);
      return;
    }
  }
  if (given_up(delivery)) {
    reject(delivery, reason_of(delivery), std::move(detail), true);
    return;
  }
  const auto due = clock_.now() + retry_.delay(delivery.attempts, Millis(outcome.retry_after_ms));
  if (delivery.ahead) {
    waiting_.come_back(delivery, due);
  } else {
    waiting_.wait(delivery, due);
  }
}

// The call failed before this record had a verdict: no record is at fault. True: it is given up.
bool SinkDriver::call_failed(Delivery& delivery, const CallResult& result) {
  if (delivery.calls != UINT16_MAX) ++delivery.calls;
  delivery.reason = result.reason;
  delivery.timed_out = call_timed_out_;
  health_.count_retry(reason_of(delivery));
  if (options_.config.on_unavailable != OnUnavailable::kDeadLetter) return false;
  if (!retry_.spent(delivery.tries())) return false;
  reject(delivery, reason_of(delivery), describe(result.reason, result.message), true);
  return true;
}

// Attempts are spent, and the failure is this record's own since others went through meanwhile; or
// the sink is configured to give up while it is unavailable. What only goes to wait elsewhere needs
// no proof of whose fault it is.
bool SinkDriver::given_up(const Delivery& delivery) const {
  if (!retry_.spent(delivery.attempts)) return false;
  if (options_.config.on_unavailable == OnUnavailable::kDeadLetter) return true;
  if (breaker_.state() != CircuitBreaker::State::kClosed) return false;
  return options_.config.retry_topics || written_ > delivery.others_before;
}

// The breaker is open and the sink configured to give up: everything at hand becomes letters.
void SinkDriver::give_up_all() {
  todo_.clear();
  rest_ = 0;
  do {
    for (const Delivery& delivery : gathered_) give_up(delivery);
    gathered_.clear();
    if (!waiting_.empty()) {
      waiting_.take_all(waiting_.first_source(), gathered_, batches_);
    } else if (next_) {
      add(std::move(*next_));
      next_.reset();
    }
  } while (!gathered_.empty() || next_);
  flush_settled();
  batches_.clear();
}

void SinkDriver::give_up(const Delivery& delivery) {
  if (delivery.tries() != 0 && retry_.spent(delivery.tries())) {
    reject(delivery, reason_of(delivery),
           describe(delivery.reason,
                    "given up after " + std::to_string(delivery.tries()) + " attempts"),
           true);
  } else {
    reject(delivery, "CIRCUIT_OPEN", "the sink is left alone: " + breaker_.cause(), true);
  }
}

// Obligations are met in runs of one batch and segment: two atomics a run, not a record. They are
// told at the end of a call, after what was delivered: whoever sees the record settled has seen
// that.
void SinkDriver::settle(const Delivery& delivery, Outcome outcome) {
  if (delivery.batch->spooled != nullptr) {
    spool_->settled(delivery, outcome);
    return;
  }
  if (keeps_marks_) marks_.done(delivery.batch->source, delivery.lane());
  if (options_.report_deliveries && !keeps_marks_) note_delivered(delivery);
  if (!obliged(*delivery.part)) return;
  delivery.batch->note(delivery.part->record, outcome);
  const uint32_t segment = delivery.batch->segment_of(delivery.part->record);
  if (met_.empty() || met_.back().batch != delivery.batch || met_.back().segment != segment) {
    met_.push_back({delivery.batch, segment, 0});
  }
  ++met_.back().count;
}

void SinkDriver::note_delivered(const Delivery& delivery) {
  const uint32_t part = delivery.batch->index_of(*delivery.part);
  if (!delivered_.empty()) {
    DeliveredParts& last = delivered_.back();
    if (last.batch.get() == delivery.batch && part == last.first + last.count) {
      ++last.count;
      return;
    }
  }
  delivered_.push_back({delivery.batch->shared_from_this(), part, 1, options_.index});
}

void SinkDriver::flush_settled() {
  if (!delivered_.empty()) letters_.delivered(delivered_);
  delivered_.clear();
  for (const Met& met : met_) met.batch->meet(met.segment, met.count);
  met_.clear();
  if (spool_) spool_->flush();
}

void SinkDriver::reject(const Delivery& delivery, std::string reason, std::string detail,
                        bool passing) {
  if (keeps_marks_) marks_.done(delivery.batch->source, delivery.lane());
  if (!obliged(*delivery.part)) {
    ++skipped_;
    log::warn("sink.rejected", "an optional sink did not take a record: " + detail,
              {{"sink", options_.config.name}, {"reason", reason}});
    return;
  }
  LetterRequest letter;
  letter.batch = delivery.batch->shared_from_this();
  letter.record = delivery.part->record;
  letter.part = delivery.part->part;
  letter.stage = "deliver";
  letter.sink = options_.config.name;
  letter.reason = std::move(reason);
  letter.detail = std::move(detail);
  letter.rendered = std::string(delivery.part->value);
  const sluice_str& key = delivery.batch->record(delivery.part->record).key;
  const std::string_view own(key.data, static_cast<size_t>(key.size));
  if (delivery.part->key.data() != nullptr && delivery.part->key != own) {
    letter.rendered_key = std::string(delivery.part->key);
  }
  letter.attempts = std::max(1U, delivery.tries());
  letter.passing = passing;
  if (keeps_marks_) {
    receipt_->posted();
    letter.receipt = receipt_;
  }
  if (delivery.batch->spooled != nullptr) spool_->letter_posted(delivery);
  letters_.post(std::move(letter));
}

std::string SinkDriver::reason_of(const Delivery& delivery) const {
  return reason_code(delivery.reason, delivery.timed_out ? "SINK_TIMEOUT" : "CONNECTION_ERROR");
}

std::string SinkDriver::reason_code(uint16_t reason, std::string_view fallback) const {
  const sluice_component& component = *component_.component;
  if (reason < component.reason_count && component.reasons[reason]->maps_to != nullptr) {
    return component.reasons[reason]->maps_to;
  }
  return std::string(fallback);
}

// The plugin's own reason rides along as detail: "revision_older: stored 7, found 5".
std::string SinkDriver::describe(uint16_t reason, std::string_view text) const {
  const sluice_component& component = *component_.component;
  if (reason >= component.reason_count) return std::string(text);
  std::string out = component.reasons[reason]->code;
  if (!text.empty()) out.append(": ").append(text);
  return out;
}

}  // namespace sluice
