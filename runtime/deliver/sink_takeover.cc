// SPDX-License-Identifier: Apache-2.0
// A call of the sink that does not come back: meanwhile what is held goes to the spool, on the
// thread of the stand-in, which owns the driver's state until the call returns (sink_stand_in.h).
#include <algorithm>

#include "runtime/deliver/sink_driver.h"

namespace sluice {

// True: there is more to be done at once.
bool SinkDriver::stand_in() {
  if (stop_.requested() || options_.config.on_unavailable == OnUnavailable::kDeadLetter) {
    return false;
  }
  // Whose effect may be unknown is then for people to decide: it is answered for, not tried again.
  const bool writes = calling_.begin != calling_.end;
  if (writes && options_.config.maybe_applied == MaybeApplied::kDeadLetter) return false;
  if (!taken_over_) {
    if (!crowded() || !overflow_.empty()) return false;
    lend();
  }
  if (!lent_inside_ && !spool_lent()) return false;
  overflow_queue();
  return push_overflow() && queue_.size() != 0;
}

// What the call has stays readable to its end; all that is held becomes what is to be spooled, in
// its order. What the call has is among it, since newer records of its lanes come behind: if the
// call succeeds it leaves the spool again.
void SinkDriver::lend() {
  lent_.assign(gathered_.begin() + static_cast<ptrdiff_t>(calling_.begin),
               gathered_.begin() + static_cast<ptrdiff_t>(calling_.end));
  for (const Delivery& delivery : lent_) lent_batches_.keep(delivery.batch->shared_from_this());
  // A redriven record is not spooled; until the call is over it is lent and nowhere else.
  if (!lent_.empty() && lent_.front().batch->redrive) {
    gathered_.erase(gathered_.begin() + static_cast<ptrdiff_t>(calling_.begin),
                    gathered_.begin() + static_cast<ptrdiff_t>(calling_.end));
  }
  tickets_.clear();
  taken_over_ = true;
  lent_inside_ = false;
  overflow_held();
}

// As one append: the tickets of what is lent are its own. False: it takes no more.
bool SinkDriver::spool_lent() {
  if (clock_.now() < look_for_room_at_) return false;
  std::vector<SinkSpool::Left> tickets;
  const Status status = overflow_.empty() ? Status::ok() : spool_->append(overflow_, &tickets);
  if (!status) {
    no_room(status);
    return false;
  }
  spool_->note_append(status);
  // Both are in the order of their lanes.
  for (size_t i = 0; i < overflow_.size(); ++i) {
    settle(overflow_[i], Outcome::kNone);
    if (tickets_.size() < lent_.size() && overflow_[i].part == lent_[tickets_.size()].part) {
      tickets_.push_back(std::move(tickets[i]));
    }
  }
  flush_settled();
  overflow_.clear();
  overflow_batches_.clear();
  lent_inside_ = true;
  return true;
}

// The call is over. What it did not take is in the spool, or waits in front of it, and is offered
// again from there. False: nothing is gathered any more.
bool SinkDriver::take_back(const CallResult& result, std::chrono::nanoseconds took) {
  const bool idempotent = (component_.component->caps & SLUICE_CAP_IDEMPOTENT) != 0;
  Answers answers;
  for (size_t i = 0; i < lent_.size(); ++i) {
    const sluice_outcome& outcome = outcomes_[i];
    switch (outcome.verdict) {
      case SLUICE_REC_OK:
        ++answers.ok;
        ++written_;
        take_back(i, (outcome.flags & SLUICE_RECF_DUPLICATE) != 0 ? Outcome::kDuplicate
                                                                  : Outcome::kCommitted);
        break;
      case SLUICE_REC_REJECT:
        ++answers.refused;
        break;
      case SLUICE_REC_RETRY:
        effects_unknown_ += (outcome.flags & SLUICE_RECF_MAYBE_APPLIED) != 0 && !idempotent ? 1 : 0;
        if (answers.retried++ == 0) {
          answers.trouble = describe(outcome.reason, {outcome.detail.data, outcome.detail.size});
        }
        break;
      default:
        break;
    }
    if (outcome.verdict != SLUICE_REC_OK && lent_[i].batch->redrive) park(lent_[i]);
  }
  flush_settled();
  lent_.clear();
  lent_batches_.clear();
  tickets_.clear();
  taken_over_ = false;
  lent_inside_ = false;
  if (result.rc == SLUICE_CANCELLED && stop_.requested()) return false;
  if (result.rc == SLUICE_E_BATCH) {
    note_good(took);
  } else {
    note_answer(result, answers, took);
  }
  return false;
}

// The sink has this one.
void SinkDriver::take_back(size_t index, Outcome outcome) {
  const Delivery& delivery = lent_[index];
  if (delivery.batch->spooled != nullptr || delivery.batch->redrive) {
    settle(delivery, outcome);
  } else if (lent_inside_) {
    SinkSpool::Left& ticket = tickets_[index];
    ticket.outcome = outcome;
    spool_->settled(std::move(ticket));
  } else {
    std::erase_if(overflow_, [&](const Delivery& held) { return held.part == delivery.part; });
    settle(delivery, outcome);
  }
}

}  // namespace sluice
